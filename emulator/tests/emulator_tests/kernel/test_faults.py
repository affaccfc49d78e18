from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from aws_emulator.api import ApiCall, ApiError, Caller, Emulator
from aws_emulator.faults import Fault, Faults
from aws_emulator.kernel.rates import Rates
from emulator_tests.conftest import Client, EmulatorProcess


@pytest.fixture(autouse=True)
def _clean(emulator: EmulatorProcess) -> Iterator[None]:
    yield
    emulator.admin("DELETE", "faults")
    emulator.admin("POST", "settings", {"latency_ms": 0, "rates": False})


def arm(emulator: EmulatorProcess, **fault: Any) -> None:
    emulator.admin("POST", "faults", {"service": "glue", "operation": "CreateRegistry", **fault})


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("service", "operation", "call", "kind", "expected", "status"),
    [
        ("glue", "ListRegistries", lambda c: c.list_registries(), "throttle", "ThrottlingException", 400),
        ("kafka", "ListClustersV2", lambda c: c.list_clusters_v2(), "throttle", "TooManyRequestsException", 429),
        ("datazone", "ListDomains", lambda c: c.list_domains(), "throttle", "ThrottlingException", 429),
        ("iam", "ListRoles", lambda c: c.list_roles(), "throttle", "Throttling", 400),
        (
            "kafka",
            "ListClustersV2",
            lambda c: c.list_clusters_v2(),
            "server_error",
            "InternalServerErrorException",
            500,
        ),
        ("glue", "ListRegistries", lambda c: c.list_registries(), "access_denied", "AccessDeniedException", 403),
        ("sts", "GetCallerIdentity", lambda c: c.get_caller_identity(), "access_denied", "AccessDenied", 403),
    ],
)
def test_errors_are_the_services_own(
    emulator: EmulatorProcess,
    client: Client,
    service: str,
    operation: str,
    call: Any,
    kind: str,
    expected: str,
    status: int,
) -> None:
    emulator.admin("POST", "faults", {"service": service, "operation": operation, "kind": kind})
    with pytest.raises(ClientError) as error:
        call(client(service))
    assert code(error) == expected
    answered = error.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert answered == status or (kind == "access_denied" and answered in (400, 403))
    call(client(service))


def test_nth_and_times(emulator: EmulatorProcess, client: Client) -> None:
    emulator.admin(
        "POST", "faults", {"service": "glue", "operation": "List*", "kind": "throttle", "nth": 2, "times": 2}
    )
    outcomes = []
    for _ in range(5):
        try:
            client("glue").list_registries()
            outcomes.append(True)
        except ClientError:
            outcomes.append(False)
    assert outcomes == [True, False, False, True, True]
    (fault,) = emulator.admin("GET", "faults")["faults"]
    assert (fault["seen"], fault["hits"]) == (5, 2)


def test_caller_and_account(emulator: EmulatorProcess, client: Client) -> None:
    fault = {"service": "glue", "operation": "*", "kind": "throttle", "times": 0}
    emulator.admin("POST", "faults", {**fault, "caller": "*:role/Admin", "account": "222222222222"})
    client("glue").list_registries()
    client("glue", account="333333333333").list_registries()
    with pytest.raises(ClientError):
        client("glue", account="222222222222").list_registries()


def test_connection_broken_before_the_effect(emulator: EmulatorProcess, client: Client) -> None:
    arm(emulator, kind="timeout_before")
    with pytest.raises(ConnectionClosedError):
        client("glue").create_registry(RegistryName="before")
    client("glue").create_registry(RegistryName="before")


def test_connection_broken_after_the_effect(emulator: EmulatorProcess, client: Client) -> None:
    arm(emulator, kind="timeout_after")
    with pytest.raises(ConnectionClosedError):
        client("glue").create_registry(RegistryName="after")
    with pytest.raises(ClientError) as error:
        client("glue").create_registry(RegistryName="after")
    assert code(error) == "AlreadyExistsException"


