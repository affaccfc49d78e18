"""Reading what the configuration says of an account: how it is reached, its data sources, its targets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from streamgov_core.catalog.mapping import topic_mapping
from streamgov_core.model.errors import ConfigError
from streamgov_core.platforms import PLATFORMS
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.components.data_source import TRAIL_MODES
from streamgov_pulumi.components.governance_args import DataSourceArgs, MemberArgs, TargetArgs
from streamgov_pulumi.config import reader as r

ACCESS = ("account", "assumeRoleArn", "externalId", "profile")
ACCOUNT_TEXT = "must be the 12 digits of an AWS account id, in quotes"
PRINCIPAL = re.compile(r"arn:aws(|-cn|-us-gov):iam::\d{12}:role/[a-zA-Z0-9/._-]+", re.ASCII)
ROLE_PATTERN = re.compile(r"arn:aws(|-cn|-us-gov):iam::\d{12}:role/[\w+=,.@/*-]+", re.ASCII)
REGISTRY = re.compile(r"[a-zA-Z0-9_$#.-]{1,255}")
SHARE = re.compile(r"arn:aws[a-z-]*:ram:[a-z0-9-]+:\d{12}:resource-share/[0-9a-f-]{36}")

TRAIL = re.compile(r"arn:aws[a-z-]*:cloudtrail:.+:trail/.+")
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z*]+")


def read_access(section: r.Section) -> AccountArgs:
    """How an account is reached."""
    access: AccountArgs = {"account": section.text("account", r.ACCOUNT, ACCOUNT_TEXT, required=True) or ""}
    role = section.text("assumeRoleArn", r.ROLE_ARN, "must be the ARN of an IAM role")
    if role is not None:
        access["assume_role_arn"] = role
        if access["account"] and role.split(":")[4] != access["account"]:
            section.wrong("assumeRoleArn", f"must be a role of account {access['account']}")
    external = section.text("externalId", EXTERNAL_ID, "must be an external id")
    if external is not None:
        access["external_id"] = external
    profile = section.text("profile", None, "must be the name of an AWS profile")
    if profile is not None:
        access["profile"] = profile
    return access


def read_principal_accounts(section: r.Section) -> dict[str, list[str]]:
    """Environment account -> further accounts whose roles its targets may name."""
    key = "principalAccounts"
    value = section.values.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        section.wrong(key, "must be a map from an account to a list of accounts")
        return {}
    inner = r.Section(value, section.at(key), section.problems, value)
    for account in value:
        if not isinstance(account, str) or not r.ACCOUNT.fullmatch(account):
            section.problems.add(f"{section.at(key)}.{account}", ACCOUNT_TEXT)
    return {str(account): inner.texts(account, r.ACCOUNT, ACCOUNT_TEXT) for account in value}


def same_region(section: r.Section, region: str) -> None:
    """A region named here must be the deployment's."""
    named = section.text("region", r.REGION, "must be an AWS region")
    if named is not None and region and named != region:
        section.wrong(
            "region", f"must be {region}, the region of the deployment: Step Functions makes no calls across regions"
        )


def read_member(value: Any, path: str, top: r.Section, region: str) -> MemberArgs:
    """One member account."""
    keys = {
        *ACCESS,
        "region",
        "acceptShareArn",
        "dataSources",
        "targets",
        "trail",
        "trailArn",
        "consumerRoles",
        "requireBoundary",
        "boundaryExtraActions",
        "manualAssets",
    }
    section = r.Section(value, path, top.problems, keys)
    same_region(section, region)
    member: MemberArgs = {"access": read_access(section)}
    account = member["access"]["account"]
    member["data_sources"] = section.each("dataSources", lambda item, at: _data_source(item, at, top.problems))
    member["targets"] = section.each("targets", lambda item, at: _target(item, at, top.problems))
    _distinct_targets(member["targets"], section)
    member["consumer_roles"] = section.texts(
        "consumerRoles", ROLE_PATTERN, "must be the ARN, or a pattern of ARNs, of IAM roles"
    )
    for index, role in enumerate(member["consumer_roles"]):
        if account and role.count(":") >= 5 and role.split(":")[4] != account:
            top.problems.add(f"{section.at('consumerRoles')}[{index}]", f"must be of account {account}, got {role!r}")
    member["boundary_extra_actions"] = section.texts("boundaryExtraActions", ACTION, "must be an IAM action")
    member["manual_assets"] = {
        project: _patterns(section, project, patterns)
        for project, patterns in (section.values.get("manualAssets") or {}).items()
    }
    boundary, share = (
        section.flag("requireBoundary"),
        section.text("acceptShareArn", SHARE, "must be a RAM share's ARN"),
    )
    if boundary is not None:
        member["require_boundary"] = boundary
    if share is not None:
        member["accept_share_arn"] = share
        if region and share.split(":")[3] != region:
            section.wrong("acceptShareArn", f"must be a share of {region}, the region of the deployment")
    trail = section.choice("trail", TRAIL_MODES)
    if trail is not None:
        member["trail"] = trail
    trail_arn = section.text("trailArn", TRAIL, "must be a trail's ARN")
    if trail_arn is not None:
        member["trail_arn"] = trail_arn
    return member


