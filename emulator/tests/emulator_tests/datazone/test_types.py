"""Form types and asset types."""

from __future__ import annotations

import pytest

from emulator_tests.datazone.conftest import SOURCE_MODEL, PreparedDomain, Service, role

SYSTEM = "amazon.datazone.RelationalTableFormType"


def form_type(
    prepared: PreparedDomain, name: str = "ExtraFormType", status: str | None = "ENABLED", **more: object
) -> dict:  # type: ignore[type-arg]
    params = {
        "name": name,
        "model": {"smithy": f"structure {name} {{ a: String }}"},
        "owningProjectIdentifier": prepared.producer,
        **({"status": status} if status else {}),
        **more,
    }
    return prepared.call("CreateFormType", **params)


def test_the_same_name_makes_a_revision(prepared: PreparedDomain) -> None:
    first, second = form_type(prepared), form_type(prepared, description="better")
    assert (first["revision"], second["revision"]) == ("1", "2")
    latest = prepared.call("GetFormType", formTypeIdentifier="ExtraFormType")
    assert (latest["revision"], latest["description"], latest["status"]) == ("2", "better", "ENABLED")
    old = prepared.call("GetFormType", formTypeIdentifier="ExtraFormType", revision="1")
    assert "description" not in old
    prepared.refused("ResourceNotFoundException", "GetFormType", formTypeIdentifier="ExtraFormType", revision="3")
    assert "another project" in prepared.refused(
        "ConflictException",
        "CreateFormType",
        name="ExtraFormType",
        owningProjectIdentifier=prepared.consumer,
        model={"smithy": "structure ExtraFormType {}"},
    )


@pytest.mark.parametrize(
    ("name", "smithy"),
    [
        ("Wanted", "structure Other { a: String }"),
        ("Wanted", "no smithy"),
        ("Wanted", "structure Wanted { a: Nonsense }"),
        ("amazon.datazone.Wanted", "structure Wanted { a: String }"),
        ("with-hyphen", "structure Wanted { a: String }"),
        ("1Wanted", "structure Wanted { a: String }"),
        ("Wanted", "structure Wanted { a: String }" + " " * 100_000),
    ],
)
def test_form_types_that_are_refused(prepared: PreparedDomain, name: str, smithy: str) -> None:
    prepared.refused(
        "ValidationException",
        "CreateFormType",
        name=name,
        model={"smithy": smithy},
        owningProjectIdentifier=prepared.producer,
    )


def test_a_missing_project_surfaces_as_access_denied(prepared: PreparedDomain) -> None:
    prepared.refused(
        "AccessDeniedException",
        "CreateFormType",
        name="A",
        model={"smithy": "structure A {}"},
        owningProjectIdentifier="nowhere",
    )


def test_system_types_are_there_and_stay(prepared: PreparedDomain) -> None:
    found = prepared.call("GetFormType", formTypeIdentifier=SYSTEM)
    assert "columnName" in found["model"]["smithy"]
    assert "owningProjectId" not in found
    prepared.refused("AccessDeniedException", "DeleteFormType", formTypeIdentifier=SYSTEM)
    names = {
        item["formTypeItem"]["name"]
        for item in prepared.call("SearchTypes", searchScope="FORM_TYPE", managed=True)["items"]
    }
    assert {SYSTEM, "amazon.datazone.AssetCommonDetailsFormType", "amazon.datazone.SubscriptionTermsFormType"} <= names


def test_a_form_type_is_disabled_before_it_is_deleted(prepared: PreparedDomain) -> None:
    form_type(prepared)
    assert "ENABLED" in prepared.refused("ConflictException", "DeleteFormType", formTypeIdentifier="ExtraFormType")
    form_type(prepared, status="DISABLED")
    prepared.call("DeleteFormType", formTypeIdentifier="ExtraFormType")
    prepared.refused("ResourceNotFoundException", "GetFormType", formTypeIdentifier="ExtraFormType")
    assert form_type(prepared)["revision"] == "1"


