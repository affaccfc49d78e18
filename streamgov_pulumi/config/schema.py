"""The JSON schema of a stack file, for editors: completion, descriptions, and most mistakes while typing.

It is built from the patterns with which the configuration is read, so it says the same. What a schema cannot say (two
targets for one environment, a role of another account) the preview says. ``python -m streamgov_pulumi.config.schema``
prints it; ``streamgov.schema.json`` is that, checked in.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from streamgov_core.platforms import PLATFORMS
from streamgov_pulumi.components._settings import RETENTIONS
from streamgov_pulumi.components.data_source import TRAIL_MODES
from streamgov_pulumi.components.request_form import USES
from streamgov_pulumi.config import member as m
from streamgov_pulumi.config import reader as r
from streamgov_pulumi.config.stack import (
    BOUNDARY,
    BY_MODE,
    CHECKS,
    COMMON,
    DESTROY_MODES,
    MODES,
    ORGANIZATION,
    PARTITIONS,
    PROJECT,
    PROVIDER_FLAGS,
    SNS,
    UNIT,
)

Schema = dict[str, Any]


def text(description: str, pattern: re.Pattern[str] | None = None) -> Schema:
    """A string that matches the whole pattern."""
    made: Schema = {"type": "string", "description": description}
    if pattern is not None:
        # JSON schema has ECMA's syntax and searches; ours match the whole text.
        made["pattern"] = f"^(?:{pattern.pattern})$"
    return made


def one_of(description: str, words: Any) -> Schema:
    """One of some words."""
    return {"type": "string", "enum": sorted(words), "description": description}


def flag(description: str, *, top: bool = False) -> Schema:
    """True or false; at the top Pulumi keeps it as text."""
    made: Schema = {"type": "boolean", "description": description}
    return {"enum": [True, False, "true", "false"], "description": description} if top else made


def many(description: str, item: Schema, **more: Any) -> Schema:
    """A list."""
    return {"type": "array", "items": item, "description": description, **more}


def mapping(description: str, value: Schema, names: re.Pattern[str] | None = None) -> Schema:
    """A map with keys of one's own."""
    made: Schema = {"type": "object", "additionalProperties": value, "description": description}
    if names is not None:
        made["propertyNames"] = {"pattern": f"^(?:{names.pattern})$"}
    return made


