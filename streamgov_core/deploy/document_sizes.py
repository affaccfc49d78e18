"""How large the documents of a deployment are, and what AWS has room for.

What a deployment may have any number of does not stand in a document (docs/adr/0016-lists-in-a-layer.md), or the
document says at a preview how many fit.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from streamgov_core.deploy.iam_statements import Document
from streamgov_core.deploy.schema_trail import TrailSpec
from streamgov_core.deploy.spec import FunctionSpec, KeySpec, MachineSpec, PolicySpec, QueueSpec, RoleSpec, RuleSpec
from streamgov_core.documents.compiler import INLINE_LIMIT, MANAGED_LIMIT, TRUST_LIMIT, size
from streamgov_core.model.errors import ConfigError

BUCKET_POLICY_LIMIT = 20_480
"""Bytes of a bucket policy (S3 user guide, "Bucket policies for Amazon S3": 20 KB)."""
DEFINITION_LIMIT = 1_048_576
"""Bytes of a state machine's definition (Step Functions quotas: 1 MB)."""
ENVIRONMENT_LIMIT = 4_096
"""Bytes of all variables of a function together (Lambda quotas: 4 KB)."""
EVENT_PATTERN_LIMIT = 2_048
"""Characters of a rule's event pattern (EventBridge quotas)."""
KEY_POLICY_LIMIT = 32_768
"""Bytes of a key policy (KMS quotas: 32 KB)."""
LAYER_LIMIT = 50_000_000
"""Bytes of a layer that is uploaded as it is (Lambda quotas: 50 MB, packed; here counted as they are)."""
QUEUE_POLICY_LIMIT = 8_192
"""Bytes of a queue's policy (SQS quotas)."""


@dataclass(frozen=True)
class DocumentSize:
    """The size of one document.

    Attributes:
        document: what it is.
        size: in the unit of the limit.
        limit: what AWS has room for.
        unit: ``characters`` or ``bytes``.
    """

    document: str
    size: int
    limit: int
    unit: str

    @property
    def fits(self) -> bool:
        """Whether AWS has room for it."""
        return self.size <= self.limit

    def __str__(self) -> str:
        return f"{self.document}: {self.size:,} of {self.limit:,} {self.unit}"


def document_sizes(part: Any) -> Iterator[DocumentSize]:
    """The sizes of every document of a deployment.

    Args:
        part: a spec, a deployment, or several of them.
    """
    if isinstance(part, tuple | list):
        for item in part:
            yield from document_sizes(item)
    elif is_dataclass(part):
        yield from _own(part)
        for field in fields(part):
            yield from document_sizes(getattr(part, field.name))


def _own(part: Any) -> Iterator[DocumentSize]:
    """The documents of a part without those of its parts."""
    match part:
        case RoleSpec():
            yield DocumentSize(f"trust of role {part.name}", size(part.trust), TRUST_LIMIT, "characters")
            if part.policy is not None:
                yield DocumentSize(f"permissions of role {part.name}", size(part.policy), INLINE_LIMIT, "characters")
        case PolicySpec():
            yield DocumentSize(f"policy {part.name}", size(part.document), MANAGED_LIMIT, "characters")
        case KeySpec():
            yield _bytes(f"policy of key {part.alias}", part.policy, KEY_POLICY_LIMIT)
        case QueueSpec():
            yield _bytes(f"policy of queue {part.name}", part.policy, QUEUE_POLICY_LIMIT)
        case TrailSpec():
            yield _bytes(f"policy of bucket {part.bucket}", part.bucket_policy, BUCKET_POLICY_LIMIT)
        case FunctionSpec():
            yield DocumentSize(
                f"variables of function {part.name}", environment_size(part.environment), ENVIRONMENT_LIMIT, "bytes"
            )
            if part.settings_text is not None:
                yield DocumentSize(
                    f"settings of function {part.name}", len(part.settings_text.encode()), LAYER_LIMIT, "bytes"
                )
        case MachineSpec():
            yield _bytes(f"definition of machine {part.name}", part.definition, DEFINITION_LIMIT)
        case RuleSpec() if part.event_pattern is not None:
            yield DocumentSize(
                f"pattern of rule {part.name}", size(part.event_pattern), EVENT_PATTERN_LIMIT, "characters"
            )


def _bytes(document: str, content: Mapping[str, Any], limit: int) -> DocumentSize:
    return DocumentSize(document, len(json.dumps(content, separators=(",", ":")).encode()), limit, "bytes")


def environment_size(variables: Mapping[str, str]) -> int:
    """Bytes of a function's variables: names and values."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())


def check_sizes(part: Any) -> None:
    """Refuse a deployment of which a document does not fit.

    Raises:
        ConfigError: with every document that does not.
    """
    too_large = [str(item) for item in document_sizes(part) if not item.fits]
    if too_large:
        raise ConfigError(f"AWS has no room for what this configuration deploys: {'; '.join(too_large)}")


def how_many_fit(build: Callable[[Sequence[str]], Document], items: Sequence[str], limit: int) -> int:
    """How many of these items a document has room for, taken from the first on; all of them at most.

    Args:
        build: makes the document, which grows with the items.
        items: what it is made for.
        limit: characters.
    """
    return bisect_right(range(1, len(items) + 1), limit, key=lambda count: size(build(items[:count])))


def fitted(
    build: Callable[[Sequence[str]], Document],
    items: Sequence[str],
    limit: int,
    *,
    document: str,
    noun: str,
    advice: str,
) -> Document:
    """The document for these items.

    Args:
        build: makes the document, which grows with the items.
        items: what it is made for.
        limit: characters.
        document: what the error calls it.
        noun: what the error calls the items.
        advice: what to do, as the end of a sentence.

    Raises:
        ConfigError: AWS has no room for it; the error says how many items fit.
    """
    made = build(items)
    if size(made) <= limit:
        return made
    raise ConfigError(
        f"{document} would have {size(made):,} of {limit:,} characters with {len(items):,} {noun}; "
        f"{how_many_fit(build, items, limit):,} fit: {advice}"
    )
