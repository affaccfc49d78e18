"""The guard: what lives is listed and kept, or taken down in the order that DataZone demands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from streamgov_core.deploy.destruction import destruction
from streamgov_core.model.asset_record import RECORD_ITEM, RECORD_KEY, AssetRecord, record_key
from streamgov_core.model.errors import ResourceInUseError
from streamgov_core.model.naming import Names
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore
from streamgov_pulumi.providers import DestroyGuardProvider
from streamgov_pulumi.providers.session import wait_for
from tests.provider.conftest import UNKNOWN, DomainObjects, Driver, Failed, Process, session
from tests.sandbox import CONSUMER, PRODUCER, Client

# Its deployment is large and of one name; the plugin's way to it is in test_served.
pytestmark = [pytest.mark.emulator, pytest.mark.parametrize("way", ["dynamic"], indirect=True)]
TYPE = "GuardedType"
REGISTRY = "guarded"


@pytest.fixture(autouse=True)
def dynamic_alone(way: str) -> str:
    """Every test uses the fixture, as the module's mark wants."""
    return way


@pytest.fixture(scope="module")
def guard(stub: Process) -> Driver:
    return Driver(stub, DestroyGuardProvider())


def inputs(guard: Driver, objects: DomainObjects, mode: str | None = None, **target: Any) -> dict[str, Any]:
    return guard.inputs(
        {
            "region": "us-east-1",
            "domain_id": objects.domain,
            **({"on_destroy": mode} if mode else {}),
            "parts": [
                {"asset_types": [TYPE]},
                {
                    "assume_role_arn": session(PRODUCER)["assume_role_arn"],
                    "record_keys": [record_key(objects.domain, REGISTRY)],
                },
                {"assume_role_arn": session(CONSUMER)["assume_role_arn"], "targets": [target] if target else []},
            ],
        }
    )


@pytest.fixture(scope="module", autouse=True)
def record_table(client: Client) -> Iterator[None]:
    """The table of the producer's account in which its data sources would record."""
    dynamodb, table = client("dynamodb", PRODUCER), Names().record_table
    keys = {RECORD_KEY: "HASH", RECORD_ITEM: "RANGE"}
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
    )
    yield
    dynamodb.delete_table(TableName=table)


@dataclass
class Live:
    """A published asset with a subscription."""

    asset: str
    listing: str
    subscription: str
    target: str


@pytest.fixture
def live(client: Client, objects: DomainObjects) -> Iterator[Live]:
    datazone = client("datazone")
    where = {"domainIdentifier": objects.domain}
    datazone.create_asset_type(**where, name=TYPE, owningProjectIdentifier=objects.producer, formsInput={})
    target = client("datazone", CONSUMER).create_subscription_target(
        **where,
        environmentIdentifier=objects.environment,
        name="guarded",
        type="x",
        authorizedPrincipals=[objects.roles[0]],
        applicableAssetTypes=[TYPE],
        manageAccessRole=objects.manage_role,
        subscriptionTargetConfig=[],
        subscriptionGrantCreationMode="MANUAL",
    )["id"]
    asset = datazone.create_asset(
        **where, name="orders", typeIdentifier=TYPE, owningProjectIdentifier=objects.producer, formsInput=[]
    )["id"]
    listing = datazone.create_listing_change_set(**where, entityIdentifier=asset, entityType="ASSET", action="PUBLISH")[
        "listingId"
    ]
    wait_for("the listing", lambda: datazone.get_listing(**where, identifier=listing)["status"] == "ACTIVE", every=0.1)
    request = datazone.create_subscription_request(
        **where,
        requestReason="r",
        subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"project": {"identifier": objects.consumer}}],
    )["id"]
    datazone.accept_subscription_request(**where, identifier=request)
    [subscription] = datazone.list_subscriptions(**where, subscriptionRequestIdentifier=request)["items"]
    store = DynamoAssetRecordStore(client("dynamodb", PRODUCER), Names(), objects.domain, REGISTRY)
    store.save(AssetRecord(asset, "arn:x", None, "orders", "hash"))
    yield Live(asset, listing, subscription["id"], target)
    client("datazone", CONSUMER).delete_subscription_target(
        **where, environmentIdentifier=objects.environment, identifier=target
    )
    datazone.delete_asset_type(**where, identifier=TYPE)


def records(client: Client, objects: DomainObjects) -> list[str]:
    store = DynamoAssetRecordStore(client("dynamodb", PRODUCER), Names(), objects.domain, REGISTRY)
    return [record.schema_name for record in store.load_all()]


