"""Requests and subscriptions, and who may read what of a project."""

from __future__ import annotations

from typing import Any

from contracts.probe import by_hand, probe
from contracts.scene import Scene, answer_of, policy
from contracts.setup.domain import (
    Domain,
    asset_type,
    consumer,
    datazone_role,
    domain,
    environment,
    make_asset,
    make_form_type,
    make_member,
    make_project,
    make_target,
    manage_access_role,
    producer,
    publish,
)
from contracts.setup.grants import approve, ask_for, granted, granting
from contracts.setup.roles import make_role

_FORM = "ContractsReason"
_REASON = "structure ContractsReason {\n    why: String\n}"


@probe(
    "dz-second-request",
    expects={"while pending": "ConflictException", "while approved": "ConflictException"},
    uses=granting,
)
def second_request(scene: Scene) -> Any:
    """What answers a second request for a listing, while one is pending and while a subscription is active?"""
    listing = publish(scene, make_asset(scene)["id"])
    first = ask_for(scene, listing)
    pending = answer_of(lambda: ask_for(scene, listing)) if first["status"] == "PENDING" else "approved at once"
    approve(scene, first["id"])
    return {"while pending": pending, "while approved": answer_of(lambda: ask_for(scene, listing))}


@probe(
    "dz-list-filters",
    expects={
        "subscriptions, no filter": "ValidationException",
        "subscriptions, status": "ValidationException",
        "requests, no filter": "ValidationException",
        "requests, status": "ValidationException",
        "grants, no filter": "accepted",
    },
    uses=(domain,),
)
def list_filters(scene: Scene) -> Any:
    """Which lists of subscriptions, requests and grants are refused for want of a filter?"""
    here = domain(scene)
    return {
        "subscriptions, no filter": answer_of(here.caller("list_subscriptions")),
        "subscriptions, status": answer_of(here.caller("list_subscriptions"), status="APPROVED"),
        "requests, no filter": answer_of(here.caller("list_subscription_requests")),
        "requests, status": answer_of(here.caller("list_subscription_requests"), status="PENDING"),
        "grants, no filter": answer_of(here.caller("list_subscription_grants")),
    }


@probe(
    "dz-request-extra-forms",
    expects={"form that no rule asks for": "accepted"},
    uses=granting,
)
def request_extra_forms(scene: Scene) -> Any:
    """May a subscription request carry a metadata form that no rule asks for?"""
    make_form_type(scene, _FORM, _REASON)
    listing = publish(scene, make_asset(scene)["id"])
    form = {"formName": _FORM, "typeIdentifier": _FORM, "typeRevision": "1", "content": '{"why": "contracts"}'}
    return {"form that no rule asks for": answer_of(lambda: ask_for(scene, listing, metadataForms=[form]))}


@probe(
    "dz-rule-project",
    expects={"rule for the publisher's project": "ValidationException", "rule for the consumer's": "accepted"},
    uses=granting,
)
def rule_project(scene: Scene) -> Any:
    """By whose project does a rule about subscription requests count?"""
    here = domain(scene)
    name = f"{_FORM}Rule"
    make_form_type(scene, name, f"structure {name} {{\n    why: String\n}}")
    answer = {}
    sides = {"rule for the publisher's project": producer(scene), "rule for the consumer's": consumer(scene)}
    root = here.client.get_domain(identifier=here.id)["rootDomainUnitId"]
    for words, project in sides.items():
        listing = publish(scene, make_asset(scene)["id"])
        made = here.call(
            "create_rule",
            name=scene.name("rule"),
            action="CREATE_SUBSCRIPTION_REQUEST",
            target={"domainUnitTarget": {"domainUnitId": root, "includeChildDomainUnits": True}},
            scope={"project": {"selectionMode": "SPECIFIC", "specificProjects": [project]}},
            detail={
                "metadataFormEnforcementDetail": {
                    "requiredMetadataForms": [{"typeIdentifier": name, "typeRevision": "1"}]
                }
            },
        )
        answer[words] = answer_of(ask_for, scene=scene, listing=listing)
        here.call("delete_rule", identifier=made["identifier"])
    return answer


