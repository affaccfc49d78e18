"""Grants: their status, their events, what ends them."""

from __future__ import annotations

from typing import Any

from contracts.probe import probe
from contracts.probe_run import ProbeRun, answer_of
from contracts.setup.domain import (
    TYPE,
    domain,
    enable_blueprint,
    environment,
    make_asset,
    make_asset_type,
    make_environment,
    make_target,
    publish,
    slot,
)
from contracts.setup.events import domain_event, domain_events, shape
from contracts.setup.grants import (
    STATUSES,
    Granted,
    approve,
    ask_for,
    granting,
    grants_of,
    make_grant,
    make_product,
)
from contracts.setup.roles import make_role, trust

_GRANT_DATA = {
    "asset": {"id": "str", "listingId": "str", "listingVersion": "str", "typeName": "str"},
    "projectId": "str",
    "status": "str",
    "subscriptionTarget": {"environmentId": "str", "id": "str", "typeName": "str"},
}
_WAYS: dict[str, tuple[str, ...]] = {
    "GRANT_PENDING": (),
    "GRANT_IN_PROGRESS": ("GRANT_IN_PROGRESS",),
    "GRANTED": ("GRANTED",),
    "GRANT_FAILED": ("GRANT_FAILED",),
    "REVOKE_PENDING": ("GRANTED", "delete"),
    "REVOKE_IN_PROGRESS": ("GRANTED", "delete", "REVOKE_IN_PROGRESS"),
    "REVOKED": ("GRANTED", "delete", "REVOKED"),
    "REVOKE_FAILED": ("GRANTED", "delete", "REVOKE_FAILED"),
}
"""How a grant gets to each status."""


def _brought_to(probe_run: ProbeRun, status: str) -> Granted:
    made = make_grant(probe_run)
    for step in _WAYS[status]:
        if step == "delete":
            made.delete()
        else:
            made.report(step)
    return made


@probe(
    "dz-grant-transitions",
    expects={
        "GRANT_PENDING": ["GRANTED", "GRANT_FAILED", "GRANT_IN_PROGRESS"],
        "GRANT_IN_PROGRESS": ["GRANTED", "GRANT_FAILED"],
        "GRANTED": [],
        "GRANT_FAILED": [],
        "REVOKE_PENDING": ["REVOKED", "REVOKE_FAILED", "REVOKE_IN_PROGRESS"],
        "REVOKE_IN_PROGRESS": ["REVOKED", "REVOKE_FAILED"],
        "REVOKED": [],
        "REVOKE_FAILED": [],
    },
    uses=granting,
    minutes=10,
)
def grant_transitions(probe_run: ProbeRun) -> Any:
    """To which other status may UpdateSubscriptionGrantStatus bring an asset of a grant, from each?"""
    answer = {}
    for start in STATUSES:
        legal = []
        waiting: Granted | None = None
        for wanted in sorted(STATUSES):
            if wanted == start:
                continue
            waiting = waiting or _brought_to(probe_run, start)
            if answer_of(waiting.reporter(wanted)) == "accepted":
                legal.append(wanted)
                waiting = None
        answer[start] = legal
    return answer


@probe("dz-grant-event", expects={"data": _GRANT_DATA, "status": "GRANT_PENDING"}, uses=(*granting, domain_events))
def grant_event(probe_run: ProbeRun) -> Any:
    """Which members does the event "Subscription Grant Requested" have?"""
    domain_events(probe_run)
    made = make_grant(probe_run)
    detail = domain_event(probe_run, "Subscription Grant Requested", made.grant)["detail"]
    return {"data": shape(detail["data"]), "status": detail["data"]["status"]}


@probe("dz-failed-grant-event", expects=_GRANT_DATA, uses=(*granting, domain_events))
def failed_grant_event(probe_run: ProbeRun) -> Any:
    """Is the cause of a failure in the event "Subscription Grant Failed"?"""
    domain_events(probe_run)
    made = make_grant(probe_run)
    made.report("GRANT_FAILED", failureCause={"message": "contracts"})
    return shape(domain_event(probe_run, "Subscription Grant Failed", made.grant)["detail"]["data"])


