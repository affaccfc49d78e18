"""What starts a data source."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_emulator.compute.events import patterns
from streamgov_core.catalog.sync_request import (
    CALLS_BY_SCHEMA_ID,
    SCHEMA_CALLS,
    TAG_AND_METADATA_CALLS,
    TAG_CALLS,
    SyncRequest,
    parse_event,
    parse_run,
)
from streamgov_core.deploy.schema_events import schema_event_patterns
from streamgov_core.model.errors import CatalogError
from tests.unit.catalog.fakes import REGISTRY, REGISTRY_ARN

SCHEMA_ARN = REGISTRY_ARN.replace(":registry/", ":schema/") + "/sales"


def glue_event(name: str, parameters: Any, **detail: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "source": "aws.glue",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventSource": "glue.amazonaws.com", "eventName": name, "requestParameters": parameters, **detail},
    }


BY_NAMES = {"schemaId": {"registryName": REGISTRY, "schemaName": "sales"}}
BY_ARN = {"schemaId": {"schemaArn": SCHEMA_ARN}}
TAGGED = {"resourceArn": SCHEMA_ARN, "tagsToAdd": {"owner": "ann"}}
EVENTS = [
    *(glue_event(name, TAGGED) for name in TAG_CALLS),
    *(glue_event(name, parameters) for name in CALLS_BY_SCHEMA_ID for parameters in (BY_NAMES, BY_ARN)),
    glue_event("CreateSchema", {"registryId": {"registryName": REGISTRY}, "schemaName": "sales"}),
    glue_event("CreateSchema", {"registryId": {"registryArn": REGISTRY_ARN}, "schemaName": "sales"}),
]


@pytest.mark.parametrize("event", EVENTS)
def test_each_shape_of_a_schema_event_names_its_schema(event: dict[str, Any]) -> None:
    force = event["detail"]["eventName"] in TAG_AND_METADATA_CALLS
    assert parse_event(event, REGISTRY) == SyncRequest(schema="sales", force=force)


def test_the_default_registry_goes_without_saying() -> None:
    event = glue_event("CreateSchema", {"schemaName": "sales"})
    assert parse_event(event, "default-registry").schema == "sales"
    with pytest.raises(CatalogError, match="'default-registry'"):
        parse_event(event, REGISTRY)


def test_orders() -> None:
    assert parse_event({"action": "sync"}, REGISTRY) == SyncRequest()
    assert parse_event({"detail-type": "Scheduled Event", "source": "aws.events"}, REGISTRY) == SyncRequest()
    assert parse_event({"action": "sync", "schema": "sales"}, REGISTRY) == SyncRequest(schema="sales")
    assert parse_event({"action": "sync", "force": True, "revokeSubscriptions": True}, REGISTRY) == SyncRequest(
        force=True, revoke=True
    )


def test_a_message_with_which_an_earlier_release_continued_a_run_is_a_full_run() -> None:
    """It may be in flight while the stack is updated."""
    message = {"action": "sync", "after": "m", "allowMassRetirement": True, "force": False,
               "revokeSubscriptions": False, "tally": {"unchanged": 3, "postponed": ["x"]}}  # fmt: skip
    assert parse_event(message, REGISTRY) == SyncRequest(allow_mass_retirement=True, is_continuation=True)


def test_the_input_of_an_execution_is_what_the_function_and_the_schedule_send() -> None:
    request = SyncRequest(allow_mass_retirement=True, force=True, revoke=True)
    assert parse_run(request.to_message()) == request
    assert parse_run({}) == SyncRequest()
    for raw, message in ((None, "a JSON object, got NoneType"), ({"schema": "sales"}, "send schema 'sales' to"),
                         ({"action": "drop"}, "unknown action")):  # fmt: skip
        with pytest.raises(CatalogError, match=message):
            parse_run(raw)


@pytest.mark.parametrize("event", [None, {}, {"key1": "value1", "key2": "value2", "key3": "value3"}])
def test_an_invocation_by_hand_without_a_word_is_a_full_run(event: Any) -> None:
    """``{}`` from the command line, and the sample event that Lambda's console offers."""
    assert parse_event(event, REGISTRY) == SyncRequest()