def _patterns(section: r.Section, project: str, patterns: Any) -> list[str]:
    where = f"{section.at('manualAssets')}.{project}"
    if not isinstance(patterns, list):
        section.problems.add(where, f"must be a list of topic or stream ARN patterns, got {patterns!r}")
        return []
    for index, pattern in enumerate(patterns):
        if not isinstance(pattern, str) or not PLATFORMS.manual_asset_pattern.fullmatch(pattern):
            section.problems.add(
                f"{where}[{index}]", f"must be the ARN pattern of topics of one cluster, or of streams, got {pattern!r}"
            )
    return [str(pattern) for pattern in patterns]


def _distinct_targets(targets: Mapping[str, TargetArgs], section: r.Section) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for word, target in targets.items():
        key = (target["platform"], target["environment_id"])
        if key in seen:
            section.problems.add(
                f"{section.at('targets')}.{word}",
                f"is a second target for {key[0]} in environment {key[1]} (the first is {seen[key]!r}): one is enough, "
                "with up to 20 principals",
            )
        seen[key] = word


def _data_source(value: Any, path: str, problems: r.Problems) -> DataSourceArgs:
    keys = ("platform", "registry", "resource", "projectId", "schedule", "publish", "topicMapping", "withoutSchema")
    section = r.Section(value, path, problems, keys)
    made: DataSourceArgs = {
        "platform": _platform(section),
        "registry_name": section.text("registry", REGISTRY, "must be a Glue schema registry's name", required=True)
        or "",
        "resource": section.text("resource", None, "must be a cluster's or stream's ARN or name", required=True) or "",
        "project_id": section.text("projectId", r.OBJECT_ID, "must be a project's id", required=True) or "",
    }
    schedule = section.text("schedule", r.SCHEDULE, r.SCHEDULE_TEXT)
    if schedule is not None:
        made["schedule"] = schedule
    publish = section.flag("publish")
    if publish is not None:
        made["publish"] = publish
    mapping = section.text("topicMapping", None, "must be text")
    if mapping is not None:
        try:
            topic_mapping(mapping)
        except ConfigError as error:
            section.problems.add(section.at("topicMapping"), f"is wrong: {error}")
        made["topic_mapping"] = mapping
    without_schema = section.flag("withoutSchema")
    if without_schema is not None:
        made["without_schema"] = without_schema
    return made


def _platform(section: r.Section) -> str:
    if not section.has("platform"):
        section.problems.add(section.at("platform"), f"is required: one of {', '.join(sorted(PLATFORMS))}")
        return ""
    return section.choice("platform", PLATFORMS) or ""


def _target(value: Any, path: str, problems: r.Problems) -> TargetArgs:
    keys = ("platform", "environmentId", "principals", "name", "grantCreationMode", "adoptExisting")
    section = r.Section(value, path, problems, keys)
    principals = section.texts(
        "principals",
        PRINCIPAL,
        "must be the ARN of an IAM role (no user, account root or session) without '+', '=', ',' or '@' in its name",
        required=True,
    )
    if section.has("principals") and not 1 <= len(principals) <= 20:
        problems.add(section.at("principals"), f"must hold 1 to 20 roles (DataZone's limit), got {len(principals)}")
    made: TargetArgs = {
        "platform": _platform(section),
        "environment_id": section.text("environmentId", r.OBJECT_ID, "must be an environment's id", required=True)
        or "",
        "principals": list(principals),
    }
    name = section.text("name", re.compile(r".{1,256}"), "must be 1 to 256 characters")
    if name is not None:
        made["target_name"] = name
    mode = section.choice("grantCreationMode", ("AUTOMATIC", "MANUAL"))
    if mode is not None:
        made["grant_creation_mode"] = mode
    adopt = section.flag("adoptExisting")
    if adopt is not None:
        made["adopt_existing"] = adopt
    return made
