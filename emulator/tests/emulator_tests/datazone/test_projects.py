"""Domains, association, projects, members, user profiles, the administrator's route, threads."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from aws_emulator.api import ApiError
from emulator_tests.datazone.conftest import (
    CONSUMER,
    DOMAIN,
    PRODUCER,
    REGION,
    UNASSOCIATED,
    PreparedDomain,
    Service,
    admin,
    role,
)


def test_domains(service: Service) -> None:
    service.refused("ValidationException", "CreateDomain", name="no role")
    made = service.call(
        "CreateDomain",
        name="d",
        domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz",
        tags={"team": "data"},
        clientToken="t",
    )
    assert made["id"].startswith("dzd-")
    assert made["arn"] == f"arn:aws:datazone:{REGION}:{DOMAIN}:domain/{made['id']}"
    assert service.call("GetDomain", identifier=made["id"])["status"] == "AVAILABLE"
    updated = service.call("UpdateDomain", identifier=made["id"], description="new")
    assert updated["description"] == "new"
    service.call("CreateProject", domainIdentifier=made["id"], name="p")
    service.refused("ConflictException", "DeleteDomain", identifier=made["id"])
    service.refused(
        "ValidationException", "DeleteDomain", identifier=made["id"], skipDeletionCheck=True, cascadeDelete=True
    )
    assert service.call("ListTagsForResource", resourceArn=made["arn"])["tags"] == {"team": "data"}
    service.call("DeleteDomain", identifier=made["id"], skipDeletionCheck=True)
    assert service.call("ListDomains")["items"] == []
    service.refused("ResourceNotFoundException", "GetDomain", identifier=made["id"])


def test_only_associated_accounts_reach_a_domain(prepared: PreparedDomain) -> None:
    service = prepared.service
    assert [d["id"] for d in service.call("ListDomains", admin(PRODUCER))["items"]] == [prepared.domain]
    assert service.call("ListDomains", admin(UNASSOCIATED))["items"] == []
    for caller in (admin(UNASSOCIATED), role("anything", UNASSOCIATED)):
        message = service.refused("AccessDeniedException", "GetDomain", caller, identifier=prepared.domain)
        assert f"account {UNASSOCIATED} is not associated" in message
    service.shared.discard(PRODUCER)
    prepared.refused("AccessDeniedException", "PostLineageEvent", role("emitter", PRODUCER), event=b"{}")
    prepared.refused(
        "AccessDeniedException",
        "CreateProjectMembership",
        projectIdentifier=prepared.producer,
        designation="PROJECT_OWNER",
        member={"userIdentifier": f"arn:aws:iam::{UNASSOCIATED}:role/x"},
    )


def test_a_domain_is_in_one_region(prepared: PreparedDomain) -> None:
    with pytest.raises(ApiError) as caught:
        prepared.service.call("GetDomain", region="eu-west-1", identifier=prepared.domain)
    assert caught.value.code == "ResourceNotFoundException"
    assert prepared.service.call("ListDomains", region="eu-west-1")["items"] == []


def test_without_resource_shares_nothing_is_associated(service: Service) -> None:
    del service.emulator.parts["ram.is_shared"]
    made = service.call("CreateDomain", name="d", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")["id"]
    service.refused("AccessDeniedException", "GetDomain", admin(PRODUCER), identifier=made)


def test_projects(prepared: PreparedDomain) -> None:
    prepared.refused("ConflictException", "CreateProject", name="PRODUCER")
    prepared.refused("ValidationException", "CreateProject", name="bad/name")
    made = prepared.call("CreateProject", name="more", description="d", resourceTags={"a": "b"})
    assert made["resourceTags"] == [{"key": "a", "value": "b", "source": "PROJECT"}]
    assert prepared.call("UpdateProject", identifier=made["id"], name="other")["name"] == "other"
    prepared.refused("ConflictException", "UpdateProject", identifier=made["id"], name="PRODUCER")
    assert [p["name"] for p in prepared.call("ListProjects", name="other")["items"]] == ["other"]
    prepared.call("DeleteProject", identifier=made["id"])
    prepared.refused("ResourceNotFoundException", "GetProject", identifier=made["id"])


def test_a_project_in_use_is_kept_unless_told_otherwise(prepared: PreparedDomain) -> None:
    asset, listing, _ = prepared.subscribed()
    assert "assets" in prepared.refused("ValidationException", "DeleteProject", identifier=prepared.producer)
    assert "environments" in prepared.refused("ValidationException", "DeleteProject", identifier=prepared.consumer)
    prepared.call("DeleteProject", identifier=prepared.consumer, skipDeletionCheck=True)
    assert prepared.grants() == []
    prepared.call("DeleteProject", identifier=prepared.producer, skipDeletionCheck=True)
    prepared.refused("ResourceNotFoundException", "GetListing", identifier=listing["listingId"])
    prepared.refused("ResourceNotFoundException", "GetAsset", identifier=asset["id"])
    prepared.refused("ResourceNotFoundException", "GetAssetType", identifier="MskTopicAssetType")
    assert prepared.call("SearchListings")["items"] == []


def test_the_creator_owns_a_project(prepared: PreparedDomain) -> None:
    creator = role("creator")
    made = prepared.call("CreateProject", creator, name="own")
    members = prepared.call("ListProjectMemberships", creator, projectIdentifier=made["id"])["members"]
    profile = prepared.call("GetUserProfile", creator, userIdentifier=creator.role_arn)
    assert members == [{"memberDetails": {"user": {"userId": profile["id"]}}, "designation": "PROJECT_OWNER"}]
    assert made["createdBy"] == profile["id"]
    prepared.call("DeleteProject", creator, identifier=made["id"])


def test_memberships(prepared: PreparedDomain) -> None:
    worker = prepared.member(prepared.producer, role("worker", PRODUCER), "PROJECT_CONTRIBUTOR")
    profile = prepared.call("GetUserProfile", userIdentifier=worker.role_arn)
    assert (profile["type"], profile["status"]) == ("IAM", "ACTIVATED")
    assert profile["details"]["iam"]["arn"] == worker.role_arn
    assert len(prepared.service.told("Project Member Addition Succeeded")) == 1
    prepared.member(prepared.producer, worker, "PROJECT_CONTRIBUTOR")
    prepared.member(prepared.producer, worker, "PROJECT_OWNER")
    assert len(prepared.service.told("Project Member Addition Succeeded")) == 1
    assert len(prepared.service.told("Project Member Role Change Succeeded")) == 1
    listed = prepared.call("ListProjectMemberships", projectIdentifier=prepared.producer, maxResults=1)
    assert (len(listed["members"]), "nextToken" in listed) == (1, True)
    member = {"userIdentifier": worker.role_arn}
    prepared.call("DeleteProjectMembership", projectIdentifier=prepared.producer, member=member)
    assert len(prepared.service.told("Project Member Removal Succeeded")) == 1
    prepared.refused(
        "ResourceNotFoundException", "DeleteProjectMembership", projectIdentifier=prepared.producer, member=member
    )
    prepared.refused(
        "AccessDeniedException",
        "CreateAsset",
        worker,
        name="a",
        formsInput=prepared.forms(),
        typeIdentifier="MskTopicAssetType",
        owningProjectIdentifier=prepared.producer,
    )


@pytest.mark.parametrize("member", [{"groupIdentifier": "g"}, {"userIdentifier": "somebody"}])
def test_members_are_iam_principals(prepared: PreparedDomain, member: dict[str, str]) -> None:
    prepared.refused(
        "ValidationException",
        "CreateProjectMembership",
        projectIdentifier=prepared.producer,
        member=member,
        designation="PROJECT_OWNER",
    )


def test_the_last_owner_stays(prepared: PreparedDomain) -> None:
    owner = role("owner")
    made = prepared.call("CreateProject", owner, name="own")["id"]
    params = {"projectIdentifier": made, "member": {"userIdentifier": owner.role_arn}}
    prepared.refused("ValidationException", "DeleteProjectMembership", owner, **params)
    prepared.refused(
        "ValidationException", "CreateProjectMembership", owner, designation="PROJECT_CONTRIBUTOR", **params
    )


def test_members_manage_by_designation(prepared: PreparedDomain) -> None:
    contributor = prepared.member(prepared.producer, role("c"), "PROJECT_CONTRIBUTOR")
    prepared.refused(
        "AccessDeniedException",
        "CreateProjectMembership",
        contributor,
        projectIdentifier=prepared.producer,
        designation="PROJECT_OWNER",
        member={"userIdentifier": contributor.role_arn},
    )
    prepared.refused("AccessDeniedException", "UpdateProject", contributor, identifier=prepared.producer, name="x")


def test_a_member_quota(prepared: PreparedDomain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aws_emulator.datazone.models.projects.MAX_MEMBERS", 1)
    prepared.refused(
        "ValidationException",
        "CreateProjectMembership",
        projectIdentifier=prepared.producer,
        designation="PROJECT_OWNER",
        member={"userIdentifier": f"arn:aws:iam::{DOMAIN}:role/x"},
    )


def test_user_profiles(prepared: PreparedDomain) -> None:
    arn = f"arn:aws:iam::{CONSUMER}:role/path/analyst"
    made = prepared.call("CreateUserProfile", userIdentifier=arn, userType="IAM_ROLE")
    prepared.refused("ValidationException", "CreateUserProfile", userIdentifier=arn, userType="IAM_ROLE")
    prepared.refused("ValidationException", "CreateUserProfile", userIdentifier="jane", userType="SSO_USER")
    found = prepared.call("SearchUserProfiles", userType="DATAZONE_IAM_USER", searchText="analyst")["items"]
    assert [user["id"] for user in found] == [made["id"]]
    prepared.refused("ResourceNotFoundException", "GetUserProfile", userIdentifier=f"arn:aws:iam::{CONSUMER}:role/none")
    # A profile makes a principal a user of the domain.
    assert prepared.call("SearchListings", role("path/analyst", CONSUMER))["items"] == []
    prepared.call("UpdateUserProfile", userIdentifier=arn, status="DEACTIVATED")
    prepared.refused("AccessDeniedException", "SearchListings", role("path/analyst", CONSUMER))


def test_posting_lineage_makes_nobody_a_user(prepared: PreparedDomain) -> None:
    emitter = role("emitter", PRODUCER)
    prepared.refused("ValidationException", "PostLineageEvent", emitter, event=b"{}")
    prepared.refused("AccessDeniedException", "ListProjects", emitter)


def test_the_administrators_route(prepared: PreparedDomain) -> None:
    route = prepared.service.emulator.admin_routes["datazone"]
    prepared.subscribed()
    state = json.loads(json.dumps(route("GET", {"domain": prepared.domain}, b"")))
    (domain,) = state["domains"]
    assert len(domain["grants"]) == 1
    assert state["events"]["put"] > 0
    assert route("GET", {"domain": "dzd-none"}, b"")["domains"] == []
    assert route("POST", {}, b'{"listing_delay": 1.5}')["settings"]["listing_delay"] == 1.5
    for wrong in (
        b'{"nonsense": 1}',
        b'{"listing_delay": "x"}',
        b'{"listing_delay": -1}',
        b'{"strict_reads": 1}',
        b'{"default_grant_mode": "SOMETIMES"}',
    ):
        with pytest.raises(ApiError):
            route("POST", {}, wrong)


def test_events_without_a_bus_are_counted(service: Service) -> None:
    del service.emulator.parts["events.put"]
    service.call("CreateDomain", name="d", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")
    assert service.emulator.admin_routes["datazone"]("GET", {}, b"")["events"] == {"put": 0, "dropped": 1}


def test_a_target_that_calls_back_at_once_finds_the_lock_free(prepared: PreparedDomain) -> None:
    service, answered = prepared.service, threading.Event()

    def answer(account: str, region: str, entry: dict[str, Any]) -> None:
        if entry["DetailType"] == "Subscription Grant Requested":
            grant = entry["Detail"]["metadata"]["id"]
            asset = entry["Detail"]["data"]["asset"]["id"]

            def report() -> None:
                prepared.call(
                    "UpdateSubscriptionGrantStatus", identifier=grant, assetIdentifier=asset, status="GRANTED"
                )
                answered.set()

            worker = threading.Thread(target=report)
            worker.start()
            worker.join(5)

    service.emulator.parts["events.put"] = answer
    prepared.subscribed()
    assert answered.is_set()
    assert prepared.grants()[0]["status"] == "COMPLETED"


def test_sixteen_threads_make_one_asset_of_an_identifier(prepared: PreparedDomain) -> None:
    outcomes: list[str] = []

    def create() -> None:
        try:
            outcomes.append(prepared.asset(externalIdentifier="arn:one")["id"])
        except ApiError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=create) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("ConflictException") == 15
