"""The whole story on the real engine: what `make demo` prints, asserted statement by statement."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Deployed
from tools.dev import leftovers

pytestmark = [pytest.mark.engine, pytest.mark.e2e, pytest.mark.emulator]


def test_every_statement_of_the_story_holds(deployed: Deployed) -> None:
    story, show = deployed.story()
    for stream in story.streams():
        story.run(stream)
    assert len(show.checks) >= 15
    assert [(check.step, check.statement, check.found) for check in show.checks if not check.held] == []


@pytest.mark.parametrize("verb", ["preview", "refresh"])
def test_steady_state_is_silent(deployed: Deployed, verb: str) -> None:
    held, printed = deployed.pulumi.expect_no_changes(verb)
    assert held, printed


def test_a_second_up_changes_nothing(deployed: Deployed) -> None:
    assert deployed.pulumi.operation("up") == {}


@pytest.mark.parametrize("platform", ["msk", "kinesis"])
def test_people_bring_a_stream_and_a_topic_of_their_own(deployed: Deployed, platform: str) -> None:
    """A schema registered for it makes it an asset, which is granted like the sample's."""
    story, _ = deployed.story()
    stream = story.msk() if platform == "msk" else story.kinesis()
    name = f"my-own-{platform}"
    glue, kinesis = (story.people.client(service, story.producer_account) for service in ("glue", "kinesis"))
    if platform == "kinesis":
        kinesis.create_stream(StreamName=name, ShardCount=1)
        kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    glue.create_schema(
        RegistryId={"RegistryName": stream.registry},
        SchemaName=name,
        DataFormat="AVRO",
        Compatibility="BACKWARD",
        SchemaDefinition='{"type": "record", "name": "Mine", "fields": [{"name": "id", "type": "string"}]}',
    )
    found = story.wait(f"an asset named {name}", lambda: story.inventory_asset(name, stream.asset_type))
    asset = story.datazone.get_asset(domainIdentifier=story.domain_id, identifier=found)
    assert asset["externalIdentifier"].endswith(f"/{name}")
    listing = story.publish(stream, asset)
    subscription = story.subscribe(stream, listing)
    grant = story.grant(stream, listing, subscription, asset)
    story.datazone.revoke_subscription(
        domainIdentifier=story.domain_id, identifier=subscription, retainPermissions=False
    )
    assert story.follow(grant, asset["id"], {"REVOKED", "REVOKE_FAILED"})["status"] == "REVOKED"
    glue.delete_schema(SchemaId={"RegistryName": stream.registry, "SchemaName": name})
    story.wait("it to be gone", lambda: story.inventory_asset(name, stream.asset_type) is None or None)
    if platform == "kinesis":
        kinesis.delete_stream(StreamName=name)


def test_destroy_takes_down_what_lives_and_leaves_nothing_behind(deployed: Deployed) -> None:
    """The stack says `destroy: cascade`: assets, listings, grants and records go while the workflow still works."""
    story, show = deployed.story()
    for stream in story.streams():
        story.retire(stream)
        story.produce(stream)
        asset = story.find_asset(stream)
        listing = story.publish(stream, asset)
        story.grant(stream, listing, story.subscribe(stream, listing), asset)
        story.after_grant(stream, "again")
    assert [(check.step, check.statement, check.found) for check in show.checks if not check.held] == []
    deployed.pulumi.operation("destroy")
    assert leftovers.difference(deployed.before, leftovers.inventory(deployed.workspace)) == []
