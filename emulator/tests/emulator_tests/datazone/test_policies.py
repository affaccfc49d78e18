"""Domain units, policy grants, rules."""

from __future__ import annotations

import json
from typing import Any

from emulator_tests.datazone.conftest import (
    World,
    role,
)


def root(world: World) -> str:
    return str(world.service.call("GetDomain", identifier=world.domain)["rootDomainUnitId"])


def test_domain_units_owners_and_policies(world: World) -> None:
    unit = world.call("CreateDomainUnit", name="unit", parentDomainUnitIdentifier=root(world))
    assert unit["ancestorDomainUnitIds"] == [root(world)]
    world.refused("ConflictException", "CreateDomainUnit", name="unit", parentDomainUnitIdentifier=root(world))
    listed = world.call("ListDomainUnitsForParent", parentDomainUnitIdentifier=root(world))["items"]
    assert listed == [{"id": unit["id"], "name": "unit"}]
    owner = role("unit-owner")
    world.call(
        "AddEntityOwner",
        entityType="DOMAIN_UNIT",
        entityIdentifier=unit["id"],
        owner={"user": {"userIdentifier": owner.role_arn}},
    )
    assert world.call("UpdateDomainUnit", owner, identifier=unit["id"], description="d")["description"] == "d"
    assert len(world.call("ListEntityOwners", entityType="DOMAIN_UNIT", entityIdentifier=unit["id"])["owners"]) == 2
    grants = {"entityType": "DOMAIN_UNIT", "entityIdentifier": root(world), "policyType": "CREATE_PROJECT"}
    world.refused(
        "AccessDeniedException",
        "AddPolicyGrant",
        role("nobody"),
        **grants,
        principal={"user": {"allUsersGrantFilter": {}}},
        detail={"createProject": {}},
    )
    world.refused(
        "ValidationException",
        "AddPolicyGrant",
        **grants,
        principal={"user": {"userIdentifier": "jane"}},
        detail={"createGlossary": {}},
    )
    world.call("RemovePolicyGrant", **grants, principal={"user": {"allUsersGrantFilter": {}}})
    world.refused("AccessDeniedException", "CreateProject", role("newcomer"), name="denied")
    world.call(
        "AddPolicyGrant",
        **grants,
        detail={"createProject": {"includeChildDomainUnits": False}},
        principal={"user": {"userIdentifier": role("newcomer").role_arn}},
    )
    world.call("CreateProject", role("newcomer"), name="allowed")
    world.refused("AccessDeniedException", "CreateProject", role("newcomer"), name="below", domainUnitId=unit["id"])
    world.call(
        "RemoveEntityOwner",
        entityType="DOMAIN_UNIT",
        entityIdentifier=unit["id"],
        owner={"user": {"userIdentifier": owner.role_arn}},
    )
    world.call("DeleteDomainUnit", identifier=unit["id"])
    world.refused("ResourceNotFoundException", "GetDomainUnit", identifier=unit["id"])


def test_a_policy_has_twenty_grants(world: World) -> None:
    grants = {
        "entityType": "ASSET_TYPE",
        "entityIdentifier": "MskTopicAssetType",
        "policyType": "USE_ASSET_TYPE",
        "detail": {"useAssetType": {}},
    }
    for number in range(20):
        world.call(
            "AddPolicyGrant",
            **grants,
            principal={"project": {"projectDesignation": "OWNER", "projectIdentifier": f"p{number}"}},
        )
    world.refused(
        "ServiceQuotaExceededException",
        "AddPolicyGrant",
        **grants,
        principal={"project": {"projectDesignation": "OWNER", "projectIdentifier": "p20"}},
    )


REQUEST_FORM = "structure StreamAccessRequestFormType { @required access: String }"


def rule(world: World, action: str, **scope: Any) -> dict[str, Any]:
    world.call(
        "CreateFormType",
        name="StreamAccessRequestFormType",
        model={"smithy": REQUEST_FORM},
        status="ENABLED",
        owningProjectIdentifier=world.producer,
    )
    return world.call(
        "CreateRule",
        name="ask",
        action=action,
        target={"domainUnitTarget": {"domainUnitId": root(world), "includeChildDomainUnits": True}},
        scope={
            "assetType": {"selectionMode": "SPECIFIC", "specificAssetTypes": ["MskTopicAssetType"]},
            "project": {"selectionMode": "ALL"},
            **scope,
        },
        detail={
            "metadataFormEnforcementDetail": {
                "requiredMetadataForms": [{"typeIdentifier": "StreamAccessRequestFormType", "typeRevision": "1"}]
            }
        },
    )


