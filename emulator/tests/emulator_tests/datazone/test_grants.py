"""Subscription targets, requests, subscriptions, and grants with their status and events."""

from __future__ import annotations

import json

import pytest

from emulator_tests.datazone.conftest import CONSUMER, DOMAIN, PRODUCER, Service, World, admin, role


def test_approval_makes_a_grant_for_the_matching_target(world: World) -> None:
    asset, listing, request = world.subscribed()
    (grant,) = world.grants()
    assert grant["status"] == "PENDING"
    assert grant["createdBy"] == "SYSTEM"
    assert grant["subscriptionTargetId"] == world.target
    assert grant["grantedEntity"]["listing"] == {"id": listing["listingId"], "revision": "1"}
    assert [(a["assetId"], a["status"]) for a in grant["assets"]] == [(asset["id"], "GRANT_PENDING")]
    (subscription,) = world.call("ListSubscriptions", owningProjectId=world.consumer)["items"]
    assert subscription["id"] == grant["subscriptionId"]
    assert subscription["subscriptionRequestId"] == request["id"]
    forms = json.loads(subscription["subscribedListing"]["item"]["assetListing"]["forms"])
    assert forms["MskSourceReferenceFormType"]["partitions"] == 3


def test_grant_event_has_the_documented_shape(world: World) -> None:
    asset, listing, _ = world.subscribed()
    (grant,) = world.grants()
    (detail,) = world.service.told("Subscription Grant Requested")
    assert detail == {
        "version": "655",
        "metadata": {
            "domain": world.domain,
            "user": "SYSTEM",
            "id": grant["id"],
            "version": "1",
            "typeName": "SubscriptionGrantEntityType",
            "owningProjectId": world.consumer,
            "awsAccountId": DOMAIN,
            "clientToken": None,
        },
        "data": {
            "asset": {
                "id": asset["id"],
                "typeName": "MskTopicAssetType",
                "listingId": listing["listingId"],
                "listingVersion": "1",
            },
            "projectId": world.consumer,
            "status": "GRANT_PENDING",
            "subscriptionTarget": {
                "id": world.target,
                "environmentId": world.environment,
                "typeName": "BaseSubscriptionTargetType",
            },
        },
    }


def test_request_and_subscription_events(world: World) -> None:
    asset, listing, request = world.subscribed()
    (created,) = world.service.told("Subscription Request Created")
    assert created["metadata"]["typeName"] == "SubscriptionRequestEntityType"
    assert created["data"]["status"] == "PENDING"
    assert created["data"]["subscribedPrincipals"] == [{"id": world.consumer, "type": "PROJECT"}]
    assert created["data"]["subscribedListings"] == [
        {
            "id": listing["listingId"],
            "ownerProjectId": world.producer,
            "version": "1",
            "item": {"assetListing": {"entityId": asset["id"], "entityType": "MskTopicAssetType"}},
        }
    ]
    (accepted,) = world.service.told("Subscription Request Accepted")
    assert accepted["data"]["isManagedAsset"] is False
    (made,) = world.service.told("Subscription Created")
    assert made["data"]["subscriptionRequestId"] == request["id"]
    assert made["data"]["status"] == "APPROVED"


def test_status_goes_forward_only(world: World) -> None:
    world.subscribed()
    (grant,) = world.grants()
    world.status(grant, "GRANT_IN_PROGRESS")
    assert world.grants()[0]["status"] == "IN_PROGRESS"
    done = world.status(grant, "GRANTED", targetName="topic")
    assert done["status"] == "COMPLETED"
    assert done["assets"][0]["targetName"] == "topic"
    assert done["assets"][0]["grantedTimestamp"] is not None
    assert world.status(grant, "GRANTED")["status"] == "COMPLETED"
    assert len(world.service.told("Subscription Grant Completed")) == 1
    for wrong in ("GRANT_PENDING", "GRANT_IN_PROGRESS", "GRANT_FAILED", "REVOKED", "REVOKE_PENDING"):
        world.refused(
            "ConflictException",
            "UpdateSubscriptionGrantStatus",
            identifier=grant["id"],
            assetIdentifier=grant["assets"][0]["assetId"],
            status=wrong,
        )


