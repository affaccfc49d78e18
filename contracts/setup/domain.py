"""A throwaway DataZone domain, and what lies in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from contracts.probe import setup
from contracts.probe_run import ProbeRun
from contracts.setup.roles import make_role, service_role

FORM = "ContractsSource"
TYPE = "ContractsTopic"
SMITHY = f"structure {FORM} {{\n    @required\n    source_arn: String\n    partitions: Integer\n}}"
FORMS = [{"formName": FORM, "content": json.dumps({"source_arn": "arn:contracts", "partitions": 3})}]


@dataclass(frozen=True)
class Domain:
    """A domain as one caller sees it."""

    probe_run: ProbeRun
    client: Any
    id: str

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call a method of the client for this domain."""
        answer: dict[str, Any] = getattr(self.client, operation)(domainIdentifier=self.id, **params)
        return answer

    def caller(self, operation: str) -> Any:
        """The method, with the domain filled in."""
        return lambda **params: self.call(operation, **params)

    def seen_by(self, role_arn: str) -> Domain:
        """The same domain as a role sees it."""
        return Domain(self.probe_run, self.probe_run.as_role(role_arn, "datazone"), self.id)


@setup("domain", minutes=1.5)
def domain(probe_run: ProbeRun) -> Domain:
    """A domain (V1) that is deleted with all that it holds."""
    execution = service_role(
        probe_run, "execution", "datazone.amazonaws.com", {"Action": ["datazone:*", "ram:Get*"], "Resource": "*"}
    )
    client = probe_run.client("datazone")
    made = client.create_domain(name=probe_run.name("domain"), domainExecutionRole=execution, tags=probe_run.tags)
    probe_run.later("datazone", "delete_domain", identifier=made["id"], skipDeletionCheck=True)
    probe_run.wait(
        "the domain to be available", lambda: client.get_domain(identifier=made["id"])["status"] == "AVAILABLE", 600
    )
    return Domain(probe_run, client, made["id"])


def make_project(probe_run: ProbeRun, stem: str) -> str:
    """A project; its id. The caller owns it."""
    made = domain(probe_run).call("create_project", name=probe_run.name(stem))
    return str(made["id"])


@setup("producer project", uses=(domain,))
def producer(probe_run: ProbeRun) -> str:
    """The project that owns types and assets; its id."""
    return make_project(probe_run, "producer")


@setup("consumer project", uses=(domain,))
def consumer(probe_run: ProbeRun) -> str:
    """The project that subscribes; its id."""
    return make_project(probe_run, "consumer")


def make_form_type(probe_run: ProbeRun, name: str, smithy: str, **more: Any) -> dict[str, Any]:
    """A form type of the producer."""
    given = {"status": "ENABLED", "owningProjectIdentifier": producer(probe_run), **more}
    return domain(probe_run).call("create_form_type", name=name, model={"smithy": smithy}, **given)


