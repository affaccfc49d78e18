"""Failure at every call that the workflow makes: after retries the status is final and true, and nothing is half done.

The calls are those of a recorded grant and revoke, so a new one is covered without anybody adding it.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.conftest import CONSUMER, PRODUCER
from tests.integration.access.conftest import NAMES, Deployment, eventually
from tests.integration.access.test_workflow import policy_of, topic_of

KINDS = (
    "throttle",
    "server_error",
    "access_denied",
    "timeout_before",
    "timeout_after",
    "kill_function_before",
    "kill_function_after",
)
OURS = ("collect", "report", "apply", "central-machine", "member-machine", "member-invoke", "callback")
IN_FUNCTIONS = ("collect", "report", "apply")
SAMPLE = int(os.environ.get("STREAMGOV_FAULT_SAMPLE", "5"))
SEED = int(os.environ.get("STREAMGOV_FAULT_SEED", "20"))


@dataclass(frozen=True)
class Call:
    """One call that the workflow makes: by which role, in which account."""

    what: str
    account: str
    service: str
    operation: str

    def fault(self, kind: str, nth: int) -> dict[str, Any]:
        role = NAMES.role_arn(self.account, self.what)
        return {
            "service": self.service,
            "operation": self.operation,
            "kind": kind,
            "caller": role,
            "nth": nth,
            # An SDK tries a throttled or failed call again by itself: these last longer than its attempts.
            "times": 12 if kind in ("throttle", "server_error", "timeout_before") else 1,
        }


class Subject:
    """A cluster, a role and a listing of their own."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.cluster = deployment.make_cluster()
        self.role = deployment.make_role(CONSUMER)
        self.target = deployment.make_target([self.role])
        name = f"t-{self.cluster.rsplit('/', 1)[1][:8]}"
        self.topic = topic_of(deployment, name, self.cluster)
        _, self.listing = deployment.make_asset(name, cluster=self.cluster, schema=True)
        deployment.subscribe(self.listing)
        self.reader = NAMES.reader_role_arn(
            PRODUCER, f"arn:aws:glue:us-east-1:{PRODUCER}:registry/streams", CONSUMER, deployment.projects[CONSUMER]
        )

    def grant(self) -> tuple[str, dict[str, Any]]:
        grant = self.deployment.grant(self.listing, self.target)
        return grant, self.deployment.settled(grant, 240)

    def may_read(self) -> bool:
        return self.deployment.may(self.role, "kafka-cluster:ReadData", self.topic)

    def nothing_left(self) -> bool:
        iam, owner = self.deployment.client("iam", CONSUMER), self.deployment.client("iam", PRODUCER)
        inline = iam.list_role_policies(RoleName=self.role.rsplit("/", 1)[1])["PolicyNames"]
        try:
            owner.get_role(RoleName=self.reader.rsplit("/", 1)[1])
        except owner.exceptions.NoSuchEntityException:
            return inline == [] and policy_of(self.deployment, self.cluster) is None
        return False

    def check(self) -> str:
        """Grant, look whether the status is true, revoke, look whether nothing is left."""
        grant, done = self.grant()
        if done["status"] == "GRANTED":
            eventually(self.may_read, bool, 20)
        else:
            assert done["status"] == "GRANT_FAILED"
            cause = done["failureCause"]["message"]
            assert cause and len(cause) <= 1000 and "Traceback" not in cause and "stackTrace" not in cause, cause
            eventually(self.nothing_left, bool, 20)
        self.deployment.emulator.admin("DELETE", "faults")
        first = str(done["status"])
        self.deployment.revoke(grant)
        assert self.deployment.settled_as(grant, ("REVOKED",), 240)["status"] == "REVOKED"
        eventually(self.nothing_left, bool, 20)
        assert not self.may_read()
        return first


@pytest.fixture(scope="session")
def recorded(deployment: Deployment) -> list[tuple[Call, int]]:
    """Every call of one grant, with its number among those of its kind."""
    subject = Subject(deployment)
    emulator = subject.deployment.emulator
    emulator.admin("DELETE", "calls")
    grant, done = subject.grant()
    assert done["status"] == "GRANTED", done
    found: list[tuple[Call, int]] = []
    for call in emulator.admin("GET", "calls")["calls"]:
        what = next((what for what in OURS if f"-{what}" in call["caller"]), None)
        if what is None:
            continue
        made = Call(what, call["account"], call["service"], call["operation"])
        found += [(made, number) for number in range(1, call["count"] + 1)]
    subject.deployment.revoke(grant)
    subject.deployment.settled_as(grant, ("REVOKED",), 120)
    assert len(found) >= 30, found
    return sorted(found, key=lambda item: json.dumps([item[0].__dict__, item[1]]))


def cases(recorded: list[tuple[Call, int]]) -> list[tuple[Call, int, str]]:
    return [
        (call, number, kind)
        for call, number in recorded
        for kind in KINDS
        if call.what in IN_FUNCTIONS or not kind.startswith("kill")
    ]


def run(deployment: Deployment, call: Call, number: int, kind: str) -> str:
    subject = Subject(deployment)
    subject.deployment.emulator.admin("DELETE", "faults")
    subject.deployment.emulator.admin("POST", "faults", call.fault(kind, number))
    try:
        return subject.check()
    except BaseException as error:
        error.add_note(f"{call} number {number}, {kind}")
        raise
    finally:
        subject.deployment.emulator.admin("DELETE", "faults")


@pytest.mark.parametrize("index", range(SAMPLE))
def test_a_sample_of_failures(deployment: Deployment, recorded: list[tuple[Call, int]], index: int) -> None:
    every = cases(recorded)
    assert run(deployment, *random.Random(SEED).sample(every, SAMPLE)[index]) in ("GRANTED", "GRANT_FAILED")


@pytest.mark.full
@pytest.mark.timeout(4 * 3600)
def test_failure_of_every_call(deployment: Deployment, recorded: list[tuple[Call, int]]) -> None:
    for case in cases(recorded):
        run(deployment, *case)
