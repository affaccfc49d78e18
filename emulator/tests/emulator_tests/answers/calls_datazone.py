"""What is read of a domain, from its projects to a grant and to lineage, made with as little as DataZone takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from emulator_tests.answers.calls_compute import role
from emulator_tests.answers.recording import ACCOUNT, REGION, Recorder
from emulator_tests.made import run_event


class Domain:
    """Calls DataZone about one domain."""

    def __init__(self, to: Recorder) -> None:
        self._datazone = to.of("datazone")
        self.role = role(to)
        self.id = self._datazone.create_domain(name=to.name(), domainExecutionRole=self.role)["id"]

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        call = getattr(self._datazone, operation)
        return lambda **params: call(domainIdentifier=self.id, **params)


def datazone(to: Recorder) -> None:
    """Everything of one domain, which is deleted at the end."""
    domain = Domain(to)
    datazone = to.of("datazone")
    datazone.get_domain(identifier=domain.id)
    datazone.list_domains()
    project = _project(domain)
    environment, target = _environment(domain, project)
    asset, listing = _asset(domain, project)
    _subscription(domain, project, environment, target, asset, listing)
    _lineage(domain)
    datazone.delete_domain(identifier=domain.id, skipDeletionCheck=True)


def _project(domain: Domain) -> str:
    project: str = domain.create_project(name="a")["id"]
    domain.get_project(identifier=project)
    domain.list_projects()
    member = {"userIdentifier": domain.role}
    domain.create_project_membership(projectIdentifier=project, designation="PROJECT_CONTRIBUTOR", member=member)
    domain.list_project_memberships(projectIdentifier=project)
    domain.get_user_profile(userIdentifier=domain.role)
    domain.search_user_profiles(userType="DATAZONE_IAM_USER")
    unit = domain.create_domain_unit(
        name="b", parentDomainUnitIdentifier=domain.get_project(identifier=project)["domainUnitId"]
    )["id"]
    domain.get_domain_unit(identifier=unit)
    return project


def _environment(domain: Domain, project: str) -> tuple[str, str]:
    blueprint = domain.list_environment_blueprints(managed=True, name="CustomAwsService")["items"][0]["id"]
    domain.get_environment_blueprint(identifier=blueprint)
    domain.put_environment_blueprint_configuration(environmentBlueprintIdentifier=blueprint, enabledRegions=[REGION])
    domain.get_environment_blueprint_configuration(environmentBlueprintIdentifier=blueprint)
    domain.list_environment_blueprint_configurations()
    profile = domain.create_environment_profile(
        name="p", projectIdentifier=project, environmentBlueprintIdentifier=blueprint, awsAccountId=ACCOUNT,
        awsAccountRegion=REGION,
    )["id"]  # fmt: skip
    domain.get_environment_profile(identifier=profile)
    domain.list_environment_profiles()
    made: str = domain.create_environment(name="e", projectIdentifier=project, environmentProfileIdentifier=profile)[
        "id"
    ]
    domain.get_environment(identifier=made)
    domain.list_environments(projectIdentifier=project)
    target = domain.create_subscription_target(
        environmentIdentifier=made, name="t", type="T", subscriptionTargetConfig=[], applicableAssetTypes=["A"],
        authorizedPrincipals=[domain.role], manageAccessRole=domain.role,
    )["id"]  # fmt: skip
    domain.get_subscription_target(environmentIdentifier=made, identifier=target)
    domain.list_subscription_targets(environmentIdentifier=made)
    return made, target


def _asset(domain: Domain, project: str) -> tuple[str, str]:
    form = domain.create_form_type(
        name="F", owningProjectIdentifier=project, status="ENABLED", model={"smithy": "structure F {\narn: String\n}"}
    )
    domain.get_form_type(formTypeIdentifier="F")
    forms = {"F": {"typeIdentifier": "F", "typeRevision": form["revision"], "required": True}}
    domain.create_asset_type(name="A", owningProjectIdentifier=project, formsInput=forms)
    domain.get_asset_type(identifier="A")
    domain.search_types(managed=False, searchScope="ASSET_TYPE")
    content = [{"formName": "F", "content": json.dumps({"arn": "a"})}]
    asset: str = domain.create_asset(
        name="a", typeIdentifier="A", owningProjectIdentifier=project, formsInput=content
    )["id"]  # fmt: skip
    domain.get_asset(identifier=asset)
    domain.list_asset_revisions(identifier=asset)
    domain.search(searchScope="ASSET", owningProjectIdentifier=project)
    glossary = domain.create_glossary(name="g", owningProjectIdentifier=project)["id"]
    domain.get_glossary(identifier=glossary)
    term = domain.create_glossary_term(name="t", glossaryIdentifier=glossary)["id"]
    domain.get_glossary_term(identifier=term)
    listing = domain.create_listing_change_set(entityIdentifier=asset, entityType="ASSET", action="PUBLISH")[
        "listingId"
    ]
    while domain.get_listing(identifier=listing)["status"] == "CREATING":
        pass
    domain.search_listings()
    return asset, listing


def _subscription(domain: Domain, project: str, environment: str, target: str, asset: str, listing: str) -> None:
    other = domain.create_project(name="c")["id"]
    made = domain.create_environment(
        name="e", projectIdentifier=other,
        environmentProfileIdentifier=domain.list_environment_profiles()["items"][0]["id"],
    )["id"]  # fmt: skip
    config: dict[str, Any] = {"subscriptionTargetConfig": [], "applicableAssetTypes": ["A"]}
    domain.create_subscription_target(
        environmentIdentifier=made, name="t", type="T", authorizedPrincipals=[domain.role],
        manageAccessRole=domain.role, **config,
    )  # fmt: skip
    request = domain.create_subscription_request(
        requestReason="r", subscribedListings=[{"identifier": listing}],
        subscribedPrincipals=[{"project": {"identifier": other}}],
    )["id"]  # fmt: skip
    domain.get_subscription_request_details(identifier=request)
    domain.list_subscription_requests(owningProjectId=other)
    domain.accept_subscription_request(identifier=request)
    (subscription,) = domain.list_subscriptions(owningProjectId=other)["items"]
    domain.get_subscription(identifier=subscription["id"])
    for grant in domain.list_subscription_grants(environmentId=made)["items"]:
        domain.update_subscription_grant_status(identifier=grant["id"], assetIdentifier=asset, status="GRANTED")
        domain.get_subscription_grant(identifier=grant["id"])


def _lineage(domain: Domain) -> None:
    event = run_event(eventType="COMPLETE", outputs=[{"namespace": "kafka://c", "name": "orders"}])
    posted = domain.post_lineage_event(event=json.dumps(event).encode())["id"]
    while domain.get_lineage_event(identifier=posted)["processingStatus"] in ("REQUESTED", "PROCESSING"):
        pass
    domain.list_lineage_events()
    domain.get_lineage_node(identifier="kafka://c/orders")
    domain.list_lineage_node_history(identifier="kafka://c/orders")
