"""What a machine cannot catch itself: its own time-out. The settle rule starts it again, and the end is true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from streamgov_core.deploy.central_machine import central_definition
from streamgov_core.deploy.member_machine import member_definition
from streamgov_core.deploy.member_stages import INVOKE_TIMEOUT
from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.test_workflow import policy_of, topic_of
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER

SECONDS = 40
"""Of the shortened time-outs, on the emulator's clock: eight real ones."""
SLOW = {"service": "dynamodb", "operation": "GetItem", "kind": "latency", "seconds": 9.5}

TIMED_OUT = {"source": ["aws.states"], "detail": {"status": ["TIMED_OUT"]}}


@contextmanager
def short_time_outs(deployment: Deployment, account: str) -> Iterator[None]:
    """The machines with the product's definitions, but a shorter time-out of this account's machine.

    The central machine waits less for a member machine as well, so that a test does not take that long.
    """
    central, member = NAMES.central_machine_arn(DOMAIN), NAMES.member_machine_arn(account)
    definitions = {(DOMAIN, central): central_definition(NAMES, DOMAIN)}
    if account != DOMAIN:
        definitions[(account, member)] = member_definition(NAMES, account, DOMAIN)
    for (owner, machine), definition in definitions.items():
        short = {**definition, "TimeoutSeconds": SECONDS} if owner == account else definition
        waits = f'"TimeoutSeconds": {INVOKE_TIMEOUT}'
        text = json.dumps(short).replace(waits, f'"TimeoutSeconds": {2 * SECONDS}')
        deployment.client("stepfunctions", owner).update_state_machine(stateMachineArn=machine, definition=text)
    try:
        yield
    finally:
        for (owner, machine), definition in definitions.items():
            states = deployment.client("stepfunctions", owner)
            states.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))


def ended(deployment: Deployment, grant: str) -> list[str]:
    """How the executions ended that worked on a grant."""
    return [str(item["status"]) for item in deployment.executions_of(grant)]


def test_a_central_execution_that_timed_out_is_settled(deployment: Deployment) -> None:
    cluster, role = deployment.make_cluster(), deployment.make_role(CONSUMER)
    _, listing = deployment.make_asset("late", cluster=cluster)
    target = deployment.make_target([role])
    deployment.subscribe(listing)
    emulator, states = deployment.emulator, deployment.client("stepfunctions")
    emulator.admin("POST", "faults", {**SLOW, "caller": NAMES.role_arn(PRODUCER, "apply"), "times": 1})
    # The settle rule would start the next execution under the short time-out too; it is started afterwards instead.
    emulator.admin("POST", "events", {"action": "drop", "pattern": TIMED_OUT})
    try:
        with short_time_outs(deployment, DOMAIN):
            grant = deployment.grant(listing, target)
            eventually(lambda: ended(deployment, grant), lambda found: found == ["TIMED_OUT"])
        assert deployment.assets_of(grant)[0]["status"] == "GRANT_IN_PROGRESS"
        (timed_out,) = deployment.executions_of(grant)
        # The rule would have been told.
        told = [entry for entry in emulator.admin("GET", "events")["events"] if entry.get("dropped")]
        assert timed_out["executionArn"] in json.dumps(told)
    finally:
        emulator.admin("DELETE", "faults")
        emulator.admin("DELETE", "events")
    workflow_input = {
        "version": 1,
        "action": "settle",
        "status": "TIMED_OUT",
        "executionArn": timed_out["executionArn"],
    }
    states.start_execution(stateMachineArn=NAMES.central_machine_arn(DOMAIN), input=json.dumps(workflow_input))
    assert deployment.settled(grant, 240)["status"] == "GRANTED"
    assert deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, "late", cluster))
    deployment.revoke(grant)
    assert deployment.settled_as(grant, ("REVOKED",))["status"] == "REVOKED"
    assert policy_of(deployment, cluster) is None


def test_a_member_execution_that_timed_out_is_no_grant(deployment: Deployment) -> None:
    """Nobody answers the central machine's task: its own time-out catches it, and both sides are undone."""
    cluster, role = deployment.make_cluster(), deployment.make_role(CONSUMER)
    _, listing = deployment.make_asset("unanswered", cluster=cluster)
    target = deployment.make_target([role])
    deployment.subscribe(listing)
    slow = {**SLOW, "caller": NAMES.role_arn(PRODUCER, "apply"), "times": 1}
    deployment.emulator.admin("POST", "faults", slow)
    try:
        with short_time_outs(deployment, PRODUCER):
            grant = deployment.grant(listing, target)
            done = deployment.settled(grant, 240)
    finally:
        deployment.emulator.admin("DELETE", "faults")
    assert done["status"] == "GRANT_FAILED", done
    assert "did not answer in time" in done["failureCause"]["message"]
    eventually(lambda: policy_of(deployment, cluster), lambda policy: policy is None)
    assert not deployment.may(role, "kafka-cluster:ReadData", topic_of(deployment, "unanswered", cluster))
