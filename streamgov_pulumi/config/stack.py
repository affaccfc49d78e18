"""The stack's configuration (``streamgov:…`` in ``Pulumi.<stack>.yaml``), checked as a whole at preview.

Modes: ``sandbox`` (the local stack with a domain of its own), ``all`` (domain and members from one program), ``domain``
and ``member`` (one account each, by teams of their own).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import DEFAULT_NAMESPACE, Names
from streamgov_core.platforms import PLATFORMS
from streamgov_pulumi.components._settings import RETENTIONS, AccountArgs
from streamgov_pulumi.components.governance_args import (
    ContributorArgs,
    DomainArgs,
    MemberArgs,
    RequestFormArgs,
    StreamGovernanceArgs,
)
from streamgov_pulumi.components.request_form import REQUIRED, USES
from streamgov_pulumi.config import reader as r
from streamgov_pulumi.config.member import (
    ACCESS,
    ACCOUNT_TEXT,
    read_access,
    read_member,
    read_principal_accounts,
    same_region,
)

PROJECT = "streamgov"
DESTROY_MODES = ("refuse", "cascade")
CHECKS = ("warn", "refuse", "never")
"""What a preview does about permissions that the deploying role lacks."""
MODES = ("all", "domain", "member", "sandbox")
PROVIDER_FLAGS = {
    "s3UsePathStyle": "s3_use_path_style",
    "skipCredentialsValidation": "skip_credentials_validation",
    "skipMetadataApiCheck": "skip_metadata_api_check",
    "skipRegionValidation": "skip_region_validation",
    "skipRequestingAccountId": "skip_requesting_account_id",
}
COMMON = {
    "mode",
    "region",
    "namespace",
    "partition",
    "platforms",
    "tags",
    "logRetentionDays",
    "permissionsBoundaryName",
    "alarmTopics",
    "deletionProtection",
    "destroy",
    "checkPermissions",
    "provider",
}
BY_MODE = {
    "sandbox": {"accounts"},
    "all": {"domain", "members"},
    "domain": {"domain", "memberAccounts"},
    "member": {"domain", "member"},
}
SNS = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}")
ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
UNIT = re.compile(r"[a-z0-9_-]{1,256}")
PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
BOUNDARY = re.compile(r"[\w+=,.@/-]{1,128}", re.ASCII)


@dataclass(frozen=True)
class StackConfig:
    """A checked configuration.

    Args:
        mode: which stack this is.
        region: the one region.
        namespace: prefix of physical names.
        common: arguments of the facade that every mode shares.
        accounts: the three accounts of the sandbox.
        governance: the facade's arguments, complete in every mode but ``sandbox``.
        check_permissions: one of CHECKS.
    """

    mode: str
    region: str
    namespace: str
    common: Mapping[str, Any] = field(default_factory=dict)
    accounts: Mapping[str, AccountArgs] = field(default_factory=dict)
    governance: StreamGovernanceArgs | None = None
    check_permissions: str = CHECKS[0]


def load() -> StackConfig:
    """Read and check the current stack's configuration.

    Raises:
        ConfigError: all mistakes, one a line.
    """
    config = pulumi.Config(PROJECT)
    raw: dict[str, Any] = {}
    for key in _configured_keys():
        value = config.get(key)
        if value is not None:
            raw[key] = value_of(value)
    return parse(raw)


def _configured_keys() -> list[str]:
    # The SDK has no call that lists keys; without the list a misspelt key would be ignored in silence.
    known = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    return sorted(key.split(":", 1)[1] for key in known if key.startswith(f"{PROJECT}:"))


def value_of(text: str) -> Any:
    """Objects, lists, numbers and flags arrive as JSON, strings as they are. Digits in quotes stay a string."""
    if text[:1] in "{[" or text in ("true", "false"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def parse(raw: Mapping[str, Any]) -> StackConfig:
    """Check a configuration.

    Args:
        raw: key without the project's prefix -> value, objects as maps.

    Raises:
        ConfigError: all mistakes, one a line.
    """
    problems = r.Problems()
    mode = str(raw.get("mode") or "")
    if mode not in MODES:
        problems.add("mode", f"must be one of {', '.join(MODES)}, got {mode!r}")
        problems.check()
    top = r.Section(raw, "", problems, COMMON | BY_MODE[mode])
    common = _common(top)
    region = top.text("region", r.REGION, "must be an AWS region such as 'eu-west-1'", required=True) or ""
    accounts: dict[str, AccountArgs] = {}
    governance: StreamGovernanceArgs | None = None
    if mode == "sandbox":
        accounts = _sandbox_accounts(top)
    else:
        governance = _governance(top, mode, region, common)
    check = top.choice("checkPermissions", CHECKS) or CHECKS[0]
    problems.check()
    namespace = str(common.get("namespace", DEFAULT_NAMESPACE))
    return StackConfig(mode, region, namespace, common, accounts, governance, check)


def _common(top: r.Section) -> dict[str, Any]:
    made: dict[str, Any] = {}
    namespace = top.text("namespace", None, "must be text")
    if namespace is not None:
        try:
            Names(namespace)
        except ConfigError as error:
            top.problems.add("namespace", str(error))
    retention = top.values.get("logRetentionDays")
    if isinstance(retention, str) and retention.isdigit():
        top.values = {**top.values, "logRetentionDays": int(retention)}
    flags = top.section("provider", PROVIDER_FLAGS)
    values: dict[str, Any] = {
        "namespace": namespace,
        "partition": top.choice("partition", PARTITIONS),
        "platforms": _platforms(top),
        "tags": top.text_map("tags") or None,
        "log_retention_days": top.number("logRetentionDays", RETENTIONS),
        "permissions_boundary_name": top.text("permissionsBoundaryName", BOUNDARY, "must be a policy's path and name"),
        "alarm_topics": top.texts("alarmTopics", SNS, "must be the ARN of an SNS topic") or None,
        "deletion_protection": top.flag("deletionProtection"),
        "on_destroy": top.choice("destroy", DESTROY_MODES),
    }
    if flags is not None:
        values["provider_flags"] = {name: flags.flag(key) for key, name in PROVIDER_FLAGS.items() if flags.has(key)}
    made.update({key: value for key, value in values.items() if value is not None})
    return made


def _platforms(top: r.Section) -> list[str] | None:
    if not top.has("platforms"):
        return None
    names = re.compile("|".join(map(re.escape, PLATFORMS)))
    return top.texts("platforms", names, f"must be one of {', '.join(sorted(PLATFORMS))}")


def _sandbox_accounts(top: r.Section) -> dict[str, AccountArgs]:
    words = ("domain", "producer", "consumer")
    accounts = top.section("accounts", words, required=True)
    made: dict[str, AccountArgs] = {}
    if accounts is None:
        return made
    for word in words:
        section = accounts.section(word, ACCESS, required=True)
        if section is not None:
            made[word] = read_access(section)
    used = [access["account"] for access in made.values()]
    if len(set(used)) != len(used):
        top.problems.add("accounts", "the sandbox needs three different accounts")
    return made


def _governance(top: r.Section, mode: str, region: str, common: Mapping[str, Any]) -> StreamGovernanceArgs:
    domain = _domain(top, mode, region)
    members: list[MemberArgs] = []
    if mode == "domain":
        accounts = top.texts("memberAccounts", r.ACCOUNT, ACCOUNT_TEXT, required=True)
        members = [{"access": {"account": account}, "deploy": False} for account in accounts]
    elif mode == "member":
        if not top.has("member"):
            top.problems.add("member", "is required")
        else:
            members = [read_member(top.values["member"], "member", top, region)]
    else:
        listed = top.values.get("members")
        if not isinstance(listed, list) or not listed:
            top.problems.add("members", f"must be a list of at least one account, got {listed!r}")
        else:
            members = [read_member(item, f"members[{index}]", top, region) for index, item in enumerate(listed)]
    seen: set[str] = set()
    for member in members:
        account = member["access"]["account"]
        if account in seen:
            top.problems.add("members" if mode == "all" else "memberAccounts", f"account {account} occurs twice")
        seen.add(account)
    return {"region": region, "domain": domain, "members": members, **common}  # type: ignore[typeddict-item]


def _domain(top: r.Section, mode: str, region: str) -> DomainArgs:
    keys = {*ACCESS, "id", "region"}
    if mode != "member":
        keys |= {
            "typesProjectId",
            "usableInDomainUnit",
            "share",
            "withinOrganization",
            "organizationId",
            "memberProjects",
            "contributors",
            "adoptExisting",
            "allowBreaking",
            "managedVpc",
            "crossAccountServerless",
            "principalAccounts",
            "reconcile",
            "requestForm",
        }
    section = top.section("domain", keys, required=True)
    if section is None:
        return {"access": {"account": ""}, "domain_id": ""}
    same_region(section, region)
    expected = "must be the id of a DataZone domain such as 'dzd-4p9n6sw4qt9xgn'"
    domain: DomainArgs = {
        "access": read_access(section),
        "domain_id": section.text("id", r.DOMAIN_ID, expected, required=True) or "",
    }
    if mode == "member":
        domain["deploy"] = False
        return domain
    project = section.text("typesProjectId", r.OBJECT_ID, "must be a project's id", required=True)
    if project is not None:
        domain["types_project_id"] = project
    unit = section.text("usableInDomainUnit", r.OBJECT_ID, "must be a domain unit's id")
    if unit is not None:
        domain["usable_in_domain_unit"] = unit
    for key, name in (
        ("share", "share"),
        ("withinOrganization", "within_organization"),
        ("adoptExisting", "adopt_existing"),
        ("allowBreaking", "allow_breaking"),
        ("managedVpc", "managed_vpc"),
        ("crossAccountServerless", "cross_account_serverless"),
    ):
        value = section.flag(key)
        if value is not None:
            domain[name] = value  # type: ignore[literal-required]
    organization = section.text("organizationId", ORGANIZATION, "must be an organisation's id (o-…)")
    if organization is not None:
        domain["organization_id"] = organization
    projects = section.text_map("memberProjects")
    for word, project_id in projects.items():
        if not r.OBJECT_ID.fullmatch(project_id):
            section.problems.add(
                f"{section.at('memberProjects')}.{word}", f"must be a project's id, got {project_id!r}"
            )
    if projects:
        domain["member_projects"] = projects
    principals = read_principal_accounts(section)
    if principals:
        domain["principal_accounts"] = principals
    _reconcile(section, domain)
    _request_form(section, domain)
    contributors = section.each("contributors", lambda item, at: _contributor(item, at, top.problems))
    if contributors:
        domain["contributors"] = contributors
    return domain


def _reconcile(section: r.Section, domain: DomainArgs) -> None:
    """When the reconciler runs and whether it repairs; ``schedule: never`` turns it off."""
    reconcile = section.section("reconcile", ("schedule", "repairs"))
    if reconcile is None:
        return
    if reconcile.values.get("schedule") == "never":
        domain["reconcile_schedule"] = ""
    else:
        schedule = reconcile.text("schedule", r.SCHEDULE, f"{r.SCHEDULE_TEXT}, or 'never'")
        if schedule is not None:
            domain["reconcile_schedule"] = schedule
    repairs = reconcile.flag("repairs")
    if repairs is not None:
        domain["reconcile_repairs"] = repairs


def _request_form(section: r.Section, domain: DomainArgs) -> None:
    """The form with which people ask for a stream, and whether a rule makes them use it."""
    form = section.section("requestForm", ("use", "domainUnitId", "dataProducts"))
    if form is None:
        return
    made: RequestFormArgs = {}
    use = form.choice("use", USES)
    if use is not None:
        made["use"] = use
    unit = form.text("domainUnitId", UNIT, "must be a domain unit's id (lower-case letters, digits, '_' or '-')")
    if unit is not None:
        made["domain_unit_id"] = unit
    products = form.flag("dataProducts")
    if products is not None:
        made["data_products"] = products
    if use != REQUIRED:
        for key in ("domainUnitId", "dataProducts"):
            if form.has(key):
                form.problems.add(
                    form.at(key), f"says where the rule holds, and there is one with use: {REQUIRED} only"
                )
    domain["request_form"] = made


def _contributor(value: Any, path: str, problems: r.Problems) -> ContributorArgs:
    section = r.Section(value, path, problems, ("projectId", "roleArn"))
    return {
        "project_id": section.text("projectId", r.OBJECT_ID, "must be a project's id", required=True) or "",
        "role_arn": section.text("roleArn", r.ROLE_ARN, "must be the ARN of an IAM role", required=True) or "",
    }
