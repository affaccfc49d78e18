"""The registry: platforms by name, and what it asks all of them."""

from __future__ import annotations

import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_core.platforms import PLATFORMS

TOPIC = "arn:aws:kafka:eu-west-1:222222222222:topic/main/0a1b-7/sales.orders.v1"
STREAM = "arn:aws:kinesis:eu-west-1:222222222222:stream/clicks"


def test_one_name_for_assets_and_emitters() -> None:
    assert PLATFORMS.dataset(TOPIC) == ("kafka://main", "sales.orders.v1")
    assert PLATFORMS.dataset(STREAM) == ("kinesis://eu-west-1/222222222222", "clicks")
    for arn in (TOPIC, STREAM):
        namespace, name = PLATFORMS.dataset(arn)
        assert PLATFORMS.source_identifier(arn) == f"{namespace}/{name}"


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "x",
        TOPIC.replace(":topic/", ":group/"),
        TOPIC.rpartition("/")[0],
        STREAM + "/consumer/c:1",
        "arn:aws:s3:::b",
    ],
)
def test_other_resources_have_no_dataset(arn: str) -> None:
    with pytest.raises(ConfigError, match=r"not the ARN of a resource of any platform \(streams, topics\)"):
        PLATFORMS.dataset(arn)


def test_an_unknown_platform_is_a_clear_error() -> None:
    assert PLATFORMS.named("msk").name == "msk"
    with pytest.raises(ConfigError, match="unknown streaming platform 'pulsar': expected one of kinesis, msk"):
        PLATFORMS.named("pulsar")