@probe("dz-product-grant-event", expects=TYPE, uses=(*granting, domain_events))
def product_grant_event(probe_run: ProbeRun) -> Any:
    """What does asset.typeName say in the event of a data product's grant?"""
    domain_events(probe_run)
    asset = make_asset(probe_run)["id"]
    publish(probe_run, asset)
    made = make_grant(probe_run, make_product(probe_run, asset), "DATA_PRODUCT")
    event = domain_event(probe_run, "Subscription Grant Requested", made.grant)
    return event["detail"]["data"]["asset"].get("typeName")


@probe("dz-product-grant-assets", expects={"types": [TYPE], "assets": 1}, uses=granting)
def product_grant_assets(probe_run: ProbeRun) -> Any:
    """Which assets of a data product does its grant hold, if the target lists the type of some only?"""
    other = f"{TYPE}Other"
    make_asset_type(probe_run, other, slot("ContractsSource"))
    assets = [make_asset(probe_run)["id"], make_asset(probe_run, typeIdentifier=other)["id"]]
    for asset in assets:
        publish(probe_run, asset)
    made = make_grant(probe_run, make_product(probe_run, *assets), "DATA_PRODUCT")
    held = [entry["assetId"] for entry in made.read()["assets"]]
    types = {assets[0]: TYPE, assets[1]: other}
    return {"types": sorted({types.get(asset, "?") for asset in held}), "assets": len(held)}


@probe(
    "dz-mixed-grant-status",
    expects={
        "GRANTED + GRANT_PENDING": "IN_PROGRESS",
        "GRANTED + GRANT_IN_PROGRESS": "IN_PROGRESS",
        "GRANTED + GRANT_FAILED": "GRANT_FAILED",
    },
    uses=granting,
)
def mixed_grant_status(probe_run: ProbeRun) -> Any:
    """Which status has a grant whose assets have different ones?"""
    answer = {}
    for second in ("GRANT_PENDING", "GRANT_IN_PROGRESS", "GRANT_FAILED"):
        assets = [make_asset(probe_run)["id"] for _ in range(2)]
        for asset in assets:
            publish(probe_run, asset)
        made = make_grant(probe_run, make_product(probe_run, *assets), "DATA_PRODUCT")
        made.report("GRANTED", assets[0])
        if second != "GRANT_PENDING":
            made.report(second, assets[1])
        answer[f"GRANTED + {second}"] = made.read()["status"]
    return answer


@probe(
    "dz-delete-grant-again",
    expects={
        "GRANT_FAILED": "REVOKE_PENDING",
        "REVOKE_PENDING": "REVOKE_PENDING",
        "REVOKE_IN_PROGRESS": "REVOKE_IN_PROGRESS",
        "REVOKE_FAILED": "REVOKE_PENDING",
    },
    uses=granting,
)
def delete_grant_again(probe_run: ProbeRun) -> Any:
    """What does DeleteSubscriptionGrant do after a failure, and while a revoke runs?"""
    answer = {}
    for status in ("GRANT_FAILED", "REVOKE_PENDING", "REVOKE_IN_PROGRESS", "REVOKE_FAILED"):
        made = _brought_to(probe_run, status)
        refused = answer_of(made.delete)
        answer[status] = made.status() if refused == "accepted" else refused
    return answer


@probe("dz-revoked-grant-readable", expects={"get": "COMPLETED", "listed": True}, uses=granting)
def revoked_grant(probe_run: ProbeRun) -> Any:
    """Is a revoked grant still read by GetSubscriptionGrant and ListSubscriptionGrants?"""
    made = _brought_to(probe_run, "REVOKED")
    listed = any(entry["id"] == made.grant for entry in grants_of(probe_run, made.subscription))
    found = answer_of(made.read)
    return {"get": made.read()["status"] if found == "accepted" else found, "listed": listed}


