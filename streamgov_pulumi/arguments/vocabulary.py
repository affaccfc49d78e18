"""The rules that the argument types use, one for each kind of value."""

from __future__ import annotations

import re
from typing import Any

from streamgov_core.catalog.mapping import topic_mapping
from streamgov_core.domain.grant_ends import DAYS_PATTERN
from streamgov_core.model.access_role import DELIVERIES
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import (
    ACCOUNT_PATTERN,
    NAMESPACE_PATTERN,
    PARTITION_PATTERN,
    PARTITIONS,
    REGION_PATTERN,
)
from streamgov_core.platforms import PLATFORMS
from streamgov_pulumi.arguments.choices import (
    CHECKS,
    DESTROY_MODES,
    GRANT_CREATION_MODES,
    REQUEST_FORM_USES,
    TRAIL_MODES,
)
from streamgov_pulumi.arguments.regions import unknown_region
from streamgov_pulumi.arguments.rules import Choice, Keys, Text

_ARN = f"arn:{PARTITION_PATTERN}"
_IN_REGION = f"{REGION_PATTERN}:{ACCOUNT_PATTERN}"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Days that CloudWatch Logs can keep a log group's events (API PutRetentionPolicy)."""


def _number_for_account(value: Any) -> str:
    """What YAML made of an account id without quotes."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < 0:
        return ""
    expected, number = ACCOUNT.expected, int(value)
    octal = f"0{number:o}"
    if len(octal) == 12:
        return f"{expected}; without quotes YAML read {octal} as an octal number, got {number}"
    if len(str(number)) < 12:
        return f"{expected}; without quotes YAML drops leading zeros, got {number}"
    return f"{expected}; put it in quotes, got {number}"


def _manual_asset(value: Any) -> str:
    """Why a pattern of a topic is not taken."""
    if not isinstance(value, str):
        return ""
    found = re.match(rf"{_ARN}:kafka:{_IN_REGION}:topic/([^/]*)/([^/]*)", value)
    if found is not None and ("*" in found[1] or "*" in found[2]):
        return (
            "names the cluster by a pattern: only the topic's name may hold '*'. Write the cluster's name and the UUID "
            f"of its ARN, such as {MANUAL_ASSET.example}, got {value!r}"
        )
    if found is not None:
        return f"names no topic: write …:topic/<cluster>/<UUID>/<topic or pattern>, got {value!r}"
    return ""


def _schedule(value: Any) -> str:
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", value) if isinstance(value, str) else None
    if found is None:
        return ""
    unit = found[2] if found[1] == "1" else f"{found[2]}s"
    return f"{SCHEDULE.expected}: did you mean 'rate({found[1]} {unit})'?, got {value!r}"


def _mapping(value: str) -> str:
    try:
        topic_mapping(value)
    except ConfigError as error:
        return f"is wrong: {error}"
    return ""


ACCOUNT = Text(
    "must be the 12 digits of an AWS account id, in quotes",
    ACCOUNT_PATTERN,
    "111122223333",
    explain=_number_for_account,
    find="aws sts get-caller-identity --query Account",
)
REGION = Text(
    "must be an AWS region such as 'eu-west-1'",
    REGION_PATTERN,
    "eu-west-1",
    judge=unknown_region,
    find="aws configure get region",
)
NAMESPACE = Text(
    "must be 2 to 16 characters of a-z, 0-9 and '-', beginning with a letter and not ending with '-'",
    NAMESPACE_PATTERN,
    "team-a",
)
PARTITION = Choice(PARTITIONS)
PLATFORM = Choice(tuple(sorted(PLATFORMS)))
DAYS = Text("must be a number of days such as '90d'", DAYS_PATTERN.replace(r"\d", "[0-9]"), "90d")
RETENTION = Choice(RETENTIONS)
CONCURRENCY = Choice((2, 5, 10, 20, 50, 100, 200, 500))
TRAIL_MODE = Choice(TRAIL_MODES)
REQUEST_FORM_USE = Choice(REQUEST_FORM_USES)
GRANT_CREATION_MODE = Choice(GRANT_CREATION_MODES)
CHECK = Choice(CHECKS)
DELIVERY = Choice(DELIVERIES)
DESTROY_MODE = Choice(DESTROY_MODES)

DOMAIN_ID = Text(
    "must be the id of a DataZone domain such as 'dzd-4p9n6sw4qt9xgn'",
    "dzd[-_][a-zA-Z0-9_-]{1,36}",
    "dzd-4p9n6sw4qt9xgn",
    find="aws datazone list-domains",
)
DOMAIN_ARN = Text(
    "must be the ARN of a DataZone domain",
    f"{_ARN}:datazone:{_IN_REGION}:domain/dzd[-_][a-zA-Z0-9_-]{{1,36}}",
    "arn:aws:datazone:eu-west-1:111122223333:domain/dzd-4p9n6sw4qt9xgn",
    find="aws datazone list-domains",
)
_OBJECT = "[a-zA-Z0-9_-]{1,36}"
PROJECT_ID = Text(
    "must be a project's id", _OBJECT, "1p2r3o4d5u6c7e", find="aws datazone list-projects --domain-identifier <domain>"
)
ENVIRONMENT_ID = Text(
    "must be an environment's id",
    _OBJECT,
    "9a8b7c6d5e4f3g",
    find="aws datazone list-environments --domain-identifier <domain> --project-identifier <project>",
)
DOMAIN_UNIT_ID = Text(
    "must be a domain unit's id (lower-case letters, digits, '_' or '-')",
    "[a-z0-9_-]{1,256}",
    "4r5o6o7t8u9n0t",
    find="aws datazone get-domain --identifier <domain> --query rootDomainUnitId, and list-domain-units-for-parent",
)
ORGANIZATION_ID = Text(
    "must be an organisation's id (o-…)",
    "o-[a-z0-9]{10,32}",
    "o-a1b2c3d4e5",
    find="aws organizations describe-organization",
)

DEPLOYER_ROLE = Text(
    "must be the ARN of an IAM role",
    f"{_ARN}:iam::{ACCOUNT_PATTERN}:role/[a-zA-Z0-9_+=,.@/-]+",
    "arn:aws:iam::111122223333:role/streamgov-deployer",
    own_account=True,
    find="aws iam get-role --role-name <name>",
)
CONTRIBUTOR_ROLE = Text(
    DEPLOYER_ROLE.expected,
    DEPLOYER_ROLE.pattern,
    "arn:aws:iam::111122223333:role/streamgov/streamgov/streamgov-eu-west-1-sync-orders",
    find="pulumi stack output dataSourceRoleArns, in the member's stack",
)
PRINCIPAL = Text(
    "must be the ARN of an IAM role (no user, account root or session) without '+', '=', ',' or '@' in its name",
    f"{_ARN}:iam::{ACCOUNT_PATTERN}:role/[a-zA-Z0-9/._-]+",
    "arn:aws:iam::111122223333:role/streaming/fraud-job",
    find="aws iam list-roles --path-prefix /streaming/",
)
CONSUMER_ROLE = Text(
    "must be the ARN, or a pattern of ARNs, of IAM roles",
    f"{_ARN}:iam::{ACCOUNT_PATTERN}:role/[a-zA-Z0-9_+=,.@/*-]+",
    "arn:aws:iam::111122223333:role/streaming/*",
    own_account=True,
    find="aws iam list-roles",
)
CONNECTION_ROLE = Text(
    "must be the ARN of one IAM role that consumerRoles covers",
    PRINCIPAL.pattern,
    "arn:aws:iam::111122223333:role/streaming/network",
    own_account=True,
    find="aws iam list-roles",
)
RESOURCE_KEY = Text(
    "must be the ARN of a KMS key, or an alias, which may hold '*'",
    f"{_ARN}:kms:{_IN_REGION}:key/[a-zA-Z0-9-]{{1,128}}|alias/[a-zA-Z0-9/_*-]{{1,250}}",
    "alias/streams-*",
    find="aws kms list-aliases",
)
EXTERNAL_ID = Text(
    "must be an external id: 2 to 1224 letters, digits or characters of '_+=,.@:/-'",
    "[a-zA-Z0-9_+=,.@:/-]{2,1224}",
    secret=True,
    find="aws iam get-role --role-name <name>, condition sts:ExternalId of its trust policy",
)
PROFILE = Text("must be the name of an AWS profile", find="aws configure list-profiles")
BOUNDARY_NAME = Text(
    "must be a policy's path and name",
    "[a-zA-Z0-9_+=,.@/-]{1,128}",
    "corp/developer-boundary",
    find="aws iam list-policies --scope Local",
)
BOUNDARY_ARN = Text(
    "must be the ARN of an IAM policy",
    f"{_ARN}:iam::{ACCOUNT_PATTERN}:policy/[a-zA-Z0-9_+=,.@/-]+",
    "arn:aws:iam::111122223333:policy/streamgov/streamgov/streamgov-eu-west-1-consumer-boundary",
    own_account=True,
    find="pulumi stack output consumerBoundaryArns",
)
IAM_ACTION = Text("must be an IAM action", "[a-z0-9-]+:[A-Za-z*]+", "s3:GetObject")

SHARE_ARN = Text(
    "must be a RAM share's ARN",
    f"{_ARN}:ram:{_IN_REGION}:resource-share/{_UUID}",
    "arn:aws:ram:eu-west-1:111122223333:resource-share/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
    find="pulumi stack output domainShareArn, in the domain's stack",
)
TRAIL_ARN = Text(
    "must be a trail's ARN",
    f"{_ARN}:cloudtrail:{_IN_REGION}:trail/[a-zA-Z0-9._-]+",
    "arn:aws:cloudtrail:eu-west-1:111122223333:trail/management-events",
    any_region=True,
    find="aws cloudtrail describe-trails",
)
TOPIC_ARN = Text(
    "must be the ARN of an SNS topic",
    f"{_ARN}:sns:{_IN_REGION}:[a-zA-Z0-9_-]{{1,256}}",
    "arn:aws:sns:eu-west-1:111122223333:platform-alarms",
    find="aws sns list-topics",
)
MANUAL_ASSET = Text(
    "must be the ARN pattern of topics of one cluster, of streams, or of schemas of one registry",
    f"(?:{PLATFORMS.manual_asset_pattern.pattern}|{_ARN}:glue:{_IN_REGION}:schema/[^/*]+/.+)",
    "arn:aws:kafka:eu-west-1:111122223333:topic/orders/1f2e3d4c-5b6a-7988-a7b6-c5d4e3f2a1b0-7/public.*",
    explain=_manual_asset,
    own_account=True,
    find="aws kafka list-clusters-v2; aws kinesis list-streams",
)

REGISTRY_NAME = Text(
    "must be a Glue schema registry's name", "[a-zA-Z0-9_$#.-]{1,255}", "orders", find="aws glue list-registries"
)
RESOURCE = Text(
    "must be a cluster's or stream's ARN or name",
    "[^ ]+",
    "orders",
    find="aws kafka list-clusters-v2; aws kinesis list-streams",
)
TARGET_NAME = Text("must be 1 to 256 characters", ".{1,256}")
SCHEDULE = Text(
    "must be an EventBridge schedule such as 'rate(1 hour)'",
    r"rate\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9][0-9]+) (?:minutes|hours|days))\)|cron\([^)]+\)",
    "rate(1 hour)",
    explain=_schedule,
)
RECONCILE_SCHEDULE = Text(
    f"{SCHEDULE.expected}, or 'never'", f"{SCHEDULE.pattern}|never", "rate(15 minutes)", explain=_schedule
)
TOPIC = Text(
    "must be a pattern of topic names; internal topics, which begin with '__', are never granted",
    "(?!__)[a-zA-Z0-9._*?-]{1,249}",
    "orders.*",
)
TOPIC_MAPPING = Text("must be text", example="suffix:-value", judge=_mapping)

WORD = Keys(
    Text("the word must be a-z, 0-9 and '-', beginning with a letter", "[a-z][a-z0-9-]{0,30}", "orders"),
    "a map from a word of yours to its settings",
)
PROJECT_KEY = Keys(PROJECT_ID, "a map from a project's id to a list")
ACCOUNT_KEY = Keys(ACCOUNT, "a map from an account to a list of accounts")


COVERS_EVERY_ROLE = "covers every role of the account: the function that writes policies could change each of them"
"""What is wrong with such a pattern, where nobody says that it is meant; continues a sentence."""


def covers_every_role(pattern: str) -> bool:
    """Whether a pattern of role ARNs leaves out no role of its account."""
    return re.fullmatch(r"[*/]*\*[*/]*", pattern.partition(":role/")[2]) is not None
