"""A sentence names a setting as whoever deploys writes it: a key of the stack's file, or an argument of the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from streamgov_pulumi import providers
from streamgov_pulumi.providers import deployment_marker, destroy_guard, form_type
from streamgov_pulumi.providers.base import DataZoneProvider

FILE = {"streamgov:mode": "all"}
PROVIDERS = [getattr(providers, name) for name in providers.__all__ if name.endswith("Provider")]


class Request:
    def __init__(self, config: Mapping[str, str]) -> None:
        self.config = config


def configured(kind: type[DataZoneProvider], config: Mapping[str, str]) -> DataZoneProvider:
    made = kind()
    made.configure(Request(config))  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize("kind", PROVIDERS)
def test_every_provider_knows_whether_a_stack_file_says_everything(kind: Any) -> None:
    assert configured(kind, FILE).adopting() == "adoptExisting of streamgov:domain"
    assert configured(kind, FILE).adopting("the target") == "adoptExisting of the target"
    assert configured(kind, {"streams:region": "eu-west-1"}).adopting() == kind().adopting() == "adopt_existing"


OLD, NEW = "structure F { a: String }", "structure F { b: String }"


@pytest.mark.parametrize("by_file", [True, False])
def test_no_sentence_has_two_names_for_one_setting(by_file: bool) -> None:
    props = {"namespace": "ns", "account": "1", "region": "r", "owner": "me", "side": "domain"}
    told = (
        str(form_type._refusal("F", OLD, NEW, None, by_file=by_file)),
        deployment_marker._taken(props, "you", by_file),
        *destroy_guard._instead(by_file, lives=True, kept=True),
    )
    words = ("allow_breaking", "on_destroy"), ("allowBreaking of streamgov:domain", "streamgov:namespace", "onDestroy")
    text = " ".join(told)
    assert all(word in text for word in words[by_file])
    assert not any(word in text for word in words[not by_file])
