"""What starts a data source: Glue calls that CloudTrail reports, schedules, and requests by hand. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.model.errors import CatalogError

DEFAULT_REGISTRY = "default-registry"
"""The registry of a CreateSchema call that names none."""
CALLS_WITH_DEFINITION = ("CreateSchema", "RegisterSchemaVersion")
METADATA_CALLS = ("PutSchemaVersionMetadata", "RemoveSchemaVersionMetadata")
"""They may also name a version by its id alone; such a call names no schema, and waits for a run with ``force``."""
CALLS_BY_SCHEMA_ID = (
    "RegisterSchemaVersion",
    "UpdateSchema",
    "DeleteSchema",
    "DeleteSchemaVersions",
    *METADATA_CALLS,
)
TAG_CALLS = ("TagResource", "UntagResource")
TAG_AND_METADATA_CALLS = (*METADATA_CALLS, *TAG_CALLS)
"""Calls whose effect GetSchema does not show."""
EVENT_KEYS = frozenset({"detail", "detail-type", "source"})
"""Keys that an event of EventBridge has, and a request by hand has not."""
SCHEMA_CALLS = frozenset({*CALLS_BY_SCHEMA_ID, *CALLS_WITH_DEFINITION, *TAG_CALLS})


@dataclass(frozen=True)
class SyncRequest:
    """What a run is to do.

    Args:
        schema: the one schema to sync; None for the whole registry.
        allow_mass_retirement: retire however many assets have lost their schemas.
        force: treat schemas as changed: their tags and metadata may have.
        revoke: end the subscriptions of assets that are retired; otherwise they keep the assets.
        is_continuation: it goes on with a run of release 0.1.0, whose function started itself; a full run does as well.
    """

    schema: str | None = None
    allow_mass_retirement: bool = False
    force: bool = False
    revoke: bool = False
    is_continuation: bool = False

    def to_message(self) -> dict[str, Any]:
        """The input of an execution that does this for the whole registry."""
        return {
            "version": 1,
            "action": "sync",
            "allowMassRetirement": self.allow_mass_retirement,
            "force": self.force,
            "revokeSubscriptions": self.revoke,
        }


def parse_run(raw: Any) -> SyncRequest:
    """What an execution of the state machine is to do: its input is what a person sends, or empty.

    Raises:
        CatalogError: the input is none, or names a schema.
    """
    if not isinstance(raw, Mapping):
        raise CatalogError(f"the input of a full run is a JSON object, got {type(raw).__name__}")
    request = _by_hand(raw)
    if request.schema is not None:
        raise CatalogError(f"an execution syncs the whole registry: send schema {request.schema!r} to the function")
    return request


def parse_event(event: Any, registry_name: str) -> SyncRequest:
    """What an event asks for.

    Args:
        event: what Lambda hands over.
        registry_name: the registry that this data source serves.

    Raises:
        CatalogError: the event is of an unknown kind, or is about another registry.
    """
    if event is None:
        return SyncRequest()
    if not isinstance(event, Mapping):
        raise CatalogError(f"the event is no JSON object but {type(event).__name__}")
    if "action" in event or not EVENT_KEYS & set(event):
        return _by_hand(event)
    kind = event.get("detail-type")
    if kind == "Scheduled Event":
        return SyncRequest()
    if kind == "AWS API Call via CloudTrail":
        return _by_event(event.get("detail"), registry_name)
    raise CatalogError(f"the event is neither a request ('action') nor of a known kind ('detail-type' is {kind!r})")


def _by_hand(event: Mapping[str, Any]) -> SyncRequest:
    """A request by hand: any object that is no event, such as ``{}`` or the sample event of the Lambda console."""
    if event.get("action", "sync") != "sync":
        raise CatalogError(f"unknown action {event['action']!r}: a data source knows 'sync' only")
    schema = event.get("schema")
    if schema is not None and not isinstance(schema, str):
        raise CatalogError(f"'schema' of the request must be text, got {type(schema).__name__}")
    mass, force, revoke = (event.get(name) is True for name in ("allowMassRetirement", "force", "revokeSubscriptions"))
    return SyncRequest(schema or None, mass, force, revoke, is_continuation=event.get("after") is not None)


def _by_event(detail: Any, registry_name: str) -> SyncRequest:
    """The schema that a Glue call was about, in each form in which requests name it; all without a name."""
    if not isinstance(detail, Mapping) or detail.get("eventSource") != "glue.amazonaws.com":
        raise CatalogError("the event reports no call of Glue")
    call = detail.get("eventName")
    if call not in SCHEMA_CALLS:
        raise CatalogError(f"the event reports {call!r}, which changes no schema")
    parameters = detail.get("requestParameters")
    if not isinstance(parameters, Mapping):
        raise CatalogError(f"the event reports {call} without its parameters")
    if parameters.get("omitted") is True:
        return SyncRequest()
    if call == "CreateSchema":
        registry, schema = _created(parameters)
    elif call in TAG_CALLS:
        registry, schema = _identified({"schemaArn": parameters.get("resourceArn")})
    else:
        registry, schema = _identified(parameters.get("schemaId"))
    if not schema:
        raise CatalogError(f"the event reports {call} without the schema")
    if registry != registry_name:
        raise CatalogError(f"the event is about registry {registry!r}, this data source serves {registry_name!r}")
    return SyncRequest(schema=schema, force=call in TAG_AND_METADATA_CALLS)


def _created(parameters: Mapping[str, Any]) -> tuple[str, str]:
    registry = parameters.get("registryId")
    if not isinstance(registry, Mapping) or not registry:
        return DEFAULT_REGISTRY, _text(parameters.get("schemaName"))
    arn = _text(registry.get("registryArn"))
    return _text(registry.get("registryName")) or arn.rpartition("/")[2], _text(parameters.get("schemaName"))


def _identified(schema_id: Any) -> tuple[str, str]:
    if not isinstance(schema_id, Mapping):
        return "", ""
    arn = _text(schema_id.get("schemaArn"))
    if arn:
        # arn:…:schema/<registry>/<schema>; neither name may contain a slash.
        parts = arn.split("/")
        return (parts[1], parts[2]) if len(parts) == 3 else ("", "")
    return _text(schema_id.get("registryName")) or DEFAULT_REGISTRY, _text(schema_id.get("schemaName"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
