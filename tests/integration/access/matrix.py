"""The failure matrix: what a request calls is recorded, then each call fails in each way, and the end must be true.

A case is one call of one request (a grant or a revoke of a topic or of a stream) and one way to fail. After it, and
after one run of the reconciler, DataZone's status is final and true, ledgers and policies agree, and a revoke leaves
nothing behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tests.integration.access.conftest import NAMES, SPEED, Deployment
from tests.integration.access.stream import Stream
from tests.integration.access.test_workflow import policy_of, topic_of
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, PRODUCER

Request = Literal["grant", "revoke"]
REQUESTS: tuple[Request, ...] = ("grant", "revoke")
KINDS = (
    "throttle",
    "server_error",
    "access_denied",
    "timeout_before",
    "timeout_after",
    "kill_function_before",
    "kill_function_after",
)
IN_FUNCTIONS = ("collect", "report", "apply")
OURS = (*IN_FUNCTIONS, "central-machine", "member-machine", "member-invoke", "callback")
FINAL = {"grant": ("GRANTED", "GRANT_FAILED"), "revoke": ("REVOKED", "REVOKE_FAILED")}


@dataclass(frozen=True, order=True)
class Case:
    """One call that a request makes, by which role in which account, and how it fails."""

    platform: str
    request: Request
    what: str
    account: str
    service: str
    operation: str
    nth: int
    kind: str

    @property
    def speed(self) -> float:
        """Of the machines' waits. Who waits in a function, in real time, for a lease that a killed one left, outlives
        the patience of machines that are much faster than that; their own failures hold no lease, but last for minutes.
        """
        return 1.5 if self.what in IN_FUNCTIONS else SPEED

    def fault(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "operation": self.operation,
            "kind": self.kind,
            "caller": NAMES.role_arn(self.account, self.what),
            "nth": self.nth,
            # An SDK tries a throttled or failed call again by itself: these last longer than its attempts.
            "times": 12 if self.kind in ("throttle", "server_error", "timeout_before") else 1,
        }


class Subject(Protocol):
    """Something to be granted, with everything that a grant of it touches its own."""

    listing: str
    target: str

    def may(self) -> bool:
        """Whether the consumer's role has what the grant gives."""

    def nothing_left(self) -> bool:
        """Whether no document, role or key grant tells of it any more."""


class Topic:
    """A topic with a schema, across accounts: cluster policy, role policy, reader role."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.cluster = deployment.make_cluster()
        self.role = deployment.make_role(CONSUMER)
        self.target = deployment.make_target([self.role])
        name = f"t-{self.cluster.rsplit('/', 1)[1][:8]}"
        self.topic = topic_of(deployment, name, self.cluster)
        _, self.listing = deployment.make_asset(name, cluster=self.cluster, schema=True)
        deployment.subscribe(self.listing)
        registry = f"arn:aws:glue:us-east-1:{PRODUCER}:registry/streams"
        self.reader = NAMES.reader_role_arn(PRODUCER, registry, CONSUMER, deployment.projects[CONSUMER])

    def may(self) -> bool:
        return self.deployment.may(self.role, "kafka-cluster:ReadData", self.topic)

    def nothing_left(self) -> bool:
        owner = self.deployment.client("iam", PRODUCER)
        try:
            owner.get_role(RoleName=self.reader.rsplit("/", 1)[1])
        except owner.exceptions.NoSuchEntityException:
            return no_policies(self.deployment, self.role) and policy_of(self.deployment, self.cluster) is None
        return False


class FanOut(Stream):
    """A stream under a customer's key, with a consumer of its own: two policies, a registration, a key grant."""

    def __init__(self, deployment: Deployment) -> None:
        super().__init__(deployment, encrypted=True, form={"consumption": "FAN_OUT"})

    def consumers(self) -> list[str]:
        found = self.kinesis.list_stream_consumers(StreamARN=self.arn)["Consumers"]
        return [item["ConsumerARN"] for item in found if item["ConsumerStatus"] != "DELETING"]

    def may(self) -> bool:
        """A request that could not be read is granted as READ and SHARED, with a warning."""
        shared = self.deployment.may(self.role, "kinesis:GetRecords", self.arn)
        return shared or any(
            self.deployment.may(self.role, "kinesis:SubscribeToShard", arn) for arn in self.consumers()
        )

    def nothing_left(self) -> bool:
        keys = self.deployment.client("kms", PRODUCER).list_grants(KeyId=self.key)["Grants"]
        return not keys and not self.consumers() and not self.has_policy() and no_policies(self.deployment, self.role)


