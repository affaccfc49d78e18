"""The cases of layers, versions and aliases of functions."""

from __future__ import annotations

from aws_emulator.pulumi_aws.model import Archive

from .harness import archive
from .needs import Case, change

LAYER = Case(
    "aws:lambda/layerVersion:LayerVersion",
    lambda needs: {
        "layerName": "case", "description": "one", "code": Archive("", "h1", {"python/words.json": "{}"}),
        "compatibleRuntimes": ["python3.12"], "compatibleArchitectures": ["arm64"], "skipDestroy": False,
    },
    lambda needs: [
        change(skipDestroy=True), change(skipDestroy=None),
        change(replace=True, layerName="other"), change(replace=True, description="two"),
        change(replace=True, code=Archive("", "h2", {"python/words.json": "[]"})),
        change(replace=True, code=archive(needs.folder, "layer.zip")),
        change(replace=True, compatibleRuntimes=["python3.12", "python3.13"]),
        change(replace=True, compatibleArchitectures=["x86_64"]),
    ],
    remove=lambda client, made: client("lambda").delete_layer_version(
        LayerName=made["layerName"], VersionNumber=int(made["version"])
    ),
    unknown_to_import=("code", "skipDestroy"),
)  # fmt: skip

PUBLISHED_FUNCTION = Case(
    "aws:lambda/function:Function",
    lambda needs: {
        "name": "case-published", "role": needs.working_role()["arn"], "runtime": "python3.12",
        "handler": "handler.handle", "code": archive(needs.folder, "versions.zip"), "publish": True,
        "snapStart": {"applyOn": "PublishedVersions"},
    },
    lambda needs: [
        change(description="two"), change(snapStart=None), change(publish=None),
        change(code=archive(needs.folder, "versions-2.zip", "def other(event, context):\n    return 2\n")),
    ],
    remove=lambda client, made: client("lambda").delete_function(FunctionName=made.id),
    unknown_to_import=("code", "publish"),
)  # fmt: skip
ALIAS = Case(
    "aws:lambda/alias:Alias",
    lambda needs: {
        "name": "case", "description": "one", "functionName": needs.published().id, "functionVersion": "1",
    },
    lambda needs: [
        change(description=None), change(functionVersion="$LATEST"),
        change(replace=True, name="other"),
        change(replace=True, functionName="other"),
    ],
    remove=lambda client, made: client("lambda").delete_alias(FunctionName=made["functionName"], Name=made["name"]),
    import_id=lambda made: f"{made['functionName']}/{made['name']}",
    drift=(
        "functionVersion",
        lambda client, made: client("lambda").update_alias(
            FunctionName=made["functionName"], Name=made["name"], FunctionVersion="$LATEST"
        ),
    ),
)  # fmt: skip

LAYERS: list[Case] = [LAYER, PUBLISHED_FUNCTION, ALIAS]
