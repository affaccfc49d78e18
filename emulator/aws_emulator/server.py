"""Builds the emulator: the kernel, then each part that exists, then the address under which all of it answers."""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import uuid
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl

from aws_emulator.api import Emulator, ScaledClock
from aws_emulator.kernel.config import Settings, prepare_moto
from aws_emulator.kernel.http import HttpRequest, HttpResponse, HttpServer

log = logging.getLogger("emulator")

# Installed in this order: later parts use what earlier ones offer in ``Emulator.parts``.
PARTS = (
    "aws_emulator.patches",
    "aws_emulator.iam",
    "aws_emulator.kafka",
    "aws_emulator.flink",
    "aws_emulator.compute",
    "aws_emulator.datazone",
)
ADMIN_PREFIX = "/_emulator/"
SETTINGS = ("latency_ms", "rates", "speed", "propagation_ms")


class RunningEmulator:
    """An emulator that answers on its port.

    Args:
        host: address to bind; loopback.
        port: port to bind; 0 lets the system choose.
        data_dir: where functions' bundles and the like go.
        settings: the sandbox's accounts and the speed of its clock.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, host: str, port: int, data_dir: str, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_env()
        self.id = uuid.uuid4().hex
        self.server = HttpServer(host, port)
        prepare_moto(self.settings)
        from aws_emulator.kernel import sts
        from aws_emulator.kernel.clients import Clients
        from aws_emulator.kernel.forward import Moto
        from aws_emulator.kernel.identity import Identities
        from aws_emulator.kernel.pipeline import Pipeline

        self.emulator = Emulator(host, self.server.port, data_dir, ScaledClock(self.settings.speed))
        identities = Identities(self.settings.accounts)
        self.pipeline = Pipeline(self.emulator, identities, Moto(host, self.server.port))
        clients = Clients(self.emulator, identities)
        self.emulator.client = clients.client
        self.emulator.admin_client = clients.admin_client
        self.emulator.call = self.pipeline.call
        self.emulator.parts["identities"] = identities
        self.emulator.parts["settings"] = self.settings
        self.emulator.admin_routes.update(
            health=self._health,
            calls=self.pipeline.calls.route,
            faults=self.pipeline.faults.route,
            settings=self._settings,
        )
        sts.install(self.emulator, identities)
        identities.create_admin_roles()
        self._install_parts()

    def _install_parts(self) -> None:
        installed = []
        for name in PARTS:
            if importlib.util.find_spec(name) is None:
                continue
            install = getattr(importlib.import_module(name), "install", None)
            if install is None:
                log.warning("%s has no install()", name)
                continue
            install(self.emulator)
            installed.append(name)
        log.info("installed %s", ", ".join(installed) or "no parts")

    def start(self) -> None:
        """Answer requests."""
        self.server.application = self.answer
        self.server.start()

    def stop(self) -> None:
        """Stop the parts, then the server."""
        for hook in reversed(self.emulator.shutdown_hooks):
            try:
                hook()
            except Exception:
                log.exception("a part did not shut down")
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Route a request to the emulator's own addresses or to the pipeline."""
        if not request.path.startswith(ADMIN_PREFIX):
            return self.pipeline.http(request)
        route = self.emulator.admin_routes.get(request.path[len(ADMIN_PREFIX) :].strip("/"))
        if route is None:
            known = ", ".join(sorted(self.emulator.admin_routes))
            return _json(404, {"error": f"no such address; there are {known}"})
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        try:
            return _json(200, route(request.method, query, request.body))
        except (ValueError, KeyError, TypeError) as error:
            return _json(400, {"error": str(error)})
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            return _json(500, {"error": f"{type(error).__name__}: {error}"})

    def _health(self, method: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        return {"status": "ok", "id": self.id, "version": version("moto"), "accounts": list(self.settings.accounts)}

    def _settings(self, method: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        clock = self.emulator.clock
        if method == "POST":
            wanted = json.loads(body)
            if unknown := set(wanted) - set(SETTINGS):
                raise ValueError(f"unknown setting {sorted(unknown)[0]!r}; there are {', '.join(SETTINGS)}")
            self.pipeline.faults.latency_ms = float(wanted.get("latency_ms", self.pipeline.faults.latency_ms))
            self.pipeline.rates.enabled = bool(wanted.get("rates", self.pipeline.rates.enabled))
            propagation = float(wanted.get("propagation_ms", self.emulator.parts.get("propagation_ms", 0.0)))
            self.emulator.parts["propagation_ms"] = propagation
            if "speed" in wanted and isinstance(clock, ScaledClock):
                if not float(wanted["speed"]) > 0:
                    raise ValueError("speed must be greater than 0")
                clock.speed = float(wanted["speed"])
        return {
            "latency_ms": self.pipeline.faults.latency_ms,
            "rates": self.pipeline.rates.enabled,
            "propagation_ms": self.emulator.parts.get("propagation_ms", 0.0),
            "speed": getattr(clock, "speed", 1.0),
        }


def _json(status: int, document: Any) -> HttpResponse:
    body = json.dumps(document, default=str).encode()
    return HttpResponse(status, {"Content-Type": "application/json"}, body)
