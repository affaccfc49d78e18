"""Roles of a run."""

from __future__ import annotations

from typing import Any

from contracts.scene import Scene, policy


def trust(*services: str, principal: str = "") -> str:
    """A trust policy for services, or for one principal."""
    who: dict[str, Any] = {"AWS": principal} if principal else {"Service": list(services)}
    return policy({"Principal": who, "Action": ["sts:AssumeRole"] + ([] if principal else ["sts:TagSession"])})


def make_role(scene: Scene, stem: str, document: str = "", *, trusted: str = "", path: str = "/") -> str:
    """A role with one inline policy; its ARN.

    Args:
        scene: the run.
        stem: part of its name.
        document: its policy; '' for none.
        trusted: its trust policy; '' trusts the run's caller.
        path: its path.
    """
    iam, name = scene.client("iam"), scene.name(stem)
    scene.later("iam", "delete_role", RoleName=name)
    made = iam.create_role(
        RoleName=name,
        Path=path,
        AssumeRolePolicyDocument=trusted or trust(principal=f"arn:aws:iam::{scene.account}:root"),
        Tags=scene.tag_list,
    )
    if document:
        scene.later("iam", "delete_role_policy", RoleName=name, PolicyName="inline")
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
    return str(made["Role"]["Arn"])


def change_policy(scene: Scene, role_arn: str, document: str) -> None:
    """Give a role of `make_role` another policy, and wait until it counts."""
    scene.client("iam").put_role_policy(
        RoleName=role_arn.rpartition("/")[2], PolicyName="inline", PolicyDocument=document
    )
    settle(scene)


def settle(scene: Scene) -> None:
    """Wait until IAM's changes count."""
    scene.pace.sleep(scene.pace.settled)


def service_role(scene: Scene, stem: str, service: str, *statements: dict[str, Any]) -> str:
    """A role for a service, ready to be passed."""
    made = make_role(scene, stem, policy(*statements) if statements else "", trusted=trust(service))
    settle(scene)
    return made
