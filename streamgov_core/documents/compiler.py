"""From the set of active grants on a document to the document: pure, deterministic, compact, exact about the limits.

Laws (tested as properties): the result does not depend on the order of the grants; adding a grant and removing it again
gives the document from before; no document allows a principal anything that no grant of it contains.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from streamgov_core.model.naming import short_hash
from streamgov_core.model.permission import Permission

Statement = dict[str, Any]

INLINE_LIMIT = 10_240
"""Characters of all inline policies of one role together, whitespace not counted (IAM quotas)."""
MANAGED_LIMIT = 6_144
"""Characters of one managed policy, whitespace not counted (IAM quotas)."""
ATTACHED_LIMIT = 10
"""Managed policies attached to one role by default (IAM quotas; adjustable)."""
RESOURCE_POLICY_LIMIT = 20_480
"""Characters of an MSK cluster policy and of a Kinesis resource policy (20 KB, developer guides of both)."""
TRUST_LIMIT = 2_048
"""Characters of a role's trust policy by default (IAM quotas; adjustable)."""

_Bundle = frozenset[tuple[str, tuple[str, ...], str, str]]
"""Permissions without their principal: (kind, actions, resource, condition)."""


_UNIQUE_ID = re.compile(r"A(?:RO|ID)A[A-Z0-9]+")
"""Of a role or a user (IAM identifiers)."""


class _Block:
    """A statement in the making: every principal may do every action on each resource of the action's kind."""

    def __init__(self, principals: Iterable[str], bundle: Iterable[tuple[str, tuple[str, ...], str, str]]) -> None:
        self.principals = tuple(sorted(set(principals)))
        self.bundle: _Bundle = frozenset(bundle)

    def accepts(self, other: _Bundle) -> bool:
        """Whether ``other`` can join without allowing an action on a resource that it was not meant for."""
        return _joinable(self.bundle | other)

    def statement(self, sid_prefix: str) -> Statement:
        actions = sorted({action for _, group, _, _ in self.bundle for action in group})
        resources = sorted({resource for _, _, resource, _ in self.bundle})
        conditions = {condition for _, _, _, condition in self.bundle}
        return _statement(sid_prefix, self.principals, actions, resources, conditions.pop())


def minified(document: Mapping[str, Any]) -> str:
    """The document's text without whitespace: what is written, and what the limits count."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=True)


def size(document: Mapping[str, Any]) -> int:
    """Characters that the limits count."""
    return len(minified(document))


def merge(permissions: Iterable[Permission]) -> tuple[Permission, ...]:
    """One permission for each principal, kind, resource and condition, with the union of the actions."""
    merged: dict[tuple[str, str, str, str], Permission] = {}
    for permission in permissions:
        key = (permission.principal_arn, permission.kind, permission.resource, permission.condition)
        same = merged.get(key, permission)
        actions = tuple(sorted({*same.actions, *permission.actions}))
        shared = same.shared or permission.shared
        unchanged = (same.actions, same.shared) == (actions, shared)
        merged[key] = same if unchanged else replace(same, actions=actions, shared=shared)
    return tuple(permission for _, permission in sorted(merged.items()))


def identity_statements(sid_prefix: str, permissions: Iterable[Permission]) -> list[Statement]:
    """Statements of an identity policy: one for each set of actions, listing its resources."""
    resources: dict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
    for permission in merge(permissions):
        resources[(permission.condition, permission.actions)].add(permission.resource)
    statements = [
        _statement(sid_prefix, (), actions, sorted(arns), condition)
        for (condition, actions), arns in sorted(resources.items())
    ]
    return _unique_sids(statements)


def resource_statements(sid_prefix: str, permissions: Iterable[Permission]) -> list[Statement]:
    """Statements of a resource policy, the shortest of the layouts that are tried; never a cross product."""
    own: dict[tuple[str, tuple[str, ...], str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    shared: dict[str, set[tuple[str, tuple[str, ...], str, str]]] = defaultdict(set)
    for permission in merge(permissions):
        if permission.shared:
            shared[permission.principal_arn].add(
                (permission.kind, permission.actions, permission.resource, permission.condition)
            )
        else:
            own[(permission.kind, permission.actions, permission.condition)][permission.principal_arn].add(
                permission.resource
            )
    blocks: list[_Block] = []
    for (kind, actions, condition), relation in sorted(own.items()):
        blocks.extend(_cover(sid_prefix, kind, actions, condition, relation))
    layouts = [_hoisted(blocks, shared, absorb) for absorb in ("never", "cheaper", "always")]
    candidates = [
        _unique_sids([block.statement(sid_prefix) for block in sorted(layout, key=_block_key)]) for layout in layouts
    ]
    return min(candidates, key=lambda statements: len(minified({"Statement": statements})))


def is_ours(statement: Mapping[str, Any], sid_prefix: str) -> bool:
    """Whether we wrote the statement: by its Sid, never by its content."""
    return str(statement.get("Sid", "")).startswith(sid_prefix)


def statements_of(document: Mapping[str, Any]) -> list[Statement]:
    """The statements of a policy; IAM's grammar allows a single one without a list."""
    raw = document.get("Statement", [])
    return [dict(raw)] if isinstance(raw, Mapping) else [dict(item) for item in raw]


