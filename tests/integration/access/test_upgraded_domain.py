"""A V1 domain becomes a V2 domain (SageMaker Unified Studio) under a running deployment."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest

from tests.integration.access.conftest import Deployment, deployed
from tests.integration.access.studio import Studio
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A domain of its own: nobody can take the upgrade back."""
    with deployed(tmp_path_factory.mktemp("emulator")) as made:
        yield made


def upgrade(deployment: Deployment) -> None:
    """As in AWS's console; then the owner of the domain opens its member pool, which V2 asks for."""
    body = json.dumps({"upgrade": deployment.domain}).encode()
    urllib.request.urlopen(
        urllib.request.Request(f"{deployment.emulator.endpoint}/_emulator/datazone", body, method="POST")
    ).close()
    datazone = deployment.client("datazone")
    datazone.add_policy_grant(
        domainIdentifier=deployment.domain,
        entityType="DOMAIN_UNIT",
        entityIdentifier=datazone.get_domain(identifier=deployment.domain)["rootDomainUnitId"],
        policyType="ADD_TO_PROJECT_MEMBER_POOL",
        principal={"user": {"allUsersGrantFilter": {}}},
        detail={"addToProjectMemberPool": {"includeChildDomainUnits": True}},
    )


def histories_of_failed(deployment: Deployment, grant: str) -> list[str]:
    """What a person sees of the executions that failed."""
    states = deployment.client("stepfunctions")
    return [
        json.dumps(states.get_execution_history(executionArn=item["executionArn"])["events"], default=str)
        for item in deployment.executions_of(grant)
        if item["status"] == "FAILED"
    ]


def test_access_stays_nothing_is_half_done_and_the_next_deployment_goes_on(own: Deployment) -> None:
    role = own.make_role(CONSUMER)
    target = own.make_target([role])
    topics = {name: own.make_asset(name)[1] for name in ("before", "during")}
    for listing in topics.values():
        own.subscribe(listing)
    before = own.grant(topics["before"], target)
    assert own.settled(before)["status"] == "GRANTED"
    reads = {name: own.cluster.replace(":cluster/", ":topic/") + f"/{name}" for name in topics}

    upgrade(own)
    # Roles were members as users: DataZone refuses the functions. What is granted stays; what is asked for waits.
    during = own.grant(topics["during"], target)
    told = eventually(lambda: histories_of_failed(own, during), bool, 120)[0]
    assert "in a V2 domain, that its designation permits GetSubscriptionGrant" in told, told
    assert own.assets_of(during)[0]["status"] == "GRANT_PENDING"
    assert own.may(role, "kafka-cluster:ReadData", reads["before"])
    assert not own.may(role, "kafka-cluster:ReadData", reads["during"])
    result = own.reconcile(dryRun=False)
    assert own.may(role, "kafka-cluster:ReadData", reads["before"]), result
    assert "repaired" not in json.dumps(result["counts"].get("Orphaned", {})), result

    # What the next `pulumi up` does: the roles become members as groups. The reconciler finds what nobody carried out.
    Studio.let_functions_in(own)  # type: ignore[arg-type]
    own.reconcile(dryRun=False)
    assert own.settled(during)["status"] == "GRANTED"
    assert own.may(role, "kafka-cluster:ReadData", reads["during"])
    own.revoke(before)
    assert own.settled(before)["status"] == "REVOKED"
    assert not own.may(role, "kafka-cluster:ReadData", reads["before"])
