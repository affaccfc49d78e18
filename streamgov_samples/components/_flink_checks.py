"""What can be wrong with a Flink application's arguments, as sentences. Plain values in, the same out.

Limits without another source are those of the API reference of Managed Service for Apache Flink.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from streamgov_core.model.errors import ConfigError

RUNTIME = re.compile(r"FLINK-\d+_\d+")
BUCKET = re.compile(r"arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key/.+")
POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):policy/.+")
PATH = re.compile(r"/([\w+=,.@-]+/)+")
NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
ROLE_NAME_LIMIT = 64
LOG_LEVELS = ("DEBUG", "ERROR", "INFO", "WARN")
METRICS_LEVELS = ("APPLICATION", "OPERATOR", "PARALLELISM", "TASK")
MOST_PER_KPU = 8
"""Developer Guide, "Application scaling"."""
MOST_SUBNETS, MOST_SECURITY_GROUPS, MOST_GROUPS, MOST_PROPERTIES, LONGEST = 16, 5, 50, 50, 2048


def check_names(where: str, application: str, role: str, namespace: str) -> None:
    """The names that derive from the application's word.

    Raises:
        ConfigError: the service or IAM would not take one of them.
    """
    if not NAME.fullmatch(application):
        raise ConfigError(f"{where}: application may hold letters, digits, '.', '_' and '-' only, got {application!r}")
    if len(role) > ROLE_NAME_LIMIT:
        raise ConfigError(
            f"{where}: the role of the application would be named {role!r}, {len(role)} characters, and IAM takes "
            f"{ROLE_NAME_LIMIT}: shorten application or the namespace {namespace!r}"
        )


def check_path(where: str, path: str) -> str:
    """The path of the role.

    Raises:
        ConfigError: it is no path, or ours.
    """
    if not PATH.fullmatch(path):
        raise ConfigError(f"{where}: role_path must begin and end with '/' like '/consumers/', got {path!r}")
    if path.startswith("/streamgov/"):
        raise ConfigError(f"{where}: role_path {path} is reserved: no grant is given to a role there")
    return path


def check_runtime(where: str, runtime: str) -> str:
    """The runtime environment.

    Raises:
        ConfigError: it is not one of Flink's.
    """
    if not RUNTIME.fullmatch(runtime):
        raise ConfigError(f"{where}: runtime must be one of Flink's, like 'FLINK-2_2', got {runtime!r}")
    return runtime


def check_one_of(where: str, what: str, value: str, known: Sequence[str]) -> str:
    """A value of a closed list.

    Raises:
        ConfigError: it is not in it.
    """
    if value not in known:
        raise ConfigError(f"{where}: {what} must be one of {', '.join(known)}, got {value!r}")
    return value


def check_scale(where: str, parallelism: int, per_kpu: int, most_kpus: int) -> None:
    """How many tasks run side by side, and on how many processing units (KPUs).

    Raises:
        ConfigError: less than one, or more than the service or the account's quota allows.
    """
    if parallelism < 1:
        raise ConfigError(f"{where}: parallelism must be at least 1, got {parallelism}")
    if not 1 <= per_kpu <= MOST_PER_KPU:
        raise ConfigError(f"{where}: parallelism_per_kpu must be 1 to {MOST_PER_KPU}, got {per_kpu}")
    kpus = math.ceil(parallelism / per_kpu)
    if kpus > most_kpus:
        raise ConfigError(
            f"{where}: parallelism {parallelism} at {per_kpu} for each KPU takes {kpus} KPUs, and max_kpus is "
            f"{most_kpus}: raise the account's quota and max_kpus, or parallelism_per_kpu"
        )


def check_checkpoints(where: str, interval: int, pause: int) -> None:
    """Milliseconds between checkpoints.

    Raises:
        ConfigError: out of bounds.
    """
    if interval < 1:
        raise ConfigError(f"{where}: checkpoint_interval_ms must be at least 1, got {interval}")
    if pause < 0:
        raise ConfigError(f"{where}: min_pause_between_checkpoints_ms must not be negative, got {pause}")


def check_vpc(where: str, subnets: Sequence[Any], groups: Sequence[Any]) -> None:
    """The subnets and security groups of a VPC configuration (their ids may be unknown, their number is not).

    Raises:
        ConfigError: none, or too many.
    """
    if not 1 <= len(subnets) <= MOST_SUBNETS:
        raise ConfigError(f"{where}: vpc.subnets must name 1 to {MOST_SUBNETS} subnets, got {len(subnets)}")
    if not 1 <= len(groups) <= MOST_SECURITY_GROUPS:
        raise ConfigError(
            f"{where}: vpc.security_groups must name 1 to {MOST_SECURITY_GROUPS} security groups, got {len(groups)}"
        )


def check_bucket(where: str, arn: str) -> str:
    """The ARN of the bucket with the code.

    Raises:
        ConfigError: it is not a bucket's.
    """
    if not BUCKET.fullmatch(arn):
        raise ConfigError(
            f"{where}: code.bucket_arn must be the ARN of a bucket, like 'arn:aws:s3:::jobs', got {arn!r}"
        )
    return arn


def check_object_key(where: str, key: str) -> str:
    """The object's key in the bucket.

    Raises:
        ConfigError: it is no key.
    """
    if not 1 <= len(key.encode()) <= 1024 or key.startswith("s3://"):
        raise ConfigError(f"{where}: code.key must be the key of the JAR within its bucket, got {key!r}")
    return key


def check_key_arn(where: str, what: str, region: str, arn: str | None) -> str | None:
    """The ARN of a KMS key of the application's region.

    Raises:
        ConfigError: it is not a key's, or of another region.
    """
    if not arn:
        return None
    found = KEY_ARN.fullmatch(arn)
    if found is None:
        raise ConfigError(f"{where}: {what} must be the ARN of a KMS key, got {arn!r}")
    if found.group(1) != region:
        raise ConfigError(f"{where}: {what} {arn} is in {found.group(1)}, the application in {region}")
    return arn


def check_boundary(where: str, account: str, arn: str) -> str:
    """The ARN of the boundary of the role.

    Raises:
        ConfigError: it is not a policy's, or of another account.
    """
    found = POLICY_ARN.fullmatch(arn)
    if found is None:
        raise ConfigError(f"{where}: boundary_arn must be the ARN of an IAM policy, got {arn!r}")
    if found.group(1) != account:
        raise ConfigError(f"{where}: boundary_arn {arn} is of account {found.group(1)}, the role of {account}")
    return arn


def check_groups(where: str, groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The runtime properties.

    Raises:
        ConfigError: a group twice, or more or longer ones than the service takes.
    """
    names = [str(group["property_group_id"]) for group in groups]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{where}: property_groups holds {', '.join(twice)} more than once: put both into one")
    if len(names) > MOST_GROUPS:
        raise ConfigError(f"{where}: property_groups holds {len(names)} groups, the service takes {MOST_GROUPS}")
    for group in groups:
        _check_properties(f"{where}: property group {group['property_group_id']}", group["property_map"])
    return [
        {"property_group_id": group["property_group_id"], "property_map": dict(group["property_map"])}
        for group in groups
    ]


def _check_properties(where: str, properties: Mapping[str, str]) -> None:
    if not 1 <= len(properties) <= MOST_PROPERTIES:
        raise ConfigError(f"{where} must hold 1 to {MOST_PROPERTIES} properties, got {len(properties)}")
    for key, value in properties.items():
        # A group may hold a password: the sentence says how long the value is and not what.
        if not 1 <= len(str(key)) <= LONGEST or not 1 <= len(str(value)) <= LONGEST:
            raise ConfigError(
                f"{where}: key and value of {key!r} must have 1 to {LONGEST} characters, got {len(str(value))}"
            )
