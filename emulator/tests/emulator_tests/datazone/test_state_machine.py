"""Laws of a grant's status under any sequence of calls, and of the table of operations."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aws_emulator.api import ApiError
from aws_emulator.datazone import Settings, urls
from emulator_tests.datazone.conftest import MODEL, PreparedDomain, Service, prepare_domain

STATUSES = [
    "GRANT_PENDING", "GRANT_IN_PROGRESS", "GRANTED", "GRANT_FAILED",
    "REVOKE_PENDING", "REVOKE_IN_PROGRESS", "REVOKED", "REVOKE_FAILED",
]  # fmt: skip
STEPS = st.lists(st.sampled_from([*STATUSES, "delete", "revoke subscription"]), max_size=12)
ORDER = {status: STATUSES.index(status) for status in STATUSES}


def attempt(prepared: PreparedDomain, grant: dict[str, Any], step: str) -> bool:
    try:
        if step == "delete":
            prepared.call("DeleteSubscriptionGrant", identifier=grant["id"])
        elif step == "revoke subscription":
            prepared.call("RevokeSubscription", identifier=grant["subscriptionId"])
        else:
            prepared.status(grant, step)
    except ApiError as error:
        assert error.code == "ConflictException"
        return False
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_a_grant_moves_forward_and_each_move_is_told_once(steps: list[str]) -> None:
    prepared = prepare_domain(Service(Settings(listing_delay=0, lineage_delay=0)))
    prepared.subscribed()
    (grant,) = prepared.grants()
    seen = ["GRANT_PENDING"]
    for step in steps:
        done = attempt(prepared, grant, step)
        now = prepared.grants()[0]["assets"][0]["status"]
        assert done or now == seen[-1]
        if now != seen[-1]:
            again = seen[-1] == "REVOKE_FAILED" and now == "REVOKE_PENDING"
            assert again or ORDER[now] > ORDER[seen[-1]]
            seen.append(now)
    told = {
        "Subscription Grant Requested": "GRANT_PENDING",
        "Subscription Grant Completed": "GRANTED",
        "Subscription Grant Failed": "GRANT_FAILED",
        "Subscription Grant Revoke Requested": "REVOKE_PENDING",
        "Subscription Grant Revoke Completed": "REVOKED",
        "Subscription Grant Revoke Failed": "REVOKE_FAILED",
    }
    for event, status in told.items():
        details = prepared.service.told(event)
        assert len(details) == seen.count(status)
        assert all(detail["data"]["status"] == status for detail in details)


def test_the_table_names_operations_of_the_model() -> None:
    served = set(urls.DOMAIN_OPERATIONS) | set(urls.ACCOUNT_OPERATIONS)
    assert served <= set(MODEL.operation_names)
    assert not set(urls.DOMAIN_OPERATIONS) & set(urls.ACCOUNT_OPERATIONS)
    for name in urls.DOMAIN_OPERATIONS:
        shape = MODEL.operation_model(name).input_shape
        assert shape is not None
        assert "domainIdentifier" in shape.members or name in {"GetDomain", "UpdateDomain", "DeleteDomain"}
