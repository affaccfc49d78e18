"""Every mark in the code names a probe, and every probe can be asked."""

from __future__ import annotations

import json
import re

import pytest

from contracts.probe import Probe, UnknownProbeError, all_probes, chosen
from contracts.probes import FIRST
from tools.docs import unverified

PROBES = all_probes()


def test_every_mark_names_probes_that_there_are() -> None:
    found = unverified.every_mark()
    assert sum(map(len, found.values())) > 100
    wrong = {
        (path, mark.text)
        for path, listed in found.items()
        for mark in listed
        if not mark.probes or set(mark.probes) - set(PROBES)
    }
    assert wrong == set(), "write UNVERIFIED[probe-id] with the id of a probe in contracts/probes"


def test_a_mark_without_a_probe_would_be_found() -> None:
    bare, named = unverified.marks("# UNVERIFIED: what AWS does.\n\n# UNVERIFIED[dz-one, dz-two]: what else.\n")
    assert bare.probes == () and named.probes == ("dz-one", "dz-two")
    assert named.text == "what else."


def test_every_probe_asks_a_question_and_expects_something() -> None:
    for name, probe in PROBES.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name)
        assert probe.question.endswith("?") and "\n" not in probe.question, name
        json.dumps(probe.expects)


def test_those_that_matter_most_come_first() -> None:
    assert tuple(PROBES)[: len(FIRST)] == FIRST


@pytest.mark.parametrize(
    ("words", "first"), [(("dz-grant*",), "dz-grant-event"), (("kms-retire-by-token",), "kms-retire-by-token")]
)
def test_some_can_be_chosen(words: tuple[str, ...], first: str) -> None:
    found: list[Probe] = chosen(words)
    assert found[0].id == first and len(found) < len(PROBES)


def test_a_word_that_fits_no_probe_is_refused() -> None:
    with pytest.raises(UnknownProbeError, match="there is no probe dz-nothing"):
        chosen(("dz-nothing*",))
