"""Asks `iam_evaluation` whether a principal has a way to a topic's or stream's data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce

from iam_evaluation import (
    Answer,
    Context,
    PolicySet,
    Principal,
    Request,
    Source,
    Verdict,
    both,
    judge,
    parse_mapping,
)
from iam_evaluation.open_questions import Unknown
from streamgov_core.platforms.access_question import AccessNeed, AccessWay, Direction, LiveAccess
from streamgov_ops.verify.inventory import EVERYTHING, AccountInventory, LivePrincipal
from streamgov_ops.verify.organization import ServiceControl

ANYBODY = "*"
"""Stands for a principal of any account, as a resource policy names it."""
_ALLOW_EVERYTHING = Source("identity", "policies that were not read", EVERYTHING)


@dataclass(frozen=True)
class Finding:
    """One way of one principal to the data of one topic or stream.

    Attributes:
        resource: ARN of the topic or stream.
        principal: ARN of the role or user; a service's name; ``*`` for anybody.
        account: the principal's account, or ''.
        direction: read or write.
        way: which way.
        verdict: yes or not decided, with the statements.
        through: the roles that are assumed on the way, the last one being the one with access; empty for direct access.
    """

    resource: str
    principal: str
    account: str
    direction: Direction
    way: str
    verdict: Verdict
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accounts:
    """What was read of all accounts.

    Attributes:
        inventories: principals by account.
        control: service control policies by account.
        assume_no_control: take service control policies that were not read as allowing everything.
        now: seconds since the epoch.
    """

    inventories: Mapping[str, AccountInventory]
    control: Mapping[str, ServiceControl]
    assume_no_control: bool
    now: float

    def principals(self) -> Iterator[LivePrincipal]:
        """Every principal that was read."""
        for inventory in self.inventories.values():
            yield from inventory.principals.values()

    def is_read(self, account: str) -> bool:
        """Whether an account's principals were read."""
        return account in self.inventories and not self.inventories[account].unread


class Evaluation:
    """Decides about one topic or stream.

    Args:
        live: the topic or stream.
        owner: its account.
        accounts: everything else.
    """

    def __init__(self, live: LiveAccess, owner: str, accounts: Accounts) -> None:
        self._live, self._owner, self._accounts = live, owner, accounts
        self._sources = {
            arn: tuple(Source(policy.kind, policy.name, parse_mapping(policy.document)) for policy in policies)
            for arn, policies in live.policies.items()
        }
        self._sessions = [arn for arn in self._named() if ":assumed-role/" in arn]

    def findings(self) -> Iterator[Finding]:
        """Every principal with a way to the data, and every one of which that is not decided."""
        for principal in self._accounts.principals():
            yield from self._of(_caller(principal, self._session(principal)), principal)
        for outside in self._outside():
            yield from self._of(outside, None)

    def _of(self, caller: Principal, known: LivePrincipal | None) -> Iterator[Finding]:
        for way in self._live.ways:
            verdict = reduce(both, (self._need(caller, known, need) for need in way.needs))
            if verdict.answer is not Answer.NO:
                yield self._finding(caller, way, verdict)

    def _finding(self, caller: Principal, way: AccessWay, verdict: Verdict) -> Finding:
        name = caller.service or caller.role_arn or caller.arn
        return Finding(self._live.resource, name, caller.account or "", way.direction, way.name, verdict)

    def _need(self, caller: Principal, known: LivePrincipal | None, need: AccessNeed) -> Verdict:
        context = request_context(caller, known, self._owner, self._accounts, need.resource).merged(need.context)
        return decide_need(
            Request(need.action, need.resource, caller, context),
            known,
            self._accounts,
            self._sources.get(need.resource, ()),
            owner=self._owner,
            own_policy_decides=need.own_policy_decides,
            unread=self._live.unread.get(need.resource, ""),
        )

    def _session(self, principal: LivePrincipal) -> str:
        """A session name that a policy on the resource names; any other one otherwise."""
        start = f":assumed-role/{principal.name}/"
        return next((arn.rsplit("/", 1)[1] for arn in self._sessions if start in arn), "session")

    def _named(self) -> Iterator[str]:
        for sources in self._sources.values():
            for source in sources:
                for statement in source.document.statements:
                    if statement.allow and statement.principals is not None:
                        yield from sorted(statement.principals.aws)

    def _outside(self) -> list[Principal]:
        """Principals that policies on the resource name and no inventory holds: other accounts', services, anybody."""
        found: dict[str, Principal] = {}
        for arn in self._named():
            account = account_of(arn)
            if account and not self._accounts.is_read(account):
                found[arn] = _foreign(arn, account)
        statements = [
            statement for sources in self._sources.values() for source in sources
            for statement in source.document.statements if statement.allow
        ]  # fmt: skip
        for statement in statements:
            if statement.principals is None or statement.principals.anyone:
                found[ANYBODY] = Principal(ANYBODY, account=ANYBODY)
            else:
                for service in statement.principals.services:
                    found[service] = Principal(service, service=service)
        return [found[key] for key in sorted(found)]