SUBJECTS: dict[str, Callable[[Deployment], Subject]] = {"msk": Topic, "kinesis": FanOut}
PLATFORMS = tuple(SUBJECTS)


def no_policies(deployment: Deployment, role: str) -> bool:
    answer = deployment.client("iam", CONSUMER).list_role_policies(RoleName=role.rsplit("/", 1)[1])
    return not answer["PolicyNames"]


def record(deployment: Deployment, platform: str) -> Iterator[Case]:
    """Every case of a platform: each call of one grant and one revoke, with its number among those of its kind."""
    subject = SUBJECTS[platform](deployment)
    grant = ""
    for request in REQUESTS:
        deployment.emulator.admin("DELETE", "calls")
        if request == "grant":
            grant = deployment.grant(subject.listing, subject.target)
        else:
            deployment.revoke(grant)
        done = deployment.settled_as(grant, FINAL[request], 120)
        assert done["status"] == FINAL[request][0], done
        eventually(subject.may if request == "grant" else subject.nothing_left, bool, 20)
        for call in deployment.emulator.admin("GET", "calls")["calls"]:
            what = next((what for what in OURS if f"-{what}" in call["caller"]), None)
            for nth in range(1, call["count"] + 1 if what else 1):
                for kind in KINDS:
                    if what in IN_FUNCTIONS or not kind.startswith("kill"):
                        where = (str(what), call["account"], call["service"], call["operation"])
                        yield Case(platform, request, *where, nth, kind)


def run(deployment: Deployment, case: Case) -> str:
    """One case to its end: the status that the request came to.

    Raises:
        AssertionError: something is not true, or is left; the note says which case it was.
    """
    emulator = deployment.emulator
    emulator.admin("DELETE", "faults")
    emulator.admin("POST", "settings", {"speed": case.speed})
    try:
        subject = SUBJECTS[case.platform](deployment)
        if case.request == "grant":
            emulator.admin("POST", "faults", case.fault())
            grant = deployment.grant(subject.listing, subject.target)
        else:
            grant = deployment.grant(subject.listing, subject.target)
            assert deployment.settled(grant)["status"] == "GRANTED"
            emulator.admin("POST", "faults", case.fault())
            deployment.revoke(grant)
        status = str(deployment.settled_as(grant, FINAL[case.request], 300)["status"])
        emulator.admin("DELETE", "faults")
        _is_true(deployment, subject, grant)
        if deployment.assets_of(grant)[0]["status"] != "REVOKED":
            deployment.revoke(grant)
            assert deployment.settled_as(grant, ("REVOKED",), 240)["status"] == "REVOKED"
            eventually(subject.nothing_left, bool, 20)
            assert not subject.may()
    except BaseException as error:
        error.add_note(str(case))
        raise
    finally:
        emulator.admin("DELETE", "faults")
        emulator.admin("POST", "settings", {"speed": SPEED})
    return status


def _is_true(deployment: Deployment, subject: Subject, grant: str) -> None:
    """After one run of the reconciler everybody says the same, and it is so."""
    deployment.reconcile(dryRun=False)
    done = deployment.settled(grant, 240)
    status = done["status"]
    if status.endswith("_FAILED"):
        cause = done["failureCause"]["message"]
        assert cause and len(cause) <= 1000 and "Traceback" not in cause and "stackTrace" not in cause, cause
    if status == "GRANTED":
        eventually(subject.may, bool, 20)
    elif status in ("GRANT_FAILED", "REVOKED"):
        eventually(subject.nothing_left, bool, 20)
    key = f"{grant}#{done['assetId']}"
    found = [item for item in deployment.reconcile()["findings"] if key in item["subject"]]
    # A grant that failed is said as long as it is approved; nothing else may be left to find.
    kinds = {item["kind"] for item in found}
    assert status == "REVOKE_FAILED" or kinds == ({"GrantFailed"} if status == "GRANT_FAILED" else set()), json.dumps(
        found
    )