def test_failure_keeps_its_cause_and_tells(world: World) -> None:
    world.subscribed()
    (grant,) = world.grants()
    failed = world.status(grant, "GRANT_FAILED", failureCause={"message": "the policy is full"})
    assert failed["status"] == "GRANT_FAILED"
    assert failed["assets"][0]["failureCause"] == {"message": "the policy is full"}
    (detail,) = world.service.told("Subscription Grant Failed")
    assert detail["data"]["status"] == "GRANT_FAILED"
    world.refused(
        "ValidationException",
        "UpdateSubscriptionGrantStatus",
        identifier=grant["id"],
        assetIdentifier=grant["assets"][0]["assetId"],
        status="GRANTED",
        failureCause={"message": "no"},
    )


def test_status_of_a_foreign_asset_or_grant_is_not_found(world: World) -> None:
    world.subscribed()
    (grant,) = world.grants()
    world.refused(
        "ResourceNotFoundException",
        "UpdateSubscriptionGrantStatus",
        identifier=grant["id"],
        assetIdentifier="nobody",
        status="GRANTED",
    )
    world.refused("ResourceNotFoundException", "GetSubscriptionGrant", identifier="nobody")


def test_revoke_flow(world: World) -> None:
    world.subscribed()
    (grant,) = world.grants()
    world.status(grant, "GRANTED")
    assert world.call("DeleteSubscriptionGrant", identifier=grant["id"])["assets"][0]["status"] == "REVOKE_PENDING"
    (asked,) = world.service.told("Subscription Grant Revoke Requested")
    assert asked["data"]["status"] == "REVOKE_PENDING"
    world.call("DeleteSubscriptionGrant", identifier=grant["id"])
    assert len(world.service.told("Subscription Grant Revoke Requested")) == 1
    world.status(grant, "REVOKE_IN_PROGRESS")
    assert world.status(grant, "REVOKED")["status"] == "COMPLETED"
    assert len(world.service.told("Subscription Grant Revoke Completed")) == 1


def test_a_revoke_overtakes_a_grant(world: World) -> None:
    world.subscribed()
    (grant,) = world.grants()
    world.status(grant, "GRANT_IN_PROGRESS")
    world.call("DeleteSubscriptionGrant", identifier=grant["id"])
    world.refused(
        "ConflictException",
        "UpdateSubscriptionGrantStatus",
        identifier=grant["id"],
        assetIdentifier=grant["assets"][0]["assetId"],
        status="GRANTED",
    )
    assert world.status(grant, "REVOKED")["status"] == "COMPLETED"


def test_a_failed_revoke_is_asked_again(world: World) -> None:
    world.subscribed()
    (grant,) = world.grants()
    world.status(grant, "GRANTED")
    world.call("DeleteSubscriptionGrant", identifier=grant["id"])
    assert world.status(grant, "REVOKE_FAILED", failureCause={"message": "throttled"})["status"] == "REVOKE_FAILED"
    world.call("DeleteSubscriptionGrant", identifier=grant["id"])
    assert len(world.service.told("Subscription Grant Revoke Requested")) == 2
    assert "failureCause" not in world.grants()[0]["assets"][0]


def test_a_second_grant_conflicts_until_the_first_is_revoked(world: World) -> None:
    _, listing, _ = world.subscribed()
    (grant,) = world.grants()
    entity = {"listing": {"identifier": listing["listingId"], "revision": "1"}}
    world.refused(
        "ConflictException",
        "CreateSubscriptionGrant",
        environmentIdentifier=world.environment,
        subscriptionTargetIdentifier=world.target,
        grantedEntity=entity,
    )
    world.call("DeleteSubscriptionGrant", identifier=grant["id"])
    world.status(grant, "REVOKED")
    again = world.call("CreateSubscriptionGrant", environmentIdentifier=world.environment, grantedEntity=entity)
    assert again["id"] != grant["id"]
    assert {g["id"] for g in world.grants()} == {grant["id"], again["id"]}