def with_ours(live: Mapping[str, Any] | None, ours: Sequence[Statement], sid_prefix: str) -> dict[str, Any] | None:
    """The document to write: foreign statements and document members as they are, our statements replaced.

    Returns:
        None if no statement is left: the document is to be deleted.
    """
    foreign = [item for item in statements_of(live or {}) if not is_ours(item, sid_prefix)]
    if not foreign and not ours:
        return None
    head = {key: value for key, value in (live or {}).items() if key != "Statement"}
    return {"Version": "2012-10-17", **head, "Statement": [*foreign, *ours]}


def same_statements(live: Mapping[str, Any] | None, ours: Sequence[Statement], sid_prefix: str) -> bool:
    """Whether our part of a live document means what ``ours`` means.

    Services reorder, collapse lists of one and rewrite principals, so texts are not compared. A principal shown as
    ``AROA…`` (the role was deleted) differs from its ARN, as it should.
    """
    written = [item for item in statements_of(live or {}) if is_ours(item, sid_prefix)]
    return sorted(canonical(item) for item in written) == sorted(canonical(item) for item in ours)


def canonical(statement: Mapping[str, Any]) -> str:
    """A statement's meaning as text: without its Sid, lists sorted, a list of one like its member."""
    body: dict[str, Any] = {key: value for key, value in statement.items() if key != "Sid"}
    for key in ("Action", "Resource"):
        if key in body:
            body[key] = sorted({*many(body[key])})
    principal = body.get("Principal")
    if isinstance(principal, Mapping):
        body["Principal"] = {key: sorted({*many(value)}) for key, value in principal.items()}
    if "Condition" in body:
        body["Condition"] = {
            operator: {key: sorted({*many(value)}) for key, value in keys.items()}
            for operator, keys in body["Condition"].items()
        }
    return json.dumps(body, sort_keys=True)


def principals_of(document: Mapping[str, Any] | None, sid_prefix: str) -> set[str]:
    """Principals of our statements in a live document, as the service shows them."""
    found: set[str] = set()
    for item in statements_of(document or {}):
        principal = item.get("Principal")
        if is_ours(item, sid_prefix) and isinstance(principal, Mapping):  # "*" is no mapping, whoever wrote it.
            found.update(many(principal.get("AWS", [])))
    return found


