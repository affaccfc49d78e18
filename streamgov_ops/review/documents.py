"""Which resources carry policy documents, and what changes in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_ops.review.plan import UNKNOWN, Change
from streamgov_ops.review.policies import Line, Statement, UnreadableDocument, compare, parse
from streamgov_ops.review.words import code


@dataclass(frozen=True)
class Document:
    """One document of one resource, and how it changes.

    Attributes:
        title: whose document it is; Markdown.
        new: the resource is made by this change.
        gone: the document is deleted by this change.
        lines: what is gained and lost.
        note: what cannot be told, or ''.
    """

    title: str
    new: bool
    gone: bool
    lines: tuple[Line, ...]
    note: str = ""


_DOCUMENTS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    # type: input that holds the document, input that names the holder, what it is to a reader
    "aws:iam/rolePolicy:RolePolicy": (("policy", "role", "permissions of role"),),
    "aws:iam/policy:Policy": (("policy", "name", "managed policy"),),
    "aws:iam/role:Role": (("assumeRolePolicy", "name", "who may become role"),),
    "aws:kms/key:Key": (("policy", "", "who may use key"),),
    "aws:sqs/queuePolicy:QueuePolicy": (("policy", "queueUrl", "who may use queue"),),
    "aws:s3/bucketPolicy:BucketPolicy": (("policy", "bucket", "who may use bucket"),),
    "aws:msk/clusterPolicy:ClusterPolicy": (("policy", "clusterArn", "who may use cluster"),),
    "aws:kinesis/resourcePolicy:ResourcePolicy": (("policy", "resourceArn", "who may use stream"),),
}


def documents(change: Change) -> list[Document]:
    """Every document of a resource that changes."""
    found = [
        _document(change, key, f"{what} {code(_holder(change, holder))}")
        for key, holder, what in _DOCUMENTS.get(change.type, ())
    ]
    if change.type == "aws:iam/role:Role":
        found.append(_boundary(change))
    if change.type == "aws:lambda/permission:Permission":
        found.append(_permission(change))
    return [document for document in found if document.lines or document.note]


def _holder(change: Change, key: str) -> str:
    """Whose document it is: a name where there is one, and of an address its end."""
    value = str(change.now.get(key) or "")
    if not value or value == UNKNOWN:
        return change.name
    return value.rsplit("/", 1)[-1] if value.startswith("http") else value


def _title(change: Change, what: str) -> str:
    return what + (f" in {code(change.account)}" if change.account else "")


def _document(change: Change, key: str, what: str) -> Document:
    lines: tuple[Line, ...] = ()
    note = ""
    before, after = change.before.get(key), change.after.get(key)
    if before != after:
        try:
            lines = tuple(compare(parse(before, change.account), parse(after, change.account)))
        except UnreadableDocument as reason:
            note = f"the document changes, but it is {reason}"
    return Document(_title(change, what), change.kind == "create", change.kind == "delete", lines, note)


def _boundary(change: Change) -> Document:
    before, after = change.before.get("permissionsBoundary"), change.after.get("permissionsBoundary")
    lines: list[Line] = []
    if before != after and change.kind != "delete":
        if after:
            lines.append(Line(False, f"carries the permissions boundary {code(after)}"))
        if before:
            alarm = "a permissions boundary is taken away" if not after else "a permissions boundary is replaced"
            lines.append(Line(True, f"no longer carries the permissions boundary {code(before)}", alarm))
    title = _title(change, f"role {code(change.now.get('name') or change.name)}")
    return Document(title, change.kind == "create", change.kind == "delete", tuple(lines))


def _permission(change: Change) -> Document:
    """A function's resource policy, one statement at a time (API AddPermission)."""
    function = change.now.get("function") or change.name
    title = _title(change, f"who may call function {code(function)}")
    lines = tuple(compare(_permission_statements(change.before), _permission_statements(change.after)))
    return Document(title, change.kind == "create", change.kind == "delete", lines)


def _permission_statements(inputs: Mapping[str, Any]) -> list[Statement]:
    if not inputs:
        return []
    conditions = {
        f"{key} is {inputs[name] if inputs[name] != UNKNOWN else '(known only during up)'}"
        for key, name in (("aws:SourceArn", "sourceArn"), ("aws:SourceAccount", "sourceAccount"))
        if inputs.get(name)
    }
    principal = str(inputs.get("principal", ""))
    sets = {
        "Principal": frozenset(["anybody" if principal == "*" else principal]),
        "Action": frozenset([str(inputs.get("action", ""))]),
    }
    return [Statement(str(inputs.get("statementId", "")), "Allow", sets, frozenset(conditions))]
