"""Every row of ``docs/clients.md``: what each client calls, asked of really granted roles of both accounts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.access.conftest import NAMES, Deployment
from tests.integration.access.stream import Stream
from tests.integration.access.test_workflow import topic_of
from tests.sandbox import CONSUMER, PRODUCER
from tools.docs.client_calls import CLIENTS, Call, StreamClient

pytestmark = pytest.mark.usefixtures("grants_end_with_the_module")
WHERE = {"same": PRODUCER, "other": CONSUMER}


@dataclass(frozen=True)
class Granted:
    """A role that was given what a client asks for, and what the words of the table stand for."""

    deployment: Deployment
    role: str
    resources: dict[str, str]

    def may(self, call: Call) -> bool:
        """Whether all of the role's policies, the boundary and the resource's policy allow the call."""
        action, word = call
        context: dict[str, str] = {}
        if action.startswith("kms:"):
            context["kms:EncryptionContext:aws:kinesis:arn"] = self.resources["stream"]
        question: dict[str, Any] = {"principal": self.role, "action": action, "resource": self.resources[word]}
        answer = self.deployment.emulator.admin("POST", "access", {**question, "context": context})
        return bool(answer["allowed"])


class GrantedRoles:
    """A deployment in which roles are granted when a client first needs one, one role for each way of access."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self._granted: dict[tuple[str, ...], Granted] = {}
        self._cluster = deployment.make_cluster()

    def of(self, client: StreamClient, account: str) -> Granted:
        """What a client works with."""
        key = (client.platform, client.access, client.consumption, account)
        if key not in self._granted:
            made = self._topic if client.platform == "msk" else self._stream
            self._granted[key] = made(client, account)
            self._attach(self._granted[key].role, account)
        return self._granted[key]

    def _attach(self, role: str, account: str) -> None:
        """What teams attach by themselves: everything that the table's last column names, on everything."""
        actions = sorted({action for client in CLIENTS for action, _ in client.team})
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        name = role.rsplit("/", 1)[1]
        self.deployment.client("iam", account).put_role_policy(RoleName=name, PolicyName="team", PolicyDocument=text)

    def _topic(self, client: StreamClient, account: str) -> Granted:
        deployment, name = self.deployment, f"clients-{client.access.lower()}-{account[:3]}"
        role = deployment.make_role(account)
        _, listing = deployment.make_asset(name, cluster=self._cluster, schema=True)
        deployment.subscribe(listing, form={"access": client.access}, account=account)
        done = deployment.settled(deployment.grant(listing, deployment.make_target([role], account), account))
        assert done["status"] == "GRANTED", done
        project, cluster = deployment.projects[account], self._cluster
        registry = f"arn:aws:glue:us-east-1:{PRODUCER}:registry/streams"

        def of(kind: str, what: str) -> str:
            return f"{cluster.replace(':cluster/', f':{kind}/')}/{what}"

        connection = f"vpc-connection/{PRODUCER}/{cluster.split('/')[1]}/1"
        return Granted(
            deployment,
            role,
            {
                "any": "*",
                "bucket": "arn:aws:s3:::jobs",
                "cluster": cluster,
                "internal topic": of("topic", f"{account}.{project}.app-changelog"),
                "other group": of("group", "spark-kafka-source-1"),
                "other transactional id": of("transactional-id", "app-1"),
                "prefixed group": of("group", f"{account}.{project}.app"),
                "prefixed transactional id": of("transactional-id", f"{account}.{project}.app-1"),
                "registry": registry,
                "schema reader role": NAMES.reader_role_arn(PRODUCER, registry, account, project),
                "topic": topic_of(deployment, name, cluster),
                "vpc connection": f"arn:aws:kafka:us-east-1:{account}:{connection}",
            },
        )

    def _stream(self, client: StreamClient, account: str) -> Granted:
        form = {"access": client.access, "consumption": client.consumption}
        stream = Stream(self.deployment, encrypted=True, form=form, account=account)
        stream.grant()
        consumers = stream.kinesis.list_stream_consumers(StreamARN=stream.arn)["Consumers"]
        consumer = consumers[0]["ConsumerARN"] if consumers else f"{stream.arn}/consumer/none:1"
        return Granted(
            self.deployment,
            stream.role,
            {
                "any": "*",
                "bucket": "arn:aws:s3:::jobs",
                "consumer": consumer,
                "consumer by name": consumer.rpartition(":")[0],
                "key": stream.key,
                "lease table": f"arn:aws:dynamodb:us-east-1:{account}:table/{account}-app",
                "lease table's index": f"arn:aws:dynamodb:us-east-1:{account}:table/{account}-app/index/owner",
                "metadata tables": f"arn:aws:dynamodb:us-east-1:{account}:table/{account}-app-WorkerMetricStats",
                "stream": stream.arn,
            },
        )


@pytest.fixture(scope="module")
def granted_roles(deployment: Deployment) -> GrantedRoles:
    return GrantedRoles(deployment)


CASES = [(client, where) for client in CLIENTS for where in WHERE if client.where in ("both", where)]


def ids(value: Any) -> str:
    return value.name if isinstance(value, StreamClient) else f"{value} account"


@pytest.mark.parametrize(("client", "where"), CASES, ids=ids)
def test_a_client_may_what_the_page_says(granted_roles: GrantedRoles, client: StreamClient, where: str) -> None:
    granted = granted_roles.of(client, WHERE[where])
    wanted = (*client.calls, *(client.within if where == "same" else client.across))
    assert [call for call in wanted if not granted.may(call)] == []
    assert [call for call in client.refused if granted.may(call)] == []


@pytest.mark.parametrize(("client", "where"), [case for case in CASES if case[0].team], ids=ids)
def test_the_boundary_lets_through_what_a_team_adds(
    granted_roles: GrantedRoles, client: StreamClient, where: str
) -> None:
    granted = granted_roles.of(client, WHERE[where])
    assert [call for call in client.team if not granted.may(call)] == []
