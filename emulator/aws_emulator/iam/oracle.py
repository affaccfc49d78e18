"""The access oracle: may this principal do this action on this resource now?

Reads roles, policies and resource policies from the services' own state at the moment of the question, and decides by
AWS's evaluation logic (`evaluate.decide`). It knows nothing of how the product writes its policies.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from aws_emulator.api import Clock, ScaledClock
from aws_emulator.iam import state, tags
from aws_emulator.iam.arns import assumed_role, split
from aws_emulator.iam.resources import ResourceSide
from iam_evaluation.conditions import Context, PolicySyntaxError, Value
from iam_evaluation.document import parse
from iam_evaluation.evaluate import Decision, PolicySet, Principal, Request, Source, decide

ASSUME_ACTIONS = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
EVERYTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


class Oracle:
    """Decides access questions.

    Args:
        clock: the time, for ``aws:CurrentTime`` and the propagation delay.
        propagation_seconds: how long a change of a role's policies takes until it counts (AWS: "changes that I make
            are not always immediately visible"). Resource policies act at once.
        region: the region of requests that do not name one.
    """

    def __init__(self, clock: Clock | None = None, propagation_seconds: float = 0.0, region: str = "us-east-1") -> None:
        self.clock: Clock = clock or ScaledClock()
        self.propagation_seconds = propagation_seconds
        self.region = region
        self.resources = ResourceSide()
        self._seen: dict[str, list[tuple[float, state.Identity]]] = {}
        self._lock = threading.Lock()

    def allowed(
        self,
        principal: str,
        action: str,
        resource: str,
        context: Mapping[str, Value] | None = None,
        *,
        session_policy: str | None = None,
    ) -> Decision:
        """Decide for a principal that is named by its ARN.

        Args:
            principal: a role's ARN (a session of it asks), an assumed-role session's ARN, or a user's ARN.
            action: for example ``kafka-cluster:ReadData``.
            resource: the resource's ARN; ``*`` for an action that has none.
            context: further condition keys; they take precedence over those that the oracle knows itself.
            session_policy: the policy that was passed to AssumeRole.
        """
        found = self.find(principal)
        if found is None:
            return Decision(
                False, f"{principal} does not exist", f"because no identity-based policy allows the {action} action"
            )
        asking, identity = found
        return self.decide_for(asking, identity, action, resource, context, session_policy=session_policy)

    def find(self, principal: str) -> tuple[Principal, state.Identity] | None:
        """The principal that an ARN names, with its policies; None if it does not exist."""
        session = assumed_role(principal)
        if session is not None:
            account, name, _ = session
            identity = state.find_role_by_name(account, name)
            arn = principal
        else:
            identity = state.find_role(principal)
            arn = f"arn:aws:sts::{identity.account}:assumed-role/{identity.name}/oracle" if identity else principal
        if identity is not None:
            identity = self._propagated(identity)
            return Principal(arn, identity.account, identity.arn, identity.unique_id), identity
        user = state.find_user(principal)
        if user is None:
            return None
        return Principal(user.arn, user.account, None, user.unique_id), self._propagated(user)

    def administrator(self, arn: str, account: str, role_arn: str | None = None) -> tuple[Principal, state.Identity]:
        """A person of the sandbox: every identity-based permission, and nothing more where a resource must agree."""
        everything = (("administrator of the sandbox", EVERYTHING),)
        identity = state.Identity(arn, account, "AIDAADMINISTRATOR", "administrator", "/", everything, (), None)
        role = state.find_role(role_arn) if role_arn else None
        return Principal(arn, account, role_arn, role.unique_id if role else None), identity

    def decide_for(
        self,
        principal: Principal,
        identity: state.Identity,
        action: str,
        resource: str,
        context: Mapping[str, Value] | None = None,
        *,
        session_policy: str | None = None,
    ) -> Decision:
        """Decide for a principal that was found already (`find`, `administrator`)."""
        try:
            policies = self._policies(identity, action, resource, session_policy)
        except PolicySyntaxError as error:
            return Decision(False, f"a policy that applies to {action} on {resource} cannot be read: {error}")
        request = Request(action, resource, principal, self._context(principal, identity, resource, context))
        return decide(request, policies)

    def service_may(
        self, service: str, action: str, resource: str, context: Mapping[str, Value] | None = None
    ) -> Decision:
        """May a service do this by the resource's own policy? For a role: may the service assume it?

        Args:
            service: ``events.amazonaws.com``.
            action: ``lambda:InvokeFunction``, ``sts:AssumeRole``, ``sqs:SendMessage`` …
            resource: the ARN of the function, role, queue …
            context: ``aws:SourceArn`` and ``aws:SourceAccount`` of the resource on whose behalf the service acts.
        """
        parsed = split(resource)
        try:
            side = self._resource_side(action, resource)
        except PolicySyntaxError as error:
            return Decision(False, f"the policy of {resource} cannot be read: {error}")
        keys = Context(self._common(parsed.region if parsed else "", parsed.account if parsed else None))
        keys.set("aws:PrincipalIsAWSService", "true")
        keys.set("aws:PrincipalServiceName", service)
        request = Request(action, resource, Principal(service, service=service), keys.merged(context or {}))
        return decide(request, PolicySet(resource=side, resource_account=parsed.account if parsed else None))

    def settle(self, arns: Sequence[str]) -> None:
        """Take the present policies of principals as long known."""
        with self._lock:
            self._seen.clear()
            for arn in arns:
                identity = state.find_role(arn) or state.find_user(arn)
                if identity is not None:
                    self._seen[identity.unique_id] = [(float("-inf"), identity)]

    def observe(self, arns: Sequence[str]) -> None:
        """Note the present policies of principals; called after IAM changes where a propagation delay is set."""
        for arn in arns:
            identity = state.find_role(arn) or state.find_user(arn)
            if identity is not None:
                self._propagated(identity)

    def _propagated(self, identity: state.Identity) -> state.Identity:
        """The identity as it was ``propagation_seconds`` ago; a new principal begins without policies."""
        if self.propagation_seconds <= 0:
            return identity
        now = self.clock.now()
        with self._lock:
            history = self._seen.setdefault(identity.unique_id, [])
            if not history or history[-1][1] != identity:
                history.append((now, identity))
            settled = [entry for entry in history if entry[0] <= now - self.propagation_seconds]
            if settled:
                del history[: len(settled) - 1]
                return settled[-1][1]
        return replace(identity, identity=(), boundary=())

    def _resource_side(self, action: str, resource: str) -> tuple[Source, ...]:
        parsed = split(resource)
        if parsed is None:
            return ()
        if parsed.service == "iam":
            role = state.find_role(resource) if action in ASSUME_ACTIONS else None
            if role is None or role.trust is None:
                return ()
            return (Source("resource", f"trust policy of {resource}", parse(role.trust)),)
        return self.resources.policies(parsed)

    def _policies(self, identity: state.Identity, action: str, resource: str, session_policy: str | None) -> PolicySet:
        parsed = split(resource)
        side = self._resource_side(action, resource)
        # A key that does not exist has no policy; KMS itself then says so to whoever would be allowed.
        key = parsed is not None and parsed.service == "kms" and bool(side)
        return PolicySet(
            identity=state.sources("identity", identity.identity),
            boundary=state.sources("boundary", identity.boundary),
            session=(Source("session", "session policy", parse(session_policy)),) if session_policy else (),
            resource=side,
            resource_account=self.resources.owner(parsed) if parsed else None,
            resource_must_allow=key or action in ASSUME_ACTIONS,
        )

    def _common(self, region: str, resource_account: str | None) -> dict[str, Value]:
        now = self.clock.now()
        return {
            "aws:RequestedRegion": region or self.region,
            "aws:ResourceAccount": resource_account,
            "aws:CurrentTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:EpochTime": str(int(now)),
            # The sandbox speaks HTTP on loopback where AWS has TLS; policies that refuse plain HTTP must not bite here.
            "aws:SecureTransport": "true",
            "aws:SourceIp": "127.0.0.1",
            "aws:ViaAWSService": "false",
        }

    def _context(
        self, principal: Principal, identity: state.Identity, resource: str, given: Mapping[str, Value] | None
    ) -> Context:
        parsed = split(resource)
        owner = self.resources.owner(parsed) if parsed else principal.account
        keys = Context(self._common(parsed.region if parsed else "", owner))
        account = principal.account or ""
        keys.set("aws:PrincipalArn", principal.role_arn or principal.arn)
        keys.set("aws:PrincipalAccount", account)
        keys.set("aws:PrincipalOrgID", lambda: state.organization_of(account))
        keys.set("aws:ResourceOrgID", lambda: state.organization_of(owner) if owner else None)
        keys.set("aws:PrincipalIsAWSService", "false")
        if principal.role_arn is not None:
            keys.set("aws:PrincipalType", "AssumedRole")
            session = assumed_role(principal.arn)
            keys.set("aws:userid", f"{identity.unique_id}:{session[2] if session else ''}")
        else:
            keys.set("aws:PrincipalType", "User")
            keys.set("aws:userid", identity.unique_id)
            keys.set("aws:username", identity.name)
        keys.family("aws:PrincipalTag/", identity.tags.get)
        if parsed is not None:
            known = parsed
            keys.family("aws:ResourceTag/", lambda key: tags.tags_of(known).get(key))
            keys.family("iam:ResourceTag/", lambda key: tags.tags_of(known).get(key))
        return keys.merged(given or {})
