"""The plugin as the engine drives it, without the engine: the same calls, in this process."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from pulumi.runtime.proto import provider_pb2, status_pb2

from aws_emulator.pulumi_aws import values
from aws_emulator.pulumi_aws.model import Archive
from aws_emulator.pulumi_aws.servicer import Servicer
from aws_emulator.pulumi_aws.types import registry

REGION = "us-east-1"
DOMAIN, PRODUCER, CONSUMER = "111111111111", "222222222222", "333333333333"
SEED = b"seed"
_KINDS = provider_pb2.PropertyDiff.Kind


class Aborted(Exception):
    """The call ended with an error; what the engine would show."""

    def __init__(self, details: str, trailing: Any = None) -> None:
        super().__init__(details)
        self.trailing = trailing


class CallContext:
    """What gRPC hands to a servicer, as far as ours uses it."""

    def __init__(self) -> None:
        self.trailing: Any = None

    def set_trailing_metadata(self, metadata: Any) -> None:
        self.trailing = metadata

    def abort(self, code: Any, details: str) -> NoReturn:
        raise Aborted(details, self.trailing)


@dataclass
class Diff:
    """What the engine makes of DiffResponse."""

    paths: dict[str, str]
    replaces: list[str]
    delete_first: bool

    @property
    def names(self) -> set[str]:
        return {path.split(".")[0].split("[")[0] for path in self.paths}


@dataclass
class Made:
    """A resource as the engine's state holds it."""

    token: str
    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]
    name: str = "thing"

    def __getitem__(self, key: str) -> Any:
        return self.state[key]


def archive(
    folder: Path, name: str = "bundle.zip", text: str = "def handle(event, context):\n    return 1\n"
) -> Archive:
    """A .zip with one module; its hash stands for what the engine computes from the bytes."""
    path = folder / name
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(zipfile.ZipInfo("handler.py"), text)
    return Archive(str(path), f"hash-of-{text}")


@dataclass
class Plugin:
    """One provider instance."""

    config: dict[str, Any] = field(default_factory=dict)
    servicer: Servicer = field(default_factory=lambda: Servicer(registry()))

    def configure(self) -> Plugin:
        """CheckConfig and Configure, as the engine does; structured values travel as JSON."""
        wire = {key: item if isinstance(item, str) else json.dumps(item) for key, item in self.config.items()}
        request = provider_pb2.ConfigureRequest(args=values.to_struct(wire))
        self.servicer.Configure(request, CallContext())
        return self

    @staticmethod
    def urn(token: str, name: str = "thing") -> str:
        return f"urn:pulumi:dev::tests::{token}::{name}"

    def check(
        self, token: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None, name: str = "thing"
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """(checked inputs, failures)."""
        answer = self.servicer.Check(
            provider_pb2.CheckRequest(
                urn=self.urn(token, name),
                news=values.to_struct(inputs),
                olds=values.to_struct(olds or {}),
                randomSeed=SEED,
            ),
            CallContext(),
        )
        return values.from_struct(answer.inputs), [(item.property, item.reason) for item in answer.failures]

    def checked(self, token: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, Any]:
        """The checked inputs of a program without mistakes."""
        news, failures = self.check(token, inputs, olds)
        assert failures == []
        return news

    def create(self, token: str, inputs: dict[str, Any], name: str = "thing") -> Made:
        """Check and Create."""
        news, failures = self.check(token, inputs, name=name)
        assert failures == []
        request = provider_pb2.CreateRequest(urn=self.urn(token, name), properties=values.to_struct(news))
        answer = self.servicer.Create(request, CallContext())
        return Made(token, answer.id, news, values.from_struct(answer.properties), name)

    def preview(self, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs that a preview of a creation answers."""
        request = provider_pb2.CreateRequest(
            urn=self.urn(token), properties=values.to_struct(self.checked(token, inputs)), preview=True
        )
        return values.from_struct(self.servicer.Create(request, CallContext()).properties)

    def diff(self, made: Made, inputs: dict[str, Any]) -> Diff:
        """What a program with these inputs would change."""
        answer = self.servicer.Diff(
            provider_pb2.DiffRequest(
                urn=self.urn(made.token, made.name),
                id=made.id,
                old_inputs=values.to_struct(made.inputs),
                olds=values.to_struct(made.state),
                news=values.to_struct(self.checked(made.token, inputs, made.inputs)),
            ),
            CallContext(),
        )
        assert (answer.changes == provider_pb2.DiffResponse.DIFF_SOME) == bool(answer.diffs)
        paths = {path: _KINDS.Name(item.kind).lower() for path, item in answer.detailedDiff.items()}
        return Diff(paths, list(answer.replaces), answer.deleteBeforeReplace)

    def update(self, made: Made, inputs: dict[str, Any]) -> Made:
        """Check and Update."""
        news = self.checked(made.token, inputs, made.inputs)
        answer = self.servicer.Update(
            provider_pb2.UpdateRequest(
                urn=self.urn(made.token, made.name),
                id=made.id,
                old_inputs=values.to_struct(made.inputs),
                olds=values.to_struct(made.state),
                news=values.to_struct(news),
            ),
            CallContext(),
        )
        return Made(made.token, made.id, news, values.from_struct(answer.properties), made.name)

    def refresh(self, made: Made) -> Made | None:
        """Read with the state, as a refresh does; None when it is gone."""
        answer = self.servicer.Read(
            provider_pb2.ReadRequest(
                urn=self.urn(made.token, made.name),
                id=made.id,
                inputs=values.to_struct(made.inputs),
                properties=values.to_struct(made.state),
            ),
            CallContext(),
        )
        if not answer.id:
            return None
        inputs, state = values.from_struct(answer.inputs), values.from_struct(answer.properties)
        return Made(made.token, answer.id, inputs, state, made.name)

    def imported(self, token: str, identifier: str) -> Made | None:
        """Read with an id only, as an import does."""
        request = provider_pb2.ReadRequest(urn=self.urn(token), id=identifier)
        answer = self.servicer.Read(request, CallContext())
        if not answer.id:
            return None
        return Made(token, answer.id, values.from_struct(answer.inputs), values.from_struct(answer.properties))

    def delete(self, made: Made) -> None:
        """Delete."""
        request = provider_pb2.DeleteRequest(
            urn=self.urn(made.token, made.name), id=made.id, properties=values.to_struct(made.state)
        )
        self.servicer.Delete(request, CallContext())

    def invoke(self, token: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """(answer, failures)."""
        request = provider_pb2.InvokeRequest(tok=token, args=values.to_struct(arguments))
        answer = self.servicer.Invoke(request, CallContext())
        return values.from_struct(getattr(answer, "return")), [item.reason for item in answer.failures]

    def kept(self, token: str, error: Aborted, name: str = "thing") -> Made:
        """The resource that an InitFailed error tells the engine to keep."""
        (key, serialised), *_ = error.trailing
        assert key == "grpc-status-details-bin"
        detail = provider_pb2.ErrorResourceInitFailed()
        assert status_pb2.Status.FromString(serialised).details[0].Unpack(detail)
        inputs, state = values.from_struct(detail.inputs), values.from_struct(detail.properties)
        return Made(token, detail.id, inputs, state, name)
