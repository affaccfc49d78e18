"""Our components for programs in other languages: a component provider, started by ``plugin/__main__.py``.

Components run in this plugin's own Python, the dynamic resources inside them in another one
(``streamgov_pulumi.interpreter``). The resources of DataZone are also served by themselves
(``streamgov_pulumi.resource_server``).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.schema import generate_schema
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
    "StreamAssetType",
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


def schema(offered: Sequence[type[pulumi.ComponentResource]]) -> dict[str, Any]:
    """The package schema: the public surface as other languages see it.

    Args:
        offered: the components that the plugin offers.
    """
    found = Analyzer(NAME).analyze([*offered])
    made: dict[str, Any] = generate_schema(
        NAME,
        plugin_version(),
        None,
        found["component_definitions"],
        found["type_definitions"],
        sorted(found["dependencies"], key=lambda item: f"{item.name}{item.version}"),
    ).to_json()
    besides = served_schema(NAME)
    for part in ("resources", "types"):
        made[part] = {**made[part], **besides[part]}
    made["provider"] = besides["provider"]
    return made


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
        self.schema = json.dumps(schema(offered))

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


def serve(offered: Sequence[type[pulumi.ComponentResource]]) -> None:
    """Answer the engine until it hangs up."""
    serve_resources(Provider(offered), served(NAME), sys.argv[1:])