def decide_need(
    request: Request,
    known: LivePrincipal | None,
    accounts: Accounts,
    resource: tuple[Source, ...],
    *,
    owner: str,
    own_policy_decides: bool,
    unread: str = "",
) -> Verdict:
    """Decide one request by everything that bears on it.

    Args:
        request: the request.
        known: the principal's policies; None if they were not read.
        accounts: everything else.
        resource: the policies on the resource.
        owner: the resource's account.
        own_policy_decides: identity policies alone never suffice.
        unread: why the resource's policies were not read, or ''.
    """
    least = PolicySet(
        identity=() if known is None else known.identity,
        boundary=() if known is None else known.boundary,
        resource=resource,
        resource_account=owner,
        resource_must_allow=own_policy_decides,
    )
    places: list[str] = [unread] if unread else []
    most = least
    if unread:
        everybody = parse_mapping(
            {"Version": "2012-10-17",
             "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
        )  # fmt: skip
        most = replace(most, resource=(*resource, Source("resource", "policies that were not read", everybody)))
    if known is None and request.principal.service is None:
        most = replace(most, identity=(_ALLOW_EVERYTHING,))
        if request.principal.account == ANYBODY:
            least = most  # Anybody may give themselves what their own account must allow.
        else:
            places.append(f"policies of account {request.principal.account}")
    elif known is not None and known.unread:
        # A boundary that was not read stands as one that lets nothing through: in favour, it is not there.
        boundary = tuple(source for source in known.boundary if source.name not in known.unread)
        most = replace(most, identity=(*known.identity, _ALLOW_EVERYTHING), boundary=boundary)
        places.extend(known.unread)
    unknown = unknown_keys(request.principal, known, accounts)
    verdict = judge(request, least, unknown=unknown, at_most=most, unread=tuple(places))
    if verdict.answer is Answer.NO or request.principal.service is not None:
        return verdict
    return _within_control(request, verdict, accounts, unknown)


def _within_control(request: Request, verdict: Verdict, accounts: Accounts, unknown: Unknown) -> Verdict:
    account = request.principal.account or ""
    control = accounts.control.get(account)
    if control is None:
        return verdict
    for level in control.levels:
        limited = judge(request, PolicySet(identity=level), unknown=unknown)
        verdict = both(verdict, replace(limited, statements=()))
    if control.unread and not accounts.assume_no_control and verdict.answer is Answer.YES:
        return replace(verdict, answer=Answer.NOT_DECIDED, depends_on=(*verdict.depends_on, control.unread))
    return verdict


_KNOWN_ABSENT = (
    "aws:principaltag/", "aws:requesttag/", "aws:tagkeys", "kms:", "aws:calledvia", "kinesis:", "kafka:",
    "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:principalservicename",
)  # fmt: skip
"""Beginnings of keys of which it is known whether a person's or job's request has them: it does not, unless set."""
_OF_ORGANIZATIONS = frozenset({"aws:principalorgid", "aws:principalorgpaths"})


def unknown_keys(caller: Principal, known: LivePrincipal | None, accounts: Accounts) -> Unknown:
    """Which condition keys that are not set a request of the caller may bring: where it comes from, MFA, and so on."""
    absent: set[str] = set()
    control = accounts.control.get(caller.account or "")
    if control is not None and not control.organization and not control.unread:
        absent |= _OF_ORGANIZATIONS
    if known is not None and known.is_role:
        absent.add("aws:username")
    # What a service or somebody unknown brings is known of no key.
    prefixes = () if known is None else _KNOWN_ABSENT

    def may_be_brought(key: str) -> bool:
        lowered = key.lower()
        return lowered not in absent and not lowered.startswith(prefixes or ("\0",))

    return may_be_brought


def request_context(
    caller: Principal, known: LivePrincipal | None, owner: str, accounts: Accounts, resource: str
) -> Context:
    """The condition keys that every request of the caller brings (IAM User Guide, "global condition context keys")."""
    context = Context(
        {
            "aws:RequestedRegion": resource.split(":")[3] if resource.count(":") >= 5 else None,
            "aws:ResourceAccount": owner,
            "aws:ResourceOrgID": _organization(accounts, owner),
            "aws:CurrentTime": datetime.fromtimestamp(accounts.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:EpochTime": str(int(accounts.now)),
            "aws:SecureTransport": "true",
            "aws:PrincipalIsAWSService": "false",
            "aws:ViaAWSService": "false",
        }
    )
    if caller.service is not None:
        return context.merged({"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": caller.service})
    if known is None:
        if caller.account not in (None, ANYBODY):
            context.set("aws:PrincipalAccount", caller.account)
            context.set("kms:CallerAccount", caller.account)
            context.set("aws:PrincipalArn", caller.role_arn)
        return context
    context.set("aws:PrincipalArn", known.arn)
    context.set("aws:PrincipalAccount", known.account)
    context.set("aws:PrincipalOrgID", _organization(accounts, known.account))
    context.set("aws:PrincipalType", "AssumedRole" if known.is_role else "User")
    context.set("kms:CallerAccount", known.account)
    if not known.is_role:
        context.set("aws:username", known.name)
        context.set("aws:userid", known.unique_id)
    tags = {key.lower(): value for key, value in known.tags.items()}
    context.family("aws:PrincipalTag/", lambda key: tags.get(key.lower()))
    return context


def _organization(accounts: Accounts, account: str) -> str | None:
    control = accounts.control.get(account)
    return (control.organization if control else "") or None


def _caller(principal: LivePrincipal, session: str = "session") -> Principal:
    if not principal.is_role:
        return Principal(principal.arn, principal.account, None, principal.unique_id)
    partition = principal.arn.split(":")[1]
    arn = f"arn:{partition}:sts::{principal.account}:assumed-role/{principal.name}/{session}"
    return Principal(arn, principal.account, principal.arn, principal.unique_id)


def _foreign(arn: str, account: str) -> Principal:
    is_role = ":role/" in arn
    if not is_role:
        return Principal(arn, account)
    name = arn.rsplit("/", 1)[1]
    return Principal(f"arn:{arn.split(':')[1]}:sts::{account}:assumed-role/{name}/session", account, arn)


def account_of(entry: str) -> str:
    """The account in an entry of a Principal element; '' for the id of a deleted principal."""
    if len(entry) == 12 and entry.isdigit():
        return entry
    parts = entry.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def caller_of(principal: LivePrincipal, session: str = "session") -> Principal:
    """A principal as a request sees it: for a role, a session of it."""
    return _caller(principal, session)


def shortest(findings: Sequence[Finding]) -> list[Finding]:
    """Of several ways of the same principal in the same direction, one: decided ones first, then direct ones."""
    best: dict[tuple[str, str, str], Finding] = {}
    for finding in sorted(findings, key=lambda item: (item.verdict.answer is not Answer.YES, len(item.through))):
        best.setdefault((finding.resource, finding.principal, finding.direction), finding)
    return sorted(best.values(), key=lambda item: (item.resource, item.principal, item.direction))
