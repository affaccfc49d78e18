"""Subscription targets, requests, subscriptions, and grants with their status and events."""

from __future__ import annotations

import json

import pytest

from emulator_tests.datazone.conftest import CONSUMER, DOMAIN, PRODUCER, PreparedDomain, Service, admin, role


def test_approval_makes_a_grant_for_the_matching_target(prepared: PreparedDomain) -> None:
    asset, listing, request = prepared.subscribed()
    (grant,) = prepared.grants()
    assert grant["status"] == "PENDING"
    assert grant["createdBy"] == "SYSTEM"
    assert grant["subscriptionTargetId"] == prepared.target
    assert grant["grantedEntity"]["listing"] == {"id": listing["listingId"], "revision": "1"}
    assert [(a["assetId"], a["status"]) for a in grant["assets"]] == [(asset["id"], "GRANT_PENDING")]
    (subscription,) = prepared.call("ListSubscriptions", owningProjectId=prepared.consumer)["items"]
    assert subscription["id"] == grant["subscriptionId"]
    assert subscription["subscriptionRequestId"] == request["id"]
    forms = json.loads(subscription["subscribedListing"]["item"]["assetListing"]["forms"])
    assert forms["MskSourceReferenceFormType"]["partitions"] == 3


def test_grant_event_has_the_documented_shape(prepared: PreparedDomain) -> None:
    asset, listing, _ = prepared.subscribed()
    (grant,) = prepared.grants()
    (detail,) = prepared.service.told("Subscription Grant Requested")
    assert detail == {
        "version": "655",
        "metadata": {
            "domain": prepared.domain,
            "user": "SYSTEM",
            "id": grant["id"],
            "version": "1",
            "typeName": "SubscriptionGrantEntityType",
            "owningProjectId": prepared.consumer,
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
            "projectId": prepared.consumer,
            "status": "GRANT_PENDING",
            "subscriptionTarget": {
                "id": prepared.target,
                "environmentId": prepared.environment,
                "typeName": "BaseSubscriptionTargetType",
            },
        },
    }


def test_request_and_subscription_events(prepared: PreparedDomain) -> None:
    asset, listing, request = prepared.subscribed()
    (created,) = prepared.service.told("Subscription Request Created")
    assert created["metadata"]["typeName"] == "SubscriptionRequestEntityType"
    assert created["data"]["status"] == "PENDING"
    assert created["data"]["subscribedPrincipals"] == [{"id": prepared.consumer, "type": "PROJECT"}]
    assert created["data"]["subscribedListings"] == [
        {
            "id": listing["listingId"],
            "ownerProjectId": prepared.producer,
            "version": "1",
            "item": {"assetListing": {"entityId": asset["id"], "entityType": "MskTopicAssetType"}},
        }
    ]
    (accepted,) = prepared.service.told("Subscription Request Accepted")
    assert accepted["data"]["isManagedAsset"] is False
    (made,) = prepared.service.told("Subscription Created")
    assert made["data"]["subscriptionRequestId"] == request["id"]
    assert made["data"]["status"] == "APPROVED"


def test_status_goes_forward_only(prepared: PreparedDomain) -> None:
    prepared.subscribed()
    (grant,) = prepared.grants()
    prepared.status(grant, "GRANT_IN_PROGRESS")
    assert prepared.grants()[0]["status"] == "IN_PROGRESS"
    done = prepared.status(grant, "GRANTED", targetName="topic")
    assert done["status"] == "COMPLETED"
    assert done["assets"][0]["targetName"] == "topic"
    assert done["assets"][0]["grantedTimestamp"] is not None
    assert prepared.status(grant, "GRANTED")["status"] == "COMPLETED"
    assert len(prepared.service.told("Subscription Grant Completed")) == 1
    for wrong in ("GRANT_PENDING", "GRANT_IN_PROGRESS", "GRANT_FAILED", "REVOKED", "REVOKE_PENDING"):
        prepared.refused(
            "ConflictException",
            "UpdateSubscriptionGrantStatus",
            identifier=grant["id"],
            assetIdentifier=grant["assets"][0]["assetId"],
            status=wrong,
        )


