"""Roles and resources in moto's own backends, in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

DOMAIN, PRODUCER, CONSUMER = "111111111111", "222222222222", "333333333333"
REGION = "us-east-1"


def allow(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    """One statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    """One statement that denies."""
    return {**allow(actions, resources, **more), "Effect": "Deny"}


def document(*statements: Mapping[str, Any]) -> str:
    """A policy's text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(*principals: str, **condition: Any) -> str:
    """A trust policy for roles, accounts or services."""
    services = [one for one in principals if one.endswith(".amazonaws.com")]
    others = [one for one in principals if one not in services]
    named: dict[str, Any] = {}
    if services:
        named["Service"] = services
    if others:
        named["AWS"] = others
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": named, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return document(statement)


class Accounts:
    """Roles and resources of the three accounts."""

    def __init__(self) -> None:
        from moto.iam.models import iam_backends

        self.iam = iam_backends

    def role(
        self, name: str, *statements: Mapping[str, Any], account: str = CONSUMER, path: str = "/", **more: Any
    ) -> str:
        """Create a role with one inline policy; answers its ARN."""
        role = self.iam[account]["aws"].create_role(
            role_name=name,
            assume_role_policy_document=more.get("trust", trust("lambda.amazonaws.com")),
            path=path,
            permissions_boundary=more.get("boundary"),
            description="",
            tags=[{"Key": key, "Value": value} for key, value in more.get("tags", {}).items()],
            max_session_duration="3600",
        )
        if statements:
            role.put_policy("inline", document(*statements))
        return str(role.arn)

    def policy(self, name: str, *statements: Mapping[str, Any], account: str = CONSUMER) -> str:
        """Create a managed policy; answers its ARN."""
        made = self.iam[account]["aws"].create_policy("", "/", document(*statements), name, [])
        return str(made.arn)

    def delete_role(self, name: str, account: str = CONSUMER) -> None:
        """Delete a role with its inline policies."""
        backend = self.iam[account]["aws"]
        backend.get_role(name).policies.clear()
        backend.delete_role(name)

    def cluster(self, *statements: Mapping[str, Any], account: str = PRODUCER, name: str = "orders") -> str:
        """A cluster's ARN, with a cluster policy where statements are given."""
        from moto.kafka.models import kafka_backends

        arn = f"arn:aws:kafka:{REGION}:{account}:cluster/{name}/0a1b2c3d-0000-4000-8000-000000000000-7"
        if statements:
            kafka_backends[account][REGION].policies[arn] = {"policy": document(*statements), "current_version": "K1"}
        return arn


def topic(cluster: str, name: str) -> str:
    """The ARN of a topic of a cluster."""
    return cluster.replace(":cluster/", ":topic/") + "/" + name


def group(cluster: str, name: str) -> str:
    """The ARN of a consumer group of a cluster."""
    return cluster.replace(":cluster/", ":group/") + "/" + name


@pytest.fixture()
def accounts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    from moto.core.base_backend import BackendDict

    # Loading AWS's managed policies into each account takes half a second; the oracle finds them in moto's data.
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")

    BackendDict.reset()
    yield Accounts()
    BackendDict.reset()