def test_a_manual_target_gets_no_grant_at_approval(world: World) -> None:
    world.call(
        "UpdateSubscriptionTarget",
        admin(CONSUMER),
        environmentIdentifier=world.environment,
        identifier=world.target,
        subscriptionGrantCreationMode="MANUAL",
    )
    asset, listing, _ = world.subscribed()
    assert world.grants() == []
    made = world.call(
        "CreateSubscriptionGrant",
        environmentIdentifier=world.environment,
        grantedEntity={"listing": {"identifier": listing["listingId"], "revision": "1"}},
        assetTargetNames=[{"assetId": asset["id"], "targetName": "here"}],
    )
    assert made["assets"][0]["targetName"] == "here"
    assert world.service.told("Subscription Grant Requested")[0]["metadata"]["user"] == made["createdBy"] != "SYSTEM"


def test_a_target_without_a_mode_goes_by_the_setting(world: World) -> None:
    where = {"environmentIdentifier": world.environment}
    world.call("DeleteSubscriptionTarget", admin(CONSUMER), identifier=world.target, **where)
    bare = {
        "name": "bare",
        "type": "t",
        "subscriptionTargetConfig": [],
        "authorizedPrincipals": ["arn"],
        "manageAccessRole": f"arn:aws:iam::{CONSUMER}:role/m",
        "applicableAssetTypes": ["MskTopicAssetType"],
    }
    made = world.call("CreateSubscriptionTarget", admin(CONSUMER), **bare, **where)
    assert "subscriptionGrantCreationMode" not in made
    world.subscribed()
    assert world.grants() == []
    world.service.emulator.admin_routes["datazone"]("PUT", {}, b'{"default_grant_mode": "AUTOMATIC"}')
    world.subscribed()
    assert len(world.grants()) == 1


def test_a_grant_needs_a_subscription_and_a_fitting_target(world: World) -> None:
    listing = world.publish(world.asset()["id"])
    entity = {"listing": {"identifier": listing["listingId"], "revision": "1"}}
    assert "no approved subscription" in world.refused(
        "ValidationException", "CreateSubscriptionGrant", environmentIdentifier=world.environment, grantedEntity=entity
    )
    other = world.make_target("kinesis", applicableAssetTypes=["KinesisStreamAssetType"])
    world.subscribed()
    (grant,) = world.grants()
    world.refused(
        "ValidationException",
        "CreateSubscriptionGrant",
        environmentIdentifier=world.environment,
        subscriptionTargetIdentifier=other["id"],
        grantedEntity={"listing": {"identifier": grant["grantedEntity"]["listing"]["id"], "revision": "1"}},
    )
    world.refused(
        "ResourceNotFoundException",
        "CreateSubscriptionGrant",
        environmentIdentifier=world.environment,
        grantedEntity={"listing": {"identifier": listing["listingId"], "revision": "9"}},
    )


@pytest.mark.parametrize(
    ("operation", "event", "status"),
    [
        ("RevokeSubscription", "Subscription Revoked", "REVOKED"),
        ("CancelSubscription", "Subscription Cancelled", "CANCELLED"),
    ],
)
def test_the_end_of_a_subscription_revokes_its_grants(world: World, operation: str, event: str, status: str) -> None:
    world.subscribed()
    (grant,) = world.grants()
    world.status(grant, "GRANTED")
    ended = world.call(operation, identifier=grant["subscriptionId"])
    assert ended["status"] == status
    assert world.service.told(event)[0]["data"]["status"] == status
    assert world.grants()[0]["assets"][0]["status"] == "REVOKE_PENDING"
    assert world.service.told("Subscription Grant Revoke Requested")[0]["metadata"]["user"] == "SYSTEM"
    assert world.call(operation, identifier=grant["subscriptionId"])["status"] == status


def test_retained_permissions_leave_the_grant_alone(world: World) -> None:
    world.subscribed()
    (grant,) = world.grants()
    world.status(grant, "GRANTED")
    ended = world.call("RevokeSubscription", identifier=grant["subscriptionId"], retainPermissions=True)
    assert ended["retainPermissions"] is True
    assert world.grants()[0]["assets"][0]["status"] == "GRANTED"
    assert world.service.told("Subscription Grant Revoke Requested") == []
    world.refused("ConflictException", "CancelSubscription", identifier=grant["subscriptionId"])


