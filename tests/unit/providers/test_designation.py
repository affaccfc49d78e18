"""Designations of members' own, where the domain takes less than is asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import designation

READING, CHANGING = ["GetAsset", "ListSubscriptions", "Search"], ["CreateAsset", "DeleteAsset"]


class Domain:
    """A domain whose designations may name some operations only.

    Args:
        known: those operations.
        refusal: the code with which others are refused.
    """

    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="datazone"))

    def __init__(self, known: list[str], refusal: str = "ValidationException") -> None:
        self.known, self.refusal = known, refusal
        self.made: dict[str, dict[str, Any]] = {}
        self.held = False

    def list_designations(self, **where: Any) -> dict[str, Any]:
        return {"items": list(self.made.values())}

    def get_designation(self, *, domainIdentifier: str, identifier: str) -> dict[str, Any]:
        if identifier not in self.made:
            raise self._error("ResourceNotFoundException")
        return self.made[identifier]

    def create_designation(self, *, name: str, policy: str, **more: Any) -> dict[str, Any]:
        self._look(policy)
        self.made["d1"] = {"id": "d1", "name": name, "policy": policy, **more}
        return self.made["d1"]

    def update_designation(self, *, identifier: str, policy: str, **more: Any) -> dict[str, Any]:
        self._look(policy)
        self.made[identifier]["policy"] = policy
        return self.made[identifier]

    def delete_designation(self, *, identifier: str, **more: Any) -> dict[str, Any]:
        if self.held:
            raise self._error("ConflictException")
        del self.made[identifier]
        return {}

    def _look(self, policy: str) -> None:
        if not {*designation._ACTION.findall(policy)} <= {*self.known}:
            raise self._error(self.refusal)

    @staticmethod
    def _error(code: str) -> ClientError:
        return ClientError({"Error": {"Code": code, "Message": "no"}}, "x")


def ensure(domain: Domain) -> str | None:
    return designation.ensure(domain, "dzd-1", "streamgov-sync", [*READING, *CHANGING])


def test_reading_is_left_out_where_a_designation_cannot_name_it() -> None:
    domain = Domain(CHANGING)
    assert ensure(domain) == "d1"
    assert domain.made["d1"]["policy"] == designation.policy_of(CHANGING)
    assert domain.made["d1"]["deletionProtection"] is False
    # That is no lack: the domain takes no more.
    assert designation.missing(domain, "dzd-1", "d1", [*READING, *CHANGING]) == []
    assert ensure(domain) == "d1"


def test_a_domain_that_takes_none_of_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert ensure(Domain([])) is None
    told = capsys.readouterr().out
    assert "takes no designation of the operations that the member calls" in told
    assert "managed designation, which permits more than it needs" in told


def test_a_deploying_role_that_may_make_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert ensure(Domain([], "AccessDeniedException")) is None
    assert "the deploying role may not make the designation 'streamgov-sync'" in capsys.readouterr().out


def test_a_domain_that_does_not_answer_makes_no_contributor() -> None:
    with pytest.raises(RemoteError, match="InternalServerException"):
        ensure(Domain([], "InternalServerException"))


def test_what_a_changed_designation_lacks() -> None:
    domain = Domain([*READING, *CHANGING])
    ensure(domain)
    domain.made["d1"]["policy"] = designation.policy_of(["CreateAsset", *READING])
    assert designation.missing(domain, "dzd-1", "d1", CHANGING) == ["DeleteAsset"]
    assert ensure(domain) == "d1"
    assert designation.missing(domain, "dzd-1", "d1", [*READING, *CHANGING]) == []
    domain.made["d1"]["policy"] = "permit (principal, action, resource);"
    designation.release(Domain([]), "dzd-1", "other")  # looked at anew
    assert designation.missing(domain, "dzd-1", "d1", CHANGING) == []
    del domain.made["d1"]
    designation.release(domain, "dzd-1", "streamgov-sync")
    assert designation.missing(domain, "dzd-1", "d1", CHANGING) == CHANGING


def test_a_designation_that_somebody_holds_stays() -> None:
    domain = Domain(CHANGING)
    ensure(domain)
    domain.held = True
    designation.release(domain, "dzd-1", "streamgov-sync")
    assert list(domain.made) == ["d1"]
    domain.held = False
    designation.release(domain, "dzd-1", "streamgov-sync")
    assert domain.made == {}