def test_failure_keeps_its_cause_and_tells(prepared: PreparedDomain) -> None:
    prepared.subscribed()
    (grant,) = prepared.grants()
    failed = prepared.status(grant, "GRANT_FAILED", failureCause={"message": "the policy is full"})
    assert failed["status"] == "GRANT_FAILED"
    assert failed["assets"][0]["failureCause"] == {"message": "the policy is full"}
    (detail,) = prepared.service.told("Subscription Grant Failed")
    assert detail["data"]["status"] == "GRANT_FAILED"
    prepared.refused(
        "ValidationException",
        "UpdateSubscriptionGrantStatus",
        identifier=grant["id"],
        assetIdentifier=grant["assets"][0]["assetId"],
        status="GRANTED",
        failureCause={"message": "no"},
    )


def test_status_of_a_foreign_asset_or_grant_is_not_found(prepared: PreparedDomain) -> None:
    prepared.subscribed()
    (grant,) = prepared.grants()
    prepared.refused(
        "ResourceNotFoundException",
        "UpdateSubscriptionGrantStatus",
        identifier=grant["id"],
        assetIdentifier="nobody",
        status="GRANTED",
    )
    prepared.refused("ResourceNotFoundException", "GetSubscriptionGrant", identifier="nobody")


def test_revoke_flow(prepared: PreparedDomain) -> None:
    prepared.subscribed()
    (grant,) = prepared.grants()
    prepared.status(grant, "GRANTED")
    assert prepared.call("DeleteSubscriptionGrant", identifier=grant["id"])["assets"][0]["status"] == "REVOKE_PENDING"
    (asked,) = prepared.service.told("Subscription Grant Revoke Requested")
    assert asked["data"]["status"] == "REVOKE_PENDING"
    prepared.call("DeleteSubscriptionGrant", identifier=grant["id"])
    assert len(prepared.service.told("Subscription Grant Revoke Requested")) == 1
    prepared.status(grant, "REVOKE_IN_PROGRESS")
    assert prepared.status(grant, "REVOKED")["status"] == "COMPLETED"
    assert len(prepared.service.told("Subscription Grant Revoke Completed")) == 1


def test_a_revoke_overtakes_a_grant(prepared: PreparedDomain) -> None:
    prepared.subscribed()
    (grant,) = prepared.grants()
    prepared.status(grant, "GRANT_IN_PROGRESS")
    prepared.call("DeleteSubscriptionGrant", identifier=grant["id"])
    prepared.refused(
        "ConflictException",
        "UpdateSubscriptionGrantStatus",
        identifier=grant["id"],
        assetIdentifier=grant["assets"][0]["assetId"],
        status="GRANTED",
    )
    assert prepared.status(grant, "REVOKED")["status"] == "COMPLETED"


def test_a_failed_revoke_is_asked_again(prepared: PreparedDomain) -> None:
    prepared.subscribed()
    (grant,) = prepared.grants()
    prepared.status(grant, "GRANTED")
    prepared.call("DeleteSubscriptionGrant", identifier=grant["id"])
    assert prepared.status(grant, "REVOKE_FAILED", failureCause={"message": "throttled"})["status"] == "REVOKE_FAILED"
    prepared.call("DeleteSubscriptionGrant", identifier=grant["id"])
    assert len(prepared.service.told("Subscription Grant Revoke Requested")) == 2
    assert "failureCause" not in prepared.grants()[0]["assets"][0]


def test_a_second_grant_conflicts_until_the_first_is_revoked(prepared: PreparedDomain) -> None:
    _, listing, _ = prepared.subscribed()
    (grant,) = prepared.grants()
    entity = {"listing": {"identifier": listing["listingId"], "revision": "1"}}
    prepared.refused(
        "ConflictException",
        "CreateSubscriptionGrant",
        environmentIdentifier=prepared.environment,
        subscriptionTargetIdentifier=prepared.target,
        grantedEntity=entity,
    )
    prepared.call("DeleteSubscriptionGrant", identifier=grant["id"])
    prepared.status(grant, "REVOKED")
    again = prepared.call("CreateSubscriptionGrant", environmentIdentifier=prepared.environment, grantedEntity=entity)
    assert again["id"] != grant["id"]
    assert {g["id"] for g in prepared.grants()} == {grant["id"], again["id"]}