def test_revoked_grants_disappear_after_their_retention(world: World) -> None:
    world.service.emulator.admin_routes["datazone"]("POST", {}, b'{"revoked_grant_retention": 60}')
    world.subscribed()
    (grant,) = world.grants()
    world.call("DeleteSubscriptionGrant", identifier=grant["id"])
    world.status(grant, "REVOKED")
    assert len(world.grants()) == 1
    world.service.clock.sleep(61)
    assert world.grants() == []
    world.refused("ResourceNotFoundException", "GetSubscriptionGrant", identifier=grant["id"])


def test_a_target_is_made_from_its_environments_account(world: World) -> None:
    for account in (DOMAIN, PRODUCER):
        assert "environment's account" in world.refused(
            "AccessDeniedException",
            "CreateSubscriptionTarget",
            admin(account),
            name="x",
            type="t",
            environmentIdentifier=world.environment,
            subscriptionTargetConfig=[],
            authorizedPrincipals=["arn"],
            manageAccessRole=f"arn:aws:iam::{CONSUMER}:role/m",
            applicableAssetTypes=[],
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorizedPrincipals", []),
        ("authorizedPrincipals", ["arn:aws:iam::333333333333:role/r"] * 21),
        ("authorizedPrincipals", ["arn:aws:iam::333333333333:role/with+plus"]),
        ("manageAccessRole", "arn:aws:iam::333333333333:role/with/path"),
    ],
)
def test_targets_refuse_what_the_model_refuses(world: World, name: str, value: object) -> None:
    params = {
        "name": "x",
        "type": "t",
        "environmentIdentifier": world.environment,
        "subscriptionTargetConfig": [],
        "authorizedPrincipals": ["arn"],
        "manageAccessRole": f"arn:aws:iam::{CONSUMER}:role/m",
        "applicableAssetTypes": [],
        name: value,
    }
    world.refused("ValidationException", "CreateSubscriptionTarget", admin(CONSUMER), **params)


def test_a_target_with_grants_is_in_use(world: World) -> None:
    world.subscribed()
    (grant,) = world.grants()
    where = {"environmentIdentifier": world.environment, "identifier": world.target}
    assert grant["id"] in world.refused("ConflictException", "DeleteSubscriptionTarget", admin(CONSUMER), **where)
    assert grant["id"] in world.refused("ValidationException", "DeleteEnvironment", identifier=world.environment)
    world.call("DeleteSubscriptionGrant", identifier=grant["id"])
    world.status(grant, "REVOKED")
    world.call("DeleteSubscriptionTarget", admin(CONSUMER), **where)
    world.refused("ResourceNotFoundException", "GetSubscriptionTarget", admin(CONSUMER), **where)


def test_grants_are_listed_by_every_filter_and_in_pages(world: World) -> None:
    made = [world.subscribed() for _ in range(5)]
    everything = {grant["id"] for grant in world.grants()}
    assert len(everything) == 5
    for filters in (
        {"environmentId": world.environment},
        {"subscriptionTargetId": world.target},
        {"owningProjectId": world.consumer},
    ):
        assert {grant["id"] for grant in world.grants(**filters)} == everything
    one = world.grants(subscribedListingId=made[2][1]["listingId"])
    assert len(one) == 1
    assert world.grants(subscriptionId=one[0]["subscriptionId"]) == one
    assert world.grants(owningProjectId=world.producer) == []
    assert world.grants(owningUserId="00000000-0000-4000-8000-000000000000") == []
    seen, token = [], None
    while True:
        page = world.call(
            "ListSubscriptionGrants", maxResults=2, sortOrder="DESCENDING", **({"nextToken": token} if token else {})
        )
        assert len(page["items"]) <= 2
        seen += [grant["id"] for grant in page["items"]]
        token = page.get("nextToken")
        if token is None:
            break
    assert seen == [grant["id"] for grant in reversed(world.grants())]
    world.refused("ValidationException", "ListSubscriptionGrants", nextToken="bogus")


