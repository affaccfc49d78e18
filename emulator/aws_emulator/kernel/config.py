"""Settings of the emulator's process, read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from aws_emulator import managed_policies

DEFAULT_PORT = 4566
DEFAULT_ACCOUNTS = ("111111111111", "222222222222", "333333333333")
DEFAULT_REGION = "us-east-1"

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Settings:
    """What a person can set.

    Attributes:
        accounts: the sandbox's accounts; the first one is the domain account, to which the key ``test`` belongs.
        port: where ``python -m aws_emulator`` listens unless told otherwise.
        speed: factor by which the waits of emulated services are shortened.
    """

    accounts: tuple[str, ...] = DEFAULT_ACCOUNTS
    port: int = DEFAULT_PORT
    speed: float = 1.0

    @property
    def domain_account(self) -> str:
        """The account that the administrator's key belongs to."""
        return self.accounts[0]

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read EMULATOR_ACCOUNTS, EMULATOR_PORT and EMULATOR_SPEED.

        Raises:
            ValueError: a variable holds something else than its kind of value; the message names it.
        """
        env = os.environ if env is None else env
        accounts: tuple[str, ...] = DEFAULT_ACCOUNTS
        if listed := env.get("EMULATOR_ACCOUNTS", "").strip():
            accounts = tuple(part.strip() for part in listed.split(",") if part.strip())
            bad = [account for account in accounts if not re.fullmatch(r"\d{12}", account)]
            if bad or len(set(accounts)) != len(accounts):
                raise ValueError(
                    f"EMULATOR_ACCOUNTS must be distinct ids of 12 digits, separated by commas: {listed!r}"
                )
        return cls(
            accounts=accounts,
            port=_number(env, "EMULATOR_PORT", DEFAULT_PORT, int, 1, 65535),
            speed=_number(env, "EMULATOR_SPEED", 1.0, float, 0.001, 1e6),
        )


def _number(
    env: Mapping[str, str], name: str, default: Number, kind: type[Number], low: Number, high: Number
) -> Number:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"{name} must be a number, not {text!r}") from None
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low} and {high}, not {text}")
    return value


def prepare_moto(settings: Settings) -> None:
    """Set what moto reads at import time; call this before the first ``import moto.<service>``.

    moto takes ``MOTO_ACCOUNT_ID`` for every caller if it is set, so it must not be; its default account becomes ours.
    """
    for name in ("MOTO_ACCOUNT_ID", "MOTO_PORT", "MOTO_S3_CUSTOM_ENDPOINTS"):
        os.environ.pop(name, None)
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "1"
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    # Function roles attach AWS managed policies (AWSLambdaBasicExecutionRole); they must exist and be evaluated.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

    import moto.core
    import moto.core.models

    moto.core.DEFAULT_ACCOUNT_ID = settings.domain_account  # type: ignore[attr-defined]
    moto.core.models.DEFAULT_ACCOUNT_ID = settings.domain_account
    managed_policies.prepare_moto()
    _forget_models()


def _forget_models() -> None:
    """Let moto's objects go when nothing refers to them any more.

    moto lists each object of a model that was ever made (functions with their code, log events, items, messages), for a
    page that shows them; so a process only grows, whatever is deleted.
    """
    from moto.core.common_models import BaseModel

    def new(cls: type[BaseModel], *args: object, **kwargs: object) -> BaseModel:
        return super(BaseModel, cls).__new__(cls)

    setattr(BaseModel, "__new__", staticmethod(new))  # noqa: B010