def test_a_manual_target_gets_no_grant_at_approval(prepared: PreparedDomain) -> None:
    prepared.call(
        "UpdateSubscriptionTarget",
        admin(CONSUMER),
        environmentIdentifier=prepared.environment,
        identifier=prepared.target,
        subscriptionGrantCreationMode="MANUAL",
    )
    asset, listing, _ = prepared.subscribed()
    assert prepared.grants() == []
    made = prepared.call(
        "CreateSubscriptionGrant",
        environmentIdentifier=prepared.environment,
        grantedEntity={"listing": {"identifier": listing["listingId"], "revision": "1"}},
        assetTargetNames=[{"assetId": asset["id"], "targetName": "here"}],
    )
    assert made["assets"][0]["targetName"] == "here"
    assert prepared.service.told("Subscription Grant Requested")[0]["metadata"]["user"] == made["createdBy"] != "SYSTEM"


def test_a_target_without_a_mode_goes_by_the_setting(prepared: PreparedDomain) -> None:
    where = {"environmentIdentifier": prepared.environment}
    prepared.call("DeleteSubscriptionTarget", admin(CONSUMER), identifier=prepared.target, **where)
    bare = {
        "name": "bare",
        "type": "t",
        "subscriptionTargetConfig": [],
        "authorizedPrincipals": ["arn"],
        "manageAccessRole": f"arn:aws:iam::{CONSUMER}:role/m",
        "applicableAssetTypes": ["MskTopicAssetType"],
    }
    made = prepared.call("CreateSubscriptionTarget", admin(CONSUMER), **bare, **where)
    assert "subscriptionGrantCreationMode" not in made
    prepared.subscribed()
    assert prepared.grants() == []
    prepared.service.emulator.admin_routes["datazone"]("PUT", {}, b'{"default_grant_mode": "AUTOMATIC"}')
    prepared.subscribed()
    assert len(prepared.grants()) == 1


def test_a_grant_needs_a_subscription_and_a_fitting_target(prepared: PreparedDomain) -> None:
    listing = prepared.publish(prepared.asset()["id"])
    entity = {"listing": {"identifier": listing["listingId"], "revision": "1"}}
    assert "no approved subscription" in prepared.refused(
        "ValidationException",
        "CreateSubscriptionGrant",
        environmentIdentifier=prepared.environment,
        grantedEntity=entity,
    )
    other = prepared.make_target("kinesis", applicableAssetTypes=["KinesisStreamAssetType"])
    prepared.subscribed()
    (grant,) = prepared.grants()
    prepared.refused(
        "ValidationException",
        "CreateSubscriptionGrant",
        environmentIdentifier=prepared.environment,
        subscriptionTargetIdentifier=other["id"],
        grantedEntity={"listing": {"identifier": grant["grantedEntity"]["listing"]["id"], "revision": "1"}},
    )
    prepared.refused(
        "ResourceNotFoundException",
        "CreateSubscriptionGrant",
        environmentIdentifier=prepared.environment,
        grantedEntity={"listing": {"identifier": listing["listingId"], "revision": "9"}},
    )


@pytest.mark.parametrize(
    ("operation", "event", "status"),
    [
        ("RevokeSubscription", "Subscription Revoked", "REVOKED"),
        ("CancelSubscription", "Subscription Cancelled", "CANCELLED"),
    ],
)
def test_the_end_of_a_subscription_revokes_its_grants(
    prepared: PreparedDomain, operation: str, event: str, status: str
) -> None:
    prepared.subscribed()
    (grant,) = prepared.grants()
    prepared.status(grant, "GRANTED")
    ended = prepared.call(operation, identifier=grant["subscriptionId"])
    assert ended["status"] == status
    assert prepared.service.told(event)[0]["data"]["status"] == status
    assert prepared.grants()[0]["assets"][0]["status"] == "REVOKE_PENDING"
    assert prepared.service.told("Subscription Grant Revoke Requested")[0]["metadata"]["user"] == "SYSTEM"
    assert prepared.call(operation, identifier=grant["subscriptionId"])["status"] == status


def test_retained_permissions_leave_the_grant_alone(prepared: PreparedDomain) -> None:
    prepared.subscribed()
    (grant,) = prepared.grants()
    prepared.status(grant, "GRANTED")
    ended = prepared.call("RevokeSubscription", identifier=grant["subscriptionId"], retainPermissions=True)
    assert ended["retainPermissions"] is True
    assert prepared.grants()[0]["assets"][0]["status"] == "GRANTED"
    assert prepared.service.told("Subscription Grant Revoke Requested") == []
    prepared.refused("ConflictException", "CancelSubscription", identifier=grant["subscriptionId"])


