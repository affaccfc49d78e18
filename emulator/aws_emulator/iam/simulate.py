"""``iam:SimulatePrincipalPolicy``, on the emulator's own evaluation; moto has no such operation.

Sources: botocore's model of the operation (its documentation of every member, limits included); IAM User Guide,
"Testing IAM policies with the IAM policy simulator". The simulator looks at identity-based policies, the permissions
boundary and what it is given, at no resource's own policy. Condition keys have the given values and no others.

UNVERIFIED[iam-simulate-details]: the form of SourcePolicyId for inline policies, the code for an assumed role's ARN,
which ARN template stands for an action with several resource types, and the top-level decision over several resources
(here the most restrictive). Organizations' policies are not modelled, so OrganizationsDecisionDetail is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from aws_emulator.api import ApiCall, ApiError
from aws_emulator.iam import state
from aws_emulator.iam.arns import split
from aws_emulator.iam.oracle import EVERYTHING
from aws_emulator.iam.reference import Reference
from iam_evaluation.conditions import Context, PolicySyntaxError
from iam_evaluation.document import Document, Statement, parse
from iam_evaluation.evaluate import Decision, PolicySet, Principal, Request, Source, decide, matching

DEFAULT_ITEMS = 100
"""Results of one answer where MaxItems is not given (documented)."""
_ACTION = re.compile(r"[a-zA-Z0-9-]+:[a-zA-Z0-9]+")
_VARIABLE = re.compile(r"\$\{([^}*?$,]+)[^}]*\}")
_UNSUPPORTED = ("PolicyExclusionList", "ResourceHandlingOption")
_STRICTEST = ("explicitDeny", "implicitDeny", "allowed")


def invalid(message: str) -> ApiError:
    """The simulator's error for an input that it does not take."""
    return ApiError("InvalidInput", message, 400)


class Simulator:
    """The operation.

    Args:
        reference: tells the ARN template of an action's resources.
    """

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def __call__(self, call: ApiCall) -> dict[str, Any]:
        """Decide every action on every resource, a page at a time.

        Raises:
            ApiError: NoSuchEntity, InvalidInput.
        """
        params = call.params
        for name in _UNSUPPORTED:
            if params.get(name):
                raise invalid(f"The emulator's policy simulator does not take {name}.")
        actions = params["ActionNames"]
        for action in actions:
            if not _ACTION.fullmatch(action):
                raise invalid(f"Invalid Action Name: {action}")
        entity = _Entity(call)
        resources = params.get("ResourceArns") or ["*"]
        marker = str(params.get("Marker", "0"))
        first = int(marker) if marker.isdigit() else len(actions)
        if first >= len(actions):
            raise invalid(f"Invalid Marker: {marker}")
        last = first + int(params.get("MaxItems", DEFAULT_ITEMS))
        answer: dict[str, Any] = {
            "EvaluationResults": [self._result(entity, action, resources) for action in actions[first:last]],
            "IsTruncated": last < len(actions),
        }
        if answer["IsTruncated"]:
            answer["Marker"] = str(last)
        return answer

    def _result(self, entity: _Entity, action: str, resources: Sequence[str]) -> dict[str, Any]:
        specific = [entity.decided(action, resource) for resource in resources]
        missing = sorted({key for one in specific for key in one["MissingContextValues"]})
        result: dict[str, Any] = {
            "EvalActionName": action,
            "EvalResourceName": self._template(action),
            "EvalDecision": min((one["EvalResourceDecision"] for one in specific), key=_STRICTEST.index),
            "MatchedStatements": _distinct(one for item in specific for one in item["MatchedStatements"]),
            "MissingContextValues": missing,
        }
        details = [one["PermissionsBoundaryDecisionDetail"] for one in specific if _BOUNDARY in one]
        if details:
            allowed = all(one["AllowedByPermissionsBoundary"] for one in details)
            result[_BOUNDARY] = {"AllowedByPermissionsBoundary": allowed}
        if list(resources) != ["*"]:
            result["ResourceSpecificResults"] = specific
        return result

    def _template(self, action: str) -> str:
        prefix, _, name = action.partition(":")
        info = self._reference.action(prefix, name)
        return next(iter(info.formats.values()), "*") if info else "*"


