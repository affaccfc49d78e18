"""An emulator with a deployment, grants of both platforms, and the `streamgov` command as an operator runs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.access.conftest import REGION, Deployment, deployed
from tests.integration.access.stream import Stream
from tests.sandbox import CONSUMER
from tests.unit.ops.command import Result, run


@dataclass(frozen=True)
class Operated:
    """A deployment with two grants.

    Attributes:
        deployment: the deployment.
        topic: ARN of a topic that is granted to ``role`` across accounts.
        role: the role.
        grant: the grant's id.
        stream: an encrypted stream that is granted as well.
        stream_grant: that grant's id.
    """

    deployment: Deployment
    topic: str
    role: str
    grant: str
    stream: Stream
    stream_grant: str


@pytest.fixture(scope="session")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    with deployed(tmp_path_factory.mktemp("emulator")) as deployment:
        cluster = deployment.make_cluster()
        role = deployment.make_role(CONSUMER)
        _, listing = deployment.make_asset("orders", cluster=cluster)
        deployment.subscribe(listing)
        grant = deployment.grant(listing, deployment.make_target([role]))
        stream = Stream(deployment, encrypted=True)
        stream_grant = deployment.grant(stream.listing, stream.target)
        for made in (grant, stream_grant):
            assert deployment.settled(made)["status"] == "GRANTED"
        topic = cluster.replace(":cluster/", ":topic/") + "/orders"
        yield Operated(deployment, topic, role, grant, stream, stream_grant)


Streamgov = Callable[..., Result]


@pytest.fixture
def streamgov(operated: Operated, monkeypatch: pytest.MonkeyPatch) -> Streamgov:
    """Runs the command as the administrator of the domain's account."""
    for name, value in {
        "AWS_ENDPOINT_URL": operated.deployment.emulator.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "STREAMGOV_MEMBER_ROLE": "Admin",
    }.items():
        monkeypatch.setenv(name, value)
    return run


def as_json(result: Result) -> Any:
    """The JSON that a command printed."""
    assert result.code in (0, 1), result.err
    return json.loads(result.out)
