"""What every concern of the backend uses: ids, time, pages, idempotency tokens, deferred work, settings."""

from __future__ import annotations

import base64
import binascii
import copy
import json
import random
import string
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from aws_emulator.api import Clock
from aws_emulator.datazone.exceptions import conflict, validation

T = TypeVar("T")

DEFAULT_PAGE = 25
"""UNVERIFIED[dz-default-page]: the size of a page without ``maxResults``; documented is the maximum only."""
TOKENS_KEPT = 20_000
"""Idempotency tokens remembered per domain; DataZone does not document for how long it remembers one."""


@dataclass
class Settings:
    """Knobs of the emulator itself (``/_emulator/datazone``), none of them an API of AWS.

    Attributes:
        listing_delay: seconds from CREATING to ACTIVE or INACTIVE of a listing.
        search_lag: seconds until Search and SearchListings see a change.
        lineage_delay: seconds until a lineage event is processed.
        environment_delay: seconds of an environment's deployment and deletion.
        default_grant_mode: what a subscription target without ``subscriptionGrantCreationMode`` does at approval.
        revoked_grant_retention: seconds that a wholly revoked grant can still be read; None keeps it.
        stale_change_sets: CreateListingChangeSet answers the revision that the catalogue still shows.
        hidden_revokes: lists that are filtered by listing leave out what is being revoked or has ended.
        strict_reads: reads of environments, targets, grants and inventory assets need membership; False lets every user
            of the domain read.
    """

    listing_delay: float = 0.3
    search_lag: float = 0.0
    lineage_delay: float = 0.1
    environment_delay: float = 0.0
    # UNVERIFIED[dz-target-without-mode]: a target without a mode makes no grant at approval. Walkthroughs of custom
    # assets grant by hand although the target exists; a community handler reports grants made at approval, the other
    # reading (AUTOMATIC).
    default_grant_mode: str = "MANUAL"
    # UNVERIFIED[dz-revoked-grant-readable]: a revoked grant stays readable.
    revoked_grant_retention: float | None = None
    # Both are seen now and then; always is the reading that nobody can rely on the other way.
    stale_change_sets: bool = True
    hidden_revokes: bool = True
    strict_reads: bool = True


class Ids:
    """New identifiers in the forms that DataZone uses; the randomness is passed in."""

    _alphabet = string.digits + string.ascii_lowercase

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def short(self) -> str:
        """14 lower-case letters and digits: projects, assets, grants, lineage events and nearly all others."""
        return "".join(self._source.choice(self._alphabet) for _ in range(14))

    def domain(self) -> str:
        """``dzd-`` and 14 characters (new domains use the hyphen)."""
        return f"dzd-{self.short()}"

    def user(self) -> str:
        """A UUID: user profiles."""
        return str(uuid.UUID(int=self._source.getrandbits(128), version=4))

    def policy_grant(self) -> str:
        """Ten characters: GrantIdentifier of AddPolicyGrant."""
        return self.short()[:10]


def moment(seconds: float) -> datetime:
    """A timestamp as botocore's parsed shapes hold it."""
    return datetime.fromtimestamp(seconds, UTC)


def compact(**members: Any) -> dict[str, Any]:
    """The members that have a value; an absent optional member is left out of an answer."""
    return {name: value for name, value in members.items() if value is not None}


class Scheduler:
    """Work that the service does a little later, on the emulator's clock.

    A delay of zero runs at once in the calling thread, so that tests need no wait.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopped = threading.Event()

    def after(self, delay: float, work: Callable[[], None]) -> None:
        """Run ``work`` after ``delay`` emulated seconds."""
        if delay <= 0:
            work()
            return

        def run() -> None:
            self._clock.sleep(delay)
            if not self._stopped.is_set():
                work()

        threading.Thread(target=run, name="datazone-later", daemon=True).start()

    def stop(self) -> None:
        """Drop what has not begun yet."""
        self._stopped.set()


class Idempotency:
    """Answers by client token: the same token and the same request give the same answer and have no second effect."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str, str], tuple[str, dict[str, Any] | None]] = OrderedDict()

    def replay(self, operation: str, account: str, params: dict[str, Any]) -> tuple[bool, dict[str, Any] | None]:
        """Look the request's token up.

        Returns:
            (True, answer) for a token that was used for the same request before, otherwise (False, None).

        Raises:
            ApiError: ConflictException when the token was used for another request.
        """
        token = params.get("clientToken")
        known = self._answers.get((operation, account, token)) if token else None
        if known is None:
            return False, None
        if known[0] != fingerprint(params):
            # UNVERIFIED[dz-client-token-reuse]: the error code for a client token that is used again with another
            # request.
            raise conflict(f"The client token {token} was already used for a different {operation} request")
        return True, copy.deepcopy(known[1])

    def remember(self, operation: str, account: str, params: dict[str, Any], answer: dict[str, Any] | None) -> None:
        """Keep the answer to a request that carried a token."""
        token = params.get("clientToken")
        if not token:
            return
        self._answers[(operation, account, token)] = (fingerprint(params), copy.deepcopy(answer))
        while len(self._answers) > TOKENS_KEPT:
            self._answers.popitem(last=False)


def fingerprint(params: dict[str, Any]) -> str:
    """A request's content without its token, as comparable text."""
    return json.dumps({k: v for k, v in params.items() if k != "clientToken"}, sort_keys=True, default=str)


@dataclass
class Page:
    """What a list operation asks for."""

    operation: str
    params: dict[str, Any]
    ignored: frozenset[str] = field(default_factory=lambda: frozenset({"nextToken", "maxResults"}))

    def cut(self, items: Sequence[T], identity: Callable[[T], str]) -> tuple[list[T], str | None]:
        """One page of ``items`` and the token of the next.

        The token names the last item that was given out, so that items which come or go between two pages neither
        repeat nor hide others.

        Raises:
            ApiError: ValidationException for a token that this list did not give out.
        """
        size = int(self.params.get("maxResults") or DEFAULT_PAGE)
        start = self._start(items, identity)
        page = list(items[start : start + size])
        if start + size >= len(items) or not page:
            return page, None
        body = {"after": identity(page[-1]), "at": start + len(page), "of": self._query()}
        return page, base64.urlsafe_b64encode(json.dumps(body).encode()).decode()

    def _query(self) -> str:
        asked = {k: v for k, v in self.params.items() if k not in self.ignored}
        return f"{self.operation}:{json.dumps(asked, sort_keys=True, default=str)}"

    def _start(self, items: Sequence[T], identity: Callable[[T], str]) -> int:
        token = self.params.get("nextToken")
        if not token:
            return 0
        try:
            body = json.loads(base64.urlsafe_b64decode(token.encode()))
            after, offset, query = body["after"], int(body["at"]), body["of"]
        except (binascii.Error, ValueError, KeyError, TypeError, UnicodeError) as error:
            raise validation("Invalid nextToken") from error
        if query != self._query():
            raise validation("Invalid nextToken: it belongs to another request")
        for index, item in enumerate(items):
            if identity(item) == after:
                return index + 1
        return min(offset, len(items))


def ordered(
    items: Iterable[T],
    params: dict[str, Any],
    created: Callable[[T], float],
    updated: Callable[[T], float],
    identity: Callable[[T], str],
) -> list[T]:
    """Sort by ``sortBy`` CREATED_AT|UPDATED_AT and ``sortOrder``; the default is the creation time, ascending."""
    when = updated if params.get("sortBy") == "UPDATED_AT" else created
    return sorted(items, key=lambda item: (when(item), identity(item)), reverse=params.get("sortOrder") == "DESCENDING")