@probe(
    "dz-target-without-mode",
    expects={"mode shown": None, "grants at approval": 0},
    uses=(*granting, environment),
    minutes=2,
)
def target_without_mode(probe_run: ProbeRun) -> Any:
    """Does a target without subscriptionGrantCreationMode get a grant at approval?"""
    other = f"{TYPE}NoMode"
    make_asset_type(probe_run, other, slot("ContractsSource"))
    made = make_target(
        probe_run, environment(probe_run), subscriptionGrantCreationMode=None, applicableAssetTypes=[other]
    )
    asset = make_asset(probe_run, typeIdentifier=other)["id"]
    subscription = approve(probe_run, ask_for(probe_run, publish(probe_run, asset))["id"])
    probe_run.pace.sleep(10 * probe_run.pace.interval)
    return {
        "mode shown": made.get("subscriptionGrantCreationMode"),
        "grants at approval": len(grants_of(probe_run, subscription)),
    }


@probe(
    "dz-manage-access-role",
    expects={"target": "accepted", "status": "COMPLETED"},
    uses=(*granting, environment),
    minutes=2,
)
def manage_access_role_unused(probe_run: ProbeRun) -> Any:
    """Does a grant of a custom asset work if DataZone cannot assume the target's manage access role?"""
    other = f"{TYPE}Locked"
    make_asset_type(probe_run, other, slot("ContractsSource"))
    locked = make_role(probe_run, "locked", trusted=trust("datazone.amazonaws.com"))
    where, asset = environment(probe_run), make_asset(probe_run, typeIdentifier=other)["id"]
    refused = answer_of(lambda: make_target(probe_run, where, manageAccessRole=locked, applicableAssetTypes=[other]))
    if refused != "accepted":
        return {"target": refused}
    # From here on nobody can assume it.
    probe_run.client("iam").update_assume_role_policy(
        RoleName=locked.rpartition("/")[2], PolicyDocument=trust(principal=f"arn:aws:iam::{probe_run.account}:root")
    )
    made = make_grant(probe_run, asset)
    made.report("GRANTED")
    return {"target": refused, "status": made.read()["status"]}


@probe(
    "dz-deleted-environment",
    expects={
        "GetEnvironment": "ResourceNotFoundException",
        "GetSubscriptionTarget": "ResourceNotFoundException",
        "grant": "INACCESSIBLE",
    },
    uses=(*granting, environment),
    minutes=3,
)
def deleted_environment(probe_run: ProbeRun) -> Any:
    """What is still read of an environment that was deleted, of its targets and of its revoked grants?"""
    here = domain(probe_run)
    where = make_environment(probe_run, enable_blueprint(here))
    other = f"{TYPE}Leaving"
    make_asset_type(probe_run, other, slot("ContractsSource"))
    made_target = make_target(probe_run, where, applicableAssetTypes=[other])
    made = make_grant(probe_run, make_asset(probe_run, typeIdentifier=other)["id"])
    made.report("GRANTED")
    made.delete()
    made.report("REVOKED")
    here.call("delete_environment", identifier=where)

    def gone() -> str | None:
        found = answer_of(here.caller("get_environment"), identifier=where)
        if found != "accepted":
            return found
        status = str(here.call("get_environment", identifier=where)["status"])
        return None if status == "DELETING" else status

    read = probe_run.wait("the environment to be deleted", gone, 600)
    shown = answer_of(made.read)
    return {
        "GetEnvironment": read,
        "GetSubscriptionTarget": answer_of(
            here.caller("get_subscription_target"), environmentIdentifier=where, identifier=made_target["id"]
        ),
        "grant": made.read()["status"] if shown == "accepted" else shown,
    }


@probe("dz-delete-environment-with-grant", expects="ValidationException", uses=(*granting, environment), minutes=2)
def delete_environment_with_grant(probe_run: ProbeRun) -> Any:
    """What does DeleteEnvironment answer while a grant of it is not revoked?"""
    here = domain(probe_run)
    where = make_environment(probe_run, enable_blueprint(here))
    other = f"{TYPE}Staying"
    make_asset_type(probe_run, other, slot("ContractsSource"))
    make_target(probe_run, where, applicableAssetTypes=[other])
    make_grant(probe_run, make_asset(probe_run, typeIdentifier=other)["id"]).report("GRANTED")
    return answer_of(here.caller("delete_environment"), identifier=where)
