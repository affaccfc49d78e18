"""The trace header that a function hands on."""

from __future__ import annotations

import re

import pytest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from streamgov_core.runtime.tracing import TRACE_VARIABLE, is_sampled, trace_header, trace_id

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
SHAPE = Session().get_service_model("stepfunctions").shape_for("TraceHeader")


@pytest.mark.parametrize(
    ("invocation", "handed_on"),
    [
        (f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1", f"Root={ROOT};Sampled=1"),
        (f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:a87bd80c:0", f"Root={ROOT};Sampled=0"),
        (f"Sampled=1; Root={ROOT}", f"Root={ROOT};Sampled=1"),
        (f"Root={ROOT}", f"Root={ROOT}"),
        (f"Root={ROOT};Sampled=?", f"Root={ROOT}"),
        ("Root=not enabled;Sampled=0", ""),
        (f"Parent={ROOT}", ""),
        ("", ""),
    ],
)
def test_root_and_decision_are_handed_on_and_nothing_else(invocation: str, handed_on: str) -> None:
    assert trace_header({TRACE_VARIABLE: invocation}) == handed_on


def test_without_a_trace_there_is_no_header() -> None:
    assert trace_header({}) == ""
    assert trace_id("") == "" and not is_sampled("")


@given(st.text() | st.builds("Root={};Sampled={}".format, st.just(ROOT) | st.text(), st.text()))
def test_whatever_the_variable_holds_start_execution_takes_the_header(text: str) -> None:
    """Its model: 0 to 256 characters of ASCII."""
    header = trace_header({TRACE_VARIABLE: text})
    assert SHAPE.metadata["min"] <= len(header) <= SHAPE.metadata["max"] and header.isascii()
    assert header == "" or re.fullmatch(rf"Root={trace_id(text)}(;Sampled=[01])?", header)
    assert is_sampled(header) == ("Sampled=1" in header)
