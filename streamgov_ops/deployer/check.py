"""Does a role hold what deploying a stack takes? IAM's policy simulator is asked, nothing is tried.

Source: the API reference of iam:SimulatePrincipalPolicy. It evaluates the role's identity-based policies, its
permissions boundary and the organisation's service control policies. `NOT_COVERED` says what it does not look at.
UNVERIFIED[iam-simulate-missing-arn]: that the real simulator judges an ARN that does not exist by its name alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from streamgov_core.model.errors import RemoteError, StreamgovError
from streamgov_core.model.naming import Names
from streamgov_ops.deployer.needs import AccountNeeds
from streamgov_ops.deployer.policy import SIMULATE, Statement, statements, users_of
from streamgov_ops.review.statements import many
from streamgov_ops.session import DENIED, CredentialsError, SessionSettings, client, reporting

PAGE = 100
"""Decisions asked for in one call: as many as an answer holds by default."""
NOT_COVERED = (
    "Not covered: policies of resources (such as a key's), resource control policies, session policies, memberships in "
    "DataZone projects, and conditions on keys that only a real request has. Names are asked for by an example."
)
OWN_KEYS = ("iam:PassedToService", "iam:PermissionsBoundary", "kms:GrantIsForAWSResource")
"""Condition keys of the generated policy: the simulator names them as missing whatever it is asked."""
_PROBE = "permission-check"
_SESSION = re.compile(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+")


class CheckNotPossibleError(StreamgovError):
    """The simulator could not be asked: nothing is known of what is lacking."""


@dataclass(frozen=True)
class Lacking:
    """One action that the role may not do.

    Attributes:
        principal: the role's or user's ARN.
        account: the account.
        action: with its service's prefix.
        resources: the ARN patterns on which it is lacking.
        reason: what stands in the way.
        users: the types of the stack that need it.
        condition: the condition under which the generated policy allows it.
        addable: a statement would help; not so where something denies it.
    """

    principal: str
    account: str
    action: str
    resources: tuple[str, ...]
    reason: str
    users: tuple[str, ...]
    condition: Mapping[str, Any]
    addable: bool

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {
            "action": self.action,
            "resources": list(self.resources),
            "reason": self.reason,
            "neededBy": list(self.users),
            "add": self.statement if self.addable else None,
        }

    @property
    def statement(self) -> Statement:
        """What the generated policy says of it."""
        made: Statement = {"Effect": "Allow", "Action": self.action, "Resource": _one_or_more(self.resources)}
        return {**made, "Condition": dict(self.condition)} if self.condition else made

    def __str__(self) -> str:
        where = " and ".join(self.resources) if self.resources != ("*",) else "*"
        text = (
            f"{self.principal} may not {self.action} on {where} in account {self.account}, which {_list(self.users)} "
            f"of this stack needs: {self.reason}"
        )
        return f"{text}; add {json.dumps(self.statement)}" if self.addable else text


@dataclass(frozen=True)
class Checked:
    """The result for one account.

    Attributes:
        account: the account.
        principal: who was asked about.
        lacking: what it may not do.
        asked: how many pairs of action and resource were decided.
        reads_only: it may read everything and change nothing: a role for reviews.
    """

    account: str
    principal: str
    lacking: tuple[Lacking, ...]
    asked: int
    reads_only: bool = False


@dataclass(frozen=True)
class _Question:
    """A call: each action on each resource, under one context."""

    actions: tuple[str, ...]
    patterns: tuple[str, ...]
    condition: Mapping[str, Any]
    context: Mapping[str, Sequence[str]]

    @property
    def size(self) -> int:
        return len(self.actions) * len(self.patterns)


def check_role(
    needs: AccountNeeds,
    names: Names,
    *,
    write: bool = True,
    client: Callable[[str, SessionSettings], Any] = client,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Checked:
    """Compare what the caller may do in an account with what deploying its types takes.

    Args:
        needs: what is deployed into the account, and how it is reached.
        names: the deployment's names.
        write: False compares with what a preview reads.
        client: makes a client of an AWS service.
        progress: called with (questions answered, questions) after each call.

    Raises:
        CheckNotPossibleError: the simulator may not, or cannot, be asked.
        ConfigError: nobody has written down what a type needs.
    """
    account, types = needs.account, needs.types
    try:
        principal = _caller(needs, client)
    except (RemoteError, CredentialsError) as error:
        raise CheckNotPossibleError(f"account {account}: the caller is not known: {error}") from error
    wanted = statements(types, names, account, write=write, boundary_arn=needs.boundary_arn)
    reads = {a for s in statements(types, names, account, write=False) for a in many(s["Action"])}
    questions = [part for statement in wanted for part in _questions(statement, names, needs.tags)]
    iam, found, asked, held_write = client("iam", needs.session), list[Lacking](), 0, False
    for done, question in enumerate(questions, 1):
        decided = _ask(iam, principal, question, names, account)
        asked += len(decided)
        progress(done, len(questions))
        held_write |= any(reason is None and action not in reads for (action, _), reason in decided.items())
        for (action, pattern), reason in decided.items():
            if reason is not None:
                passed_to = next(iter(question.context.get("iam:PassedToService", ())), None)
                users = tuple(users_of(action, types, passed_to))
                helps = reason.startswith("no policy")
                found.append(Lacking(principal, account, action, (pattern,), reason, users, question.condition, helps))
    merged = tuple(_merged(found))
    only_reads = bool(merged) and not held_write and not any(item.action in reads for item in merged)
    return Checked(account, principal, merged, asked, only_reads)


def _caller(needs: AccountNeeds, client: Callable[[str, SessionSettings], Any]) -> str:
    """The ARN of the role or user that the credentials belong to, its path included."""
    account, sts = needs.account, client("sts", needs.session)
    with reporting("sts:GetCallerIdentity"):
        known = sts.get_caller_identity()
    arn = str(known["Arn"])
    if known["Account"] != account:
        raise CheckNotPossibleError(
            f"account {account}: the credentials are of account {known['Account']} ({arn}); use those of {account}"
        )
    session = _SESSION.fullmatch(arn)
    if session is None:
        if ":user/" not in arn:
            raise CheckNotPossibleError(f"account {account}: the policy simulator knows roles and users, not {arn}")
        return arn
    partition, _, name = session.groups()
    assumed = needs.session.assume_role_arn
    if assumed.rsplit("/", 1)[-1] == name:
        return assumed
    try:
        # A session's ARN leaves the role's path out.
        with reporting("iam:GetRole"):
            return str(client("iam", needs.session).get_role(RoleName=name)["Role"]["Arn"])
    except RemoteError as error:
        if error.code not in DENIED:
            raise
        return f"arn:{partition}:iam::{account}:role/{name}"


def _questions(statement: Statement, names: Names, tags: Mapping[str, str]) -> Iterator[_Question]:
    """The calls for one statement: a single value for each condition key, and no more decisions than fit a page."""
    patterns = tuple(many(statement["Resource"]))
    condition: Mapping[str, Any] = statement.get("Condition", {})
    common: dict[str, Sequence[str]] = {
        "aws:RequestedRegion": [names.region],
        "aws:SecureTransport": ["true"],
        **{f"aws:RequestTag/{key}": [value] for key, value in tags.items()},
    }
    if tags:
        common["aws:TagKeys"] = sorted(tags)
    keys = [(key, value) for block in condition.values() for key, value in block.items()]
    step = max(1, PAGE // len(patterns))
    actions = many(statement["Action"])
    for context, bound in _contexts(condition, keys):
        for start in range(0, len(actions), step):
            yield _Question(tuple(actions[start : start + step]), patterns, bound, {**common, **context})


def _contexts(
    condition: Mapping[str, Any], keys: list[tuple[str, Any]]
) -> Iterator[tuple[dict[str, Sequence[str]], Mapping[str, Any]]]:
    """Each value of a key that lists several is a case of its own (iam:PassRole to one service, then another)."""
    several = [key for key, value in keys if not isinstance(value, str)]
    single: dict[str, Sequence[str]] = {key: [value] for key, value in keys if isinstance(value, str)}
    if not several:
        yield single, condition
        return
    [key] = several  # the generated statements list the values of one key at most
    [operator] = [name for name, block in condition.items() if key in block]
    for value in condition[operator][key]:
        yield {**single, key: [value]}, {**condition, operator: {**condition[operator], key: value}}


def _ask(
    iam: Any, principal: str, question: _Question, names: Names, account: str
) -> dict[tuple[str, str], str | None]:
    """(action, pattern) to why it may not, None where it may."""
    probes = {probe(pattern, names, account): pattern for pattern in question.patterns}
    found: dict[tuple[str, str], str | None] = {}
    marker: str | None = None
    while True:
        answer = _simulated(iam, principal, question, list(probes), account, marker)
        for result in answer["EvaluationResults"]:
            action = str(result["EvalActionName"])
            for one in result.get("ResourceSpecificResults") or [result]:
                # Without results by resource the answer is the top level's, whose name may be a template.
                name = str(one["EvalResourceName"])
                pattern = probes.get(name, question.patterns[0])
                decision = str(one.get("EvalResourceDecision") or result["EvalDecision"])
                found[(action, pattern)] = _reason(decision, action, one, result)
        marker = answer.get("Marker") if answer.get("IsTruncated") else None
        if not marker:
            break
    unsaid = {(action, pattern) for action in question.actions for pattern in question.patterns} - set(found)
    if unsaid:
        action, pattern = min(unsaid)
        raise CheckNotPossibleError(f"account {account}: the policy simulator says nothing of {action} on {pattern}")
    return found


def _simulated(
    iam: Any, principal: str, question: _Question, resources: list[str], account: str, marker: str | None
) -> dict[str, Any]:
    entries = [
        {
            "ContextKeyName": key,
            "ContextKeyValues": list(values),
            "ContextKeyType": "stringList" if key == "aws:TagKeys" else _kind(values),
        }
        for key, values in question.context.items()
    ]
    try:
        with reporting("iam:SimulatePrincipalPolicy"):
            answer: dict[str, Any] = iam.simulate_principal_policy(
                PolicySourceArn=principal,
                ActionNames=list(question.actions),
                ResourceArns=resources,
                ContextEntries=entries,
                MaxItems=PAGE,
                **({"Marker": marker} if marker else {}),
            )
            return answer
    except RemoteError as error:
        if error.code in DENIED:
            asking = {"Effect": "Allow", "Action": list(SIMULATE), "Resource": principal}
            raise CheckNotPossibleError(
                f"account {account}: {principal} may not ask what it may do (iam:SimulatePrincipalPolicy); to let it, "
                f"add {json.dumps(asking)}"
            ) from error
        if error.code == "NoSuchEntity":
            raise CheckNotPossibleError(
                f"account {account}: IAM knows no {principal}; if the role has a path, let it iam:GetRole on itself"
            ) from error
        raise CheckNotPossibleError(f"account {account}: {error}") from error


def _kind(values: Sequence[str]) -> str:
    return "boolean" if list(values) in (["true"], ["false"]) else "string"


def _reason(decision: str, action: str, one: Mapping[str, Any], result: Mapping[str, Any]) -> str | None:
    if decision == "allowed":
        return None
    if not (result.get("OrganizationsDecisionDetail") or {}).get("AllowedByOrganizations", True):
        return "a service control policy of the organisation does not allow it"
    boundary = one.get("PermissionsBoundaryDecisionDetail") or result.get("PermissionsBoundaryDecisionDetail") or {}
    if not boundary.get("AllowedByPermissionsBoundary", True):
        return "its permissions boundary does not allow it"
    if decision == "explicitDeny":
        by = sorted({str(statement.get("SourcePolicyId")) for statement in one.get("MatchedStatements") or []})
        return f"a statement of {_list(by)} denies it" if by else "a policy denies it"
    # The simulator names the keys of all of the role's policies; another service's cannot decide on this action.
    services = ("aws", action.partition(":")[0])
    named = sorted({*(one.get("MissingContextValues") or []), *(result.get("MissingContextValues") or [])})
    missing = [key for key in named if key.partition(":")[0] in services and key not in OWN_KEYS]
    unless = f" unless {_list(missing)} says so, which the check does not know" if missing else ""
    return f"no policy of it allows that{unless}"


def probe(pattern: str, names: Names, account: str) -> str:
    """An ARN that a pattern of the generated policy stands for, such as a deployment of ours would make."""
    parts = pattern.split(":", 5)
    if len(parts) != 6:
        return pattern
    parts[3] = parts[3].replace("*", names.region)
    parts[4] = parts[4].replace("*", account)
    kind = parts[2]
    word = f"{names.namespace}-{names.region}-{_PROBE}" if kind == "iam" and parts[5].endswith("/*") else _PROBE
    # Some services look at how an id is made.
    if pattern.endswith((":key/*", ":resource-share/*", ":resource-share-invitation/*")):
        word = "00000000-0000-4000-8000-000000000000"
    parts[5] = parts[5].replace("*", word)
    return ":".join(parts)


def _merged(found: list[Lacking]) -> Iterator[Lacking]:
    """One for each action, reason and condition, with all of its resources."""
    groups: dict[str, Lacking] = {}
    for item in found:
        key = json.dumps([item.action, item.reason, item.condition], sort_keys=True)
        before = groups.get(key)
        groups[key] = item if before is None else replace(before, resources=before.resources + item.resources)
    yield from sorted(groups.values(), key=lambda item: (item.action, item.resources))


def _one_or_more(values: Sequence[str]) -> Any:
    return values[0] if len(values) == 1 else list(values)


def _list(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else "".join(words)


def document(found: Sequence[Lacking]) -> list[Statement]:
    """The statements to add, actions with the same resources and condition together."""
    groups: dict[str, Statement] = {}
    for item in found:
        if item.addable:
            made = item.statement
            key = json.dumps([made["Resource"], made.get("Condition")], sort_keys=True)
            group = groups.setdefault(key, {**made, "Action": []})
            if item.action not in group["Action"]:
                group["Action"].append(item.action)
    return list(groups.values())
