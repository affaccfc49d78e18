"""Wires the compute services into the emulator."""

from __future__ import annotations

from pathlib import Path

from aws_emulator.api import Emulator
from aws_emulator.compute.events.buses import Buses, BusOperations
from aws_emulator.compute.events.delivery import Deliveries
from aws_emulator.compute.events.schedules import ScheduleOperations, Schedules
from aws_emulator.compute.events.targets import Targets
from aws_emulator.compute.functions.archives import install_archives
from aws_emulator.compute.functions.asynchronous import AsynchronousInvocations
from aws_emulator.compute.functions.conditions import install_conditions
from aws_emulator.compute.functions.invoke import Functions, install_invoke
from aws_emulator.compute.functions.qualified_policies import install_qualified_policies
from aws_emulator.compute.functions.reading import install_reading
from aws_emulator.compute.functions.store import install_patches as patch_functions
from aws_emulator.compute.functions.uploads import install_upload_checks
from aws_emulator.compute.metrics import Metrics
from aws_emulator.compute.principals import Principals
from aws_emulator.compute.states import versions
from aws_emulator.compute.states.engine import Engine
from aws_emulator.compute.states.machines import MachineOperations
from aws_emulator.compute.states.operations import ExecutionOperations, MapRunOperations, TokenOperations
from aws_emulator.compute.states.status_events import status_listener
from aws_emulator.compute.timing import WorkInProgress


def install(emulator: Emulator) -> None:
    """Register everything of this package with the emulator."""
    work = WorkInProgress()
    principals = Principals(emulator)
    emulator.parts["compute.work"] = work

    metrics = Metrics()

    functions = Functions(emulator, principals, work, Path(emulator.data_dir) / "functions")
    functions.on_finished.append(metrics.function)
    patch_functions(functions.run_for_moto)
    install_archives(Path(emulator.data_dir) / "functions" / "archives")
    install_upload_checks(emulator)
    install_reading(emulator)
    install_qualified_policies(emulator)
    install_conditions(emulator)
    invocations = AsynchronousInvocations(emulator, functions, work)
    install_invoke(emulator, functions, invocations.submit)
    emulator.parts["compute.functions"] = functions
    emulator.parts["compute.kill"] = functions.pool.kill
    emulator.shutdown_hooks += [invocations.close, functions.pool.close]

    engine = Engine(emulator, principals, work)
    for operations in (
        MachineOperations(principals),
        ExecutionOperations(engine),
        MapRunOperations(engine),
        TokenOperations(engine),
    ):
        operations.install(emulator)
    versions.install(emulator)
    emulator.parts["compute.executions"] = engine
    emulator.shutdown_hooks.append(engine.close)

    targets = Targets(emulator, principals, functions, invocations.submit)
    deliveries = Deliveries(emulator, targets, work)
    buses = Buses(emulator, deliveries)
    targets.forward = buses.forward
    BusOperations(buses).install(emulator)
    schedules = Schedules(emulator, buses, deliveries)
    emulator.authorizers.append(ScheduleOperations().check)
    engine.listeners += [status_listener(buses.put), metrics.execution]
    deliveries.on_failure = lambda source, name: metrics.delivery(source.account, source.region, source.name, name)
    emulator.parts["events.put"] = buses.put
    emulator.admin_routes["events"] = buses.route
    emulator.admin_routes["schedules"] = schedules.route
    emulator.shutdown_hooks += [deliveries.close, schedules.close]

    def idle(method: str, query: object, body: bytes) -> dict[str, object]:
        counts = work.counts()
        return {"idle": not counts, "underWay": counts}

    def show_functions(method: str, query: object, body: bytes) -> dict[str, object]:
        return {
            "workers": functions.pool.describe(),
            "lostEvents": invocations.undelivered,
            "unwrittenLogs": functions.failures,
        }

    emulator.admin_routes["idle"] = idle
    emulator.admin_routes["functions"] = show_functions
