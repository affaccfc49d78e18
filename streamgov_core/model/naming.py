"""Every physical name and ARN that two parts of the system must agree on, derived from the namespace.

Names never contain ids that are unknown at the first preview. IAM names are global to an account, so they carry the
region. Two deployments with different namespaces share no name, so they can live in one account and one domain.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from streamgov_core.model.errors import ConfigError, NameTooLongError

DEFAULT_NAMESPACE = "streamgov"
LIVE_ALIAS = "live"
"""Name of the alias of a Lambda function of ours, where it has one."""
PARTITIONS = ("aws", "aws-cn", "aws-eusc", "aws-us-gov")
"""The partitions of AWS that a deployment can be in."""
PARTITION_PATTERN = f"(?:{'|'.join(PARTITIONS)})"
NAMESPACE_PATTERN = "[a-z][a-z0-9-]{0,14}[a-z0-9]"
ACCOUNT_PATTERN = "[0-9]{12}"
REGION_PATTERN = "[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
_NAMESPACE = re.compile(NAMESPACE_PATTERN)
_ACCOUNT = re.compile(ACCOUNT_PATTERN)
_REGION = re.compile(REGION_PATTERN)


def check_account(account: str, label: str = "account") -> str:
    """Return ``account`` if it is 12 digits.

    Args:
        account: the account's id.
        label: what the account is called in the error.

    Raises:
        ConfigError: it is not 12 digits.
    """
    if not _ACCOUNT.fullmatch(account):
        raise ConfigError(f"{label} must be the 12 digits of an AWS account id, got {account!r}")
    return account


def short_hash(*parts: str, length: int = 10) -> str:
    """A stable lower-case alphanumeric digest of the parts, for names with a length limit."""
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    number = int.from_bytes(digest, "big")
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
    out = []
    for _ in range(length):
        number, index = divmod(number, 36)
        out.append(alphabet[index])
    return "".join(out)


def marker_parameter(namespace: str, side: str) -> str:
    """Name of the parameter that names the stack which deployed a side of a namespace in an account and region."""
    return f"/streamgov/{namespace}/deployed/{side}"


@dataclass(frozen=True)
class Names:
    """The names of one deployment.

    Args:
        namespace: 2 to 16 characters ``[a-z0-9-]``, first a letter.
        region: the one region of the deployment.
        partition: one of PARTITIONS.

    Raises:
        ConfigError: the namespace, region or partition is malformed.
    """

    namespace: str = DEFAULT_NAMESPACE
    region: str = "us-east-1"
    partition: str = "aws"

    def __post_init__(self) -> None:
        if not _NAMESPACE.fullmatch(self.namespace):
            raise ConfigError(
                f"namespace must be 2 to 16 characters of a-z, 0-9 and '-', beginning with a letter and not ending "
                f"with '-', got {self.namespace!r}"
            )
        if not _REGION.fullmatch(self.region):
            raise ConfigError(f"region must look like 'eu-west-1', got {self.region!r}")
        if self.partition not in PARTITIONS:
            raise ConfigError(f"partition must be one of {', '.join(PARTITIONS)}, got {self.partition!r}")

    # --- regional names -------------------------------------------------------------------------------------------
    def regional(self, name: str, limit: int = 64) -> str:
        """``<namespace>-<name>``, for resources that live in one region (functions, machines, tables, queues).

        Raises:
            NameTooLongError: the name is longer than ``limit`` characters.
        """
        return _fits(f"{self.namespace}-{name}", limit)

    def designation(self, function: str, account: str) -> str:
        """Name of the designation of a function's role in a V2 domain (64 characters at most, API DesignationName)."""
        return _fits(f"{self.regional(function)} {account} {self.region}", 64)

    def type_designation(self, platform: str) -> str:
        """Name of the designation of the data sources of a platform in a V2 domain (64 characters at most).

        The domain's stack makes it, and stacks of other accounts find it by this name.
        """
        return self.regional(f"sync-{platform}")

    @property
    def end_schedules(self) -> str:
        """Name of the group of schedules of ends of access (64 characters at most, API CreateScheduleGroup)."""
        return self.regional("ends")

    def arn(self, service: str, account: str, resource: str, *, regional: bool = True) -> str:
        """An ARN of this deployment's partition and, if ``regional``, its region."""
        return f"arn:{self.partition}:{service}:{self.region if regional else ''}:{account}:{resource}"

    def function_name(self, function: str) -> str:
        """Name of one of our Lambda functions, such as ``apply`` (64 characters at most, API CreateFunction)."""
        return self.regional(function)

    def function_arn(self, account: str, function: str) -> str:
        """ARN of one of our Lambda functions."""
        return self.arn("lambda", account, f"function:{self.function_name(function)}")

    def function_alias_arn(self, account: str, function: str) -> str:
        """ARN of the alias of one of our Lambda functions that a deployment with SnapStart invokes."""
        return f"{self.function_arn(account, function)}:{LIVE_ALIAS}"

    def log_group(self, source: str) -> str:
        """CloudWatch log group of a function or state machine of ours."""
        return f"/streamgov/{self.namespace}/{source}"

    @property
    def central_machine(self) -> str:
        """Name of the state machine in the domain account (80 characters at most, API CreateStateMachine)."""
        return self.regional("central")

    @property
    def member_machine(self) -> str:
        """Name of the state machine in each member account."""
        return self.regional("member")

    def central_machine_arn(self, domain_account: str) -> str:
        """ARN of the central state machine."""
        return self.arn("states", domain_account, f"stateMachine:{self.central_machine}")

    def member_machine_arn(self, account: str) -> str:
        """ARN of the state machine in a member account; ``*`` as account makes a pattern."""
        return self.arn("states", account, f"stateMachine:{self.member_machine}")

    @property
    def grant_table(self) -> str:
        """DynamoDB table of the grant ledger, in the domain account."""
        return self.regional("grants")

    @property
    def run_table(self) -> str:
        """DynamoDB table of what the shards of a reconcile run work on, in the domain account."""
        return self.regional("runs")

    @property
    def document_table(self) -> str:
        """DynamoDB table of the document ledger, in each member account."""
        return self.regional("documents")

    @property
    def record_table(self) -> str:
        """DynamoDB table of what data sources recorded, in each member account."""
        return self.regional("records")

    @property
    def domain_tables(self) -> tuple[str, ...]:
        """All tables of the domain account."""
        return self.grant_table, self.run_table

    @property
    def member_tables(self) -> tuple[str, ...]:
        """All tables of a member account."""
        return self.document_table, self.record_table

    def connection_path(self, project_id: str) -> str:
        """SSM path below which a consumer's account keeps what a project was told about connecting; ``*`` for all."""
        return f"/streamgov/{self.namespace}/connections/{project_id}"

    # --- names in IAM, which knows no region -----------------------------------------------------------------------
    @property
    def iam_path(self) -> str:
        """IAM path of our roles and policies."""
        return f"/streamgov/{self.namespace}/"

    @property
    def common_iam_path(self) -> str:
        """IAM path under which every deployment has its own, whatever its namespace."""
        return "/streamgov/"

    def iam_name(self, name: str, limit: int = 64) -> str:
        """Role name (64 characters at most) or policy name (128): ``<namespace>-<region>-<name>``."""
        return _fits(f"{self.namespace}-{self.region}-{name}", limit)

    def role_arn(self, account: str, role: str) -> str:
        """ARN of a role of ours (``central-machine``, ``member-invoke`` …); ``*`` as account makes a pattern."""
        return f"arn:{self.partition}:iam::{account}:role{self.iam_path}{self.iam_name(role)}"

    def policy_arn(self, account: str, policy: str) -> str:
        """ARN of a customer-managed policy of ours."""
        return f"arn:{self.partition}:iam::{account}:policy{self.iam_path}{self.iam_name(policy, 128)}"

    @property
    def access_policy_prefix(self) -> str:
        """Prefix of the names of inline and managed policies that grants put on consumer roles."""
        return f"{self.namespace}-{self.region}-access"

    def reader_role_name(self, registry_arn: str, consumer_account: str, consumer_project: str) -> str:
        """Role in a registry's account that the consumers of one project assume to read schemas."""
        return self.iam_name(f"reader-{short_hash(registry_arn, consumer_account, consumer_project)}")

    def reader_role_arn(self, registry_account: str, registry_arn: str, account: str, project: str) -> str:
        """ARN of that reader role (path ``/streamgov/<namespace>/readers/``)."""
        name = self.reader_role_name(registry_arn, account, project)
        return f"arn:{self.partition}:iam::{registry_account}:role{self.iam_path}readers/{name}"

    def access_role_arn(self, owner_account: str, consumer_account: str, consumer_project: str) -> str:
        """ARN of the role that a consumer project's roles assume in an owner's account (path ``…/access/``)."""
        name = self.iam_name(f"access-{short_hash(owner_account, consumer_account, consumer_project)}")
        return f"arn:{self.partition}:iam::{owner_account}:role{self.iam_path}access/{name}"

    # --- policy documents ------------------------------------------------------------------------------------------
    @property
    def sid_prefix(self) -> str:
        """Prefix of every Sid that we write: letters and digits only, distinct for each namespace and region."""
        return "Sg" + short_hash(self.namespace, self.region, length=4)

    # --- DataZone types --------------------------------------------------------------------------------------------
    def type_name(self, base: str) -> str:
        r"""Name of a DataZone form or asset type: ``base`` itself in the default namespace.

        DataZone references allow ``\w`` only, so the namespace is appended in PascalCase
        (``MskTopicAssetType`` -> ``MskTopicAssetTypeTeamA``).
        """
        if self.namespace == DEFAULT_NAMESPACE:
            return base
        return base + "".join(part.capitalize() for part in self.namespace.split("-"))


def _fits(name: str, limit: int) -> str:
    if len(name) > limit:
        raise NameTooLongError(
            f"the name {name!r} has {len(name)} characters, {limit} are allowed: shorten the namespace"
        )
    return name