def test_what_lives_is_listed_and_kept_then_taken_down(
    guard: Driver, client: Client, objects: DomainObjects, live: Live
) -> None:
    where = {"domainIdentifier": objects.domain}
    kept = inputs(guard, objects)
    assert kept["on_destroy"] == "refuse"
    id_, state = guard.create(kept)
    with pytest.raises(Failed) as refused:
        guard.delete(id_, state)
    text = str(refused.value)
    assert text.startswith("nothing was destroyed")
    assert "nothing was destroyed: 1 asset(s), 1 listing(s) and 1 subscription(s) or grant(s) live" in text
    assert f"orders ({live.asset}, listing {live.listing}, subscription {live.subscription})" in text
    assert "Or let the program do all of that: on_destroy cascade, then pulumi up && pulumi destroy" in text
    assert client("datazone").get_asset(**where, identifier=live.asset)["listing"]["listingStatus"] == "ACTIVE"
    assert records(client, objects) == ["orders"]

    wanted = inputs(guard, objects, "cascade")
    assert guard.diff(id_, state, wanted) == ("DIFF_SOME", [], False)
    state = guard.update(id_, state, wanted)
    guard.settled(id_, state, wanted)
    guard.delete(id_, state)
    datazone = client("datazone")
    with pytest.raises(datazone.exceptions.ResourceNotFoundException):
        datazone.get_asset(**where, identifier=live.asset)
    ended = datazone.get_subscription(**where, identifier=live.subscription)
    assert ended["status"] == "REVOKED"
    assert records(client, objects) == []
    guard.delete(id_, state)  # again: nothing is left to do
    guard.delete(id_, {**state, "on_destroy": "refuse"})


def test_a_revoke_that_fails_stops_the_cascade_with_its_cause(
    guard: Driver, client: Client, objects: DomainObjects, live: Live
) -> None:
    """Nobody listens for the grant's events here, so the test plays the workflow."""
    datazone, where = client("datazone"), {"domainIdentifier": objects.domain}
    grant = datazone.create_subscription_grant(
        **where,
        environmentIdentifier=objects.environment,
        subscriptionTargetIdentifier=live.target,
        grantedEntity={"listing": {"identifier": live.listing, "revision": "1"}},
    )["id"]

    def mark(*statuses: str) -> None:
        for status in statuses:
            cause = {"failureCause": {"message": "the role is gone"}} if status.endswith("FAILED") else {}
            datazone.update_subscription_grant_status(
                **where, identifier=grant, assetIdentifier=live.asset, status=status, **cause
            )

    mark("GRANT_IN_PROGRESS", "GRANTED")
    mine = {"environment_id": objects.environment, "target_id": live.target}
    id_, state = guard.create(inputs(guard, objects, **mine))
    with pytest.raises(Failed, match=re.escape(f"\n- grant {grant} (COMPLETED)\nRemove what lives:")):
        guard.delete(id_, state)
    datazone.revoke_subscription(**where, identifier=live.subscription)
    mark("REVOKE_IN_PROGRESS", "REVOKE_FAILED")
    # The asset's grant, not the target's: of a target's grants the revoke would be asked for again.
    state = {**state, "on_destroy": "cascade", "parts": state["parts"][:1]}
    with pytest.raises(Failed, match=rf"could not be revoked: {grant} \(the role is gone\)"):
        guard.delete(id_, state)
    assert datazone.get_asset(**where, identifier=live.asset)["listing"]["listingStatus"] == "ACTIVE"
    datazone.delete_subscription_grant(**where, identifier=grant)
    mark("REVOKE_IN_PROGRESS", "REVOKED")
    guard.delete(id_, state)
    with pytest.raises(datazone.exceptions.ResourceNotFoundException):
        datazone.get_asset(**where, identifier=live.asset)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"on_destroy": "keep"}, "on_destroy must be one of refuse, cascade, got"),
        ({"parts": "all"}, "parts must be a list of maps, one an account"),
        ({"parts": [{"accounts": []}]}, "parts must hold maps with the keys"),
        ({"parts": [{"record_keys": ["a b"]}]}, 'parts has the record key "a b"'),
        (
            {"parts": [{"account": CONSUMER, "sides": ["third"]}]},
            'parts has the sides ["third"]; known are domain, member',
        ),
        ({"parts": [{"sides": ["member"]}]}, "parts with sides needs the account's 12 digits, got null"),
        ({"namespace": "X"}, "namespace must be a deployment's namespace"),
        ({"partition": "moon"}, "partition must be one of aws"),
    ],
)
def test_check_tells_what_is_wrong(guard: Driver, objects: DomainObjects, change: dict[str, Any], reason: str) -> None:
    _, failures = guard.check({"region": "us-east-1", "domain_id": objects.domain, **change})
    assert len(failures) == 1, failures
    assert reason in failures[0]


