"""Our components for programs in other languages: a component provider, started by ``plugin/__main__.py``.

Components run in this plugin's own Python, the dynamic resources inside them in another one
(``streamgov_pulumi.interpreter``). The resources of DataZone are also served by themselves
(``streamgov_pulumi.resource_server``).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

import streamgov_pulumi
from streamgov_core import __version__
from streamgov_core.model.errors import StreamgovError
from streamgov_pulumi import interpreter
from streamgov_pulumi.resource_server import serve_resources
from streamgov_pulumi.served_resources import served, served_schema

NAME = "streamgov"
COMPONENTS = (
    "CentralAuthorizer",
    "ConsumerBoundary",
    "DomainAssociation",
    "DomainAssociationAccepter",
    "EncryptionKey",
    "EnvironmentAuthorizer",
    "KinesisAssetType",
    "MskAssetType",
    "MskVpcConnection",
    "SchemaRegistryDataSource",
    "SchemaTrail",
    "StreamGovernance",
    "StreamRequestForm",
    "StreamSubscriptionTarget",
)
"""The public components of this package."""


def plugin_version() -> str:
    """The version of the package, which is the plugin's too."""
    return __version__


def components() -> list[type[pulumi.ComponentResource]]:
    """The classes of this package."""
    return [getattr(streamgov_pulumi, name) for name in COMPONENTS]


_SUFFIX = re.compile(rf"(?<={NAME}:index:)(\w+?)Args$")
REPOSITORY = "https://github.com/streamgov/streamgov-pulumi"
METADATA: dict[str, Any] = {
    "displayName": "Stream governance",
    "publisher": "The streamgov authors",
    "description": "Govern Kafka topics and Kinesis streams in Amazon DataZone.",
    "keywords": ["pulumi", "category/cloud", "kind/component", "amazon-datazone", "amazon-msk", "kafka", "kinesis"],
    "homepage": REPOSITORY,
    "repository": REPOSITORY,
    "license": "Apache-2.0",
    "attribution": "Made by the streamgov authors; no product of Pulumi or Amazon Web Services.",
}
"""What the registry and the SDKs of other languages say of the package."""
LANGUAGES: dict[str, dict[str, Any]] = {
    "nodejs": {"packageName": "@streamgov/pulumi", "packageDescription": METADATA["description"]},
    "python": {"packageName": "pulumi_streamgov", "requires": {"pulumi": ">=3.237.0,<4.0.0"}},
    "csharp": {"rootNamespace": "Streamgov"},
    "java": {"basePackage": "io.streamgov"},
    "go": {"importBasePath": "github.com/streamgov/streamgov-pulumi/sdk/go/streamgov"},
}
"""Settings of each language, beside the SDK's own."""


def described(made: dict[str, Any]) -> dict[str, Any]:
    """A package schema with what the registry and other languages need to know, in their words.

    Args:
        made: the SDK's schema of the components.
    """
    besides = served_schema(NAME)
    for part in ("resources", "types"):
        made[part] = {**made[part], **besides[part]}
    made["provider"] = besides["provider"]
    made = _in_their_words(made)
    language = {key: {**made["language"][key], **settings} for key, settings in LANGUAGES.items()}
    return {
        "name": made["name"],
        "version": made["version"],
        **METADATA,
        **without(made, METADATA),
        "language": language,
    }


def _in_their_words(part: Any) -> Any:
    """A part of a schema as generated code wants it.

    Types lose our suffix ``Args``, as each language's generator puts its own after an argument's name; descriptions
    lose the indentation of docstrings.
    """
    if isinstance(part, dict):
        return {_SUFFIX.sub(r"\1", key): _in_their_words(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_in_their_words(item) for item in part]
    return re.sub(r"\n[ \t]+", "\n", _SUFFIX.sub(r"\1", part)) if isinstance(part, str) else part


def without(made: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """A copy without some keys."""
    return {key: value for key, value in made.items() if key not in keys}


def install_source() -> str:
    """What to give to ``pip install`` for this package: the checkout, or the released version."""
    checkout = Path(__file__).resolve().parent.parent
    return str(checkout) if (checkout / "pyproject.toml").is_file() else f"streamgov-pulumi=={plugin_version()}"


@cache
def _check_interpreter() -> None:
    # The engine starts this plugin where it starts the dynamic provider: in the program's folder.
    environment = interpreter.engine_environment(os.environ, Path(sys.argv[0]))
    interpreter.check(environment, Path.cwd(), install_source())


class Provider(ComponentProvider):
    """The SDK's component provider, which says in one sentence what the SDK would show as a traceback.

    Args:
        offered: the components.
    """

    def __init__(self, offered: Sequence[type[pulumi.ComponentResource]]) -> None:
        super().__init__([*offered], NAME, version=plugin_version())
        analysed: str = self.schema or ""
        self.schema = json.dumps(described(json.loads(analysed)))

    def construct(
        self, name: str, resource_type: str, inputs: pulumi.Inputs, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Make a component.

        Raises:
            InputPropertiesError: an argument is wrong, or the dynamic resources would not find this package.
        """
        try:
            _check_interpreter()
            return super().construct(name, resource_type, inputs, options)
        except StreamgovError as error:
            raise InputPropertiesError(str(error), []) from error
        except ComponentInitError as error:
            if isinstance(error.inner, StreamgovError):
                raise InputPropertiesError(str(error.inner), []) from error
            raise


def schema(offered: Sequence[type[pulumi.ComponentResource]]) -> dict[str, Any]:
    """The package schema: the public surface as other languages see it.

    Args:
        offered: the components that the plugin offers.
    """
    made: dict[str, Any] = json.loads(Provider(offered).schema or "")
    return made


def serve(offered: Sequence[type[pulumi.ComponentResource]]) -> None:
    """Answer the engine until it hangs up."""
    serve_resources(Provider(offered), served(NAME), sys.argv[1:])