def make_asset_type(probe_run: ProbeRun, name: str, forms: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """An asset type of the producer, from forms by their names."""
    return domain(probe_run).call(
        "create_asset_type", name=name, owningProjectIdentifier=producer(probe_run), formsInput=forms
    )


def slot(name: str, revision: str = "1", *, required: bool = True) -> dict[str, dict[str, Any]]:
    """A form of an asset type."""
    return {name: {"typeIdentifier": name, "typeRevision": revision, "required": required}}


@setup("asset type", uses=(producer,))
def asset_type(probe_run: ProbeRun) -> str:
    """An asset type with one required form; its name."""
    make_form_type(probe_run, FORM, SMITHY)
    make_asset_type(probe_run, TYPE, slot(FORM))
    return TYPE


def make_asset(probe_run: ProbeRun, **more: Any) -> dict[str, Any]:
    """An asset of the producer."""
    more.setdefault("owningProjectIdentifier", producer(probe_run))
    more["typeIdentifier"] = more.get("typeIdentifier") or asset_type(probe_run)
    more.setdefault("formsInput", FORMS)
    more.setdefault("name", probe_run.name("asset"))
    return domain(probe_run).call("create_asset", **more)


def change_listing(probe_run: ProbeRun, entity: str, action: str = "PUBLISH", kind: str = "ASSET") -> dict[str, Any]:
    """Ask to publish or withdraw something."""
    return domain(probe_run).call("create_listing_change_set", entityIdentifier=entity, entityType=kind, action=action)


def publish(probe_run: ProbeRun, entity: str, kind: str = "ASSET") -> str:
    """Publish something and wait until it is; its listing's id."""
    listing = str(change_listing(probe_run, entity, kind=kind)["listingId"])
    wait_for_listing(probe_run, listing, "ACTIVE")
    return listing


def wait_for_listing(probe_run: ProbeRun, listing: str, status: str) -> dict[str, Any]:
    """The listing as soon as it has a status."""

    def look() -> dict[str, Any] | None:
        found = domain(probe_run).call("get_listing", identifier=listing)
        return found if found["status"] == status else None

    return probe_run.wait(f"the listing to be {status}", look, 300)


@setup("environment", uses=(consumer,), minutes=0.5)
def environment(probe_run: ProbeRun) -> str:
    """An environment for custom AWS services in the consumer project; its id."""
    here = domain(probe_run)
    return make_environment(probe_run, enable_blueprint(here))


def enable_blueprint(here: Domain) -> str:
    """Enable the blueprint for custom AWS services; its id."""
    found = here.call("list_environment_blueprints", managed=True, name="CustomAwsService")["items"]
    blueprint = str(found[0]["id"])
    here.call(
        "put_environment_blueprint_configuration",
        environmentBlueprintIdentifier=blueprint,
        enabledRegions=[here.probe_run.region],
    )
    return blueprint


def make_environment(probe_run: ProbeRun, blueprint: str) -> str:
    """A further environment in the consumer project."""
    here = domain(probe_run)
    made = here.call(
        "create_environment",
        name=probe_run.name("environment"),
        projectIdentifier=consumer(probe_run),
        environmentBlueprintIdentifier=blueprint,
        environmentAccountIdentifier=probe_run.account,
        environmentAccountRegion=probe_run.region,
    )
    probe_run.wait(
        "the environment to be active",
        lambda: here.call("get_environment", identifier=made["id"])["status"] == "ACTIVE",
        600,
    )
    return str(made["id"])


@setup("manage access role")
def manage_access_role(probe_run: ProbeRun) -> str:
    """The role that subscription targets name; it may do nothing."""
    return service_role(probe_run, "manage-access", "datazone.amazonaws.com")


def make_target(probe_run: ProbeRun, where: str, **more: Any) -> dict[str, Any]:
    """A subscription target for the asset type in an environment."""
    more.setdefault("subscriptionGrantCreationMode", "AUTOMATIC")
    more["manageAccessRole"] = more.get("manageAccessRole") or manage_access_role(probe_run)
    more["applicableAssetTypes"] = more.get("applicableAssetTypes") or [asset_type(probe_run)]
    more.setdefault("name", probe_run.name("target"))
    given = {key: value for key, value in more.items() if value is not None}
    return domain(probe_run).call(
        "create_subscription_target",
        environmentIdentifier=where,
        type="BaseSubscriptionTargetType",
        subscriptionTargetConfig=[],
        authorizedPrincipals=[f"arn:aws:iam::{probe_run.account}:role/contracts-consumer"],
        **given,
    )


@setup("subscription target", uses=(environment, asset_type, manage_access_role))
def target(probe_run: ProbeRun) -> dict[str, Any]:
    """A subscription target that makes grants at approval."""
    return make_target(probe_run, environment(probe_run))


def make_member(probe_run: ProbeRun, project: str, designation: str) -> Domain:
    """A role that is a member of a project; the domain as it sees it."""
    role = datazone_role(probe_run, "member")
    domain(probe_run).call(
        "create_project_membership",
        projectIdentifier=project,
        designation=designation,
        member={"userIdentifier": role},
    )
    return domain(probe_run).seen_by(role)


def datazone_role(probe_run: ProbeRun, stem: str, path: str = "/") -> str:
    """A role that IAM lets do everything in DataZone."""
    from_iam = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "datazone:*", "Resource": "*"}]}
    )
    return make_role(probe_run, stem, from_iam, path=path)