def test_what_is_protected_or_not_allowed_is_said_before_anything_is_changed(
    guard: Driver, client: Client, objects: DomainObjects, live: Live
) -> None:
    """Both, and what lives, in one refusal; a cascade takes nothing down before it."""
    dynamodb, s3, iam = (client(service, PRODUCER) for service in ("dynamodb", "s3", "iam"))
    schema = {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    attributes = [{"AttributeName": "k", "AttributeType": "S"}]
    for table, protected in (
        ("guarded-documents", True),
        ("guarded-records", True),
        ("guarded-grants", False),
        ("guarded-runs", True),
    ):
        dynamodb.create_table(
            TableName=table, AttributeDefinitions=attributes, DeletionProtectionEnabled=protected, **schema
        )
    bucket = destruction(Names("guarded", "us-east-1"), PRODUCER, "member").bucket
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="log", Body=b"x")
    role = "arn:aws:iam::222222222222:role/keeper"
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    kept = {"Effect": "Deny", "Action": "dynamodb:DeleteTable", "Resource": "*"}
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="keeper", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anything, kept]})
    iam.put_role_policy(RoleName="keeper", PolicyName="p", PolicyDocument=policy)
    mine = {"account": PRODUCER, "assume_role_arn": role, "trail": True}
    parts = [{"asset_types": [TYPE]}, {**mine, "sides": ["member", "domain"]}]
    wanted = guard.inputs({"region": "us-east-1", "domain_id": objects.domain, "namespace": "guarded", "parts": parts})
    id_, state = guard.create(wanted)

    def refused(mode: str) -> list[str]:
        with pytest.raises(Failed) as failed:
            guard.delete(id_, {**state, "on_destroy": mode})
        return str(failed.value).splitlines()

    table = f"arn:aws:dynamodb:us-east-1:{PRODUCER}:table"
    protected_lines = [
        "nothing was destroyed: what is protected cannot be deleted:",
        f"- table guarded-documents in account {PRODUCER}: its deletion protection is on",
        f"- table guarded-records in account {PRODUCER}: its deletion protection is on",
        f"- bucket {bucket} in account {PRODUCER}: it holds the trail's logs",
        f"- table guarded-runs in account {PRODUCER}: its deletion protection is on",
        "nothing was destroyed: rights are lacking:",
        *(
            f"- {role} may not dynamodb:DeleteTable on {table}/{name} in account {PRODUCER}; add "
            f'{{"Effect": "Allow", "Action": "dynamodb:DeleteTable", "Resource": "{table}/{name}"}}'
            for name in ("guarded-documents", "guarded-records", "guarded-grants", "guarded-runs")
        ),
        "If it is allowed all the same: pulumi state delete <URN of this guard> && pulumi destroy",
    ]
    assert refused("cascade") == [
        *protected_lines,
        "Let the program do all of that: no deletion protection, then pulumi up && pulumi destroy",
    ]
    assert client("datazone").get_asset(domainIdentifier=objects.domain, identifier=live.asset)["id"] == live.asset
    lines = refused("refuse")
    assert lines[0].startswith("nothing was destroyed: 1 asset(s), 1 listing(s) and 1 subscription(s)")
    assert lines[2 : 2 + len(protected_lines)] == protected_lines
    assert lines[-1] == (
        "Or let the program do all of that: on_destroy cascade and no deletion protection, then pulumi up "
        "&& pulumi destroy"
    )
    # Refused unless a tag says otherwise, of which the simulator knows nothing: that is no refusal of ours.
    tagged = {**kept, "Condition": {"StringNotEquals": {"dynamodb:ResourceTag/team": "ours"}}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [anything, tagged]})
    iam.put_role_policy(RoleName="keeper", PolicyName="p", PolicyDocument=document)
    assert not any("may not" in line for line in refused("cascade"))
    for table_name in ("guarded-documents", "guarded-records", "guarded-runs"):
        dynamodb.update_table(TableName=table_name, DeletionProtectionEnabled=False)
    s3.delete_object(Bucket=bucket, Key="log")
    iam.delete_role_policy(RoleName="keeper", PolicyName="p")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anything]})
    iam.put_role_policy(RoleName="keeper", PolicyName="p", PolicyDocument=policy)
    guard.delete(id_, {**state, "on_destroy": "cascade"})
    with pytest.raises(client("datazone").exceptions.ResourceNotFoundException):
        client("datazone").get_asset(domainIdentifier=objects.domain, identifier=live.asset)


def test_unknowns_pass_and_a_foreign_item_stops_it(guard: Driver, client: Client, objects: DomainObjects) -> None:
    parts = [{"asset_types": [UNKNOWN], "targets": [{"environment_id": UNKNOWN, "target_id": UNKNOWN}]}, UNKNOWN]
    assert guard.check({"region": "us-east-1", "domain_id": UNKNOWN, "parts": parts})[1] == []
    dynamodb, table = client("dynamodb", PRODUCER), Names().record_table
    key = {RECORD_KEY: {"S": record_key(objects.domain, REGISTRY)}, RECORD_ITEM: {"S": "x"}}
    dynamodb.put_item(TableName=table, Item={**key, "record": {"S": "by hand"}})
    id_, state = guard.create(inputs(guard, objects, "cascade"))
    with pytest.raises(Failed, match=f"item x of .*#registry/guarded in table {table} is no record of a data source"):
        guard.delete(id_, state)
    dynamodb.delete_item(TableName=table, Key=key)


def test_waiting_ends() -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    with pytest.raises(ResourceInUseError, match="waited 60 s for the grants, in vain; look at it, then run again"):
        wait_for("the grants", lambda: False, 60, sleep=sleep, clock=lambda: now)
    assert 60 <= now < 64
