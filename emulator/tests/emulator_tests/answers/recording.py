"""Records what the emulator answers to reads, and finds the members that an answer leaves out of its model."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session

from emulator_tests.conftest import Client

ACCOUNT, REGION = "222222222222", "ap-southeast-2"
READS = ("Get", "Describe", "List", "Search", "BatchGet", "Query", "Simulate")
_MODELS = botocore.session.get_session()


class Recorder:
    """Clients of one account; every answer to a read is kept."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.answers: list[tuple[str, str, dict[str, Any]]] = []

    def of(self, service: str, account: str = ACCOUNT) -> Any:
        """A client of a service; ``account`` other than the recorder's own only for what takes two."""
        made = self._client(service, account, region=REGION)
        # The same client is not made twice, so nothing is recorded twice.
        made.meta.events.register("after-call", self._record, unique_id=f"recorded-{uuid.uuid4().hex}")
        return made

    def name(self) -> str:
        """A name that nothing else has."""
        return f"read-{uuid.uuid4().hex[:12]}"

    def _record(self, model: Any, parsed: dict[str, Any], http_response: Any, **_: Any) -> None:
        service, operation = model.service_model.service_name, model.name
        if http_response.status_code < 300 and operation.startswith(READS):
            self.answers.append((service, operation, parsed))


def output_shape(service: str, operation: str) -> Any:
    """Botocore's shape of an answer."""
    return _MODELS.get_service_model(service).operation_model(operation).output_shape


def left_out(shape: Any, value: Any) -> Iterator[tuple[Any, str]]:
    """The members of a shape, at any depth, that a value does not have: the structure's shape, and the member's name.

    What stands below a member that is left out, or in a list without items, is not looked at.
    """
    if shape is None or value is None or getattr(shape, "is_document_type", False):
        return
    if shape.type_name == "structure" and isinstance(value, Mapping):
        one_of = getattr(shape, "is_tagged_union", False) and value
        for name, member in shape.members.items():
            if name in value:
                yield from left_out(member, value[name])
            elif not one_of:
                yield shape, name
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            yield from left_out(shape.member, item)
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for item in value.values():
            yield from left_out(shape.value, item)
