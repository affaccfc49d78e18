"""The cases of layers."""

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

LAYERS: list[Case] = [LAYER]