def test_requests_one_at_a_time_and_decided_once(world: World) -> None:
    listing = world.publish(world.asset()["id"])["listingId"]
    request = world.request(listing)
    assert request["status"] == "PENDING"
    world.refused(
        "ConflictException",
        "CreateSubscriptionRequest",
        requestReason="again",
        subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"project": {"identifier": world.consumer}}],
    )
    assert (
        world.call("UpdateSubscriptionRequest", identifier=request["id"], requestReason="new")["requestReason"] == "new"
    )
    rejected = world.call("RejectSubscriptionRequest", identifier=request["id"], decisionComment="no")
    assert (rejected["status"], rejected["decisionComment"]) == ("REJECTED", "no")
    world.refused("ConflictException", "AcceptSubscriptionRequest", identifier=request["id"])
    again = world.request(listing)
    accepted = world.call("AcceptSubscriptionRequest", identifier=again["id"])
    assert accepted["reviewerId"]
    assert world.call("AcceptSubscriptionRequest", identifier=again["id"])["id"] == again["id"]
    assert len(world.grants()) == 1
    world.refused(
        "ConflictException",
        "CreateSubscriptionRequest",
        requestReason="third",
        subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"project": {"identifier": world.consumer}}],
    )
    world.refused("ConflictException", "DeleteSubscriptionRequest", identifier=again["id"])
    world.call("DeleteSubscriptionRequest", identifier=request["id"])
    assert len(world.service.told("Subscription Request Deleted")) == 1
    statuses = [r["status"] for r in world.call("ListSubscriptionRequests", approverProjectId=world.producer)["items"]]
    assert statuses == ["ACCEPTED"]


def test_a_request_needs_an_active_listing(world: World) -> None:
    asset = world.asset()
    listing = world.publish(asset["id"])["listingId"]
    world.call("CreateListingChangeSet", entityIdentifier=asset["id"], entityType="ASSET", action="UNPUBLISH")
    params = {"requestReason": "r", "subscribedPrincipals": [{"project": {"identifier": world.consumer}}]}
    world.refused(
        "ValidationException", "CreateSubscriptionRequest", subscribedListings=[{"identifier": listing}], **params
    )
    world.refused(
        "ResourceNotFoundException",
        "CreateSubscriptionRequest",
        subscribedListings=[{"identifier": "nowhere"}],
        **params,
    )


def test_iam_principals_cannot_subscribe_to_streams(world: World) -> None:
    listing = world.publish(world.asset()["id"])["listingId"]
    world.refused(
        "ValidationException",
        "CreateSubscriptionRequest",
        requestReason="r",
        subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"iam": {"identifier": f"arn:aws:iam::{CONSUMER}:role/x"}}],
    )


def test_who_may_ask_decide_and_report(world: World) -> None:
    listing = world.publish(world.asset()["id"])["listingId"]
    buyer = world.member(world.consumer, role("buyer"), "PROJECT_CATALOG_CONSUMER")
    seller = world.member(world.producer, role("seller"), "PROJECT_CONTRIBUTOR")
    nobody = role("nobody")
    world.refused(
        "AccessDeniedException",
        "CreateSubscriptionRequest",
        seller,
        requestReason="r",
        subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"project": {"identifier": world.consumer}}],
    )
    request = world.request(listing, buyer)
    world.refused("AccessDeniedException", "AcceptSubscriptionRequest", buyer, identifier=request["id"])
    world.call("AcceptSubscriptionRequest", seller, identifier=request["id"])
    (grant,) = world.call("ListSubscriptionGrants", buyer)["items"]
    assert world.call("ListSubscriptionGrants", nobody)["items"] == []
    for caller in (buyer, seller):
        assert world.call("GetSubscriptionGrant", caller, identifier=grant["id"])["id"] == grant["id"]
    world.refused("AccessDeniedException", "GetSubscriptionGrant", nobody, identifier=grant["id"])
    world.refused(
        "AccessDeniedException",
        "UpdateSubscriptionGrantStatus",
        nobody,
        identifier=grant["id"],
        assetIdentifier=grant["assets"][0]["assetId"],
        status="GRANTED",
    )
    world.status(grant, "GRANTED", buyer)
    world.refused("AccessDeniedException", "RevokeSubscription", buyer, identifier=grant["subscriptionId"])
    world.refused(
        "AccessDeniedException",
        "GetSubscriptionTarget",
        seller,
        environmentIdentifier=world.environment,
        identifier=world.target,
    )