def test_revoked_grants_disappear_after_their_retention(prepared: PreparedDomain) -> None:
    prepared.service.emulator.admin_routes["datazone"]("POST", {}, b'{"revoked_grant_retention": 60}')
    prepared.subscribed()
    (grant,) = prepared.grants()
    prepared.call("DeleteSubscriptionGrant", identifier=grant["id"])
    prepared.status(grant, "REVOKED")
    assert len(prepared.grants()) == 1
    prepared.service.clock.sleep(61)
    assert prepared.grants() == []
    prepared.refused("ResourceNotFoundException", "GetSubscriptionGrant", identifier=grant["id"])


def test_a_target_is_made_from_its_environments_account(prepared: PreparedDomain) -> None:
    for account in (DOMAIN, PRODUCER):
        assert "environment's account" in prepared.refused(
            "AccessDeniedException",
            "CreateSubscriptionTarget",
            admin(account),
            name="x",
            type="t",
            environmentIdentifier=prepared.environment,
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
def test_targets_refuse_what_the_model_refuses(prepared: PreparedDomain, name: str, value: object) -> None:
    params = {
        "name": "x",
        "type": "t",
        "environmentIdentifier": prepared.environment,
        "subscriptionTargetConfig": [],
        "authorizedPrincipals": ["arn"],
        "manageAccessRole": f"arn:aws:iam::{CONSUMER}:role/m",
        "applicableAssetTypes": [],
        name: value,
    }
    prepared.refused("ValidationException", "CreateSubscriptionTarget", admin(CONSUMER), **params)


def test_a_target_with_grants_is_in_use(prepared: PreparedDomain) -> None:
    prepared.subscribed()
    (grant,) = prepared.grants()
    where = {"environmentIdentifier": prepared.environment, "identifier": prepared.target}
    assert grant["id"] in prepared.refused("ConflictException", "DeleteSubscriptionTarget", admin(CONSUMER), **where)
    assert grant["id"] in prepared.refused("ValidationException", "DeleteEnvironment", identifier=prepared.environment)
    prepared.call("DeleteSubscriptionGrant", identifier=grant["id"])
    prepared.status(grant, "REVOKED")
    prepared.call("DeleteSubscriptionTarget", admin(CONSUMER), **where)
    prepared.refused("ResourceNotFoundException", "GetSubscriptionTarget", admin(CONSUMER), **where)


def test_grants_are_listed_by_every_filter_and_in_pages(prepared: PreparedDomain) -> None:
    made = [prepared.subscribed() for _ in range(5)]
    everything = {grant["id"] for grant in prepared.grants()}
    assert len(everything) == 5
    for filters in (
        {"environmentId": prepared.environment},
        {"subscriptionTargetId": prepared.target},
        {"owningProjectId": prepared.consumer},
    ):
        assert {grant["id"] for grant in prepared.grants(**filters)} == everything
    one = prepared.grants(subscribedListingId=made[2][1]["listingId"])
    assert len(one) == 1
    assert prepared.grants(subscriptionId=one[0]["subscriptionId"]) == one
    assert prepared.grants(owningProjectId=prepared.producer) == []
    assert prepared.grants(owningUserId="00000000-0000-4000-8000-000000000000") == []
    seen, token = [], None
    while True:
        page = prepared.call(
            "ListSubscriptionGrants", maxResults=2, sortOrder="DESCENDING", **({"nextToken": token} if token else {})
        )
        assert len(page["items"]) <= 2
        seen += [grant["id"] for grant in page["items"]]
        token = page.get("nextToken")
        if token is None:
            break
    assert seen == [grant["id"] for grant in reversed(prepared.grants())]
    prepared.refused("ValidationException", "ListSubscriptionGrants", nextToken="bogus")


def test_requests_one_at_a_time_and_decided_once(prepared: PreparedDomain) -> None:
    listing = prepared.publish(prepared.asset()["id"])["listingId"]
    request = prepared.request(listing)
    assert request["status"] == "PENDING"
    prepared.refused(
        "ConflictException",
        "CreateSubscriptionRequest",
        requestReason="again",
        subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"project": {"identifier": prepared.consumer}}],
    )
    assert (
        prepared.call("UpdateSubscriptionRequest", identifier=request["id"], requestReason="new")["requestReason"]
        == "new"
    )
    rejected = prepared.call("RejectSubscriptionRequest", identifier=request["id"], decisionComment="no")
    assert (rejected["status"], rejected["decisionComment"]) == ("REJECTED", "no")
    prepared.refused("ConflictException", "AcceptSubscriptionRequest", identifier=request["id"])
    again = prepared.request(listing)
    accepted = prepared.call("AcceptSubscriptionRequest", identifier=again["id"])
    assert accepted["reviewerId"]
    assert prepared.call("AcceptSubscriptionRequest", identifier=again["id"])["id"] == again["id"]
    assert len(prepared.grants()) == 1
    prepared.refused(
        "ConflictException",
        "CreateSubscriptionRequest",
        requestReason="third",
        subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"project": {"identifier": prepared.consumer}}],
    )
    prepared.refused("ConflictException", "DeleteSubscriptionRequest", identifier=again["id"])
    prepared.call("DeleteSubscriptionRequest", identifier=request["id"])
    assert len(prepared.service.told("Subscription Request Deleted")) == 1
    statuses = [
        r["status"] for r in prepared.call("ListSubscriptionRequests", approverProjectId=prepared.producer)["items"]
    ]
    assert statuses == ["ACCEPTED"]


