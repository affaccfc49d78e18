"""Provider instances against the test session's emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from .harness import CONSUMER, DOMAIN, PRODUCER, REGION, Plugin

if TYPE_CHECKING:
    from ..conftest import EmulatorProcess

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="session")
def aws_environment(emulator: EmulatorProcess) -> Iterator[dict[str, str]]:
    """The variables with which the engine starts the plugin."""
    variables = {**ENVIRONMENT, "AWS_ENDPOINT_URL": emulator.endpoint}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.delenv(name, raising=False)
        yield variables


def member(account: str) -> Plugin:
    """An instance that assumes the account's role."""
    role = {"roleArn": f"arn:aws:iam::{account}:role/Admin", "sessionName": "pulumi"}
    return Plugin({"region": REGION, "allowedAccountIds": [account], "assumeRoles": [role]})


@pytest.fixture(scope="session")
def domain_account(aws_environment: dict[str, str]) -> Plugin:
    return Plugin({"region": REGION, "allowedAccountIds": [DOMAIN]}).configure()


@pytest.fixture(scope="session")
def producer_account(aws_environment: dict[str, str]) -> Plugin:
    return member(PRODUCER).configure()


@pytest.fixture(scope="session")
def consumer_account(aws_environment: dict[str, str]) -> Plugin:
    return member(CONSUMER).configure()
