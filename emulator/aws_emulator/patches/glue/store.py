"""Registries, schemas and versions of an account and region, and how requests name them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import page, parse_arn, utc

DEFAULT_REGISTRY = "default-registry"
DEFAULT_PAGE = 25
MAX_REGISTRIES = 100
MAX_VERSIONS = 10_000
CHECK_SECONDS = 0.3
"""How long the compatibility check of a new version takes.

UNVERIFIED[glue-version-pending]: AWS says only that versions may be PENDING.
"""

Row = TypeVar("Row")


@dataclass
class Version:
    """One version of a schema. Registration is asynchronous: ``outcome`` is its status once it is decided."""

    number: int
    definition: str
    outcome: str
    created: str
    decided: Callable[[], bool] = lambda: True
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    metadata: list[tuple[str, str, str]] = field(default_factory=list)
    """(key, value, created time), in the order of their creation."""

    @property
    def status(self) -> str:
        """PENDING until the compatibility check is over."""
        return self.outcome if self.decided() else "PENDING"


@dataclass
class Schema:
    """A schema with its versions; a deleted version's number is not used again."""

    name: str
    arn: str
    registry: str
    data_format: str
    compatibility: str
    description: str | None
    created: str
    updated: str
    checkpoint: int = 1
    next_number: int = 1
    versions: dict[int, Version] = field(default_factory=dict)

    @property
    def latest(self) -> Version | None:
        """The newest version, whatever its status (UNVERIFIED[glue-latest-failed-version]: whether AWS skips those that
        failed).
        """
        return self.versions[max(self.versions)] if self.versions else None


@dataclass
class Registry:
    """A registry with its schemas."""

    name: str
    arn: str
    description: str | None
    created: str
    updated: str
    schemas: dict[str, Schema] = field(default_factory=dict)


