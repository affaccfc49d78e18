"""Runs a part of the program against Pulumi's mocks and answers what it registered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings

UNKNOWN = object()


@dataclass(frozen=True)
class Registered:
    """One resource as the engine would see it."""

    type: str
    name: str
    inputs: dict[str, Any]
    provider: str = ""
    parent: str = ""


@dataclass
class Graph:
    """Every resource that a program registered, by type and name."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def all(self, type_: str) -> list[Registered]:
        return [item for item in self.resources if item.type == type_]

    def one(self, type_: str, name: str) -> Registered:
        found = [item for item in self.resources if (item.type, item.name) == (type_, name)]
        assert len(found) == 1, f"{type_} {name}: {len(found)} of {sorted((i.type, i.name) for i in self.resources)}"
        return found[0]

    def names(self, type_: str) -> list[str]:
        return sorted(item.name for item in self.all(type_))


class _Mocks(pulumi.runtime.Mocks):
    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        inputs = dict(args.inputs)
        account = (args.provider or "").split("::")[-2] if args.provider else ""
        self.graph.resources.append(Registered(args.typ, args.name, inputs, account))
        outputs = {**inputs, "arn": f"arn:mock:{args.typ}:{args.name}", "name": inputs.get("name", args.name)}
        outputs.setdefault("keyId", f"key-{args.name}")
        outputs.setdefault("url", f"https://queue/{args.name}")
        if args.typ == "aws:datazone/domain:Domain":
            return "dzd-mock000000001", outputs
        if args.typ.startswith("pulumi-python:dynamic"):
            outputs |= {"revision": "1", "target_id": "target-1", "member_id": "member-1"}
        return f"{args.name}-id", outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        return {**args.args, "id": "blueprint1"}, []


def run(program: Callable[[], dict[str, Any] | None], preview: bool = False) -> Graph:
    """Register ``program``'s resources; its outputs are resolved into the graph."""
    graph = Graph()
    monitor_mocks = _Mocks(graph)
    asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi.runtime.set_mocks(monitor_mocks, project="streamgov", stack="test", preview=preview)

    async def body() -> None:
        from pulumi.runtime.stack import wait_for_rpcs

        outputs = program() or {}
        await wait_for_rpcs()
        for name, value in outputs.items():
            graph.outputs[name] = await pulumi.Output.from_input(value).future()

    asyncio.get_event_loop().run_until_complete(body())
    _ = (mocks, settings, Path)
    return graph