def test_a_request_by_hand_needs_no_action() -> None:
    assert parse_event({"schema": "sales", "force": True}, REGISTRY) == SyncRequest(schema="sales", force=True)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ([], "no JSON object"),
        ({"source": "aws.glue"}, "neither a request"),
        ({"action": "drop"}, "unknown action 'drop'"),
        ({"action": "sync", "schema": 5}, "'schema' of the request must be text"),
        ({"detail-type": "Object Created"}, "Object Created"),
        ({"detail-type": "AWS API Call via CloudTrail"}, "no call of Glue"),
        (glue_event("DeleteRegistry", BY_NAMES), "DeleteRegistry"),
        (glue_event("UpdateSchema", None), "without its parameters"),
        (glue_event("UpdateSchema", {}), "without the schema"),
        (glue_event("UpdateSchema", {"schemaId": "x"}), "without the schema"),
        (glue_event("UpdateSchema", {"schemaId": {"schemaArn": "arn:x"}}), "without the schema"),
        (glue_event("CreateSchema", {"registryId": {"registryName": REGISTRY}}), "without the schema"),
        (glue_event("UpdateSchema", {"schemaId": {"registryName": "other", "schemaName": "s"}}), "registry 'other'"),
        (glue_event("UpdateSchema", BY_ARN, eventSource="s3.amazonaws.com"), "no call of Glue"),
    ],
)
def test_malformed_and_foreign_events_are_refused(event: Any, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        parse_event(event, REGISTRY)


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether EventBridge, as the emulator has it, takes the pattern and finds that it matches."""
    return patterns.matches(patterns.parse_pattern(json.dumps(pattern)), event)


def test_the_rules_let_through_what_the_function_understands_and_nothing_else() -> None:
    (pattern,) = schema_event_patterns(REGISTRY, REGISTRY_ARN)

    def passes(event: dict[str, Any]) -> int:
        return matches(pattern, event)

    for event in EVENTS:
        assert passes(event) == 1, event
    assert {name for choice in pattern["detail"]["$or"] for name in choice["eventName"]} == SCHEMA_CALLS
    assert len(json.dumps(pattern)) < 4096, "API PutRule"
    other = glue_event("UpdateSchema", {"schemaId": {"registryName": "orders2", "schemaName": "s"}})
    assert passes(other) == 0
    assert (
        passes(glue_event("UpdateSchema", {"schemaId": {"schemaArn": SCHEMA_ARN.replace("orders/", "orders2/")}})) == 0
    )
    assert passes(glue_event("TagResource", {"resourceArn": REGISTRY_ARN})) == 0
    assert passes(glue_event("DeleteRegistry", {"registryId": {"registryName": REGISTRY}})) == 0
    failed = glue_event("UpdateSchema", BY_ARN, errorCode="AccessDenied")
    assert passes(failed) == 0


def test_parameters_too_large_for_cloudtrail_mean_a_full_run() -> None:
    event = glue_event("RegisterSchemaVersion", {"omitted": True, "originalSize": 150_000, "reason": "large"})
    (pattern,) = schema_event_patterns(REGISTRY, REGISTRY_ARN)
    assert matches(pattern, event)
    assert parse_event(event, REGISTRY) == SyncRequest()


def test_the_default_registry_has_a_rule_for_calls_that_name_none() -> None:
    (pattern,) = schema_event_patterns("default-registry", REGISTRY_ARN.replace(REGISTRY, "default-registry"))
    assert matches(pattern, glue_event("CreateSchema", {"schemaName": "s"}))
    named = glue_event("CreateSchema", {"registryId": {"registryName": "other"}, "schemaName": "s"})
    assert not matches(pattern, named)
