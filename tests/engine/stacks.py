"""Programs in folders of their own, deployed by the real engine against an emulator with accounts of one's choice."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import boto3
import yaml
from botocore.config import Config

from streamgov_core.deploy.iam_statements import function_trust
from tests.sandbox import EmulatorProcess
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import Workspace, ensure_cli

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
PACKAGES = ("streamgov_core", "streamgov_pulumi", "streamgov_ops", "streamgov_samples", "iam_evaluation", "handlers")


def cli() -> Path:
    """The Pulumi CLI that `make test` prepared, or prepared now."""
    prepared = os.environ.get("STREAMGOV_PULUMI_DIR")
    return Path(prepared) if prepared else ensure_cli()


def project(folder: Path, name: str = "streamgov", main: str | None = None, packages: Path = ROOT) -> Path:
    """A project with our program, or another one, and the packages that it imports."""
    folder.mkdir(parents=True)
    runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": name, "runtime": runtime}))
    (folder / "__main__.py").write_text(main or (ROOT / "__main__.py").read_text())
    for package in PACKAGES:
        # A copy: whoever edits the checkout while the tests run changes no function of a stack that must stay silent.
        if (packages / package).is_dir():  # an older release has not all of them
            shutil.copytree(packages / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


class As(Pulumi):
    """The CLI with credentials of an account's own team."""

    def __init__(self, workspace: Workspace, program: Path, stack: str, credentials: Mapping[str, str]) -> None:
        super().__init__(_Signed(workspace.state, workspace.port, credentials), cli(), program, stack)


@dataclass(frozen=True)
class _Signed(Workspace):
    credentials: Mapping[str, str] = field(default_factory=dict)

    def variables(self, cli_dir: Path | None) -> dict[str, str]:
        return {**super().variables(cli_dir), **self.credentials}


@dataclass(frozen=True)
class Shell(Workspace):
    """What somebody has in the shell in which they run the example.

    Args:
        first: folders before all others on PATH.
        added: other variables.
    """

    first: tuple[Path, ...] = ()
    added: Mapping[str, str] = field(default_factory=dict)

    def variables(self, cli_dir: Path | None) -> dict[str, str]:
        found = {**super().variables(cli_dir), **self.added}
        return {**found, "PATH": os.pathsep.join([*map(str, self.first), found["PATH"]])}


@dataclass
class Stack:
    """One stack of a project, configured by a map."""

    pulumi: Pulumi
    config: dict[str, Any]
    project: str = "streamgov"

    def write(self, **changes: Any) -> Stack:
        """Set the stack's file; a value None takes a key away."""
        self.config = {key: value for key, value in {**self.config, **changes}.items() if value is not None}
        self.pulumi.configure(self.project, self.config)
        return self

    def create(self) -> Stack:
        """Make the stack in the backend."""
        self.pulumi.select_stack()
        return self.write()

    def steps(self, *extra: str) -> list[tuple[str, str]]:
        """(logical name, operation) in the preview's order, without what stays the same; the preview must be green."""
        shown = self.pulumi.run("preview", "--json", "--stack", self.pulumi.stack, *extra).stdout
        steps = json.loads(shown)["steps"]
        return [(step["urn"].rsplit("::", 1)[1], step["op"]) for step in steps if step["op"] != "same"]

    def preview(self, *extra: str) -> dict[str, str]:
        """The same by the logical name, where each is touched once."""
        return dict(self.steps(*extra))

    def refused(self, verb: str = "preview") -> str:
        """What is printed by a command that must fail."""
        extra = [] if verb == "preview" else ["--yes", "--skip-preview"]
        result = self.pulumi.run(verb, "--stack", self.pulumi.stack, "--color", "never", *extra, check=False)
        assert result.returncode != 0, result.stdout
        return result.stdout + result.stderr

    def silent(self, *verbs: str) -> None:
        """Nothing changes when nothing changed."""
        for verb in verbs or ("preview",):
            held, printed = self.pulumi.expect_no_changes(verb)
            assert held, printed


