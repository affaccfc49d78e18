"""Infrastructure with 1, 10 and 50 subscription targets, on MSK and on Kinesis: resources, seconds, size of the state.

The real engine with the stand-in plugin against the emulator: the seconds say what our program, providers and the
engine cost; the services' own times come on top. The program is the one of the examples, all accounts from one program.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.common import table
from tests.engine.stacks import REGION, As, Cloud, Portal, Stack, project
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER, run_emulator
from tools.dev.workspace import Workspace

COUNTS = (1, 10, 50)
PLATFORMS = ("msk", "kinesis")


def main(arguments: Sequence[str]) -> dict[str, Any]:
    """Measure each number of targets on each platform in an emulator of its own."""
    parser = argparse.ArgumentParser(prog="infrastructure", description=__doc__)
    parser.add_argument("--targets", type=int, nargs="+", default=list(COUNTS))
    parser.add_argument("--platforms", choices=PLATFORMS, nargs="+", default=list(PLATFORMS))
    wanted = parser.parse_args(list(arguments))
    figures = {
        f"{platform} {count}": measured(platform, count) for platform in wanted.platforms for count in wanted.targets
    }
    head = ("platform", "targets", "resources", "first preview s", "up s", "silent preview s", "destroy s", "state KiB")
    rows = [
        (
            found["platform"],
            found["targets"],
            found["resources"],
            *(found["seconds"][step] for step in ("first preview", "up", "silent preview", "destroy")),
            round(found["state_bytes"] / 1024),
        )
        for found in figures.values()
    ]
    print(table(head, rows))
    return figures


def measured(platform: str, count: int) -> dict[str, Any]:
    """The figures of one stack."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process, emulator = run_emulator(folder)
        try:
            workspace = Workspace(folder / "state", emulator.port)
            workspace.prepare()
            cloud = Cloud(emulator, DOMAIN)
            config = configuration(cloud, platform, count)
            pulumi = As(workspace, project(folder / "program"), "bench", cloud.credentials(DOMAIN))
            return {"platform": platform, "targets": count, **_run(Stack(pulumi, config).create())}
        finally:
            process.terminate()
            process.wait(60)


def _run(stack: Stack) -> dict[str, Any]:
    seconds: dict[str, float] = {}

    def timed(step: str, action: Callable[[], Any]) -> None:
        started = time.monotonic()
        action()
        seconds[step] = round(time.monotonic() - started, 1)

    timed("first preview", stack.preview)
    timed("up", lambda: stack.pulumi.operation("up"))
    timed("silent preview", stack.silent)
    resources, size = stack.pulumi.resource_count(), stack.pulumi.state_size()
    timed("destroy", lambda: stack.pulumi.operation("destroy"))
    assert stack.pulumi.resource_count() == 0
    return {"resources": resources, "seconds": seconds, "state_bytes": size}


def configuration(cloud: Cloud, platform: str, count: int) -> dict[str, Any]:
    """One data source, and a target in each of ``count`` environments of the consumer's account."""
    portal = cloud.portal({"orders": PRODUCER, "analytics": CONSUMER})
    datazone = cloud.client("datazone")
    blueprint = datazone.get_environment(domainIdentifier=portal.domain, identifier=portal.environments["analytics"])[
        "environmentBlueprintId"
    ]
    environments = [portal.environments["analytics"]]
    for number in range(2, count + 1):
        made = datazone.create_environment(
            domainIdentifier=portal.domain,
            projectIdentifier=portal.projects["analytics"],
            name=f"analytics-{number}",
            environmentBlueprintIdentifier=blueprint,
            environmentAccountIdentifier=CONSUMER,
            environmentAccountRegion=REGION,
        )
        environments.append(made["id"])
    reader = cloud.role(CONSUMER, "reader", path="/streaming/")
    return stack_file(platform, portal, environments, reader)


def stack_file(platform: str, portal: Portal, environments: Sequence[str], reader: str) -> dict[str, Any]:
    """The configuration of a stack with one data source, and a target in each environment."""
    deployers = {account: f"arn:aws:iam::{account}:role/Admin" for account in (PRODUCER, CONSUMER)}
    source = {
        "platform": platform,
        "registryName": "orders",
        "resource": "orders",
        "projectId": portal.projects["orders"],
        **({"topics": ["*"]} if platform == "msk" else {}),
    }
    targets = {
        f"t{number}": {
            "platform": platform,
            "environmentId": environment,
            "principals": [reader],
            "targetName": f"target-{number}",
        }
        for number, environment in enumerate(environments, 1)
    }
    return {
        "mode": "all",
        "region": REGION,
        "platforms": [platform],
        "deletionProtection": False,
        "domain": {
            "account": DOMAIN,
            "domainId": portal.domain,
            "typesProjectId": portal.projects["orders"],
            "memberProjects": portal.projects,
        },
        "members": [
            {
                "account": PRODUCER,
                "assumeRoleArn": deployers[PRODUCER],
                "trail": "none",
                "dataSources": {"orders": source},
            },
            {"account": CONSUMER, "assumeRoleArn": deployers[CONSUMER], "targets": targets},
        ],
    }
