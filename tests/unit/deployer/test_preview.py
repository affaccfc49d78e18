"""What a preview says of the deploying role, and what it never does: be noisy, be late, or fail by itself."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_ops.deployer.check import Checked, CheckNotPossibleError, Lacking
from streamgov_ops.deployer.needs import AccountNeeds
from streamgov_ops.deployer.preview import SHOWN, PreviewCheck
from streamgov_pulumi.config import StackConfig, parse
from tests.unit.components.conftest import raw_config

ROLE = "arn:aws:iam::777788889999:role/deployer"


class Log:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def info(self, msg: str) -> None:
        self.told.append(("info", msg))

    def warn(self, msg: str) -> None:
        self.told.append(("warn", msg))


def config(**more: Any) -> StackConfig:
    return parse({**raw_config("member.example"), **more})


def lacking(number: int) -> Lacking:
    return Lacking(ROLE, "777788889999", f"sqs:A{number}", ("*",), "no policy of it allows that", ("t",), {}, True)


def checked(count: int, **more: Any) -> Any:
    return lambda needs, names: Checked(
        needs.account, ROLE, tuple(lacking(number) for number in range(count)), 9, **more
    )


def conclude(stack: StackConfig, check: Any) -> list[tuple[str, str]]:
    log = Log()
    PreviewCheck(stack, "prod", check).start().conclude(log)
    return log.told


def test_nothing_is_said_when_nothing_is_lacking() -> None:
    assert conclude(config(), checked(0)) == []


def test_what_is_lacking_is_a_warning_of_bounded_length() -> None:
    [(kind, text)] = conclude(config(), checked(1))
    assert (kind, text) == ("warn", str(lacking(0)))
    [(kind, text)] = conclude(config(), checked(SHOWN + 3))
    assert kind == "warn"
    assert len(text.splitlines()) == SHOWN + 1
    assert text.endswith("… and 3 more: streamgov deployer --check --config Pulumi.prod.yaml")


def test_refuse_fails_the_preview_with_the_sentence() -> None:
    with pytest.raises(ConfigError) as caught:
        conclude(config(checkPermissions="refuse"), checked(1))
    assert str(caught.value) == str(lacking(0))
    assert conclude(config(checkPermissions="refuse"), checked(0)) == []


def test_a_role_for_reviews_is_not_refused_and_gets_one_line() -> None:
    for mode in ("warn", "refuse"):
        [(kind, text)] = conclude(config(checkPermissions=mode), checked(60, reads_only=True))
        assert (kind, text) == (
            "info",
            f"{ROLE} may preview this stack and not deploy it: it changes nothing in 777788889999",
        )


def test_never_asks_nobody() -> None:
    def check(*given: Any, **named: Any) -> Any:
        raise AssertionError("asked")

    assert conclude(config(checkPermissions="never"), check) == []
    assert conclude(parse(raw_config("dev")), check) == []


@pytest.mark.parametrize("error", [CheckNotPossibleError("account 7: x may not ask"), KeyError("Role")])
def test_a_check_that_cannot_be_made_is_told_and_stops_nothing(error: Exception) -> None:
    def check(*given: Any, **named: Any) -> Any:
        raise error

    for mode in ("warn", "refuse"):
        [(kind, text)] = conclude(config(checkPermissions=mode), check)
        assert kind == "info"
        assert text.startswith("Permissions were not checked: account ")
        assert text.endswith("(set streamgov:checkPermissions to never to skip this)")


def test_a_slow_answer_is_not_waited_for() -> None:
    release = threading.Event()
    times = iter([0.0, 100.0, 100.0])

    def check(*given: Any, **named: Any) -> Any:
        release.wait(60)

    log = Log()
    try:
        PreviewCheck(config(), "prod", check, clock=lambda: next(times)).start().conclude(log)
    finally:
        release.set()
    [(kind, text)] = log.told
    assert kind == "info"
    assert "account 777788889999 did not answer in time" in text


def test_it_asks_with_the_accounts_own_credentials_boundary_and_tags() -> None:
    asked: list[AccountNeeds] = []

    def check(needs: AccountNeeds, names: Names) -> Checked:
        asked.append(needs)
        return Checked(needs.account, ROLE, (), 1)

    stack = parse({**raw_config("all.example"), "permissionsBoundaryName": "corp/edge"})
    log = Log()
    PreviewCheck(stack, "prod", check).start().conclude(log)
    assert log.told == []
    by_account = {needs.account: needs for needs in asked}
    assert sorted(by_account) == ["444455556666", "777788889999", "888899990000"]
    for account, needs in by_account.items():
        assert needs.session.assume_role_arn == f"arn:aws:iam::{account}:role/streamgov-deployer"
        assert needs.boundary_arn == f"arn:aws:iam::{account}:policy/corp/edge"
        assert needs.tags == {"team": "data-platform"}
