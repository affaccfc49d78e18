"""Runs applications of Managed Service for Apache Flink: each in a local Flink of its own, as a child process.

``EMULATOR_FLINK``: ``off`` runs none; an application that is started then ends at once, and says why.
Addresses of the emulator: ``/_emulator/flink`` shows the processes, POST ``{"prepare": true}`` resolves Flink's jars;
``flink/credentials`` is where a running application fetches its role's credentials, as a container does.
"""

from __future__ import annotations

import os

from aws_emulator.api import Emulator
from aws_emulator.flink.runner import LocalFlink
from aws_emulator.kernel.identity import Identities

VARIABLE = "EMULATOR_FLINK"


def install(emulator: Emulator) -> None:
    """Offer the runner to the applications and register the addresses."""
    identities: Identities = emulator.parts["identities"]
    enabled = os.environ.get(VARIABLE, "auto").lower() not in ("off", "0", "no")
    runner = LocalFlink(emulator, identities, f"{VARIABLE}=off" if not enabled else None)
    emulator.parts["flink.runner"] = runner
    emulator.admin_routes["flink"] = runner.route
    emulator.admin_routes["flink/credentials"] = runner.credentials
    emulator.shutdown_hooks.append(runner.close)
