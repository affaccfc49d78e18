"""Which resources carry policy documents, and what changes in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from streamgov_ops.review.comparison import Line, compare
from streamgov_ops.review.harm import Alarm, Harm
from streamgov_ops.review.markup import code
from streamgov_ops.review.patterns import ANYBODY
from streamgov_ops.review.plan import UNKNOWN, Change
from streamgov_ops.review.statements import Condition, Statement, UnreadableDocument, parse


@dataclass(frozen=True)
class Document:
    """One document of one resource, and how it changes.

    Attributes:
        title: whose document it is; Markdown.
        new: the resource is made by this change.
        gone: the document is deleted by this change.
        lines: what is gained and lost.
        note: what cannot be told, or ''.
        goes_with_holder: it is deleted together with the role or resource that it belongs to.
    """

    title: str
    new: bool
    gone: bool
    lines: tuple[Line, ...]
    note: str = ""
    goes_with_holder: bool = False

    def going(self) -> Document:
        """The document as one that goes with its holder: refusals that go with what they protected say nothing."""
        kept = tuple(line for line in self.lines if not (line.gain and line.refusal))
        return replace(self, lines=kept, goes_with_holder=True)


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


_HOLDERS: Mapping[str, tuple[str, str]] = {
    # type of the document's resource: input that names the holder, type of the holder
    "aws:iam/rolePolicy:RolePolicy": ("role", "aws:iam/role:Role"),
    "aws:lambda/permission:Permission": ("function", "aws:lambda/function:Function"),
    "aws:sqs/queuePolicy:QueuePolicy": ("queueUrl", "aws:sqs/queue:Queue"),
    "aws:s3/bucketPolicy:BucketPolicy": ("bucket", "aws:s3/bucket:Bucket"),
    "aws:msk/clusterPolicy:ClusterPolicy": ("clusterArn", "aws:msk/cluster:Cluster"),
    "aws:kinesis/resourcePolicy:ResourcePolicy": ("resourceArn", "aws:kinesis/stream:Stream"),
}


def goes_with_its_holder(change: Change, deleted: Iterable[Change]) -> bool:
    """Whether a document is deleted together with the role or resource that it belongs to.

    Args:
        change: the change of the resource that holds the document.
        deleted: everything that is deleted for good.
    """
    if change.kind != "delete" or change.kept:
        return False
    if change.type not in _HOLDERS:
        return True  # A key's or a role's own document.
    key, kind = _HOLDERS[change.type]
    named = re.split("[/:]", str(change.before.get(key) or ""))
    holders = [other for other in deleted if other.type == kind and other.urn in change.needs]
    return any((other.before.get("name") or other.before.get("bucket")) in named for other in holders)


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
            alarm = (
                Alarm(Harm.LIMIT_REPLACED, "a permissions boundary is replaced")
                if after
                else Alarm(Harm.LIMIT_DROPPED, "a permissions boundary is taken away")
            )
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
    # How Lambda compares them (API AddPermission).
    conditions = {
        Condition(key, operator, frozenset([inputs[name] if inputs[name] != UNKNOWN else "(known only during up)"]))
        for key, operator, name in (
            ("aws:SourceArn", "ArnLike", "sourceArn"),
            ("aws:SourceAccount", "StringEquals", "sourceAccount"),
        )
        if inputs.get(name)
    }
    principal = str(inputs.get("principal", ""))
    sets = {
        "Principal": frozenset([ANYBODY if principal == "*" else principal]),
        "Action": frozenset([str(inputs.get("action", ""))]),
    }
    return [Statement(str(inputs.get("statementId", "")), "Allow", sets, frozenset(conditions))]