@probe(
    "dz-reads-need-membership",
    expects={
        "get_environment": "AccessDeniedException",
        "list_environments": "AccessDeniedException",
        "get_subscription_target": "AccessDeniedException",
        "get_subscription_grant": "AccessDeniedException",
        "get_asset": "AccessDeniedException",
        "get_asset_type": "accepted",
        "get_form_type": "accepted",
        "get_listing": "accepted",
        "get_project": "accepted",
    },
    uses=(granted, environment),
    minutes=1,
)
def reads_need_membership(scene: Scene) -> Any:
    """Which reads does DataZone refuse a user who is a member of another project only?"""
    stranger = make_member(scene, make_project(scene, "stranger"), "PROJECT_OWNER")
    made = granted(scene)
    shown = made.read()
    where = environment(scene)
    reads: dict[str, dict[str, Any]] = {
        "get_environment": {"identifier": where},
        "list_environments": {"projectIdentifier": consumer(scene)},
        "get_subscription_target": {
            "environmentIdentifier": where,
            "identifier": shown["subscriptionTargetId"],
        },
        "get_subscription_grant": {"identifier": made.grant},
        "get_asset": {"identifier": made.asset},
        "get_asset_type": {"identifier": asset_type(scene)},
        "get_form_type": {"formTypeIdentifier": "ContractsSource"},
        "get_listing": {"identifier": made.listing},
        "get_project": {"identifier": producer(scene)},
    }
    return {name: answer_of(stranger.caller(name), **given) for name, given in reads.items()}


@probe(
    "dz-read-request-membership",
    expects={
        "producer owner": "accepted",
        "producer viewer": "accepted",
        "consumer owner": "accepted",
        "consumer viewer": "accepted",
        "other owner": "AccessDeniedException",
    },
    uses=(granted,),
    minutes=1,
)
def read_request_membership(scene: Scene) -> Any:
    """Members of which project, with which designation, may read a subscription and its request?"""
    made = granted(scene)
    members = {
        "producer owner": make_member(scene, producer(scene), "PROJECT_OWNER"),
        "producer viewer": make_member(scene, producer(scene), "PROJECT_CATALOG_VIEWER"),
        "consumer owner": make_member(scene, consumer(scene), "PROJECT_OWNER"),
        "consumer viewer": make_member(scene, consumer(scene), "PROJECT_CATALOG_VIEWER"),
        "other owner": make_member(scene, make_project(scene, "other"), "PROJECT_OWNER"),
    }
    return {
        name: answer_of(seen.caller("get_subscription_request_details"), identifier=made.request)
        for name, seen in members.items()
    }


@probe(
    "dz-list-projects-foreign",
    expects={"sees a project of others": True},
    uses=(producer,),
)
def list_projects_foreign(scene: Scene) -> Any:
    """Does ListProjects show projects that the caller is no member of?"""
    stranger = make_member(scene, make_project(scene, "lonely"), "PROJECT_OWNER")
    pages = stranger.client.get_paginator("list_projects").paginate(domainIdentifier=stranger.id)
    shown = {item["id"] for page in pages for item in page["items"]}
    return {"sees a project of others": producer(scene) in shown}


@probe(
    "dz-role-with-path",
    expects={"membership": "accepted", "acts": "accepted", "shown as": "with its path"},
    uses=(producer,),
)
def role_with_path(scene: Scene) -> Any:
    """May a role with a path be a member of a project, and does its session act as that member?"""
    role = datazone_role(scene, "pathed", path="/contracts/deep/")
    here = domain(scene)
    joined = answer_of(
        here.caller("create_project_membership"),
        projectIdentifier=producer(scene),
        designation="PROJECT_OWNER",
        member={"userIdentifier": role},
    )
    if joined != "accepted":
        return {"membership": joined}
    seen = here.seen_by(role)
    profile = here.call("get_user_profile", userIdentifier=role, type="IAM")["details"]["iam"]["arn"]
    return {
        "membership": joined,
        "acts": answer_of(seen.caller("list_environments"), projectIdentifier=producer(scene)),
        "shown as": "with its path" if profile == role else "otherwise",
    }


