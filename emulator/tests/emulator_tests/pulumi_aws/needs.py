"""One resource of each type with all its properties, and what a change of each property must look like.

The right-hand side of a case is the real provider's behaviour as its documentation and its source tell it: in place, or
a replacement (``replace=True``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aws_emulator.pulumi_aws.model import Archive

from .harness import DOMAIN, PRODUCER, REGION, Made, Plugin, archive


@dataclass(frozen=True)
class Change:
    """A change of some inputs (None takes one away) and the properties that must show as changed."""

    inputs: dict[str, Any]
    shows: tuple[str, ...] = ()
    replace: bool = False

    @property
    def expected(self) -> set[str]:
        names = set(self.shows or self.inputs)
        return names | ({"tagsAll"} if "tags" in names else set())


def change(replace: bool = False, shows: tuple[str, ...] = (), **inputs: Any) -> Change:
    return Change(inputs, shows, replace)


@dataclass(frozen=True)
class Case:
    """A type, its inputs, and changes.

    Attributes:
        token: the type.
        inputs: (needs) -> inputs.
        changes: (needs) -> changes, each applied to what the one before left if it is in place.
        account: ``domain`` or ``producer``.
        remove: (client factory, made) deletes it by hand; None if nothing can.
        drift: (client factory, made) changes a property by hand, and that property's name.
        import_id: (made) -> the id for an import; None if the real provider has none.
    """

    token: str
    inputs: Callable[[Needs], dict[str, Any]]
    changes: Callable[[Needs], list[Change]]
    account: str = "domain"
    remove: Callable[[Any, Made], Any] | None = None
    drift: tuple[str, Callable[[Any, Made], Any]] | None = None
    import_id: Callable[[Made], str] | None = lambda made: made.id
    unknown_to_import: tuple[str, ...] = ()


@dataclass
class Needs:
    """What the cases need around them: made at first use, through the plugin too."""

    domain: Plugin
    producer: Plugin
    client: Callable[..., Any]
    folder: Path
    made: dict[str, Made] = field(default_factory=dict)
    undo: list[tuple[Plugin, Made]] = field(default_factory=list)

    def once(self, key: str, plugin: Plugin, token: str, inputs: Callable[[], dict[str, Any]]) -> Made:
        """The resource of that key, made if it is not there yet."""
        if key not in self.made:
            self.made[key] = plugin.create(token, inputs(), name=key)
            self.undo.append((plugin, self.made[key]))
        return self.made[key]

    def close(self) -> None:
        """Delete everything, last first."""
        for plugin, made in reversed(self.undo):
            plugin.delete(made)
        self.undo.clear()
        self.made.clear()

    @contextmanager
    def having(self, case: Case) -> Iterator[tuple[Plugin, Made, dict[str, Any]]]:
        """The case's resource, deleted at the end if it is still there."""
        plugin = self.domain if case.account == "domain" else self.producer
        inputs = case.inputs(self)
        made = plugin.create(case.token, inputs, name=f"x-{case.token.split(':')[-1].lower()}")
        yield plugin, made, inputs
        plugin.delete(made)

    # --- surroundings ---
    def role(self, name: str = "role") -> Made:
        return self.once(name, self.domain, "aws:iam/role:Role", lambda: {**ROLE, "name": f"needs-{name}"})

    def working_role(self) -> Made:
        """A role that may do what the functions and machines here need."""
        role = self.role("working")
        inputs = {
            "role": role["name"],
            "name": "work",
            "policy": document(allow(["sqs:*", "logs:*", "lambda:*", "kms:*"])),
        }
        self.once("working-policy", self.domain, "aws:iam/rolePolicy:RolePolicy", lambda: inputs)
        return role

    def key(self, account: str = "domain") -> Made:
        plugin = self.domain if account == "domain" else self.producer
        return self.once(f"key-{account}", plugin, "aws:kms/key:Key", lambda: {"deletionWindowInDays": 7})

    def other_key(self) -> Made:
        return self.once("other-key", self.domain, "aws:kms/key:Key", lambda: {"deletionWindowInDays": 7})

    def boundary(self) -> Made:
        return self.once(
            "boundary",
            self.domain,
            "aws:iam/policy:Policy",
            lambda: {"name": "needs-boundary", "policy": document(allow("*"))},
        )

    def queue(self, name: str = "queue") -> Made:
        return self.once(name, self.domain, "aws:sqs/queue:Queue", lambda: {"name": f"needs-{name}"})

    def log_group(self, name: str = "logs") -> Made:
        return self.once(name, self.domain, "aws:cloudwatch/logGroup:LogGroup", lambda: {"name": f"/needs/{name}"})

    def function(self) -> Made:
        def inputs() -> dict[str, Any]:
            return {
                "name": "needs-function", "role": self.working_role()["arn"], "runtime": "python3.12",
                "handler": "handler.handle", "code": archive(self.folder, "needs.zip"),
            }  # fmt: skip

        return self.once("function", self.domain, "aws:lambda/function:Function", inputs)

    def published(self) -> Made:
        def inputs() -> dict[str, Any]:
            return {
                "name": "needs-published", "role": self.working_role()["arn"], "runtime": "python3.12",
                "handler": "handler.handle", "code": archive(self.folder, "published.zip"), "publish": True,
            }  # fmt: skip

        return self.once("published", self.domain, "aws:lambda/function:Function", inputs)

    def layer(self, text: str = "one") -> Made:
        def inputs() -> dict[str, Any]:
            return {"layerName": "needs", "code": Archive("", f"hash-of-{text}", {"python/words.txt": text})}

        return self.once(f"layer-{text}", self.domain, "aws:lambda/layerVersion:LayerVersion", inputs)

    def bundles(self) -> str:
        """A bucket with two bundles."""
        s3, name = self.client("s3"), "needs-bundles"
        if name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=name)
            for key in ("one.zip", "two.zip"):
                text = f"def handle(event, context):\n    return {key!r}\n"
                s3.put_object(Bucket=name, Key=key, Body=Path(archive(self.folder, key, text).path).read_bytes())
        return name

    def rule(self) -> Made:
        inputs = {"name": "needs-rule", "scheduleExpression": "rate(1 day)"}
        return self.once("rule", self.domain, "aws:cloudwatch/eventRule:EventRule", lambda: inputs)

    def bucket(self, name: str = "needs-bucket") -> Made:
        made = self.once(name, self.domain, "aws:s3/bucket:Bucket", lambda: {"bucket": name, "forceDestroy": True})
        return made

    def trail_bucket(self) -> Made:
        made = self.bucket("needs-trail")
        policy = document(*trail_statements("needs-trail"))
        self.once(
            "trail-policy",
            self.domain,
            "aws:s3/bucketPolicy:BucketPolicy",
            lambda: {"bucket": made.id, "policy": policy},
        )
        return made

    def vpc(self) -> Made:
        return self.once("vpc", self.producer, "aws:ec2/vpc:Vpc", lambda: {"cidrBlock": "10.9.0.0/16"})

    def subnets(self) -> list[str]:
        return [self._subnet(number, zone).id for number, zone in enumerate("abc")]

    def _subnet(self, number: int, zone: str) -> Made:
        inputs = {
            "vpcId": self.vpc().id, "cidrBlock": f"10.9.{number}.0/24", "availabilityZone": f"{REGION}{zone}",
        }  # fmt: skip
        return self.once(f"subnet-{zone}", self.producer, "aws:ec2/subnet:Subnet", lambda: inputs)

    def security_group(self) -> Made:
        return self.once(
            "group", self.producer, "aws:ec2/securityGroup:SecurityGroup",
            lambda: {"name": "needs", "vpcId": self.vpc().id, "egress": []},
        )  # fmt: skip

    # --- DataZone ---
    def domain_role(self) -> Made:
        statement = {
            "Effect": "Allow", "Principal": {"Service": "datazone.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }  # fmt: skip
        inputs = {"name": "needs-domain", "assumeRolePolicy": document(statement)}
        return self.once("domain-role", self.domain, "aws:iam/role:Role", lambda: inputs)

    def governed(self) -> Made:
        inputs = {"name": "needs", "domainExecutionRole": self.domain_role()["arn"], "skipDeletionCheck": True}
        return self.once("domain", self.domain, "aws:datazone/domain:Domain", lambda: inputs)

    def project(self) -> Made:
        inputs = {"domainIdentifier": self.governed().id, "name": "WORLD", "skipDeletionCheck": True}
        return self.once("project", self.domain, "aws:datazone/project:Project", lambda: inputs)

    def asset_type(self) -> str:
        client = self.client("datazone")
        arguments = {"domainIdentifier": self.governed().id, "owningProjectIdentifier": self.project().id}
        for name in ("WorldAssetType", "OtherAssetType"):
            if f"asset-type-{name}" not in self.made:
                client.create_asset_type(**arguments, name=name, formsInput={})
                self.made[f"asset-type-{name}"] = self.project()
        return "WorldAssetType"

    def share(self) -> Made:
        """The domain's share with the producer's account, accepted there."""
        share = self.once("share", self.domain, "aws:ram/resourceShare:ResourceShare", lambda: dict(SHARE))
        own = {"resourceShareArn": share["arn"]}
        self.once(
            "shared-domain", self.domain, "aws:ram/resourceAssociation:ResourceAssociation",
            lambda: {**own, "resourceArn": self.governed()["arn"]},
        )  # fmt: skip
        self.once(
            "shared-account", self.domain, "aws:ram/principalAssociation:PrincipalAssociation",
            lambda: {**own, "principal": PRODUCER},
        )  # fmt: skip
        return share

    def accepted(self) -> Made:
        inputs = {"shareArn": self.share()["arn"]}
        return self.once(
            "accepter", self.producer, "aws:ram/resourceShareAccepter:ResourceShareAccepter", lambda: inputs
        )

    def blueprint(self, name: str = "DefaultDataLake") -> str:
        arguments = {"domainId": self.governed().id, "name": name, "managed": True}
        found, failures = self.domain.invoke("aws:datazone/getEnvironmentBlueprint:getEnvironmentBlueprint", arguments)
        assert failures == []
        return str(found["id"])

    def member_role(self) -> Made:
        inputs = {"name": "needs-environment", "assumeRolePolicy": trust("datazone.amazonaws.com")}
        return self.once("member-role", self.producer, "aws:iam/role:Role", lambda: inputs)

    def blueprint_configuration(self) -> Made:
        self.accepted()
        inputs = {
            "domainId": self.governed().id, "environmentBlueprintId": self.blueprint(), "enabledRegions": [REGION],
            "provisioningRoleArn": self.member_role()["arn"], "manageAccessRoleArn": self.member_role()["arn"],
        }  # fmt: skip
        token = "aws:datazone/environmentBlueprintConfiguration:EnvironmentBlueprintConfiguration"
        return self.once("blueprint", self.producer, token, lambda: inputs)

    def profile(self) -> Made:
        self.blueprint_configuration()
        inputs = profile_inputs(self, "needs")
        return self.once("profile", self.domain, "aws:datazone/environmentProfile:EnvironmentProfile", lambda: inputs)


# --- documents ---
def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(*services: str) -> str:
    return document({"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"})


def trail_statements(bucket: str) -> list[dict[str, Any]]:
    return [
        allow(action, f"arn:aws:s3:::{bucket}{path}", Principal={"Service": "cloudtrail.amazonaws.com"})
        for action, path in (("s3:GetBucketAcl", ""), ("s3:PutObject", "/AWSLogs/*"))
    ]


def key_policy(note: str) -> str:
    root = {"AWS": f"arn:aws:iam::{DOMAIN}:root"}
    return document({"Sid": note, "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"})


def definition(state: str) -> str:
    return json.dumps({"StartAt": state, "States": {state: {"Type": "Pass", "End": True}}})


def profile_inputs(needs: Needs, name: str) -> dict[str, Any]:
    return {
        "domainIdentifier": needs.governed().id, "name": name, "description": "lake", "awsAccountId": PRODUCER,
        "awsAccountRegion": REGION, "environmentBlueprintIdentifier": needs.blueprint(),
        "projectIdentifier": needs.project().id,
    }  # fmt: skip


ROLE = {"assumeRolePolicy": trust("lambda.amazonaws.com", "states.amazonaws.com", "events.amazonaws.com")}
SHARE = {
    "name": "needs", "allowExternalPrincipals": True,
    "permissionArns": ["arn:aws:ram::aws:permission/AWSRAMPermissionAmazonDataZoneDomainFullAccessWithPortalAccess"],
}  # fmt: skip
