"""What a component refuses reaches the engine as its sentence, with the resource's name, from whatever depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi import Account, ConsumerBoundary, StreamGovernance
from streamgov_pulumi.arguments.refusal import ArgumentError, refusing

HERE: Any = {"account_id": "777788889999", "region": "eu-west-1"}
WRONG: Any = {**HERE, "namespace": "Not_One"}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Account(WRONG), "Account: namespace must be"),
        (lambda: Account(WRONG, name="mine"), "Account 'mine': namespace must be"),
        (lambda: ConsumerBoundary("jobs", {"account": WRONG}), "Account 'jobs-account': namespace must be"),
        (lambda: ConsumerBoundary("jobs", {"acount": HERE}), "ConsumerBoundary 'jobs': acount is no argument; did you"),  # type: ignore[typeddict-unknown-key, typeddict-item]
        (lambda: StreamGovernance("all", {}), "StreamGovernance 'all': region is missing"),  # type: ignore[typeddict-item]
    ],
)
def test_a_refusal_is_a_sentence_of_the_engine(make: Callable[[], object], told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        make()
    # The language host prints a RunError without its traceback.
    assert isinstance(refused.value, pulumi.RunError)
    assert str(refused.value).startswith(told)


def test_each_line_names_the_resource_and_a_fault_of_ours_stays_a_traceback() -> None:
    class Thing:
        @refusing
        def __init__(self, name: str, error: Exception) -> None:
            raise error

    with pytest.raises(ArgumentError) as refused:
        Thing("a", ConfigError("Thing: one\ntwo"))
    assert str(refused.value) == "Thing 'a': one\nThing 'a': two"
    inner = ArgumentError("Inner 'b': three")
    with pytest.raises(ArgumentError) as passed:
        Thing("a", inner)
    assert passed.value is inner
    with pytest.raises(ValueError, match="ours"):
        Thing("a", ValueError("ours"))