def test_a_rule_makes_requests_bring_a_form(world: World) -> None:
    made = rule(world, "CREATE_SUBSCRIPTION_REQUEST")
    assert made["ruleType"] == "METADATA_FORM_ENFORCEMENT"
    listing = world.publish(world.asset()["id"])["listingId"]
    params = {
        "requestReason": "r",
        "subscribedListings": [{"identifier": listing}],
        "subscribedPrincipals": [{"project": {"identifier": world.consumer}}],
    }
    assert "StreamAccessRequestFormType" in world.refused("ValidationException", "CreateSubscriptionRequest", **params)
    form = {"formName": "StreamAccessRequest", "typeIdentifier": "StreamAccessRequestFormType"}
    world.refused("ValidationException", "CreateSubscriptionRequest", **params, metadataForms=[form])
    form["content"] = json.dumps({"access": "READ"})
    request = world.call("CreateSubscriptionRequest", **params, metadataForms=[form])
    details = world.call("GetSubscriptionRequestDetails", identifier=request["id"])["metadataForms"]
    assert details == [
        {
            "formName": "StreamAccessRequest",
            "typeName": "StreamAccessRequestFormType",
            "typeRevision": "1",
            "content": '{"access": "READ"}',
        }
    ]
    (summary,) = world.call("ListSubscriptionRequests", owningProjectId=world.consumer)["items"]
    assert summary["metadataFormsSummary"][0]["typeName"] == "StreamAccessRequestFormType"


def test_a_form_is_taken_without_a_rule_too(world: World) -> None:
    made = rule(world, "CREATE_SUBSCRIPTION_REQUEST")
    world.call("DeleteRule", identifier=made["identifier"])
    listing = world.publish(world.asset()["id"])["listingId"]
    request = world.request(
        listing,
        metadataForms=[
            {"formName": "A", "typeIdentifier": "StreamAccessRequestFormType", "content": '{"access": "WRITE"}'}
        ],
    )
    assert request["metadataForms"][0]["content"] == '{"access": "WRITE"}'


def test_a_rule_makes_publishing_need_a_form(world: World) -> None:
    made = rule(world, "CREATE_LISTING_CHANGE_SET")
    asset = world.asset()["id"]
    world.refused(
        "ValidationException", "CreateListingChangeSet", entityIdentifier=asset, entityType="ASSET", action="PUBLISH"
    )
    world.call(
        "UpdateRule",
        identifier=made["identifier"],
        scope={"assetType": {"selectionMode": "SPECIFIC", "specificAssetTypes": ["Other"]}},
    )
    assert world.call("GetRule", identifier=made["identifier"])["revision"] == "2"
    world.publish(asset)
    world.call(
        "CreateFormType",
        name="StreamAccessRequestFormType",
        model={"smithy": REQUEST_FORM},
        status="DISABLED",
        owningProjectIdentifier=world.producer,
    )
    assert f"rule {made['identifier']}" in world.refused(
        "ConflictException", "DeleteFormType", formTypeIdentifier="StreamAccessRequestFormType"
    )


def test_rules_are_listed(world: World) -> None:
    made = rule(world, "CREATE_SUBSCRIPTION_REQUEST")
    where = {"targetType": "DOMAIN_UNIT", "targetIdentifier": root(world)}
    assert [r["identifier"] for r in world.call("ListRules", **where)["items"]] == [made["identifier"]]
    assert world.call("ListRules", **where, action="CREATE_LISTING_CHANGE_SET")["items"] == []
    assert len(world.call("ListRules", **where, assetTypes=["MskTopicAssetType"])["items"]) == 1
    assert world.call("ListRules", **where, assetTypes=["Other"])["items"] == []
    unit = world.call("CreateDomainUnit", name="u", parentDomainUnitIdentifier=root(world))["id"]
    below = {"targetType": "DOMAIN_UNIT", "targetIdentifier": unit}
    assert world.call("ListRules", **below)["items"] == []
    assert len(world.call("ListRules", **below, includeCascaded=True)["items"]) == 1
