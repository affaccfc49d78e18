"""Domain units, policy grants, rules."""

from __future__ import annotations

import json
from typing import Any

from emulator_tests.datazone.conftest import (
    PreparedDomain,
    role,
)


def root(prepared: PreparedDomain) -> str:
    return str(prepared.service.call("GetDomain", identifier=prepared.domain)["rootDomainUnitId"])


def test_domain_units_owners_and_policies(prepared: PreparedDomain) -> None:
    unit = prepared.call("CreateDomainUnit", name="unit", parentDomainUnitIdentifier=root(prepared))
    assert unit["ancestorDomainUnitIds"] == [root(prepared)]
    prepared.refused("ConflictException", "CreateDomainUnit", name="unit", parentDomainUnitIdentifier=root(prepared))
    listed = prepared.call("ListDomainUnitsForParent", parentDomainUnitIdentifier=root(prepared))["items"]
    assert listed == [{"id": unit["id"], "name": "unit"}]
    owner = role("unit-owner")
    prepared.call(
        "AddEntityOwner",
        entityType="DOMAIN_UNIT",
        entityIdentifier=unit["id"],
        owner={"user": {"userIdentifier": owner.role_arn}},
    )
    assert prepared.call("UpdateDomainUnit", owner, identifier=unit["id"], description="d")["description"] == "d"
    assert len(prepared.call("ListEntityOwners", entityType="DOMAIN_UNIT", entityIdentifier=unit["id"])["owners"]) == 2
    grants = {"entityType": "DOMAIN_UNIT", "entityIdentifier": root(prepared), "policyType": "CREATE_PROJECT"}
    prepared.refused(
        "AccessDeniedException",
        "AddPolicyGrant",
        role("nobody"),
        **grants,
        principal={"user": {"allUsersGrantFilter": {}}},
        detail={"createProject": {}},
    )
    prepared.refused(
        "ValidationException",
        "AddPolicyGrant",
        **grants,
        principal={"user": {"userIdentifier": "jane"}},
        detail={"createGlossary": {}},
    )
    prepared.call("RemovePolicyGrant", **grants, principal={"user": {"allUsersGrantFilter": {}}})
    prepared.refused("AccessDeniedException", "CreateProject", role("newcomer"), name="denied")
    prepared.call(
        "AddPolicyGrant",
        **grants,
        detail={"createProject": {"includeChildDomainUnits": False}},
        principal={"user": {"userIdentifier": role("newcomer").role_arn}},
    )
    prepared.call("CreateProject", role("newcomer"), name="allowed")
    prepared.refused("AccessDeniedException", "CreateProject", role("newcomer"), name="below", domainUnitId=unit["id"])
    prepared.call(
        "RemoveEntityOwner",
        entityType="DOMAIN_UNIT",
        entityIdentifier=unit["id"],
        owner={"user": {"userIdentifier": owner.role_arn}},
    )
    prepared.call("DeleteDomainUnit", identifier=unit["id"])
    prepared.refused("ResourceNotFoundException", "GetDomainUnit", identifier=unit["id"])


def test_a_policy_has_twenty_grants(prepared: PreparedDomain) -> None:
    grants = {
        "entityType": "ASSET_TYPE",
        "entityIdentifier": "MskTopicAssetType",
        "policyType": "USE_ASSET_TYPE",
        "detail": {"useAssetType": {}},
    }
    for number in range(20):
        prepared.call(
            "AddPolicyGrant",
            **grants,
            principal={"project": {"projectDesignation": "OWNER", "projectIdentifier": f"p{number}"}},
        )
    prepared.refused(
        "ServiceQuotaExceededException",
        "AddPolicyGrant",
        **grants,
        principal={"project": {"projectDesignation": "OWNER", "projectIdentifier": "p20"}},
    )


REQUEST_FORM = "structure StreamAccessRequestFormType { @required access: String }"