class SettingsStack(Stack):
    """A stack of a program that reads one map, ``settings``."""

    def set(self, **changes: Any) -> Self:
        """Change some of the settings."""
        self.write(settings={**self.config.get("settings", {}), **changes})
        return self


def one_line(printed: str) -> str:
    """What Pulumi wraps, unwrapped."""
    return re.sub(r"\s+", " ", printed)


class Cloud:
    """The emulator's accounts, for people."""

    def __init__(self, emulator: EmulatorProcess, domain: str, region: str = REGION) -> None:
        self.emulator, self.domain, self.region = emulator, domain, region

    def credentials(self, account: str, role: str = "Admin") -> dict[str, str]:
        """The environment of whoever works in an account."""
        if account == self.domain and role == "Admin":
            return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        sts = boto3.client(
            "sts",
            region_name=self.region,
            endpoint_url=self.emulator.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="team")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }

    def client(self, service: str, account: str | None = None) -> Any:
        """A boto3 client of an account's administrator."""
        keys = self.credentials(account or self.domain)
        session: Any = boto3.Session(
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys.get("AWS_SESSION_TOKEN"),
            region_name=self.region,
        )
        config = Config(retries={"total_max_attempts": 2})
        return session.client(service, endpoint_url=self.emulator.endpoint, config=config)

    def role(self, account: str, name: str, path: str = "/", policy: Mapping[str, Any] | None = None) -> str:
        """A role that the domain's administrator may assume, with an inline policy."""
        iam = self.client("iam", account)
        trust = function_trust()
        trust["Statement"].append(
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{self.domain}:root"}, "Action": "sts:AssumeRole"}
        )
        arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if policy is not None:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return str(arn)

    def cluster(self, account: str, name: str) -> str:
        """A provisioned MSK cluster with IAM access control in the account's default subnets: its ARN."""
        subnets = [item["SubnetId"] for item in self.client("ec2", account).describe_subnets()["Subnets"]][:2]
        made = self.client("kafka", account).create_cluster_v2(
            ClusterName=name,
            Provisioned={
                "BrokerNodeGroupInfo": {"ClientSubnets": subnets, "InstanceType": "kafka.m5.large"},
                "KafkaVersion": "3.6.0",
                "NumberOfBrokerNodes": 2,
                "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
            },
        )
        return str(made["ClusterArn"])

    def portal(self, members: Mapping[str, str]) -> Portal:
        """A domain that is associated with the member accounts, with a project and an environment for each."""
        datazone = self.client("datazone")
        made = datazone.create_domain(name="examples", domainExecutionRole=f"arn:aws:iam::{self.domain}:role/dz")
        self.client("ram").create_resource_share(
            name="examples", resourceArns=[made["arn"]], principals=sorted(set(members.values()))
        )
        domain = str(made["id"])
        blueprint = datazone.list_environment_blueprints(
            domainIdentifier=domain, managed=True, name="CustomAwsService"
        )["items"][0]["id"]
        projects: dict[str, str] = {}
        environments: dict[str, str] = {}
        for word, account in members.items():
            ram = self.client("ram", account)
            for invitation in ram.get_resource_share_invitations()["resourceShareInvitations"]:
                if invitation["status"] == "PENDING":
                    ram.accept_resource_share_invitation(
                        resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
                    )
            projects[word] = datazone.create_project(domainIdentifier=domain, name=word)["id"]
            self.client("datazone", account).put_environment_blueprint_configuration(
                domainIdentifier=domain, environmentBlueprintIdentifier=blueprint, enabledRegions=[self.region]
            )
            environments[word] = datazone.create_environment(
                domainIdentifier=domain,
                projectIdentifier=projects[word],
                name=word,
                environmentBlueprintIdentifier=blueprint,
                environmentAccountIdentifier=account,
                environmentAccountRegion=self.region,
            )["id"]
        return Portal(domain, projects, environments)


@dataclass(frozen=True)
class Portal:
    """A domain, and by word the projects and environments in it."""

    domain: str
    projects: dict[str, str]
    environments: dict[str, str]


ADMINISTRATOR = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
