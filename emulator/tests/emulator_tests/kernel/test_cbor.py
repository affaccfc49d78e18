from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import botocore.utils
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator_tests.conftest import Client, EmulatorProcess


@pytest.fixture
def cloudwatch(emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client that prefers CBOR, as the SDK for Go does."""
    order = ("smithy-rpc-v2-cbor", *botocore.utils.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS)
    for module in ("botocore.model", "botocore.args", "botocore.utils"):
        monkeypatch.setattr(f"{module}.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS", order, raising=False)
    client = boto3.session.Session().client(
        "cloudwatch",
        region_name="us-east-1",
        endpoint_url=emulator.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    sent: list[str] = []

    def note(request: Any, **_: Any) -> None:
        sent.append(request.url)

    client.meta.events.register("before-send.*.*", note)
    yield client
    assert all("/operation/" in url for url in sent), sent


def test_alarm_in_cbor(cloudwatch: Any, client: Client) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName="cbor",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="m",
        Namespace="n",
        Period=60,
        Statistic="Sum",
        Threshold=1.5,
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["cbor"])["MetricAlarms"]
    assert (alarm["AlarmName"], alarm["Threshold"], alarm["EvaluationPeriods"]) == ("cbor", 1.5, 1)
    (same,) = client("cloudwatch").describe_alarms(AlarmNames=["cbor"])["MetricAlarms"]
    assert same["AlarmConfigurationUpdatedTimestamp"] == alarm["AlarmConfigurationUpdatedTimestamp"]
    cloudwatch.delete_alarms(AlarmNames=["cbor"])


def test_errors_in_cbor(cloudwatch: Any) -> None:
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_alarm(AlarmName="x" * 300, ComparisonOperator="LessThanThreshold", EvaluationPeriods=1)
    assert error.value.response["Error"]["Code"] == "ValidationError"
    assert "length less than or equal to 255" in error.value.response["Error"]["Message"]
