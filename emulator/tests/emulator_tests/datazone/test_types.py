"""Form types and asset types."""

from __future__ import annotations

import pytest

from emulator_tests.datazone.conftest import SOURCE_MODEL, Service, World, role

SYSTEM = "amazon.datazone.RelationalTableFormType"


def form_type(world: World, name: str = "ExtraFormType", status: str | None = "ENABLED", **more: object) -> dict:  # type: ignore[type-arg]
    params = {
        "name": name,
        "model": {"smithy": f"structure {name} {{ a: String }}"},
        "owningProjectIdentifier": world.producer,
        **({"status": status} if status else {}),
        **more,
    }
    return world.call("CreateFormType", **params)


def test_the_same_name_makes_a_revision(world: World) -> None:
    first, second = form_type(world), form_type(world, description="better")
    assert (first["revision"], second["revision"]) == ("1", "2")
    latest = world.call("GetFormType", formTypeIdentifier="ExtraFormType")
    assert (latest["revision"], latest["description"], latest["status"]) == ("2", "better", "ENABLED")
    old = world.call("GetFormType", formTypeIdentifier="ExtraFormType", revision="1")
    assert "description" not in old
    world.refused("ResourceNotFoundException", "GetFormType", formTypeIdentifier="ExtraFormType", revision="3")
    assert "another project" in world.refused(
        "ConflictException",
        "CreateFormType",
        name="ExtraFormType",
        owningProjectIdentifier=world.consumer,
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
def test_form_types_that_are_refused(world: World, name: str, smithy: str) -> None:
    world.refused(
        "ValidationException",
        "CreateFormType",
        name=name,
        model={"smithy": smithy},
        owningProjectIdentifier=world.producer,
    )


def test_a_missing_project_surfaces_as_access_denied(world: World) -> None:
    world.refused(
        "AccessDeniedException",
        "CreateFormType",
        name="A",
        model={"smithy": "structure A {}"},
        owningProjectIdentifier="nowhere",
    )


def test_system_types_are_there_and_stay(world: World) -> None:
    found = world.call("GetFormType", formTypeIdentifier=SYSTEM)
    assert "columnName" in found["model"]["smithy"]
    assert "owningProjectId" not in found
    world.refused("AccessDeniedException", "DeleteFormType", formTypeIdentifier=SYSTEM)
    names = {
        item["formTypeItem"]["name"]
        for item in world.call("SearchTypes", searchScope="FORM_TYPE", managed=True)["items"]
    }
    assert {SYSTEM, "amazon.datazone.AssetCommonDetailsFormType", "amazon.datazone.SubscriptionTermsFormType"} <= names


def test_a_form_type_is_disabled_before_it_is_deleted(world: World) -> None:
    form_type(world)
    assert "ENABLED" in world.refused("ConflictException", "DeleteFormType", formTypeIdentifier="ExtraFormType")
    form_type(world, status="DISABLED")
    world.call("DeleteFormType", formTypeIdentifier="ExtraFormType")
    world.refused("ResourceNotFoundException", "GetFormType", formTypeIdentifier="ExtraFormType")
    assert form_type(world)["revision"] == "1"


def test_without_a_status_a_form_type_is_disabled(world: World) -> None:
    form_type(world, status=None)
    assert world.call("GetFormType", formTypeIdentifier="ExtraFormType")["status"] == "DISABLED"
    assert "DISABLED" in world.refused(
        "ValidationException",
        "CreateAssetType",
        name="T",
        owningProjectIdentifier=world.producer,
        formsInput={"Extra": {"typeIdentifier": "ExtraFormType", "typeRevision": "1"}},
    )


def test_a_form_type_in_use_stays(world: World) -> None:
    world.call(
        "CreateFormType",
        name="MskSourceReferenceFormType",
        model={"smithy": SOURCE_MODEL},
        status="DISABLED",
        owningProjectIdentifier=world.producer,
    )
    assert "asset type MskTopicAssetType" in world.refused(
        "ConflictException", "DeleteFormType", formTypeIdentifier="MskSourceReferenceFormType"
    )
    world.call("DeleteAssetType", identifier="MskTopicAssetType")
    world.call("DeleteFormType", formTypeIdentifier="MskSourceReferenceFormType")


def test_asset_types_pin_revisions_and_get_the_common_form(world: World) -> None:
    forms = world.call("GetAssetType", identifier="MskTopicAssetType")["formsOutput"]
    assert forms["AssetCommonDetailsForm"] == {
        "typeName": "amazon.datazone.AssetCommonDetailsFormType",
        "typeRevision": "6",
        "required": False,
    }
    assert forms["MskSourceReferenceFormType"]["typeRevision"] == "1"
    world.call(
        "CreateFormType",
        name="MskSourceReferenceFormType",
        model={"smithy": SOURCE_MODEL},
        status="ENABLED",
        owningProjectIdentifier=world.producer,
    )
    assert (
        world.call("GetAssetType", identifier="MskTopicAssetType")["formsOutput"]["MskSourceReferenceFormType"][
            "typeRevision"
        ]
        == "1"
    )
    entry = {"typeIdentifier": "MskSourceReferenceFormType", "typeRevision": "2"}
    second = world.call(
        "CreateAssetType",
        name="MskTopicAssetType",
        owningProjectIdentifier=world.producer,
        formsInput={"Source": entry},
    )
    assert second["revision"] == "2"
    assert set(second["formsOutput"]) == {"Source", "AssetCommonDetailsForm"}
    old = world.call("GetAssetType", identifier="MskTopicAssetType", revision="1")
    assert "RelationalTableFormType" in old["formsOutput"]
    assert set(
        world.call("CreateAssetType", name="Bare", owningProjectIdentifier=world.producer, formsInput={})["formsOutput"]
    ) == {"AssetCommonDetailsForm"}


def test_an_unknown_form_revision_has_the_known_text(world: World) -> None:
    message = world.refused(
        "ValidationException",
        "CreateAssetType",
        name="T",
        owningProjectIdentifier=world.producer,
        formsInput={"Source": {"typeIdentifier": "MskSourceReferenceFormType", "typeRevision": "7"}},
    )
    assert f"Object type Form#{world.domain}#MskSourceReferenceFormType with version 7 not found" in message


def test_a_dotted_form_name_is_refused(world: World) -> None:
    world.refused(
        "ValidationException",
        "CreateAssetType",
        name="T",
        owningProjectIdentifier=world.producer,
        formsInput={SYSTEM: {"typeIdentifier": SYSTEM, "typeRevision": "1"}},
    )


def test_a_hyphen_makes_a_type_that_cannot_be_named(world: World) -> None:
    world.call("CreateAssetType", name="with-hyphen", owningProjectIdentifier=world.producer, formsInput={})
    world.refused("ValidationException", "GetAssetType", identifier="with-hyphen")
    world.refused("ValidationException", "DeleteAssetType", identifier="with-hyphen")


def test_an_asset_type_in_use_stays(world: World) -> None:
    asset = world.asset()
    assert asset["id"] in world.refused("ConflictException", "DeleteAssetType", identifier="MskTopicAssetType")
    world.call("DeleteAsset", identifier=asset["id"])
    world.call("DeleteAssetType", identifier="MskTopicAssetType")
    world.refused("ResourceNotFoundException", "GetAssetType", identifier="MskTopicAssetType")


def test_other_projects_need_the_usage_permission(world: World) -> None:
    params = {
        "name": "mine",
        "owningProjectIdentifier": world.consumer,
        "typeIdentifier": "MskTopicAssetType",
        "formsInput": world.forms(),
    }
    assert "usage permission" in world.refused("AccessDeniedException", "CreateAsset", **params)
    root = world.service.call("GetDomain", identifier=world.domain)["rootDomainUnitId"]
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
    added = world.call("AddPolicyGrant", detail={"useAssetType": {"domainUnitId": root}}, **grant)
    world.call("CreateAsset", **params)
    world.refused("ConflictException", "AddPolicyGrant", detail={"useAssetType": {}}, **grant)
    listed = world.call(
        "ListPolicyGrants", entityType="ASSET_TYPE", entityIdentifier="MskTopicAssetType", policyType="USE_ASSET_TYPE"
    )["grantList"]
    assert [entry["grantId"] for entry in listed] == [added["grantId"]]
    world.call("RemovePolicyGrant", **grant)
    world.refused("AccessDeniedException", "CreateAsset", **params)


def test_types_need_a_building_member(world: World) -> None:
    viewer = world.member(world.producer, role("viewer"), "PROJECT_CATALOG_VIEWER")
    builder = world.member(world.producer, role("builder"), "PROJECT_CONTRIBUTOR")
    params = {"name": "A", "model": {"smithy": "structure A {}"}, "owningProjectIdentifier": world.producer}
    world.refused("AccessDeniedException", "CreateFormType", viewer, **params)
    assert world.call("CreateFormType", builder, **params)["revision"] == "1"


def test_types_are_found(world: World) -> None:
    for name in ("AlphaFormType", "BetaFormType"):
        form_type(world, name)
    found = world.call("SearchTypes", searchScope="FORM_TYPE", managed=False, searchText="alpha")["items"]
    assert [item["formTypeItem"]["name"] for item in found] == ["AlphaFormType"]
    found = world.call(
        "SearchTypes",
        searchScope="ASSET_TYPE",
        managed=False,
        filters={"filter": {"attribute": "name", "value": "MskTopicAssetType"}},
    )
    assert found["totalMatchCount"] == 1
    assert world.call("SearchTypes", searchScope="ASSET_TYPE", managed=True)["items"] == []


def test_a_thousand_asset_types_are_the_limit(service: Service, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aws_emulator.datazone.models.types.MAX_ASSET_TYPES", 1)
    world.refused(
        "ServiceQuotaExceededException",
        "CreateAssetType",
        name="Two",
        formsInput={},
        owningProjectIdentifier=world.producer,
    )
    world.call("CreateAssetType", name="MskTopicAssetType", formsInput={}, owningProjectIdentifier=world.producer)


def test_lineage_node_types_are_the_services_own(world: World) -> None:
    found = world.call("SearchTypes", searchScope="LINEAGE_NODE_TYPE", managed=True)["items"]
    assert {item["lineageNodeTypeItem"]["name"] for item in found} == {
        "amazon.datazone.DatasetLineageNodeType",
        "amazon.datazone.JobRunLineageNodeType",
    }
    assert world.call("SearchTypes", searchScope="LINEAGE_NODE_TYPE", managed=False)["items"] == []
