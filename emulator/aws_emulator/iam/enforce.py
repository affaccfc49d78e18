"""Refuses calls that IAM would refuse, for every caller who is not an administrator.

For all callers, administrators too: AssumeRole needs the role's trust, and a service takes no role that does not
trust it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Caller
from aws_emulator.iam import state
from aws_emulator.iam.actions import Actions, Check, NoRow
from aws_emulator.iam.actions.passing import passed_roles
from aws_emulator.iam.actions.security import assume_role
from aws_emulator.iam.arns import split
from aws_emulator.iam.oracle import Oracle
from iam_evaluation.conditions import Value
from iam_evaluation.document import parse
from iam_evaluation.evaluate import Decision, Match, Principal, match_principal
from iam_evaluation.wildcard import match_action

ADMIN_ROLE = "Admin"
# Services of the query and REST-XML protocols, and SQS, which keeps their error codes.
_QUERY = frozenset({"iam", "sts", "sns", "sqs", "s3", "cloudwatch"})
_STATUS_400 = frozenset(
    {"dynamodb", "kinesis", "glue", "kms", "ssm", "logs", "events", "stepfunctions", "cloudtrail", "secretsmanager"}
)


def refusal(service: str, message: str) -> ApiError:
    """The error by which a service refuses a caller, with the code and status of its protocol."""
    if service == "ec2":
        return ApiError("UnauthorizedOperation", message, 403)
    if service in _QUERY:
        return ApiError("AccessDenied", message, 403)
    return ApiError("AccessDeniedException", message, 400 if service in _STATUS_400 else 403)


@dataclass(frozen=True)
class SessionFacts:
    """What a session was begun with."""

    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str | None = None


class Enforcer:
    """The authorizer.

    Args:
        oracle: decides.
        actions: tells what a call needs.
        session_role_id: answers the role id that a session's access key was issued for, or None where it is unknown.
        session_of: answers what the kernel knows of a session's access key.
    """

    def __init__(
        self,
        oracle: Oracle,
        actions: Actions,
        session_role_id: Callable[[str], str | None] = lambda access_key: None,
        session_of: Callable[[str], SessionFacts] = lambda access_key: SessionFacts(),
    ) -> None:
        self.oracle = oracle
        self.actions = actions
        self._session_role_id = session_role_id
        self._session_of = session_of

    def __call__(self, call: ApiCall) -> None:
        """Refuse the call, or let it pass.

        Raises:
            ApiError: IAM refuses the call.
        """
        if call.service == "sts" and call.operation == "AssumeRole":
            self._assume_role(call)
            return
        if not call.caller.administrator:
            self._identified(call)
            for check in self._checks(call):
                decision = self.decide(call, check)
                if not decision.allowed:
                    raise refusal(call.service, denial(call.caller, check, decision))
        self._trusted(call)
        self._logging(call)

    def _checks(self, call: ApiCall) -> list[Check]:
        try:
            return self.actions.checks(call)
        except NoRow as error:
            message = (
                f"User: {call.caller.arn} is not authorized to perform: {call.service}:{call.operation}: the emulator "
                f"does not know which permission this operation needs ({error}); add a row to aws_emulator/iam/actions"
            )
            raise refusal(call.service, message) from None

    def decide(self, call: ApiCall, check: Check) -> Decision:
        """Ask the oracle one question in the name of the call's caller."""
        principal, identity = self._principal(call.caller)
        context: dict[str, Value] = {"aws:RequestedRegion": call.region, **check.context}
        session = self._session_of(call.caller.access_key)
        for key, value in session.tags.items():
            context[f"aws:PrincipalTag/{key}"] = value
        if session.source_identity is not None:
            context["aws:SourceIdentity"] = session.source_identity
        return self.oracle.decide_for(
            principal, identity, check.action, check.resource, context, session_policy=call.caller.session_policy
        )

    def _principal(self, caller: Caller) -> tuple[Principal, state.Identity]:
        if caller.administrator:
            return self.oracle.administrator(caller.arn, caller.account, caller.role_arn)
        found = self.oracle.find(caller.role_arn or caller.arn)
        if found is None:
            empty = state.Identity(caller.arn, caller.account, "", "", "/", (), (), None)
            return Principal(caller.arn, caller.account, caller.role_arn), empty
        principal, identity = found
        return Principal(caller.arn, principal.account, principal.role_arn, principal.unique_id), identity

    def _identified(self, call: ApiCall) -> None:
        """Refuse a session whose role is gone, also where a role of the same name was created since."""
        caller = call.caller
        if caller.role_arn is None:
            return
        role = state.find_role(caller.role_arn)
        issued_for = self._session_role_id(caller.access_key)
        if role is None or (issued_for is not None and issued_for != role.unique_id):
            code = "InvalidClientTokenId" if call.service in _QUERY else "UnrecognizedClientException"
            raise ApiError(code, "The security token included in the request is invalid.", 403)

    def _assume_role(self, call: ApiCall) -> None:
        caller, wanted = call.caller, split(str(call.params.get("RoleArn", "")))
        if caller.administrator and wanted is not None and wanted.resource == f"role/{ADMIN_ROLE}":
            return
        if not caller.administrator:
            self._identified(call)
        for check in [*assume_role(call), *self._inherited(call)]:
            if not self.decide(call, check).allowed:
                # AWS says no more here, so that nobody learns which roles exist.
                message = (
                    f"User: {caller.arn} is not authorized to perform: {check.action} on resource: {check.resource}"
                )
                raise ApiError("AccessDenied", message, 403)

    def _inherited(self, call: ApiCall) -> list[Check]:
        """What a chained session hands on needs the same permissions as what a request sets.

        Raises:
            ApiError: the request names another source identity than the session has.
        """
        session, params, checks = self._session_of(call.caller.access_key), call.params, list[Check]()
        arn = str(params.get("RoleArn", ""))
        named, kept = params.get("SourceIdentity"), session.source_identity
        if kept is not None and named not in (None, kept):
            message = f"User: {call.caller.arn} is not authorized to perform: sts:SetSourceIdentity on resource: {arn}"
            raise ApiError("AccessDenied", message, 403)
        if kept is not None and named is None:
            checks.append(Check("sts:SetSourceIdentity", arn, {"sts:SourceIdentity": kept}))
        handed = {key: session.tags[key] for key in session.transitive if key in session.tags}
        if handed:
            tags: dict[str, Value] = {f"aws:RequestTag/{key}": value for key, value in handed.items()}
            checks.append(Check("sts:TagSession", arn, {**tags, "aws:TagKeys": sorted(handed)}))
        return checks

    def _trusted(self, call: ApiCall) -> None:
        """A service refuses a role that does not trust it, or that belongs to another account."""
        roles, passing = passed_roles(call)
        if passing is None:
            return
        for arn in roles:
            parsed = split(arn)
            if parsed is not None and parsed.account != call.caller.account and call.service != "datazone":
                # UNVERIFIED[dz-pass-role-other-account] for DataZone, whose environments lie in other accounts than the
                # domain.
                raise refusal(call.service, "Cross-account pass role is not allowed.")
            role = state.find_role(arn)
            # A role that does not exist is for the service's own validation.
            if passing.refusal is not None and role is not None and not trusts_service(role.trust, passing.service):
                raise ApiError(*passing.refusal, 400)

    def _logging(self, call: ApiCall) -> None:
        """Step Functions sets up a machine's logging as the machine's role (Developer Guide, "Logging in CloudWatch").

        UNVERIFIED[sfn-logging-actions] which of the eight documented actions are checked at creation; these are what
        setting it up takes.
        """
        if call.service != "stepfunctions" or call.operation not in ("CreateStateMachine", "UpdateStateMachine"):
            return
        config = call.params.get("loggingConfiguration") or {}
        role = state.find_role(str(call.params.get("roleArn")))
        if config.get("level", "OFF") == "OFF" or role is None:
            return
        for action in ("CreateLogDelivery", "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"):
            if not self.oracle.allowed(role.arn, f"logs:{action}", "*").allowed:
                message = "The state machine IAM Role is not authorized to access the Log Destination"
                raise ApiError("AccessDeniedException", message, 400)