def test_a_request_needs_an_active_listing(prepared: PreparedDomain) -> None:
    asset = prepared.asset()
    listing = prepared.publish(asset["id"])["listingId"]
    prepared.call("CreateListingChangeSet", entityIdentifier=asset["id"], entityType="ASSET", action="UNPUBLISH")
    params = {"requestReason": "r", "subscribedPrincipals": [{"project": {"identifier": prepared.consumer}}]}
    prepared.refused(
        "ValidationException", "CreateSubscriptionRequest", subscribedListings=[{"identifier": listing}], **params
    )
    prepared.refused(
        "ResourceNotFoundException",
        "CreateSubscriptionRequest",
        subscribedListings=[{"identifier": "nowhere"}],
        **params,
    )


def test_iam_principals_cannot_subscribe_to_streams(prepared: PreparedDomain) -> None:
    listing = prepared.publish(prepared.asset()["id"])["listingId"]
    prepared.refused(
        "ValidationException",
        "CreateSubscriptionRequest",
        requestReason="r",
        subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"iam": {"identifier": f"arn:aws:iam::{CONSUMER}:role/x"}}],
    )


def test_who_may_ask_decide_and_report(prepared: PreparedDomain) -> None:
    listing = prepared.publish(prepared.asset()["id"])["listingId"]
    buyer = prepared.member(prepared.consumer, role("buyer"), "PROJECT_CATALOG_CONSUMER")
    seller = prepared.member(prepared.producer, role("seller"), "PROJECT_CONTRIBUTOR")
    nobody = role("nobody")
    prepared.refused(
        "AccessDeniedException",
        "CreateSubscriptionRequest",
        seller,
        requestReason="r",
        subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"project": {"identifier": prepared.consumer}}],
    )
    request = prepared.request(listing, buyer)
    prepared.refused("AccessDeniedException", "AcceptSubscriptionRequest", buyer, identifier=request["id"])
    prepared.call("AcceptSubscriptionRequest", seller, identifier=request["id"])
    (grant,) = prepared.call("ListSubscriptionGrants", buyer)["items"]
    assert prepared.call("ListSubscriptionGrants", nobody)["items"] == []
    for caller in (buyer, seller):
        assert prepared.call("GetSubscriptionGrant", caller, identifier=grant["id"])["id"] == grant["id"]
    prepared.refused("AccessDeniedException", "GetSubscriptionGrant", nobody, identifier=grant["id"])
    prepared.refused(
        "AccessDeniedException",
        "UpdateSubscriptionGrantStatus",
        nobody,
        identifier=grant["id"],
        assetIdentifier=grant["assets"][0]["assetId"],
        status="GRANTED",
    )
    prepared.status(grant, "GRANTED", buyer)
    prepared.refused("AccessDeniedException", "RevokeSubscription", buyer, identifier=grant["subscriptionId"])
    prepared.refused(
        "AccessDeniedException",
        "GetSubscriptionTarget",
        seller,
        environmentIdentifier=prepared.environment,
        identifier=prepared.target,
    )


