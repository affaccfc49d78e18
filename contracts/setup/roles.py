"""Roles of a run."""

from __future__ import annotations

from typing import Any

from contracts.probe_run import ProbeRun, policy


def trust(*services: str, principal: str = "") -> str:
    """A trust policy for services, or for one principal."""
    who: dict[str, Any] = {"AWS": principal} if principal else {"Service": list(services)}
    return policy({"Principal": who, "Action": ["sts:AssumeRole"] + ([] if principal else ["sts:TagSession"])})


def make_role(probe_run: ProbeRun, stem: str, document: str = "", *, trusted: str = "", path: str = "/") -> str:
    """A role with one inline policy; its ARN.

    Args:
        probe_run: the run.
        stem: part of its name.
        document: its policy; '' for none.
        trusted: its trust policy; '' trusts the run's caller.
        path: its path.
    """
    iam, name = probe_run.client("iam"), probe_run.name(stem)
    probe_run.later("iam", "delete_role", RoleName=name)
    made = iam.create_role(
        RoleName=name,
        Path=path,
        AssumeRolePolicyDocument=trusted or trust(principal=f"arn:aws:iam::{probe_run.account}:root"),
        Tags=probe_run.tag_list,
    )
    if document:
        probe_run.later("iam", "delete_role_policy", RoleName=name, PolicyName="inline")
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
    return str(made["Role"]["Arn"])


def change_policy(probe_run: ProbeRun, role_arn: str, document: str) -> None:
    """Give a role of `make_role` another policy, and wait until it counts."""
    probe_run.client("iam").put_role_policy(
        RoleName=role_arn.rpartition("/")[2], PolicyName="inline", PolicyDocument=document
    )
    settle(probe_run)


def settle(probe_run: ProbeRun) -> None:
    """Wait until IAM's changes count."""
    probe_run.pace.sleep(probe_run.pace.settled)


def service_role(probe_run: ProbeRun, stem: str, service: str, *statements: dict[str, Any]) -> str:
    """A role for a service, ready to be passed."""
    made = make_role(probe_run, stem, policy(*statements) if statements else "", trusted=trust(service))
    settle(probe_run)
    return made