_BOUNDARY = "PermissionsBoundaryDecisionDetail"


def _distinct(found: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({json.dumps(one, sort_keys=True): one for one in found}.values())


class _Entity:
    """Whom the simulation is about, with every policy and context key that counts in it."""

    def __init__(self, call: ApiCall) -> None:
        params = call.params
        arn = str(params["PolicySourceArn"])
        found = state.find_role(arn) or state.find_user(arn) or state.find_group(arn)
        if found is None and call.caller.administrator and arn == call.caller.arn:
            # The holder of the sandbox's key is a user that IAM's own lists do not show.
            everything = (("administrator of the sandbox", EVERYTHING),)
            found = state.Identity(arn, call.caller.account, "", "administrator", "/", everything, (), None)
        if found is None:
            raise _unknown(call, arn)
        if found.account != call.caller.account:
            raise ApiError("AccessDenied", f"{arn} belongs to another account.", 403)
        self._caller = str(params.get("CallerArn") or arn)
        self._resource_owner = str(params.get("ResourceOwner") or found.account).removesuffix(":root").split(":")[-1]
        try:
            identity = state.sources("identity", found.identity)
            identity += self._given("PolicyInputList", "identity", params.get("PolicyInputList"))
            given = self._given(_BOUNDARY_INPUT, "boundary", params.get(_BOUNDARY_INPUT))
            boundary = given or state.sources("boundary", found.boundary)
            # One resource-based policy, "for IAM users only".
            held = [params["ResourcePolicy"]] if params.get("ResourcePolicy") else []
            resource = self._given("ResourcePolicy", "resource", held)
        except PolicySyntaxError as error:
            raise invalid(f"A policy of the simulation cannot be read: {error}") from None
        if resource and ":user/" not in self._caller:
            raise invalid("A resource policy is simulated for IAM users only.")
        self._policies = PolicySet(identity=identity, boundary=boundary, resource=resource)
        self._positions = {label: text for label, text in found.identity}
        self._positions |= {
            f"{name}.{index}": text
            for name, texts in (("PolicyInputList", params.get("PolicyInputList") or []), ("ResourcePolicy", held))
            for index, text in enumerate(texts, 1)
        }
        self._context = _context(params.get("ContextEntries") or [])
        self._missing = sorted(
            key
            for key in {
                key.lower(): key for source in (*identity, *boundary, *resource) for key in _keys(source)
            }.values()
            if self._context.get(key) is None
        )
        role = self._caller if ":role/" in self._caller else None
        self._principal = Principal(self._caller, found.account, role, found.unique_id)

    def _given(self, name: str, kind: str, texts: Sequence[str] | None) -> tuple[Source, ...]:
        if name == _BOUNDARY_INPUT and texts and len(texts) > 1:
            raise invalid("Only one permissions boundary can be simulated.")
        return tuple(Source(kind, f"{name}.{index}", parse(text)) for index, text in enumerate(texts or [], 1))

    def decided(self, action: str, resource: str) -> dict[str, Any]:
        """One action on one resource, as an entry of ResourceSpecificResults."""
        parsed = split(resource)
        if parsed is None and resource != "*":
            raise invalid(f"Invalid Resource ARN: {resource}")
        owner = (parsed.account or self._resource_owner) if parsed else None
        policies = replace(self._policies, resource_account=owner)
        request = Request(action, resource, self._principal, self._context)
        decision = decide(request, policies)
        result: dict[str, Any] = {
            "EvalResourceName": resource,
            "EvalResourceDecision": _word(decision),
            "MatchedStatements": list(self._matched(request, policies, decision)),
            "MissingContextValues": self._missing,
        }
        if policies.boundary:
            denied = any(matching(policies.boundary, request, allow=False))
            allows = any(matching(policies.boundary, request, allow=True))
            result[_BOUNDARY] = {"AllowedByPermissionsBoundary": allows and not denied}
        return result

    def _matched(self, request: Request, policies: PolicySet, decision: Decision) -> Iterator[dict[str, Any]]:
        """The statements that made the decision, where a policy allows or denies."""
        if not decision.allowed and not decision.explicit:
            return
        for source, statement, _ in matching(policies.identity + policies.resource, request, allow=decision.allowed):
            name, kind = _policy(source.name)
            yield {
                "SourcePolicyId": name,
                "SourcePolicyType": kind,
                **_position(self._positions.get(source.name, ""), statement),
            }


_BOUNDARY_INPUT = "PermissionsBoundaryPolicyInputList"


def _unknown(call: ApiCall, arn: str) -> ApiError:
    parsed = split(arn)
    if parsed is None or parsed.service != "iam" or parsed.resource.partition("/")[0] not in ("role", "user", "group"):
        return invalid(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    kind, _, name = parsed.resource.partition("/")
    return ApiError("NoSuchEntity", f"The {kind} with name {name.rsplit('/', 1)[-1]} cannot be found.", 404)


def _word(decision: Decision) -> str:
    if decision.allowed:
        return "allowed"
    return "explicitDeny" if decision.explicit else "implicitDeny"


def _context(entries: Sequence[dict[str, Any]]) -> Context:
    context = Context()
    for entry in entries:
        values = [str(value) for value in entry.get("ContextKeyValues") or []]
        if not str(entry.get("ContextKeyType", "string")).endswith("List") and len(values) > 1:
            raise invalid(f"Context key {entry.get('ContextKeyName')} has several values; its type must be a list.")
        context.set(str(entry.get("ContextKeyName", "")), values or None)
    return context


def _keys(source: Source) -> Iterator[str]:
    """Every condition key that a policy speaks of, variables included, whatever is asked."""
    document: Document = source.document
    for statement in document.statements:
        for condition in statement.conditions:
            yield condition.key
        texts = [*(statement.resources or ()), *(statement.not_resources or ())]
        texts += [value for condition in statement.conditions for value in condition.values]
        for text in texts if statement.variables else ():
            yield from _VARIABLE.findall(text)


def _policy(label: str) -> tuple[str, str]:
    """SourcePolicyId and SourcePolicyType of a policy, from the name that `state` gives it for people."""
    inline = re.fullmatch(r"inline policy (.+) of (role|user|group) (.+)", label)
    if inline:
        name, kind, holder = inline.groups()
        return f"{kind}_{holder}_{name}", kind
    managed = re.fullmatch(r"managed policy (\S+) of .+", label)
    if managed:
        arn = managed.group(1)
        return arn.rsplit("/", 1)[-1], "aws-managed" if state.AWS_POLICY_PREFIX in arn else "user-managed"
    return label, "resource" if label.startswith("ResourcePolicy") else "none"


def _position(text: str, statement: Statement) -> dict[str, Any]:
    """Where a statement begins and ends in the text of its policy; lines and columns count from 1."""
    start = text.find("[", text.find('"Statement"'))
    single = text.find("{", text.find('"Statement"'))
    if '"Statement"' not in text:
        return {}
    if start < 0 or (0 <= single < start):
        begin, index = single, statement.index
    else:
        begin, index = start + 1, 0
    decoder = json.JSONDecoder()
    while True:
        begin = text.index("{", begin)
        _, end = decoder.raw_decode(text, begin)
        if index == statement.index:
            return {"StartPosition": _place(text, begin), "EndPosition": _place(text, end)}
        begin, index = end, index + 1


def _place(text: str, offset: int) -> dict[str, int]:
    line = text.count("\n", 0, offset) + 1
    return {"Line": line, "Column": offset - (text.rfind("\n", 0, offset) + 1) + 1}
