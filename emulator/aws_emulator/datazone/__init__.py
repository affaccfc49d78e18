"""Amazon DataZone (V1 and V2 domains) for the emulator, in moto's layout: models, responses, urls, exceptions.

The kernel parses requests and checks requests and answers against botocore's model; here are the service's own rules.
What AWS does not document is marked ``UNVERIFIED`` where it is decided.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from aws_emulator.api import ApiCall, Emulator, Operation
from aws_emulator.datazone import admin, urls
from aws_emulator.datazone.models.backend import AccountHandler, Backend, DomainHandler
from aws_emulator.datazone.models.base import Ids, Settings

__all__ = ["Backend", "Settings", "install"]


def install(emulator: Emulator, settings: Settings | None = None, randomness: random.Random | None = None) -> None:
    """Serve DataZone: its operations, ``/_emulator/datazone``, and the part ``datazone``.

    Args:
        emulator: where to register.
        settings: delays and unverified choices.
        randomness: source of new ids; tests pass a seeded one.
    """
    backend = Backend(emulator, Ids(randomness or random.SystemRandom()), settings)
    for name, handler in urls.DOMAIN_OPERATIONS.items():
        emulator.operations[("datazone", name)] = _domain_operation(backend, handler)
    for name, account_handler in urls.ACCOUNT_OPERATIONS.items():
        emulator.operations[("datazone", name)] = _account_operation(backend, account_handler)

    def route(method: str, query: Mapping[str, str], body: bytes) -> Any:
        return admin.route(backend, method, query, body)

    emulator.admin_routes["datazone"] = route
    emulator.parts["datazone"] = backend
    emulator.shutdown_hooks.append(backend.scheduler.stop)


def _domain_operation(backend: Backend, handler: DomainHandler) -> Operation:
    def operation(call: ApiCall) -> dict[str, Any] | None:
        return backend.serve(call, handler)

    return operation


def _account_operation(backend: Backend, handler: AccountHandler) -> Operation:
    def operation(call: ApiCall) -> dict[str, Any] | None:
        return backend.serve_account(call, handler)

    return operation
