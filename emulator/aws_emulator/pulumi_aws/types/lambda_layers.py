"""aws:lambda/layerVersion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_emulator.pulumi_aws.model import Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import delete_quietly, read_or_none
from aws_emulator.pulumi_aws.values import archive_bytes


def _publish_layer(context: Context, inputs: State) -> tuple[str, State]:
    arguments: dict[str, Any] = {
        "LayerName": inputs["layerName"],
        "Content": {"ZipFile": archive_bytes(inputs["code"])},
    }
    for name in ("description", "compatibleRuntimes", "compatibleArchitectures"):
        if inputs.get(name):
            arguments[name[0].upper() + name[1:]] = inputs[name]
    made = context.client("lambda").publish_layer_version(**arguments)
    arn = made["LayerVersionArn"]
    return arn, _layer_state(made, arn, inputs)


def _layer_state(found: Mapping[str, Any], arn: str, last: State) -> State:
    layer_arn, _, version = arn.rpartition(":")
    return {
        "layerName": layer_arn.rpartition(":")[2],
        "description": found.get("Description") or None,
        "compatibleRuntimes": found.get("CompatibleRuntimes") or None,
        "compatibleArchitectures": found.get("CompatibleArchitectures") or None,
        "arn": arn,
        "layerArn": layer_arn,
        "version": version,
        "codeSha256": found["Content"].get("CodeSha256"),
        "sourceCodeSize": found["Content"].get("CodeSize"),
        # A version never changes, and the service does not tell where its content came from.
        **{name: last.get(name) for name in ("code", "skipDestroy")},
    }


def _read_layer(context: Context, identifier: str, state: State) -> State | None:
    def read() -> State | None:
        name, version = identifier.split(":")[-2:]
        found = context.client("lambda").get_layer_version(LayerName=name, VersionNumber=int(version))
        return _layer_state(found, identifier, state)

    return read_or_none(read)


def _delete_layer(context: Context, identifier: str, state: State) -> None:
    if not state.get("skipDestroy"):
        name, version = identifier.split(":")[-2:]
        client = context.client("lambda")
        delete_quietly(lambda: client.delete_layer_version(LayerName=name, VersionNumber=int(version)))


def register(registry: Registry) -> None:
    """Add the types of this module."""
    registry.add(
        ResourceType(
            "aws:lambda/layerVersion:LayerVersion",
            {
                "layerName": Prop(required=True, replace=True),
                "code": Prop("archive", required=True, replace=True),
                "description": Prop(replace=True),
                "compatibleRuntimes": Prop("list", replace=True, unordered=True),
                "compatibleArchitectures": Prop("list", replace=True, unordered=True),
                "skipDestroy": Prop("bool", default=False, local=True),
            },
            create=_publish_layer,
            read=_read_layer,
            update=lambda context, identifier, old, new, last: {**last, "skipDestroy": new.get("skipDestroy")},
            delete=_delete_layer,
            # A version of the same layer stands beside the one before.
            named_twice=True,
        ),
    )
