"""Requests and subscriptions, and who may read what of a project."""

from __future__ import annotations

from typing import Any

from contracts.probe import by_hand, probe
from contracts.probe_run import ProbeRun, answer_of, policy
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
def second_request(probe_run: ProbeRun) -> Any:
    """What answers a second request for a listing, while one is pending and while a subscription is active?"""
    listing = publish(probe_run, make_asset(probe_run)["id"])
    first = ask_for(probe_run, listing)
    pending = answer_of(lambda: ask_for(probe_run, listing)) if first["status"] == "PENDING" else "approved at once"
    approve(probe_run, first["id"])
    return {"while pending": pending, "while approved": answer_of(lambda: ask_for(probe_run, listing))}


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
def list_filters(probe_run: ProbeRun) -> Any:
    """Which lists of subscriptions, requests and grants are refused for want of a filter?"""
    here = domain(probe_run)
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
def request_extra_forms(probe_run: ProbeRun) -> Any:
    """May a subscription request carry a metadata form that no rule asks for?"""
    make_form_type(probe_run, _FORM, _REASON)
    listing = publish(probe_run, make_asset(probe_run)["id"])
    form = {"formName": _FORM, "typeIdentifier": _FORM, "typeRevision": "1", "content": '{"why": "contracts"}'}
    return {"form that no rule asks for": answer_of(lambda: ask_for(probe_run, listing, metadataForms=[form]))}