def test_lenient_reads_can_be_switched_on(service: Service, world: World) -> None:
    viewer = world.member(world.producer, role("viewer"), "PROJECT_CATALOG_VIEWER")
    world.refused("AccessDeniedException", "GetEnvironment", viewer, identifier=world.environment)
    service.emulator.admin_routes["datazone"]("POST", {}, b'{"strict_reads": false}')
    assert world.call("GetEnvironment", viewer, identifier=world.environment)["awsAccountId"] == CONSUMER


def test_events_of_a_refused_call_are_not_put(world: World) -> None:
    world.subscribed()
    before = len(world.service.events)
    (grant,) = world.grants()
    world.refused(
        "ConflictException",
        "UpdateSubscriptionGrantStatus",
        identifier=grant["id"],
        assetIdentifier=grant["assets"][0]["assetId"],
        status="REVOKED",
    )
    assert len(world.service.events) == before


def test_lists_of_everything_are_refused(world: World) -> None:
    _, _, request = world.subscribed()
    for operation in ("ListSubscriptions", "ListSubscriptionRequests"):
        assert "Missing required filters" in world.refused("ValidationException", operation)
        world.refused("ValidationException", operation, status="APPROVED" if operation[-1] == "s" else "ACCEPTED")
        for name in ("owningProjectId", "approverProjectId"):
            project = world.consumer if name == "owningProjectId" else world.producer
            assert len(world.call(operation, **{name: project})["items"]) == 1
    assert len(world.call("ListSubscriptions", subscriptionRequestIdentifier=request["id"])["items"]) == 1


def test_a_rejection_frees_the_pair_at_once(world: World) -> None:
    listing = world.publish(world.asset()["id"])["listingId"]
    first = world.request(listing)
    params = {
        "requestReason": "again",
        "subscribedListings": [{"identifier": listing}],
        "subscribedPrincipals": [{"project": {"identifier": world.consumer}}],
    }
    world.refused("ConflictException", "CreateSubscriptionRequest", **params)
    world.call("RejectSubscriptionRequest", identifier=first["id"])
    assert world.call("CreateSubscriptionRequest", **params)["status"] == "PENDING"


def test_a_grant_needs_an_active_subscription(world: World) -> None:
    _, listing, _ = world.subscribed()
    (grant,) = world.grants()
    entity = {"listing": {"identifier": listing["listingId"], "revision": "1"}}
    world.call("RevokeSubscription", identifier=grant["subscriptionId"])
    (ended,) = world.grants()
    world.status(ended, "REVOKED", admin(CONSUMER))
    where = {"environmentIdentifier": world.environment, "subscriptionTargetIdentifier": world.target}
    message = world.refused("ValidationException", "CreateSubscriptionGrant", grantedEntity=entity, **where)
    assert "no approved subscription" in message


def test_lists_by_listing_leave_out_what_is_ending(world: World) -> None:
    _, listing, _ = world.subscribed()
    of_listing = {"subscribedListingId": listing["listingId"]}
    (grant,) = world.grants(**of_listing)
    assert [one["id"] for one in world.call("ListSubscriptions", **of_listing)["items"]] == [grant["subscriptionId"]]
    world.call("RevokeSubscription", identifier=grant["subscriptionId"])
    assert world.grants(**of_listing) == []
    assert world.call("ListSubscriptions", **of_listing)["items"] == []
    (revoked,) = world.call("ListSubscriptions", **of_listing, status="REVOKED")["items"]
    assert revoked["id"] == grant["subscriptionId"]
    assert world.call("GetSubscriptionGrant", identifier=grant["id"])["assets"][0]["status"] == "REVOKE_PENDING"
    assert [one["id"] for one in world.grants(owningProjectId=world.consumer)] == [grant["id"]]
    world.service.emulator.parts["datazone"].settings.hidden_revokes = False
    assert [one["id"] for one in world.grants(**of_listing)] == [grant["id"]]


def test_a_domain_always_says_how_people_sign_on(world: World) -> None:
    assert world.service.call("GetDomain", identifier=world.domain)["singleSignOn"] == {"type": "DISABLED"}
