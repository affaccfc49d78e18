"""A reference to a schema in a Glue registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SchemaReference:
    """A schema of a Glue registry."""

    registry_arn: str
    schema_arn: str
    schema_name: str

    @property
    def registry_account(self) -> str:
        """The account that owns the registry, from its ARN."""
        return self.registry_arn.split(":")[4]

    @property
    def registry_name(self) -> str:
        """Name of the registry, from its ARN."""
        return self.registry_arn.rsplit("/", 1)[1]

    def to_message(self) -> dict[str, str]:
        """The ``schema`` of a grant command."""
        return {"registryArn": self.registry_arn, "schemaArn": self.schema_arn, "schemaName": self.schema_name}

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> SchemaReference:
        """Read the ``schema`` of a grant command."""
        return cls(str(raw["registryArn"]), str(raw["schemaArn"]), str(raw["schemaName"]))