@probe(
    "dz-rule-project",
    expects={"rule for the publisher's project": "ValidationException", "rule for the consumer's": "accepted"},
    uses=granting,
)
def rule_project(probe_run: ProbeRun) -> Any:
    """By whose project does a rule about subscription requests count?"""
    here = domain(probe_run)
    name = f"{_FORM}Rule"
    make_form_type(probe_run, name, f"structure {name} {{\n    why: String\n}}")
    answer = {}
    sides = {"rule for the publisher's project": producer(probe_run), "rule for the consumer's": consumer(probe_run)}
    root = here.client.get_domain(identifier=here.id)["rootDomainUnitId"]
    for words, project in sides.items():
        listing = publish(probe_run, make_asset(probe_run)["id"])
        made = here.call(
            "create_rule",
            name=probe_run.name("rule"),
            action="CREATE_SUBSCRIPTION_REQUEST",
            target={"domainUnitTarget": {"domainUnitId": root, "includeChildDomainUnits": True}},
            scope={"project": {"selectionMode": "SPECIFIC", "specificProjects": [project]}},
            detail={
                "metadataFormEnforcementDetail": {
                    "requiredMetadataForms": [{"typeIdentifier": name, "typeRevision": "1"}]
                }
            },
        )
        answer[words] = answer_of(ask_for, probe_run=probe_run, listing=listing)
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
def reads_need_membership(probe_run: ProbeRun) -> Any:
    """Which reads does DataZone refuse a user who is a member of another project only?"""
    stranger = make_member(probe_run, make_project(probe_run, "stranger"), "PROJECT_OWNER")
    made = granted(probe_run)
    shown = made.read()
    where = environment(probe_run)
    reads: dict[str, dict[str, Any]] = {
        "get_environment": {"identifier": where},
        "list_environments": {"projectIdentifier": consumer(probe_run)},
        "get_subscription_target": {
            "environmentIdentifier": where,
            "identifier": shown["subscriptionTargetId"],
        },
        "get_subscription_grant": {"identifier": made.grant},
        "get_asset": {"identifier": made.asset},
        "get_asset_type": {"identifier": asset_type(probe_run)},
        "get_form_type": {"formTypeIdentifier": "ContractsSource"},
        "get_listing": {"identifier": made.listing},
        "get_project": {"identifier": producer(probe_run)},
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
def read_request_membership(probe_run: ProbeRun) -> Any:
    """Members of which project, with which designation, may read a subscription and its request?"""
    made = granted(probe_run)
    members = {
        "producer owner": make_member(probe_run, producer(probe_run), "PROJECT_OWNER"),
        "producer viewer": make_member(probe_run, producer(probe_run), "PROJECT_CATALOG_VIEWER"),
        "consumer owner": make_member(probe_run, consumer(probe_run), "PROJECT_OWNER"),
        "consumer viewer": make_member(probe_run, consumer(probe_run), "PROJECT_CATALOG_VIEWER"),
        "other owner": make_member(probe_run, make_project(probe_run, "other"), "PROJECT_OWNER"),
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
def list_projects_foreign(probe_run: ProbeRun) -> Any:
    """Does ListProjects show projects that the caller is no member of?"""
    stranger = make_member(probe_run, make_project(probe_run, "lonely"), "PROJECT_OWNER")
    pages = stranger.client.get_paginator("list_projects").paginate(domainIdentifier=stranger.id)
    shown = {item["id"] for page in pages for item in page["items"]}
    return {"sees a project of others": producer(probe_run) in shown}


@probe(
    "dz-role-with-path",
    expects={"membership": "accepted", "acts": "accepted", "shown as": "with its path"},
    uses=(producer,),
)
def role_with_path(probe_run: ProbeRun) -> Any:
    """May a role with a path be a member of a project, and does its session act as that member?"""
    role = datazone_role(probe_run, "pathed", path="/contracts/deep/")
    here = domain(probe_run)
    joined = answer_of(
        here.caller("create_project_membership"),
        projectIdentifier=producer(probe_run),
        designation="PROJECT_OWNER",
        member={"userIdentifier": role},
    )
    if joined != "accepted":
        return {"membership": joined}
    seen = here.seen_by(role)
    profile = here.call("get_user_profile", userIdentifier=role, type="IAM")["details"]["iam"]["arn"]
    return {
        "membership": joined,
        "acts": answer_of(seen.caller("list_environments"), projectIdentifier=producer(probe_run)),
        "shown as": "with its path" if profile == role else "otherwise",
    }


@probe(
    "dz-catalogue-reads-profile",
    expects={"search_listings": "AccessDeniedException", "get_listing": "AccessDeniedException"},
    uses=(granted,),
)
def catalogue_reads_profile(probe_run: ProbeRun) -> Any:
    """May a role that IAM allows, and that has no user profile in the domain, read the catalogue?"""
    seen = domain(probe_run).seen_by(datazone_role(probe_run, "no-profile"))
    return {
        "search_listings": answer_of(seen.caller("search_listings")),
        "get_listing": answer_of(seen.caller("get_listing"), identifier=granted(probe_run).listing),
    }


@probe(
    "dz-steward-rights",
    expects={"create_asset": "accepted", "publish": "accepted", "accept request": "accepted"},
    uses=granting,
)
def steward_rights(probe_run: ProbeRun) -> Any:
    """May a catalogue steward of the owning project make, publish and decide?"""
    from_steward = make_member(probe_run, producer(probe_run), "PROJECT_CATALOG_STEWARD")
    asset = make_asset(probe_run)["id"]
    kind, project = asset_type(probe_run), producer(probe_run)
    create = {
        "name": probe_run.name("asset"),
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
    listing = publish(probe_run, make_asset(probe_run)["id"])
    request = ask_for(probe_run, listing)
    return {
        "create_asset": answer_of(from_steward.caller("create_asset"), **create),
        "publish": published,
        "accept request": answer_of(from_steward.caller("accept_subscription_request"), identifier=request["id"]),
    }


def _member_with(probe_run: ProbeRun, actions: list[str]) -> Domain:
    role = make_role(probe_run, "passing", policy({"Action": actions, "Resource": "*"}))
    domain(probe_run).call(
        "create_project_membership",
        projectIdentifier=consumer(probe_run),
        designation="PROJECT_OWNER",
        member={"userIdentifier": role},
    )
    return domain(probe_run).seen_by(role)


@probe("dz-target-names", expects="ConflictException", uses=(environment, asset_type, manage_access_role))
def target_names(probe_run: ProbeRun) -> Any:
    """Are names of subscription targets unique in an environment?"""
    where, name = environment(probe_run), probe_run.name("twice")
    make_target(probe_run, where, name=name, subscriptionGrantCreationMode="MANUAL")
    return answer_of(lambda: make_target(probe_run, where, name=name, subscriptionGrantCreationMode="MANUAL"))


@probe(
    "dz-pass-role",
    expects={"CreateSubscriptionTarget": "AccessDeniedException", "with iam:PassRole": "accepted"},
    uses=(environment, asset_type, manage_access_role),
    minutes=1,
)
def pass_role(probe_run: ProbeRun) -> Any:
    """Does CreateSubscriptionTarget check iam:PassRole for the manage access role?"""
    where, kind = environment(probe_run), asset_type(probe_run)
    manage = manage_access_role(probe_run)
    answer = {}
    for words, actions in (
        ("CreateSubscriptionTarget", ["datazone:*"]),
        ("with iam:PassRole", ["datazone:*", "iam:PassRole"]),
    ):
        seen = _member_with(probe_run, actions)
        answer[words] = answer_of(
            seen.caller("create_subscription_target"),
            environmentIdentifier=where,
            name=probe_run.name("target"),
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