def section(description: str, required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """A map with known keys."""
    made: Schema = {"type": "object", "description": description, "properties": properties}
    if required:
        made["required"] = list(required)
    return {**made, "additionalProperties": False}


def access() -> dict[str, Schema]:
    """How an account is reached."""
    return {
        "account": text("The 12 digits of the account id, in quotes.", r.ACCOUNT),
        "assumeRoleArn": text("Role to assume with the ambient credentials. Default: those themselves.", r.ROLE_ARN),
        "externalId": text("External id for that role.", m.EXTERNAL_ID),
        "profile": text("Profile of the shared AWS configuration."),
    }


def data_source() -> Schema:
    """A data source of a member account."""
    return section(
        "A Glue schema registry whose schemas become assets.",
        ("platform", "registry", "resource", "projectId"),
        platform=one_of("The streaming platform.", PLATFORMS),
        registry=text("Name of the Glue schema registry; each data source has one of its own.", m.REGISTRY),
        resource=text("MSK: the cluster's ARN or name. Kinesis: the stream's name, ARN or pattern."),
        projectId=text("The project that owns the assets.", r.OBJECT_ID),
        schedule=text("EventBridge schedule of full runs. Default rate(1 hour).", r.SCHEDULE),
        publish=flag("Publish assets without anybody's doing. Default false."),
        topicMapping=text("How a schema's name tells its topic or stream. Default: the same name."),
    )


def target() -> Schema:
    """A subscription target of a member account."""
    return section(
        "Which roles of an environment receive access.",
        ("platform", "environmentId", "principals"),
        platform=one_of("The streaming platform.", PLATFORMS),
        environmentId=text("The consumer's environment.", r.OBJECT_ID),
        principals=many(
            "ARNs of the roles that receive access.", text("A role.", m.PRINCIPAL), minItems=1, maxItems=20
        ),
        name=text("The target's name. Default: the namespace and the platform."),
        grantCreationMode=one_of("AUTOMATIC: a grant is made at approval.", ("AUTOMATIC", "MANUAL")),
        adoptExisting=flag("Take over a target of this name that exists already."),
    )


def member() -> Schema:
    """A member account."""
    return section(
        "An account of producers, consumers or both.",
        ("account",),
        **access(),
        region=text("If it is given, it must be the deployment's.", r.REGION),
        acceptShareArn=text("The domain's resource share to accept (output domainShareArn).", m.SHARE),
        dataSources=mapping("Data sources, by a word of yours.", data_source(), r.WORD),
        targets=mapping("Subscription targets, by a word of yours.", target(), r.WORD),
        trail=one_of("CloudTrail trail for schema events. Default find.", TRAIL_MODES),
        trailArn=text("ARN of the trail, if known.", m.TRAIL),
        consumerRoles=many(
            "The only roles that may be given access: ARNs or patterns.", text("A role.", m.ROLE_PATTERN)
        ),
        requireBoundary=flag("Only roles that carry the consumer boundary may be given access. Default true."),
        boundaryExtraActions=many("Further actions that the consumers' own jobs need.", text("An action.", m.ACTION)),
        manualAssets=mapping(
            "Owning project to ARN patterns which assets made by hand may name.",
            many("ARN patterns.", text("A pattern.", PLATFORMS.manual_asset_pattern)),
        ),
    )


def domain() -> Schema:
    """The DataZone domain."""
    return section(
        "The DataZone domain.",
        ("account", "id"),
        **access(),
        id=text("The domain's id, dzd…", r.DOMAIN_ID),
        region=text("If it is given, it must be the deployment's.", r.REGION),
        typesProjectId=text("The project that owns the form and asset types.", r.OBJECT_ID),
        usableInDomainUnit=text("Domain unit whose projects may create assets of our types.", r.OBJECT_ID),
        share=flag("Share the domain with the members here. Default true."),
        withinOrganization=flag("The members are of the domain's organisation: they need not accept."),
        organizationId=text("Trust member accounts by organisation instead of by name.", ORGANIZATION),
        memberProjects=mapping("Projects whose grants are handled, by a word.", text("A project's id.", r.OBJECT_ID)),
        contributors=mapping(
            "Data sources' roles of member accounts with stacks of their own, by a word.",
            section(
                "A role that becomes a contributor of a project.",
                ("projectId", "roleArn"),
                projectId=text("The project.", r.OBJECT_ID),
                roleArn=text("The role; it must exist.", r.ROLE_ARN),
            ),
            r.WORD,
        ),
        adoptExisting=flag("Take over form and asset types that exist already; for one `pulumi up`."),
        allowBreaking=flag("Accept changes of form types that old assets cannot follow; for one `pulumi up`."),
        managedVpc=flag("Grants across accounts include managed VPC connections to the cluster. Default true."),
        crossAccountServerless=flag("Try grants on serverless clusters across accounts. Default false."),
        principalAccounts=mapping(
            "Environment account to further accounts whose roles its targets may name.",
            many("Accounts.", text("An account.", r.ACCOUNT)),
            r.ACCOUNT,
        ),
        reconcile=section(
            "The reconciler compares grants with what is deployed.",
            schedule={
                "description": "EventBridge schedule, or never. Default every hour.",
                "anyOf": [text("A schedule.", r.SCHEDULE), {"const": "never"}],
            },
            repairs=flag("It repairs what it finds; false lets it only report. Default true."),
        ),
        requestForm=section(
            "The form with which people ask for a stream: access, consumption, until.",
            use=one_of("required: a rule refuses requests for our assets without it. Default optional.", USES),
            domainUnitId=text("Domain unit that the rule stands on. Default: the domain's root.", UNIT),
            dataProducts=flag("Requests for data products need the form, too. Default false."),
        ),
    )


def settings() -> dict[str, Schema]:
    """Every key of the configuration, without the project's prefix."""
    retention = [*RETENTIONS, *map(str, RETENTIONS)]
    plain = section("An account of the sandbox.", ("account",), **access())
    return {
        "mode": one_of("What this stack deploys.", MODES),
        "region": text("The one region of the deployment.", r.REGION),
        "namespace": text("Prefix of every physical name. Default streamgov."),
        "partition": one_of("Default aws.", PARTITIONS),
        "platforms": many("Streaming platforms. Default: all.", one_of("A platform.", PLATFORMS)),
        "tags": mapping("Tags of every resource.", {"type": "string"}),
        "logRetentionDays": {"enum": retention, "description": "Days that logs are kept. Default 90."},
        "permissionsBoundaryName": text("Policy, in every account, that our own roles carry.", BOUNDARY),
        "alarmTopics": many("SNS topics that alarms notify.", text("An ARN.", SNS)),
        "deletionProtection": flag("Protect the ledgers from deletion. Default true.", top=True),
        "destroy": one_of("What a destroy does while assets, listings or grants live.", DESTROY_MODES),
        "checkPermissions": one_of("What a preview does about permissions the deploying role lacks.", CHECKS),
        "provider": section("Further inputs of the AWS providers.", (), **{key: flag(key) for key in PROVIDER_FLAGS}),
        "accounts": section(
            "The sandbox's accounts.", ("domain", "producer", "consumer"), domain=plain, producer=plain, consumer=plain
        ),
        "domain": domain(),
        "members": many("The accounts of producers and consumers.", member(), minItems=1),
        "memberAccounts": many("The member accounts; each has a stack of its own.", text("An account.", r.ACCOUNT)),
        "member": member(),
    }


REQUIRED = {
    "sandbox": ["accounts"],
    "all": ["domain", "members"],
    "domain": ["domain", "memberAccounts"],
    "member": ["domain", "member"],
}


def schema() -> Schema:
    """The whole: a ``Pulumi.<stack>.yaml`` whose keys of other projects and of Pulumi itself are let pass."""
    known = settings()
    assert set(known) == {"mode", *COMMON}.union(*BY_MODE.values())  # a key without its schema would be refused
    modes = []
    for mode in MODES:
        foreign = sorted(set(known) - COMMON - BY_MODE[mode])
        then: Schema = {
            "required": [f"{PROJECT}:{key}" for key in ("region", *REQUIRED[mode])],
            "properties": {f"{PROJECT}:{key}": False for key in foreign},
        }
        if mode in ("all", "domain"):
            then["properties"][f"{PROJECT}:domain"] = {"required": ["typesProjectId"]}
        modes.append({"if": {"properties": {f"{PROJECT}:mode": {"const": mode}}}, "then": then})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Stack file of streamgov_pulumi",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "required": [f"{PROJECT}:mode"],
                "properties": {f"{PROJECT}:{key}": value for key, value in known.items()},
                "patternProperties": {f"^(?!{PROJECT}:)": True},
                "additionalProperties": False,
                "allOf": modes,
            }
        },
    }


def rendered() -> str:
    """The text of ``streamgov.schema.json``."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(rendered())
