"""Roles as services use them: does the role exist, may this service assume it, credentials in its name.

Where a service of AWS acts for a customer (Lambda runs a function, Step Functions calls a task, EventBridge starts a
target) it assumes a role of the customer's account. The trust policy decides whether it may; the credentials carry
the role's permissions from then on.
"""

from __future__ import annotations

import fnmatch
import json
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config
from moto.iam.models import iam_backends

from emulator.api import Emulator

CREDENTIALS_SECONDS = 3600
"""STS's default session duration; the kernel issues sessions of this length."""


@dataclass(frozen=True)
class Role:
    """A role as IAM knows it. ``role_id`` changes when a role is deleted and created again under the same name."""

    account: str
    arn: str
    role_id: str
    trust: Mapping[str, Any]


@dataclass(frozen=True)
class Session:
    """Temporary credentials of a role."""

    access_key: str
    secret_key: str
    token: str
    expires: float


def find_role(role_arn: str) -> Role | None:
    """The role with this ARN, or None if it does not exist."""
    parts = role_arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        return None
    if parts[4] not in iam_backends:
        return None  # asking moto for an account would create it
    for role in list(iam_backends[parts[4]][parts[1]].roles.values()):
        if role.arn == role_arn:
            document = role.assume_role_policy_document
            trust = json.loads(document) if isinstance(document, str) else dict(document or {})
            return Role(account=parts[4], arn=role_arn, role_id=role.id, trust=trust)
    return None


def as_list(value: Any) -> list[Any]:
    """IAM's documents write a list of one as the bare value."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _condition_holds(operator: str, wanted: Iterable[Any], actual: str | None) -> bool:
    """One condition of a policy statement (IAM user guide, "Condition operators"); only string and ARN operators.

    An operator that is not known here never holds, so that an unknown condition refuses instead of allowing.
    """
    base, _, suffix = operator.partition("IfExists")
    if actual is None:
        return operator.endswith("IfExists") and suffix == ""
    values = [str(value) for value in wanted]
    if base in ("StringEquals", "ArnEquals", "ArnLike", "StringLike"):
        exact = base == "StringEquals"
        return any(actual == value if exact else fnmatch.fnmatchcase(actual, value) for value in values)
    if base == "StringEqualsIgnoreCase":
        return any(actual.lower() == value.lower() for value in values)
    if base in ("StringNotEquals", "ArnNotEquals", "ArnNotLike", "StringNotLike"):
        return not _condition_holds(base.replace("Not", ""), values, actual)
    return False


def statement_allows_service(
    statement: Mapping[str, Any], *, service: str, action: str, context: Mapping[str, str]
) -> bool:
    """Whether one statement of a trust or resource policy names this service, this action, and its conditions hold.

    Args:
        statement: the statement; its ``Effect`` is left to the caller.
        service: for example ``events.amazonaws.com``.
        action: for example ``lambda:InvokeFunction``.
        context: the request's condition keys (``aws:SourceArn``, ``aws:SourceAccount``).
    """
    principal = statement.get("Principal")
    services = as_list(principal.get("Service")) if isinstance(principal, Mapping) else []
    if principal != "*" and service not in services:
        return False
    if not any(fnmatch.fnmatchcase(action.lower(), str(item).lower()) for item in as_list(statement.get("Action"))):
        return False
    lowered = {key.lower(): value for key, value in context.items()}
    return all(
        _condition_holds(operator, as_list(wanted), lowered.get(key.lower()))
        for operator, block in dict(statement.get("Condition") or {}).items()
        for key, wanted in dict(block).items()
    )


def policy_allows_service(
    document: Mapping[str, Any], *, service: str, action: str, context: Mapping[str, str]
) -> bool:
    """Whether a trust or resource policy lets a service do an action: one Allow, and no Deny."""
    verdicts = {
        str(statement.get("Effect"))
        for statement in as_list(document.get("Statement"))
        if statement_allows_service(statement, service=service, action=action, context=context)
    }
    return "Allow" in verdicts and "Deny" not in verdicts


def service_may_assume(role: Role, service: str, *, source_arn: str | None = None) -> bool:
    """Whether the role's trust policy lets a service of AWS assume it on behalf of ``source_arn``."""
    context = {"aws:SourceAccount": role.account}
    if source_arn:
        context["aws:SourceArn"] = source_arn
    return policy_allows_service(role.trust, service=service, action="sts:AssumeRole", context=context)


class Sessions:
    """Credentials of roles and clients that use them, kept until shortly before they expire."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._lock = threading.Lock()
        self._build_lock = threading.Lock()
        self._botocore = botocore.session.Session()
        self._sessions: dict[tuple[str, str, str, str], Session] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}

    def issue(self, role_arn: str, session_name: str, region: str) -> Session:
        """Fresh credentials of a role. No trust check: the calling service has done it."""
        client = self._emulator.client("sts", role_arn=role_arn, region=region, session_name=session_name)
        credentials = client._request_signer._credentials.get_frozen_credentials()
        return Session(
            access_key=credentials.access_key,
            secret_key=credentials.secret_key,
            token=credentials.token,
            expires=time.time() + CREDENTIALS_SECONDS,
        )

    def session(self, role: Role, session_name: str, region: str) -> Session:
        """Credentials of a role, shared by later callers of the same session name until the role is re-created."""
        key = (role.arn, role.role_id, session_name, region)
        with self._lock:
            known = self._sessions.get(key)
        if known and known.expires - time.time() > CREDENTIALS_SECONDS / 4:
            return known
        issued = self.issue(role.arn, session_name, region)
        with self._lock:
            self._sessions[key] = issued
        return issued

    def client(self, service: str, session: Session, region: str) -> Any:
        """A botocore client of this service with these credentials, without retries and parameter validation."""
        key = (service, session.access_key, region)
        with self._lock:
            known = self._clients.get(key)
        if known is not None:
            return known
        with self._build_lock:
            client = self._botocore.create_client(
                service,
                region_name=region,
                endpoint_url=self._emulator.endpoint,
                aws_access_key_id=session.access_key,
                aws_secret_access_key=session.secret_key,
                aws_session_token=session.token,
                config=Config(
                    parameter_validation=False,
                    retries={"total_max_attempts": 1},
                    connect_timeout=10,
                    read_timeout=910,
                    max_pool_connections=64,
                ),
            )
        with self._lock:
            if len(self._clients) > 500:
                self._clients.clear()
            self._clients[key] = client
        return client