def is_orphan(statement: Mapping[str, Any]) -> bool:
    """Whether every principal of a statement was deleted: services then show its unique id, and accept it no more."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping) or set(principal) != {"AWS"}:
        return False
    names = many(principal["AWS"])
    return bool(names) and all(_UNIQUE_ID.fullmatch(name) for name in names)


def _cover(
    sid_prefix: str, kind: str, actions: tuple[str, ...], condition: str, relation: Mapping[str, set[str]]
) -> list[_Block]:
    """Cover who-has-what exactly: by principals with the same resources, or the other way round."""
    blocks: list[_Block] = []
    for part in _components(relation):
        by_resources: dict[frozenset[str], set[str]] = defaultdict(set)
        inverse: dict[str, set[str]] = defaultdict(set)
        for principal, resources in part.items():
            by_resources[frozenset(resources)].add(principal)
            for resource in resources:
                inverse[resource].add(principal)
        by_principals: dict[frozenset[str], set[str]] = defaultdict(set)
        for resource, principals in inverse.items():
            by_principals[frozenset(principals)].add(resource)
        layouts = (
            [_Block(p, ((kind, actions, r, condition) for r in rs)) for rs, p in by_resources.items()],
            [_Block(p, ((kind, actions, r, condition) for r in rs)) for p, rs in by_principals.items()],
        )
        blocks.extend(min(layouts, key=lambda layout: sum(_length(sid_prefix, block) for block in layout)))
    return blocks


def _components(relation: Mapping[str, set[str]]) -> list[dict[str, set[str]]]:
    """Connected parts of the relation; each is covered on its own."""
    holders: dict[str, list[str]] = defaultdict(list)
    for principal, resources in relation.items():
        for resource in resources:
            holders[resource].append(principal)
    parts: list[dict[str, set[str]]] = []
    seen: set[str] = set()
    for start in sorted(relation):
        if start in seen:
            continue
        part: dict[str, set[str]] = {}
        waiting = [start]
        seen.add(start)
        while waiting:
            principal = waiting.pop()
            part[principal] = relation[principal]
            for resource in relation[principal]:
                for other in holders.pop(resource, ()):
                    if other not in seen:
                        seen.add(other)
                        waiting.append(other)
        parts.append(part)
    return parts


def _hoisted(
    blocks: Sequence[_Block], shared: Mapping[str, set[tuple[str, tuple[str, ...], str, str]]], absorb: str
) -> list[_Block]:
    """Place the shared permissions: inside the statement of many principals, or in one statement of their own."""
    groups: dict[_Bundle, set[str]] = defaultdict(set)
    for principal, bundle in shared.items():
        for joined in _joinable_parts(bundle):
            groups[joined].add(principal)
    result = list(blocks)
    for common, members in sorted(groups.items(), key=lambda item: sorted(item[0])):
        left = set(members)
        cost = sum(3 + len(text) for _, actions, resource, _ in common for text in (*actions, resource))
        if absorb != "never":
            for index in sorted(range(len(result)), key=lambda i: (-len(result[i].principals), _block_key(result[i]))):
                block = result[index]
                fits = left.issuperset(block.principals) and block.accepts(common)
                gain = sum(3 + len(principal) for principal in block.principals)
                if fits and (absorb == "always" or gain > cost):
                    result[index] = _Block(block.principals, block.bundle | common)
                    left.difference_update(block.principals)
        if left:
            result.append(_Block(left, common))
    return result


def _joinable_parts(bundle: Iterable[tuple[str, tuple[str, ...], str, str]]) -> list[_Bundle]:
    """Split permissions into as few sets as can each be one statement."""
    parts: list[_Bundle] = []
    for permission in sorted(bundle):
        for index, part in enumerate(parts):
            if _joinable(part | {permission}):
                parts[index] = part | {permission}
                break
        else:
            parts.append(frozenset({permission}))
    return parts


def _joinable(bundle: _Bundle) -> bool:
    """One condition, no bare wildcard beside another resource, and the same actions on all resources of a kind."""
    if len({condition for _, _, _, condition in bundle}) != 1:
        return False
    if len({resource for _, _, resource, _ in bundle}) > 1 and any(resource == "*" for _, _, resource, _ in bundle):
        return False
    actions_of: dict[str, tuple[str, ...]] = {}
    return all(actions_of.setdefault(kind, actions) == actions for kind, actions, _, _ in bundle)


def _statement(
    sid_prefix: str, principals: Sequence[str], actions: Sequence[str], resources: Sequence[str], condition: str
) -> Statement:
    body: Statement = {"Effect": "Allow"}
    if principals:
        body["Principal"] = {"AWS": _one_or_list(principals)}
    body["Action"] = _one_or_list(actions)
    body["Resource"] = _one_or_list(resources)
    if condition:
        body["Condition"] = json.loads(condition)
    return {"Sid": f"{sid_prefix}{_digest(minified(body))}", **body}


def _digest(text: str) -> str:
    """Three characters: Sids count in the limits, and the few that collide are lengthened."""
    return short_hash(text, length=3)


def _unique_sids(statements: list[Statement]) -> list[Statement]:
    """Lengthen the few Sids that collide: a document's Sids must be unique."""
    seen: set[str] = set()
    for statement in statements:
        base, number = statement["Sid"], 0
        while statement["Sid"] in seen:
            number += 1
            statement["Sid"] = f"{base}x{number}"
        seen.add(statement["Sid"])
    return statements


def _length(sid_prefix: str, block: _Block) -> int:
    return len(minified(block.statement(sid_prefix))) + 1


def _block_key(block: _Block) -> tuple[Any, ...]:
    return (sorted(block.bundle), block.principals)


def _one_or_list(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def many(value: Any) -> list[str]:
    """An element of a statement that may be one value or a list of them."""
    return [value] if isinstance(value, str) else [str(item) for item in value]