def test_without_a_status_a_form_type_is_disabled(prepared: PreparedDomain) -> None:
    form_type(prepared, status=None)
    assert prepared.call("GetFormType", formTypeIdentifier="ExtraFormType")["status"] == "DISABLED"
    assert "DISABLED" in prepared.refused(
        "ValidationException",
        "CreateAssetType",
        name="T",
        owningProjectIdentifier=prepared.producer,
        formsInput={"Extra": {"typeIdentifier": "ExtraFormType", "typeRevision": "1"}},
    )


def test_a_form_type_in_use_stays(prepared: PreparedDomain) -> None:
    prepared.call(
        "CreateFormType",
        name="MskSourceReferenceFormType",
        model={"smithy": SOURCE_MODEL},
        status="DISABLED",
        owningProjectIdentifier=prepared.producer,
    )
    assert "asset type MskTopicAssetType" in prepared.refused(
        "ConflictException", "DeleteFormType", formTypeIdentifier="MskSourceReferenceFormType"
    )
    prepared.call("DeleteAssetType", identifier="MskTopicAssetType")
    prepared.call("DeleteFormType", formTypeIdentifier="MskSourceReferenceFormType")


def test_asset_types_pin_revisions_and_get_the_common_form(prepared: PreparedDomain) -> None:
    forms = prepared.call("GetAssetType", identifier="MskTopicAssetType")["formsOutput"]
    assert forms["AssetCommonDetailsForm"] == {
        "typeName": "amazon.datazone.AssetCommonDetailsFormType",
        "typeRevision": "6",
        "required": False,
    }
    assert forms["MskSourceReferenceFormType"]["typeRevision"] == "1"
    prepared.call(
        "CreateFormType",
        name="MskSourceReferenceFormType",
        model={"smithy": SOURCE_MODEL},
        status="ENABLED",
        owningProjectIdentifier=prepared.producer,
    )
    assert (
        prepared.call("GetAssetType", identifier="MskTopicAssetType")["formsOutput"]["MskSourceReferenceFormType"][
            "typeRevision"
        ]
        == "1"
    )
    entry = {"typeIdentifier": "MskSourceReferenceFormType", "typeRevision": "2"}
    second = prepared.call(
        "CreateAssetType",
        name="MskTopicAssetType",
        owningProjectIdentifier=prepared.producer,
        formsInput={"Source": entry},
    )
    assert second["revision"] == "2"
    assert set(second["formsOutput"]) == {"Source", "AssetCommonDetailsForm"}
    old = prepared.call("GetAssetType", identifier="MskTopicAssetType", revision="1")
    assert "RelationalTableFormType" in old["formsOutput"]
    assert set(
        prepared.call("CreateAssetType", name="Bare", owningProjectIdentifier=prepared.producer, formsInput={})[
            "formsOutput"
        ]
    ) == {"AssetCommonDetailsForm"}


def test_an_unknown_form_revision_has_the_known_text(prepared: PreparedDomain) -> None:
    message = prepared.refused(
        "ValidationException",
        "CreateAssetType",
        name="T",
        owningProjectIdentifier=prepared.producer,
        formsInput={"Source": {"typeIdentifier": "MskSourceReferenceFormType", "typeRevision": "7"}},
    )
    assert f"Object type Form#{prepared.domain}#MskSourceReferenceFormType with version 7 not found" in message


def test_a_dotted_form_name_is_refused(prepared: PreparedDomain) -> None:
    prepared.refused(
        "ValidationException",
        "CreateAssetType",
        name="T",
        owningProjectIdentifier=prepared.producer,
        formsInput={SYSTEM: {"typeIdentifier": SYSTEM, "typeRevision": "1"}},
    )


def test_a_hyphen_makes_a_type_that_cannot_be_named(prepared: PreparedDomain) -> None:
    prepared.call("CreateAssetType", name="with-hyphen", owningProjectIdentifier=prepared.producer, formsInput={})
    prepared.refused("ValidationException", "GetAssetType", identifier="with-hyphen")
    prepared.refused("ValidationException", "DeleteAssetType", identifier="with-hyphen")


