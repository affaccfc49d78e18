"""The X-Ray trace that a function runs in, as it is handed on to executions in other accounts.

Lambda puts the header of an invocation into ``_X_AMZN_TRACE_ID`` ("Using Lambda environment variables"); Step Functions
invokes functions within the trace of the execution, since Lambda has "native X-Ray support". An execution's definition
cannot read that trace, and whoever starts an execution sets ``traceHeader`` (its developer guide, "Trace Step Functions
request data in AWS X-Ray", section "Integrate upstream services"). So a function hands it to the machine.

What botocore calls from within a function has the header anyway (its handler ``add_recursion_detection_header``), and
Step Functions prefers that to ``traceHeader`` (API reference, StartExecution).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

TRACE_VARIABLE = "_X_AMZN_TRACE_ID"
_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


def fields_of(header: str) -> dict[str, str]:
    """The members of a trace header (X-Ray developer guide, "Tracing header"); members of services are among them."""
    return {name.strip(): value for name, _, value in (part.partition("=") for part in header.split(";"))}


def trace_id(header: str) -> str:
    """The trace's id, ``1-`` time ``-`` 96 bits in hexadecimal; '' if the header names none."""
    root = fields_of(header).get("Root", "")
    return root if _ROOT.fullmatch(root) else ""


def is_sampled(header: str) -> bool:
    """Whether X-Ray keeps the trace."""
    return fields_of(header).get("Sampled") == "1"


def trace_header(environment: Mapping[str, str]) -> str:
    """``traceHeader`` for executions that go on with this invocation's trace, with the sampling decision it has.

    Its form is the one that the developer guide asks for, ``Root=…;Sampled=…``; the parent is left out, for it is a
    segment of this function, which starts nothing itself.

    Args:
        environment: of the process, during an invocation.

    Returns:
        At most 256 characters, which StartExecution takes. '' where there is no trace: StartExecution takes that too.
    """
    header = environment.get(TRACE_VARIABLE, "")
    root = trace_id(header)
    decision = fields_of(header).get("Sampled", "")
    if not root:
        return ""
    return f"Root={root};Sampled={decision}" if decision in ("0", "1") else f"Root={root}"