def test_an_sdk_that_retries_meets_its_own_effect(emulator: EmulatorProcess, client: Client) -> None:
    arm(emulator, kind="timeout_after")
    retrying = boto3.client(
        "glue",
        region_name="us-east-1",
        endpoint_url=emulator.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 2}),
    )
    with pytest.raises(ClientError) as error:
        retrying.create_registry(RegistryName="again")
    assert code(error) == "AlreadyExistsException"


def test_latency(emulator: EmulatorProcess, client: Client) -> None:
    glue = client("glue")
    arm(emulator, operation="ListRegistries", kind="latency", seconds=0.3)
    started = time.monotonic()
    glue.list_registries()
    assert time.monotonic() - started >= 0.3
    emulator.admin("POST", "settings", {"latency_ms": 200})
    started = time.monotonic()
    glue.list_registries()
    assert time.monotonic() - started >= 0.2


def test_documented_rates_on_demand(emulator: EmulatorProcess, client: Client) -> None:
    ssm = client("ssm")
    emulator.admin("POST", "settings", {"rates": True})
    outcomes = []
    for index in range(8):
        try:
            ssm.put_parameter(Name=f"/rate/{index}", Value="v", Type="String")
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert "ThrottlingException" in outcomes
    emulator.admin("POST", "settings", {"rates": False})
    ssm.put_parameter(Name="/rate/last", Value="v", Type="String")


def test_probability_is_reproducible() -> None:
    document = {"service": "*", "operation": "*", "kind": "throttle", "times": 0, "probability": 0.5, "seed": 7}
    first, second = Fault.parse(document), Fault.parse(document)
    drawn = [first.fires() for _ in range(50)]
    assert drawn == [second.fires() for _ in range(50)]
    assert 10 < sum(drawn) < 40


@pytest.mark.parametrize(
    "change", [{"kind": "explode"}, {"nth": 0}, {"probability": 2}, {"colour": "red"}, {"service": ""}]
)
def test_faults_that_are_none(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Fault.parse({"service": "glue", "operation": "*", "kind": "throttle", **change})


CALLER = Caller("111111111111", "arn:x", "arn:aws:iam::111111111111:role/fn", "ASIAFUNCTION", False)


def call(service: str = "glue", operation: str = "ListRegistries") -> ApiCall:
    return ApiCall(service, operation, {}, "us-east-1", CALLER, "id")


@pytest.mark.parametrize("kind", ["kill_function_before", "kill_function_after"])
def test_killing_a_function(kind: str) -> None:
    emulator = Emulator("127.0.0.1", 0, "unused")
    killed: list[str] = []
    emulator.parts["compute.kill"] = killed.append
    faults = Faults(emulator)
    faults.arm({"service": "glue", "operation": "*", "kind": kind})
    with pytest.raises(ApiError, match="ConnectionClosed"):
        faults.after(faults.before(call()), call())
    assert killed == ["ASIAFUNCTION"]


def test_buckets_fill_with_time() -> None:
    now = [0.0]
    rates = Rates(now=lambda: now[0])
    rates.enabled = True
    wanted = call("kinesis", "PutResourcePolicy")
    for _ in range(5):
        rates.check(wanted)
    with pytest.raises(ApiError, match="LimitExceededException"):
        rates.check(wanted)
    now[0] = 0.2
    rates.check(wanted)
    with pytest.raises(ApiError):
        rates.check(wanted)
    rates.check(call("kinesis", "PutRecord"))


def test_a_bucket_may_hold_more_than_a_second_lets_through() -> None:
    now = [0.0]
    rates = Rates(now=lambda: now[0])
    rates.enabled = True
    wanted = call("stepfunctions", "StartExecution")
    for _ in range(1_300):
        rates.check(wanted)
    now[0] = 1.0
    for _ in range(300):
        rates.check(wanted)
    with pytest.raises(ApiError, match="ThrottlingException"):
        rates.check(wanted)