def trusts_service(trust: str | None, service: str) -> bool:
    """Does a trust policy name the service at all? Conditions are left out: the source does not exist yet."""
    asking = Principal(service, service=service)
    return any(
        statement.allow
        and statement.principals is not None
        and match_principal(statement.principals, asking) is not Match.NONE
        and any(match_action(pattern, "sts:AssumeRole") for pattern in statement.actions or ())
        for statement in (parse(trust).statements if trust else ())
    )


def denial(caller: Caller, check: Check, decision: Decision) -> str:
    """AWS's sentence for a refusal."""
    clause = decision.clause or f"because {decision.reason}"
    return f"User: {caller.arn} is not authorized to perform: {check.action} on resource: {check.resource} {clause}"


def session_lookup(identities: Any) -> tuple[Callable[[str], str | None], Callable[[str], SessionFacts]]:
    """What the kernel knows of a session: the id of the role that it was issued for, its tags, its source identity."""

    def role_id(access_key: str) -> str | None:
        session = identities.session(access_key)
        return str(session.session_id).split(":", 1)[0] if session is not None else None

    def facts(access_key: str) -> SessionFacts:
        session = identities.session(access_key)
        if session is None:
            return SessionFacts()
        return SessionFacts(session.tags, session.transitive, session.source_identity)

    return role_id, facts
