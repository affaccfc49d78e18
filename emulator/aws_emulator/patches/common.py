"""Small things that several services share: pages, ids, ARNs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from aws_emulator.api import ApiCall, ApiError

Item = TypeVar("Item")


@dataclass(frozen=True)
class ResourceArn:
    """An ARN in its parts; ``resource`` is all after the fifth colon."""

    text: str
    service: str
    region: str
    account: str
    resource: str


def parse_arn(text: str) -> ResourceArn | None:
    """Split an ARN; None if the text is none."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[2] or not parts[5]:
        return None
    return ResourceArn(text, parts[2], parts[3], parts[4], parts[5])


def page(
    items: Sequence[Item],
    token: str | None,
    size: int | None,
    *,
    default: int,
    scope: object,
    error: Callable[[str], ApiError],
) -> tuple[list[Item], str | None]:
    """One page of a list and the token of the next.

    Args:
        items: all items, in a stable order.
        token: what the caller sent.
        size: the page size that the caller wants.
        default: the service's page size.
        scope: what the token belongs to (operation and filters); a token of another scope is refused, as AWS does.
        error: makes the service's error for a bad token.

    Raises:
        ApiError: the token is none of ours, or of another list.
    """
    start = 0
    fingerprint = json.dumps(scope, sort_keys=True, default=str)
    if token:
        try:
            start, owner = json.loads(base64.urlsafe_b64decode(token.encode()))
        except (binascii.Error, ValueError, TypeError):
            raise error("The specified nextToken is invalid.") from None
        if owner != fingerprint or not isinstance(start, int):
            raise error("The specified nextToken is invalid.")
    end = start + (size or default)
    following = None
    if end < len(items):
        following = base64.urlsafe_b64encode(json.dumps([end, fingerprint]).encode()).decode()
    return list(items[start:end]), following


def random_id(length: int, alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") -> str:
    """An identifier that nobody can guess."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def digest(text: str) -> str:
    """A stable name of something that AWS names by a digest: a key's material, a runtime's version."""
    return hashlib.sha256(text.encode()).hexdigest()


def utc(seconds: float) -> datetime:
    """A moment as the parsers and serialisers want it."""
    return datetime.fromtimestamp(seconds, UTC)


def is_foreign_administrator(call: ApiCall, account: str) -> bool:
    """Whether an administrator of another account calls.

    Administrators' calls are not evaluated by the IAM part, so what crosses accounts is refused here for them.
    """
    return call.caller.administrator and call.caller.account != account
