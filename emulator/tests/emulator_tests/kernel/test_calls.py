from __future__ import annotations

import urllib.error

import pytest
from botocore.exceptions import ClientError

from aws_emulator.api import ApiCall, Caller
from aws_emulator.calls import CallLog
from emulator_tests.conftest import Client, EmulatorProcess


def test_calls_are_counted_by_caller(emulator: EmulatorProcess, client: Client) -> None:
    glue, other = client("glue"), client("glue", account="222222222222")
    emulator.admin("DELETE", "calls")
    for _ in range(3):
        glue.list_registries()
    other.list_registries()
    assert emulator.admin("GET", "calls")["calls"] == [
        {
            "account": "111111111111",
            "caller": "arn:aws:iam::111111111111:user/administrator",
            "service": "glue",
            "operation": "ListRegistries",
            "count": 3,
        },
        {
            "account": "222222222222",
            "caller": "arn:aws:iam::222222222222:role/Admin",
            "service": "glue",
            "operation": "ListRegistries",
            "count": 1,
        },
    ]


def test_detail_keeps_the_order_and_the_outcome(emulator: EmulatorProcess, client: Client) -> None:
    glue = client("glue")
    emulator.admin("DELETE", "calls")
    answered = glue.list_registries()["ResponseMetadata"]["RequestId"]
    with pytest.raises(ClientError):
        glue.get_registry(RegistryId={"RegistryName": "none"})
    client("s3").list_buckets()
    listed, missed, buckets = emulator.admin("GET", "calls?detail=1")["calls"]
    assert (listed["operation"], listed["request_id"], listed["error"]) == ("ListRegistries", answered, None)
    assert (missed["operation"], missed["error"]) == ("GetRegistry", "EntityNotFoundException")
    assert (buckets["service"], buckets["operation"]) == ("s3", "ListBuckets")
    assert listed["sequence"] < missed["sequence"] < buckets["sequence"]
    assert 0 <= listed["seconds"] < 10
    assert listed["params_digest"] != missed["params_digest"]


def test_health_and_unknown_addresses(emulator: EmulatorProcess) -> None:
    health = emulator.admin("GET", "health")
    assert (health["status"], len(health["id"])) == ("ok", 32)
    with pytest.raises(urllib.error.HTTPError) as error:
        emulator.admin("GET", "nothing")
    assert error.value.code == 404
    error.value.close()
    with pytest.raises(urllib.error.HTTPError) as error:
        emulator.admin("POST", "settings", {"colour": "red"})
    assert error.value.code == 400
    error.value.close()


def test_operation_that_nobody_serves(client: Client) -> None:
    with pytest.raises(ClientError) as error:
        client("ram").create_permission(name="p", resourceType="datazone:Domain", policyTemplate="{}")
    assert error.value.response["Error"]["Code"] == "NotImplemented"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_log_is_bounded() -> None:
    log = CallLog(limit=3)
    caller = Caller("111111111111", "arn:x", None, "k", True)
    for number in range(5):
        log.end(log.begin(ApiCall("glue", f"Op{number}", {"b": b"x"}, "us-east-1", caller, str(number))), None)
    kept = log.route("GET", {"detail": "1"}, b"")
    assert [entry["operation"] for entry in kept["calls"]] == ["Op2", "Op3", "Op4"]
    assert kept["total"] == 5
    assert len(log.route("GET", {}, b"")["calls"]) == 5
