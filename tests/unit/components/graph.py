"""Runs a part of the program against Pulumi's mocks and answers what it registered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pulumi
from pulumi.runtime import resource
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import wait_for_rpcs

from streamgov_core.model.settings_document import LAYER_PATH, read_document


@dataclass(frozen=True)
class Registered:
    """One resource as the engine would see it."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    account: str
    """The account whose explicit provider it has; empty for components, providers and dynamic resources."""
    parent: str
    """Logical name of the parent; empty for the stack."""
    dependencies: frozenset[str]
    """Logical names of what it explicitly or by its inputs depends on."""

    def document(self, key: str) -> dict[str, Any]:
        """An input that is JSON text."""
        found: dict[str, Any] = json.loads(self.inputs[key])
        return found


@dataclass
class Graph:
    """Everything that a program registered."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def all(self, type_: str) -> list[Registered]:
        return [item for item in self.resources if item.type == type_]

    def one(self, type_: str, name: str) -> Registered:
        found = [item for item in self.resources if (item.type, item.name) == (type_, name)]
        assert len(found) == 1, f"{type_} {name}: {len(found)} of {sorted(i.name for i in self.all(type_))}"
        return found[0]

    def variables(self, function: str) -> dict[str, str]:
        """The variables of a function, those in its layer of settings included."""
        layer = self.one("aws:lambda/layerVersion:LayerVersion", f"{function}-settings")
        made = self.one("aws:lambda/function:Function", function)
        return {
            **made.inputs["environment"]["variables"],
            **read_document(layer.inputs["code"].assets[LAYER_PATH].text),
        }

    def names(self, type_: str) -> list[str]:
        return sorted(item.name for item in self.all(type_))

    def aws(self) -> list[Registered]:
        return [item for item in self.resources if item.type.startswith("aws:")]

    def lines(self) -> list[str]:
        """The graph as text: type, logical name, parent, account."""
        return sorted(f"{i.type}  {i.name}  <{i.parent}>  {i.account}".rstrip() for i in self.resources)


@contextmanager
def _own_loop() -> Iterator[None]:
    """The SDK leaves an open event loop in each worker thread; here it is closed."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class _Monitor(MockMonitor):
    def __init__(self, mocks: _Mocks, graph: Graph) -> None:
        super().__init__(mocks)
        self.graph = graph

    def Invoke(self, request: Any) -> Any:
        with _own_loop():
            invoke: Any = super().Invoke
            return invoke(request)

    def RegisterResource(self, request: Any) -> Any:
        with _own_loop():
            return self._register(request)

    def _register(self, request: Any) -> Any:
        known = len(self.graph.resources)
        register: Any = super().RegisterResource
        answer = register(request)
        for index in range(known, len(self.graph.resources)):
            item = self.graph.resources[index]
            if (item.type, item.name) == (request.type, request.name):
                self.graph.resources[index] = Registered(
                    item.type,
                    item.name,
                    item.inputs,
                    request.provider.split("::")[-2].rsplit("-", 1)[-1] if request.provider else "",
                    request.parent.rsplit("::", 1)[-1],
                    frozenset(urn.rsplit("::", 1)[-1] for urn in request.dependencies),
                )
        return answer


class _Mocks(pulumi.runtime.Mocks):
    def __init__(self, graph: Graph, new: Collection[str] = ()) -> None:
        self.graph, self.new = graph, new

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        inputs = dict(args.inputs)
        if args.typ != "pulumi:pulumi:Stack":
            self.graph.resources.append(Registered(args.typ, args.name, inputs, "", "", frozenset()))
        outputs = {**inputs, "arn": f"arn:mock:{args.typ}:{args.name}", "name": inputs.get("name", args.name)}
        outputs.setdefault("keyId", f"key-{args.name}")
        outputs.setdefault("url", f"https://queue/{args.name}")
        if args.name in self.new:
            # What an engine's preview knows of a resource that is not there yet: what the program says of it.
            return None, inputs
        if args.typ == "aws:lambda/function:Function":
            outputs["version"] = "7" if inputs.get("publish") else "$LATEST"
        if args.typ == "aws:datazone/domain:Domain":
            return "dzd-mock000000001", outputs
        if args.typ.startswith("pulumi-python:dynamic"):
            outputs |= {"revision": "1", "target_id": "target-1", "member_id": "member-1"}
        if args.typ.endswith(":ProjectEnvironment"):
            project = inputs["project_id"]
            outputs |= {"environment_id": f"environment-of-{project}", "role_arn": f"role-of-{project}"}
        return f"{args.name}-id", outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        return {**args.args, "id": "blueprint1"}, []


def run(program: Callable[[], Mapping[str, Any] | None], *, preview: bool = False, new: Collection[str] = ()) -> Graph:
    """Register ``program``'s resources and resolve its outputs; those that are ``new`` are not there in a preview."""
    graph = Graph()
    mocks = _Mocks(graph, new)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    _forget()
    try:
        pulumi.runtime.set_mocks(
            mocks, project="streamgov", stack="test", preview=preview, monitor=_Monitor(mocks, graph)
        )

        async def body() -> None:
            with _without_positions():
                outputs = program() or {}
                await wait_for_rpcs()
            for name, value in outputs.items():
                graph.outputs[name] = await pulumi.Output.from_input(value).future()

        loop.run_until_complete(body())
    finally:
        # After a mistake in the program, what it had begun to register is left: end it, so that it does not complain.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
        asyncio.set_event_loop(None)
        _forget()
    return graph


def _without_positions() -> AbstractContextManager[Any]:
    """Registrations without their places in the source, a quarter of the time of a graph and no part of it."""
    return mock.patch.object(resource, "_get_stack_trace", StackTrace)


def _forget() -> None:
    """What the SDK keeps from one program to the next, and would wait for although its loop is closed.

    All outputs ever made, and the stack's own resource: if a program failed before that was registered, everything of
    the next program would wait for its parent.
    """
    set_root_resource(None)  # type: ignore[arg-type]
    with SETTINGS.lock:
        SETTINGS.outputs.clear()