def test_lenient_reads_can_be_switched_on(service: Service, prepared: PreparedDomain) -> None:
    viewer = prepared.member(prepared.producer, role("viewer"), "PROJECT_CATALOG_VIEWER")
    prepared.refused("AccessDeniedException", "GetEnvironment", viewer, identifier=prepared.environment)
    service.emulator.admin_routes["datazone"]("POST", {}, b'{"strict_reads": false}')
    assert prepared.call("GetEnvironment", viewer, identifier=prepared.environment)["awsAccountId"] == CONSUMER


def test_events_of_a_refused_call_are_not_put(prepared: PreparedDomain) -> None:
    prepared.subscribed()
    before = len(prepared.service.events)
    (grant,) = prepared.grants()
    prepared.refused(
        "ConflictException",
        "UpdateSubscriptionGrantStatus",
        identifier=grant["id"],
        assetIdentifier=grant["assets"][0]["assetId"],
        status="REVOKED",
    )
    assert len(prepared.service.events) == before


def test_lists_of_everything_are_refused(prepared: PreparedDomain) -> None:
    _, _, request = prepared.subscribed()
    for operation in ("ListSubscriptions", "ListSubscriptionRequests"):
        assert "Missing required filters" in prepared.refused("ValidationException", operation)
        prepared.refused("ValidationException", operation, status="APPROVED" if operation[-1] == "s" else "ACCEPTED")
        for name in ("owningProjectId", "approverProjectId"):
            project = prepared.consumer if name == "owningProjectId" else prepared.producer
            assert len(prepared.call(operation, **{name: project})["items"]) == 1
    assert len(prepared.call("ListSubscriptions", subscriptionRequestIdentifier=request["id"])["items"]) == 1


def test_a_rejection_frees_the_pair_at_once(prepared: PreparedDomain) -> None:
    listing = prepared.publish(prepared.asset()["id"])["listingId"]
    first = prepared.request(listing)
    params = {
        "requestReason": "again",
        "subscribedListings": [{"identifier": listing}],
        "subscribedPrincipals": [{"project": {"identifier": prepared.consumer}}],
    }
    prepared.refused("ConflictException", "CreateSubscriptionRequest", **params)
    prepared.call("RejectSubscriptionRequest", identifier=first["id"])
    assert prepared.call("CreateSubscriptionRequest", **params)["status"] == "PENDING"


def test_a_grant_needs_an_active_subscription(prepared: PreparedDomain) -> None:
    _, listing, _ = prepared.subscribed()
    (grant,) = prepared.grants()
    entity = {"listing": {"identifier": listing["listingId"], "revision": "1"}}
    prepared.call("RevokeSubscription", identifier=grant["subscriptionId"])
    (ended,) = prepared.grants()
    prepared.status(ended, "REVOKED", admin(CONSUMER))
    where = {"environmentIdentifier": prepared.environment, "subscriptionTargetIdentifier": prepared.target}
    message = prepared.refused("ValidationException", "CreateSubscriptionGrant", grantedEntity=entity, **where)
    assert "no approved subscription" in message


def test_lists_by_listing_leave_out_what_is_ending(prepared: PreparedDomain) -> None:
    _, listing, _ = prepared.subscribed()
    of_listing = {"subscribedListingId": listing["listingId"]}
    (grant,) = prepared.grants(**of_listing)
    assert [one["id"] for one in prepared.call("ListSubscriptions", **of_listing)["items"]] == [grant["subscriptionId"]]
    prepared.call("RevokeSubscription", identifier=grant["subscriptionId"])
    assert prepared.grants(**of_listing) == []
    assert prepared.call("ListSubscriptions", **of_listing)["items"] == []
    (revoked,) = prepared.call("ListSubscriptions", **of_listing, status="REVOKED")["items"]
    assert revoked["id"] == grant["subscriptionId"]
    assert prepared.call("GetSubscriptionGrant", identifier=grant["id"])["assets"][0]["status"] == "REVOKE_PENDING"
    assert [one["id"] for one in prepared.grants(owningProjectId=prepared.consumer)] == [grant["id"]]
    prepared.service.emulator.parts["datazone"].settings.hidden_revokes = False
    assert [one["id"] for one in prepared.grants(**of_listing)] == [grant["id"]]


def test_a_domain_always_says_how_people_sign_on(prepared: PreparedDomain) -> None:
    assert prepared.service.call("GetDomain", identifier=prepared.domain)["singleSignOn"] == {"type": "DISABLED"}