@probe(
    "dz-catalogue-reads-profile",
    expects={"search_listings": "AccessDeniedException", "get_listing": "AccessDeniedException"},
    uses=(granted,),
)
def catalogue_reads_profile(scene: Scene) -> Any:
    """May a role that IAM allows, and that has no user profile in the domain, read the catalogue?"""
    seen = domain(scene).seen_by(datazone_role(scene, "no-profile"))
    return {
        "search_listings": answer_of(seen.caller("search_listings")),
        "get_listing": answer_of(seen.caller("get_listing"), identifier=granted(scene).listing),
    }


@probe(
    "dz-steward-rights",
    expects={"create_asset": "accepted", "publish": "accepted", "accept request": "accepted"},
    uses=granting,
)
def steward_rights(scene: Scene) -> Any:
    """May a catalogue steward of the owning project make, publish and decide?"""
    from_steward = make_member(scene, producer(scene), "PROJECT_CATALOG_STEWARD")
    asset = make_asset(scene)["id"]
    kind, project = asset_type(scene), producer(scene)
    create = {
        "name": scene.name("asset"),
        "typeIdentifier": kind,
        "owningProjectIdentifier": project,
        "formsInput": [{"formName": "ContractsSource", "content": '{"source_arn": "arn:x"}'}],
    }
    published = answer_of(
        from_steward.caller("create_listing_change_set"),
        entityIdentifier=asset,
        entityType="ASSET",
        action="PUBLISH",
    )
    listing = publish(scene, make_asset(scene)["id"])
    request = ask_for(scene, listing)
    return {
        "create_asset": answer_of(from_steward.caller("create_asset"), **create),
        "publish": published,
        "accept request": answer_of(from_steward.caller("accept_subscription_request"), identifier=request["id"]),
    }


def _member_with(scene: Scene, actions: list[str]) -> Domain:
    role = make_role(scene, "passing", policy({"Action": actions, "Resource": "*"}))
    domain(scene).call(
        "create_project_membership",
        projectIdentifier=consumer(scene),
        designation="PROJECT_OWNER",
        member={"userIdentifier": role},
    )
    return domain(scene).seen_by(role)


@probe("dz-target-names", expects="ConflictException", uses=(environment, asset_type, manage_access_role))
def target_names(scene: Scene) -> Any:
    """Are names of subscription targets unique in an environment?"""
    where, name = environment(scene), scene.name("twice")
    make_target(scene, where, name=name, subscriptionGrantCreationMode="MANUAL")
    return answer_of(lambda: make_target(scene, where, name=name, subscriptionGrantCreationMode="MANUAL"))


@probe(
    "dz-pass-role",
    expects={"CreateSubscriptionTarget": "AccessDeniedException", "with iam:PassRole": "accepted"},
    uses=(environment, asset_type, manage_access_role),
    minutes=1,
)
def pass_role(scene: Scene) -> Any:
    """Does CreateSubscriptionTarget check iam:PassRole for the manage access role?"""
    where, kind = environment(scene), asset_type(scene)
    manage = manage_access_role(scene)
    answer = {}
    for words, actions in (
        ("CreateSubscriptionTarget", ["datazone:*"]),
        ("with iam:PassRole", ["datazone:*", "iam:PassRole"]),
    ):
        seen = _member_with(scene, actions)
        answer[words] = answer_of(
            seen.caller("create_subscription_target"),
            environmentIdentifier=where,
            name=scene.name("target"),
            type="BaseSubscriptionTargetType",
            subscriptionTargetConfig=[],
            authorizedPrincipals=[manage],
            applicableAssetTypes=[kind],
            manageAccessRole=manage,
            subscriptionGrantCreationMode="MANUAL",
        )
    return answer


by_hand(
    "dz-lineage-open-run",
    question="How does the portal show a run whose last event is RUNNING, after months?",
    expects="as running",
    how="Grant a topic, look at the graph of its asset in the portal after a day and after a month, then revoke.",
)
