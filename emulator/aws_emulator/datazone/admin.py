"""``/_emulator/datazone``: the state as JSON, and the backend's settings."""

from __future__ import annotations

import base64
import dataclasses
import json
import threading
from collections.abc import Mapping
from typing import Any

from aws_emulator.api import ApiError
from aws_emulator.datazone.models.backend import Backend
from aws_emulator.datazone.models.base import Idempotency
from aws_emulator.datazone.models.smithy import Model


def route(backend: Backend, method: str, query: Mapping[str, str], body: bytes) -> Any:
    """GET answers the whole state (``?domain=`` limits it); POST or PUT with a JSON object changes settings;
    its member ``upgrade`` names a V1 domain that becomes one of V2.

    Raises:
        ApiError: ValidationException for a setting that does not exist or has a value of the wrong type.
    """
    if method in {"POST", "PUT"}:
        changes = json.loads(body or b"{}")
        upgraded = changes.pop("upgrade", None)
        if upgraded is not None:
            _upgrade(backend, upgraded)
        _change(backend, changes)
    if method != "GET":
        return {"settings": dataclasses.asdict(backend.settings)}
    wanted = query.get("domain")
    with backend.lock:
        domains = [domain for domain in backend.domains.values() if wanted in {None, domain.id}]
    shown = []
    for domain in domains:
        with domain.lock:
            shown.append(plain(domain))
    return {
        "settings": dataclasses.asdict(backend.settings),
        "domains": shown,
        "events": {"put": backend.outbox.put, "dropped": backend.outbox.dropped},
    }


def _upgrade(backend: Backend, identifier: str) -> None:
    """Make a V1 domain a V2 domain, which AWS does by its console.

    UNVERIFIED[dz-upgraded-members]: what becomes of roles that are members as users; here they lose it, since their
    sessions are others.
    """
    domain = backend.domains.get(identifier)
    if domain is None:
        raise ApiError("ValidationException", f"There is no domain {identifier} to upgrade")
    with domain.lock:
        domain.version = "V2"


def _change(backend: Backend, changes: dict[str, Any]) -> None:
    fields = {field.name: field for field in dataclasses.fields(backend.settings)}
    for name, value in changes.items():
        if name not in fields:
            raise ApiError("ValidationException", f"Unknown setting {name}; known: {', '.join(sorted(fields))}")
        current = getattr(type(backend.settings)(), name)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        fits = {
            bool: isinstance(value, bool),
            str: value in {"AUTOMATIC", "MANUAL"},
            float: number and value >= 0,
            type(None): value is None or (number and value >= 0),
        }[type(current)]
        if not fits:
            raise ApiError("ValidationException", f"Setting {name} does not take {value!r}")
    for name, value in changes.items():
        setattr(backend.settings, name, value)


def plain(value: Any) -> Any:
    """Entities as JSON values."""
    if isinstance(value, Model):
        return sorted(value.shapes)
    if isinstance(value, (Idempotency, type(threading.RLock()))):
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name not in {"lock", "tokens"}
        }
    if isinstance(value, dict):
        return {"/".join(key) if isinstance(key, tuple) else str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value