@dataclass
class Region:
    """All of one account and region."""

    registries: dict[str, Registry] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class Store:
    """Keeps registries and finds what a request names."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._regions: dict[tuple[str, str], Region] = {}
        self._lock = threading.Lock()

    def region(self, call: ApiCall) -> Region:
        """The caller's registries. A registry has no resource policy: nobody reaches another account's."""
        with self._lock:
            return self._regions.setdefault((call.caller.account, call.region), Region())

    def now(self) -> str:
        """The time as Glue writes it into the registry's strings."""
        return utc(self._emulator.clock.now()).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def tagger(self, call: ApiCall) -> Any:
        """The glue backend of moto, for tags."""
        from moto.glue.models import glue_backends

        return glue_backends[call.caller.account][call.region]

    def deadline(self) -> Callable[[], bool]:
        """Whether a compatibility check that begins now is over."""
        clock = self._emulator.clock
        end = clock.now() + CHECK_SECONDS / getattr(clock, "speed", 1.0)
        return lambda: clock.now() >= end

    def registry(self, call: ApiCall, registry_id: dict[str, Any] | None, *, create_default: bool = False) -> Registry:
        """The registry that a ``RegistryId`` names; without one, the default registry.

        Raises:
            ApiError: InvalidInputException for a bad id, EntityNotFoundException if there is none.
        """
        registry_id = registry_id or {}
        name, arn = registry_id.get("RegistryName"), registry_id.get("RegistryArn")
        if name and arn:
            raise invalid("Only one of registryName or registryArn has to be provided.")
        region = self.region(call)
        if not name and not arn:
            name = DEFAULT_REGISTRY
            if create_default and name not in region.registries:
                self.add_registry(call, name, None)
        wanted = name or _name_of(call, str(arn), "registry")
        found = region.registries.get(wanted) if wanted else None
        if found is None:
            raise missing(f"Registry is not found. RegistryName: {name or 'null'}, RegistryArn: {arn or 'null'}")
        return found

    def add_registry(self, call: ApiCall, name: str, description: str | None) -> Registry:
        """Create a registry.

        Raises:
            ApiError: AlreadyExistsException, ResourceNumberLimitExceededException.
        """
        region = self.region(call)
        with region.lock:
            if name in region.registries:
                raise ApiError("AlreadyExistsException", f"Registry already exists. RegistryName: {name}")
            if len(region.registries) >= MAX_REGISTRIES:
                raise ApiError("ResourceNumberLimitExceededException", "More registries cannot be created.")
            now = self.now()
            arn = f"arn:aws:glue:{call.region}:{call.caller.account}:registry/{name}"
            region.registries[name] = Registry(name, arn, description, now, now)
            return region.registries[name]

    def schema(self, call: ApiCall, schema_id: dict[str, Any]) -> Schema:
        """The schema that a ``SchemaId`` names: by its ARN, or by registry and name.

        Raises:
            ApiError: InvalidInputException for a bad id, EntityNotFoundException if there is none.
        """
        arn, name, registry = (schema_id.get(key) for key in ("SchemaArn", "SchemaName", "RegistryName"))
        if bool(arn) == bool(name or registry) or (not arn and not (name and registry)):
            raise invalid("One of (registryName and schemaName) or schemaArn has to be provided.")
        path = _name_of(call, str(arn), "schema") if arn else f"{registry}/{name}"
        owner, _, own_name = (path or "/").partition("/")
        found = self.region(call).registries.get(owner)
        schema = found.schemas.get(own_name) if found else None
        if schema is None:
            raise missing(
                f"Schema is not found. RegistryName: {registry or 'null'}, SchemaName: {name or 'null'}, "
                f"SchemaArn: {arn or 'null'}"
            )
        return schema

    def version(self, call: ApiCall, params: dict[str, Any]) -> tuple[Schema, Version]:
        """The version that a request names: by ``SchemaVersionId``, or by ``SchemaId`` and number.

        Raises:
            ApiError: InvalidInputException for a bad id, EntityNotFoundException if there is none.
        """
        version_id, number = params.get("SchemaVersionId"), params.get("SchemaVersionNumber")
        if version_id:
            if params.get("SchemaId") or number:
                raise invalid("No other input parameters can be specified when fetching by SchemaVersionId.")
            for registry in list(self.region(call).registries.values()):
                for schema in list(registry.schemas.values()):
                    for version in list(schema.versions.values()):
                        if version.id == version_id:
                            return schema, version
            raise missing(f"Schema version is not found. SchemaVersionId: {version_id}")
        if not params.get("SchemaId"):
            raise invalid("One of schemaVersionId or schemaId has to be provided.")
        schema = self.schema(call, params["SchemaId"])
        return schema, self.numbered(schema, number)

    @staticmethod
    def numbered(schema: Schema, number: dict[str, Any] | None) -> Version:
        """The version of a schema by ``SchemaVersionNumber``.

        Raises:
            ApiError: InvalidInputException for a bad one, EntityNotFoundException if there is none.
        """
        number = number or {}
        if bool(number.get("LatestVersion")) == bool(number.get("VersionNumber")):
            raise invalid("One of version number or latest version is required.")
        found = schema.latest if number.get("LatestVersion") else schema.versions.get(number["VersionNumber"])
        if found is None:
            raise missing(
                f"Schema version is not found. SchemaArn: {schema.arn}, VersionNumber: {number.get('VersionNumber')}"
            )
        return found


def pages(call: ApiCall, rows: Sequence[Row], default: int = DEFAULT_PAGE) -> tuple[list[Row], dict[str, str]]:
    """A page of a list of Glue, and the ``NextToken`` member if there are more."""
    scope = {name: value for name, value in call.params.items() if name not in ("NextToken", "MaxResults")}
    found, token = page(
        rows,
        call.params.get("NextToken"),
        call.params.get("MaxResults"),
        default=default,
        scope=(call.operation, call.caller.account, scope),
        error=invalid,
    )
    return found, {"NextToken": token} if token else {}


def present(**members: Any) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def invalid(message: str) -> ApiError:
    """Glue's error for input that fits the model and makes no sense."""
    return ApiError("InvalidInputException", message)


def missing(message: str) -> ApiError:
    """Glue's error for what does not exist."""
    return ApiError("EntityNotFoundException", message)


def _name_of(call: ApiCall, arn: str, kind: str) -> str | None:
    parsed = parse_arn(arn)
    if parsed is None or (parsed.account, parsed.region) != (call.caller.account, call.region):
        return None
    prefix = kind + "/"
    return parsed.resource.removeprefix(prefix) if parsed.resource.startswith(prefix) else None
