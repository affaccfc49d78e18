"""Which calls a run makes, and the IAM policy that it takes.

The calls of each probe and setup are recorded when they run against the emulator (`calls.json`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from contracts.probe import Probe
from contracts.probe_run import PREFIX

CALLS = Path(__file__).resolve().parent / "calls.json"
ALWAYS = ("setup account",)
"""Entries that every run makes calls of."""
_PREFIXES = {"stepfunctions": "states", "kinesisanalyticsv2": "kinesisanalytics"}
_ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction", "s3:ListObjectsV2": "s3:ListBucket"}
_FREE = frozenset({"sts:GetCallerIdentity"})
_ON_ANYTHING = frozenset({"iam:SimulatePrincipalPolicy", "iam:GetRole"})
"""Of IAM; a probe simulates what is no role, and the caller may be a role itself."""
# What a service checks besides its own actions: tags at creation, the data plane of MSK's topic operations, and what
# it makes in the caller's name (each service's developer guide).
_BESIDES: dict[str, tuple[str, ...]] = {
    "cloudtrail": ("cloudtrail:AddTags",),
    "datazone": ("datazone:TagResource",),
    "events": ("events:TagResource",),
    "glue": ("glue:TagResource",),
    "iam": ("iam:TagRole", "iam:TagPolicy"),
    "kafka": (
        "kafka:TagResource", "kafka-cluster:*", "ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups",
        "ec2:CreateVpcEndpoint", "ec2:DeleteVpcEndpoints", "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcAttribute",
        "ec2:CreateTags",
    ),
    "kinesis": ("kinesis:AddTagsToStream", "kinesis:TagResource"),
    "kinesisanalytics": ("kinesisanalytics:TagResource",),
    "kms": ("kms:TagResource",),
    "lambda": ("lambda:TagResource",),
    "logs": (
        "logs:TagResource", "logs:TagLogGroup", "logs:CreateLogDelivery", "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
    ),
    "ram": ("ram:TagResource",),
    "sqs": ("sqs:TagQueue",),
    "states": ("states:TagResource",),
}  # fmt: skip


def calls() -> dict[str, list[str]]:
    """The recorded calls, by probe and setup."""
    found: dict[str, list[str]] = json.loads(CALLS.read_text())
    return found


def save(recorded: Mapping[str, Iterable[str]]) -> None:
    """Write what a run has recorded."""
    CALLS.write_text(json.dumps({name: sorted(recorded[name]) for name in sorted(recorded)}, indent=2) + "\n")


def actions(probes: Iterable[Probe]) -> list[str]:
    """The IAM actions that a run of these probes takes."""
    known = calls()
    names = set(ALWAYS)
    for each in probes:
        names |= {each.id} | {f"setup {used.name}" for used in each.setups()}
    made = {call for name in names for call in known.get(name, [])} - _FREE
    needed = {_action(call) for call in made}
    services = {action.partition(":")[0] for action in needed}
    return sorted(needed | {extra for service in services for extra in _BESIDES.get(service, ())})


def _action(call: str) -> str:
    service, _, operation = call.partition(":")
    return _ACTIONS.get(call, f"{_PREFIXES.get(service, service)}:{operation}")


def policy(probes: Iterable[Probe]) -> dict[str, Any]:
    """The policy document of a run: everything of IAM only on roles and policies whose names begin with the prefix."""
    needed = actions(probes)
    on_roles = [action for action in needed if action.startswith("iam:") and action not in _ON_ANYTHING]
    others = [action for action in needed if action not in on_roles]
    own = [f"arn:*:iam::*:{kind}/{PREFIX}*" for kind in ("role", "policy")]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Ask", "Effect": "Allow", "Action": others, "Resource": "*"},
            {"Sid": "OwnRoles", "Effect": "Allow", "Action": [*on_roles, "iam:PassRole"], "Resource": own},
            {"Sid": "AssumeOwnRoles", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": own[:1]},
        ],
    }
