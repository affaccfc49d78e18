"""AWS clients for the dynamic providers: one for each region, role and external id, made when first needed.

Providers are pickled into the stack's state, so they hold no client. These live in the provider process only, and no
credential is ever an input or output of a resource. The endpoint comes from ``AWS_ENDPOINT_URL`` (boto3 reads it).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from streamgov_core.model.errors import RemoteError, ResourceInUseError
from streamgov_core.runtime.service_models import session_with_shared_models

T = TypeVar("T")

CONSISTENCY_DELAYS: tuple[float, ...] = (1, 2, 4, 8, 15)
"""Seconds between attempts when DataZone or IAM does not yet know what was created a moment ago."""


@dataclass(frozen=True)
class SessionSettings:
    """How to reach an account.

    Args:
        region: the region to call.
        assume_role_arn: the role to assume with the ambient credentials; empty uses those themselves.
        external_id: passed to AssumeRole.
        profile: a profile of the shared configuration file, from ``aws:profile`` of the stack.
        attempts: how often a call is made until it is given up.
        patience: seconds until an attempt is given up.
    """

    region: str
    assume_role_arn: str = ""
    external_id: str = ""
    profile: str = ""
    attempts: int = 10
    patience: int = 60

    def in_a_hurry(self) -> SessionSettings:
        """The same for a look that nothing depends on: a preview does not wait long for it."""
        return replace(self, attempts=2, patience=5)


_LOCK = threading.Lock()
_CLIENTS: dict[tuple[str, SessionSettings], Any] = {}


def client(service: str, settings: SessionSettings) -> Any:
    """The cached boto3 client of ``service`` for these settings. Safe for several threads."""
    with _LOCK:
        key = (service, settings)
        if key not in _CLIENTS:
            _CLIENTS[key] = _make_client(service, settings)
        return _CLIENTS[key]


def _make_client(service: str, settings: SessionSettings) -> Any:
    # Imported here: the program imports this module too, and needs no AWS SDK to register resources.
    import boto3
    from botocore.config import Config

    session: Any = boto3.Session(
        botocore_session=session_with_shared_models(),
        region_name=settings.region,
        profile_name=settings.profile or None,
    )
    if settings.assume_role_arn:
        session = _assumed(session, settings)
    # DataZone allows 3 calls a second for memberships and targets: many attempts with growing pauses.
    config = Config(
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        connect_timeout=min(10, settings.patience),
        read_timeout=settings.patience,
    )
    return session.client(service, config=config)


def _assumed(base: Any, settings: SessionSettings) -> Any:
    import boto3
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    extra = {"RoleSessionName": "streamgov-pulumi"}
    if settings.external_id:
        extra["ExternalId"] = settings.external_id

    def refresh() -> Any:
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=base._session.create_client,
            source_credentials=base.get_credentials(),
            role_arn=settings.assume_role_arn,
            extra_args=extra,
        )
        return fetcher.fetch_credentials()

    inner = session_with_shared_models()
    inner._credentials = DeferredRefreshableCredentials(refresh_using=refresh, method="assume-role")  # type: ignore[attr-defined]
    return boto3.Session(botocore_session=inner, region_name=settings.region)


def call(api: Any, operation: str, **params: Any) -> dict[str, Any]:
    """Call ``operation`` (snake_case) of a boto3 client; None parameters are left out.

    Raises:
        RemoteError: the service answered with an error, or could not be reached.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    name = "".join(part.capitalize() for part in operation.split("_"))
    where = f"{api.meta.service_model.service_name}:{name}"
    try:
        answer = getattr(api, operation)(**{key: value for key, value in params.items() if value is not None})
    except ClientError as error:
        details = error.response.get("Error", {})
        raise RemoteError(where, details.get("Code", "Unknown"), details.get("Message", str(error))) from error
    except BotoCoreError as error:
        raise RemoteError(where, type(error).__name__, str(error)) from error
    return dict(answer)


def find(api: Any, operation: str, **params: Any) -> dict[str, Any] | None:
    """Like ``call``, but None when the object does not exist (ResourceNotFoundException)."""
    try:
        return call(api, operation, **params)
    except RemoteError as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise


def pages(api: Any, operation: str, key: str, size: int = 50, **params: Any) -> list[dict[str, Any]]:
    """Every item under ``key`` of all pages of a list operation, ``size`` on each."""
    items: list[dict[str, Any]] = []
    token: str | None = None
    while True:
        answer = call(api, operation, nextToken=token, maxResults=size, **params)
        items += answer.get(key, [])
        token = answer.get("nextToken")
        if not token:
            return items


def eventually(
    action: Callable[[], T],
    worth_retrying: Callable[[RemoteError], bool],
    delays: Sequence[float] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Run ``action``; while it fails with an error that says "not there yet", wait and try again.

    Args:
        action: what to do.
        worth_retrying: whether an error may vanish by itself.
        delays: seconds before each further attempt; CONSISTENCY_DELAYS if None.
        sleep: how to wait.
    """
    for delay in CONSISTENCY_DELAYS if delays is None else delays:
        try:
            return action()
        except RemoteError as error:
            if not worth_retrying(error):
                raise
            sleep(delay)
    return action()


def wait_for(
    what: str,
    probe: Callable[[], bool],
    seconds: float = 900,
    every: float = 2,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Ask ``probe`` again and again until it answers true.

    Raises:
        ResourceInUseError: it did not within ``seconds``.
    """
    end = clock() + seconds
    pause = min(0.2, every)
    while not probe():
        if clock() >= end:
            raise ResourceInUseError(f"waited {seconds:.0f} s for {what}, in vain; look at it, then run again")
        sleep(pause)
        pause = min(every, pause * 1.5)