def test_an_asset_type_in_use_stays(prepared: PreparedDomain) -> None:
    asset = prepared.asset()
    assert asset["id"] in prepared.refused("ConflictException", "DeleteAssetType", identifier="MskTopicAssetType")
    prepared.call("DeleteAsset", identifier=asset["id"])
    prepared.call("DeleteAssetType", identifier="MskTopicAssetType")
    prepared.refused("ResourceNotFoundException", "GetAssetType", identifier="MskTopicAssetType")


def test_other_projects_need_the_usage_permission(prepared: PreparedDomain) -> None:
    params = {
        "name": "mine",
        "owningProjectIdentifier": prepared.consumer,
        "typeIdentifier": "MskTopicAssetType",
        "formsInput": prepared.forms(),
    }
    assert "usage permission" in prepared.refused("AccessDeniedException", "CreateAsset", **params)
    root = prepared.service.call("GetDomain", identifier=prepared.domain)["rootDomainUnitId"]
    grant = {
        "entityType": "ASSET_TYPE",
        "entityIdentifier": "MskTopicAssetType",
        "policyType": "USE_ASSET_TYPE",
        "principal": {
            "project": {
                "projectDesignation": "OWNER",
                "projectGrantFilter": {"domainUnitFilter": {"domainUnit": root, "includeChildDomainUnits": True}},
            }
        },
    }
    added = prepared.call("AddPolicyGrant", detail={"useAssetType": {"domainUnitId": root}}, **grant)
    prepared.call("CreateAsset", **params)
    prepared.refused("ConflictException", "AddPolicyGrant", detail={"useAssetType": {}}, **grant)
    listed = prepared.call(
        "ListPolicyGrants", entityType="ASSET_TYPE", entityIdentifier="MskTopicAssetType", policyType="USE_ASSET_TYPE"
    )["grantList"]
    assert [entry["grantId"] for entry in listed] == [added["grantId"]]
    prepared.call("RemovePolicyGrant", **grant)
    prepared.refused("AccessDeniedException", "CreateAsset", **params)


def test_types_need_a_building_member(prepared: PreparedDomain) -> None:
    viewer = prepared.member(prepared.producer, role("viewer"), "PROJECT_CATALOG_VIEWER")
    builder = prepared.member(prepared.producer, role("builder"), "PROJECT_CONTRIBUTOR")
    params = {"name": "A", "model": {"smithy": "structure A {}"}, "owningProjectIdentifier": prepared.producer}
    prepared.refused("AccessDeniedException", "CreateFormType", viewer, **params)
    assert prepared.call("CreateFormType", builder, **params)["revision"] == "1"


def test_types_are_found(prepared: PreparedDomain) -> None:
    for name in ("AlphaFormType", "BetaFormType"):
        form_type(prepared, name)
    found = prepared.call("SearchTypes", searchScope="FORM_TYPE", managed=False, searchText="alpha")["items"]
    assert [item["formTypeItem"]["name"] for item in found] == ["AlphaFormType"]
    found = prepared.call(
        "SearchTypes",
        searchScope="ASSET_TYPE",
        managed=False,
        filters={"filter": {"attribute": "name", "value": "MskTopicAssetType"}},
    )
    assert found["totalMatchCount"] == 1
    assert prepared.call("SearchTypes", searchScope="ASSET_TYPE", managed=True)["items"] == []


def test_a_thousand_asset_types_are_the_limit(
    service: Service, prepared: PreparedDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws_emulator.datazone.models.types.MAX_ASSET_TYPES", 1)
    prepared.refused(
        "ServiceQuotaExceededException",
        "CreateAssetType",
        name="Two",
        formsInput={},
        owningProjectIdentifier=prepared.producer,
    )
    prepared.call("CreateAssetType", name="MskTopicAssetType", formsInput={}, owningProjectIdentifier=prepared.producer)


def test_lineage_node_types_are_the_services_own(prepared: PreparedDomain) -> None:
    found = prepared.call("SearchTypes", searchScope="LINEAGE_NODE_TYPE", managed=True)["items"]
    assert {item["lineageNodeTypeItem"]["name"] for item in found} == {
        "amazon.datazone.DatasetLineageNodeType",
        "amazon.datazone.JobRunLineageNodeType",
    }
    assert prepared.call("SearchTypes", searchScope="LINEAGE_NODE_TYPE", managed=False)["items"] == []