def rule(prepared: PreparedDomain, action: str, **scope: Any) -> dict[str, Any]:
    prepared.call(
        "CreateFormType",
        name="StreamAccessRequestFormType",
        model={"smithy": REQUEST_FORM},
        status="ENABLED",
        owningProjectIdentifier=prepared.producer,
    )
    return prepared.call(
        "CreateRule",
        name="ask",
        action=action,
        target={"domainUnitTarget": {"domainUnitId": root(prepared), "includeChildDomainUnits": True}},
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


def test_a_rule_makes_requests_bring_a_form(prepared: PreparedDomain) -> None:
    made = rule(prepared, "CREATE_SUBSCRIPTION_REQUEST")
    assert made["ruleType"] == "METADATA_FORM_ENFORCEMENT"
    listing = prepared.publish(prepared.asset()["id"])["listingId"]
    params = {
        "requestReason": "r",
        "subscribedListings": [{"identifier": listing}],
        "subscribedPrincipals": [{"project": {"identifier": prepared.consumer}}],
    }
    assert "StreamAccessRequestFormType" in prepared.refused(
        "ValidationException", "CreateSubscriptionRequest", **params
    )
    form = {"formName": "StreamAccessRequest", "typeIdentifier": "StreamAccessRequestFormType"}
    prepared.refused("ValidationException", "CreateSubscriptionRequest", **params, metadataForms=[form])
    form["content"] = json.dumps({"access": "READ"})
    request = prepared.call("CreateSubscriptionRequest", **params, metadataForms=[form])
    details = prepared.call("GetSubscriptionRequestDetails", identifier=request["id"])["metadataForms"]
    assert details == [
        {
            "formName": "StreamAccessRequest",
            "typeName": "StreamAccessRequestFormType",
            "typeRevision": "1",
            "content": '{"access": "READ"}',
        }
    ]
    (summary,) = prepared.call("ListSubscriptionRequests", owningProjectId=prepared.consumer)["items"]
    assert summary["metadataFormsSummary"][0]["typeName"] == "StreamAccessRequestFormType"


def test_a_form_is_taken_without_a_rule_too(prepared: PreparedDomain) -> None:
    made = rule(prepared, "CREATE_SUBSCRIPTION_REQUEST")
    prepared.call("DeleteRule", identifier=made["identifier"])
    listing = prepared.publish(prepared.asset()["id"])["listingId"]
    request = prepared.request(
        listing,
        metadataForms=[
            {"formName": "A", "typeIdentifier": "StreamAccessRequestFormType", "content": '{"access": "WRITE"}'}
        ],
    )
    assert request["metadataForms"][0]["content"] == '{"access": "WRITE"}'


def test_a_rule_makes_publishing_need_a_form(prepared: PreparedDomain) -> None:
    made = rule(prepared, "CREATE_LISTING_CHANGE_SET")
    asset = prepared.asset()["id"]
    prepared.refused(
        "ValidationException", "CreateListingChangeSet", entityIdentifier=asset, entityType="ASSET", action="PUBLISH"
    )
    prepared.call(
        "UpdateRule",
        identifier=made["identifier"],
        scope={"assetType": {"selectionMode": "SPECIFIC", "specificAssetTypes": ["Other"]}},
    )
    assert prepared.call("GetRule", identifier=made["identifier"])["revision"] == "2"
    prepared.publish(asset)
    prepared.call(
        "CreateFormType",
        name="StreamAccessRequestFormType",
        model={"smithy": REQUEST_FORM},
        status="DISABLED",
        owningProjectIdentifier=prepared.producer,
    )
    assert f"rule {made['identifier']}" in prepared.refused(
        "ConflictException", "DeleteFormType", formTypeIdentifier="StreamAccessRequestFormType"
    )


def test_rules_are_listed(prepared: PreparedDomain) -> None:
    made = rule(prepared, "CREATE_SUBSCRIPTION_REQUEST")
    where = {"targetType": "DOMAIN_UNIT", "targetIdentifier": root(prepared)}
    assert [r["identifier"] for r in prepared.call("ListRules", **where)["items"]] == [made["identifier"]]
    assert prepared.call("ListRules", **where, action="CREATE_LISTING_CHANGE_SET")["items"] == []
    assert len(prepared.call("ListRules", **where, assetTypes=["MskTopicAssetType"])["items"]) == 1
    assert prepared.call("ListRules", **where, assetTypes=["Other"])["items"] == []
    unit = prepared.call("CreateDomainUnit", name="u", parentDomainUnitIdentifier=root(prepared))["id"]
    below = {"targetType": "DOMAIN_UNIT", "targetIdentifier": unit}
    assert prepared.call("ListRules", **below)["items"] == []
    assert len(prepared.call("ListRules", **below, includeCascaded=True)["items"]) == 1
