"""A throwaway DataZone domain, and what lies in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from contracts.probe import setup
from contracts.scene import Scene
from contracts.setup.roles import make_role, service_role

FORM = "ContractsSource"
TYPE = "ContractsTopic"
SMITHY = f"structure {FORM} {{\n    @required\n    source_arn: String\n    partitions: Integer\n}}"
FORMS = [{"formName": FORM, "content": json.dumps({"source_arn": "arn:contracts", "partitions": 3})}]


@dataclass(frozen=True)
class Domain:
    """A domain as one caller sees it."""

    scene: Scene
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
        return Domain(self.scene, self.scene.as_role(role_arn, "datazone"), self.id)


@setup("domain", minutes=1.5)
def domain(scene: Scene) -> Domain:
    """A domain (V1) that is deleted with all that it holds."""
    execution = service_role(
        scene, "execution", "datazone.amazonaws.com", {"Action": ["datazone:*", "ram:Get*"], "Resource": "*"}
    )
    client = scene.client("datazone")
    made = client.create_domain(name=scene.name("domain"), domainExecutionRole=execution, tags=scene.tags)
    scene.later("datazone", "delete_domain", identifier=made["id"], skipDeletionCheck=True)
    scene.wait(
        "the domain to be available", lambda: client.get_domain(identifier=made["id"])["status"] == "AVAILABLE", 600
    )
    return Domain(scene, client, made["id"])


def make_project(scene: Scene, stem: str) -> str:
    """A project; its id. The caller owns it."""
    made = domain(scene).call("create_project", name=scene.name(stem))
    return str(made["id"])


@setup("producer project", uses=(domain,))
def producer(scene: Scene) -> str:
    """The project that owns types and assets; its id."""
    return make_project(scene, "producer")


@setup("consumer project", uses=(domain,))
def consumer(scene: Scene) -> str:
    """The project that subscribes; its id."""
    return make_project(scene, "consumer")


def make_form_type(scene: Scene, name: str, smithy: str, **more: Any) -> dict[str, Any]:
    """A form type of the producer."""
    given = {"status": "ENABLED", "owningProjectIdentifier": producer(scene), **more}
    return domain(scene).call("create_form_type", name=name, model={"smithy": smithy}, **given)


def make_asset_type(scene: Scene, name: str, forms: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """An asset type of the producer, from forms by their names."""
    return domain(scene).call("create_asset_type", name=name, owningProjectIdentifier=producer(scene), formsInput=forms)


def slot(name: str, revision: str = "1", *, required: bool = True) -> dict[str, dict[str, Any]]:
    """A form of an asset type."""
    return {name: {"typeIdentifier": name, "typeRevision": revision, "required": required}}


@setup("asset type", uses=(producer,))
def asset_type(scene: Scene) -> str:
    """An asset type with one required form; its name."""
    make_form_type(scene, FORM, SMITHY)
    make_asset_type(scene, TYPE, slot(FORM))
    return TYPE


def make_asset(scene: Scene, **more: Any) -> dict[str, Any]:
    """An asset of the producer."""
    more.setdefault("owningProjectIdentifier", producer(scene))
    more["typeIdentifier"] = more.get("typeIdentifier") or asset_type(scene)
    more.setdefault("formsInput", FORMS)
    more.setdefault("name", scene.name("asset"))
    return domain(scene).call("create_asset", **more)


def change_listing(scene: Scene, entity: str, action: str = "PUBLISH", kind: str = "ASSET") -> dict[str, Any]:
    """Ask to publish or withdraw something."""
    return domain(scene).call("create_listing_change_set", entityIdentifier=entity, entityType=kind, action=action)


def publish(scene: Scene, entity: str, kind: str = "ASSET") -> str:
    """Publish something and wait until it is; its listing's id."""
    listing = str(change_listing(scene, entity, kind=kind)["listingId"])
    wait_for_listing(scene, listing, "ACTIVE")
    return listing


def wait_for_listing(scene: Scene, listing: str, status: str) -> dict[str, Any]:
    """The listing as soon as it has a status."""

    def look() -> dict[str, Any] | None:
        found = domain(scene).call("get_listing", identifier=listing)
        return found if found["status"] == status else None

    return scene.wait(f"the listing to be {status}", look, 300)


@setup("environment", uses=(consumer,), minutes=0.5)
def environment(scene: Scene) -> str:
    """An environment for custom AWS services in the consumer project; its id."""
    here = domain(scene)
    return make_environment(scene, enable_blueprint(here))


def enable_blueprint(here: Domain) -> str:
    """Enable the blueprint for custom AWS services; its id."""
    found = here.call("list_environment_blueprints", managed=True, name="CustomAwsService")["items"]
    blueprint = str(found[0]["id"])
    here.call(
        "put_environment_blueprint_configuration",
        environmentBlueprintIdentifier=blueprint,
        enabledRegions=[here.scene.region],
    )
    return blueprint


def make_environment(scene: Scene, blueprint: str) -> str:
    """A further environment in the consumer project."""
    here = domain(scene)
    made = here.call(
        "create_environment",
        name=scene.name("environment"),
        projectIdentifier=consumer(scene),
        environmentBlueprintIdentifier=blueprint,
        environmentAccountIdentifier=scene.account,
        environmentAccountRegion=scene.region,
    )
    scene.wait(
        "the environment to be active",
        lambda: here.call("get_environment", identifier=made["id"])["status"] == "ACTIVE",
        600,
    )
    return str(made["id"])


@setup("manage access role")
def manage_access_role(scene: Scene) -> str:
    """The role that subscription targets name; it may do nothing."""
    return service_role(scene, "manage-access", "datazone.amazonaws.com")


def make_target(scene: Scene, where: str, **more: Any) -> dict[str, Any]:
    """A subscription target for the asset type in an environment."""
    more.setdefault("subscriptionGrantCreationMode", "AUTOMATIC")
    more["manageAccessRole"] = more.get("manageAccessRole") or manage_access_role(scene)
    more["applicableAssetTypes"] = more.get("applicableAssetTypes") or [asset_type(scene)]
    more.setdefault("name", scene.name("target"))
    given = {key: value for key, value in more.items() if value is not None}
    return domain(scene).call(
        "create_subscription_target",
        environmentIdentifier=where,
        type="BaseSubscriptionTargetType",
        subscriptionTargetConfig=[],
        authorizedPrincipals=[f"arn:aws:iam::{scene.account}:role/contracts-consumer"],
        **given,
    )


@setup("subscription target", uses=(environment, asset_type, manage_access_role))
def target(scene: Scene) -> dict[str, Any]:
    """A subscription target that makes grants at approval."""
    return make_target(scene, environment(scene))


def make_member(scene: Scene, project: str, designation: str) -> Domain:
    """A role that is a member of a project; the domain as it sees it."""
    role = datazone_role(scene, "member")
    domain(scene).call(
        "create_project_membership",
        projectIdentifier=project,
        designation=designation,
        member={"userIdentifier": role},
    )
    return domain(scene).seen_by(role)


def datazone_role(scene: Scene, stem: str, path: str = "/") -> str:
    """A role that IAM lets do everything in DataZone."""
    from_iam = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "datazone:*", "Resource": "*"}]}
    )
    return make_role(scene, stem, from_iam, path=path)
