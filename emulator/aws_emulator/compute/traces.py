"""The trace header of AWS X-Ray: what starts a trace, what carries it on, and what ends it.

Source of the rules: X-Ray developer guide, "Concepts" (tracing header); Step Functions developer guide, "Trace Step
Functions request data in AWS X-Ray", and API reference, "StartExecution"; Lambda developer guide, "Visualize Lambda
function invocations using AWS X-Ray"; EventBridge user guide, "Amazon EventBridge integration with AWS X-Ray" (a header
that is not valid is dropped; events of AWS services and schedules have none). Segments are not kept: this emulator has
no X-Ray, only the ids that services pass on.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

HEADER = "x-amzn-trace-id"
"""The HTTP header, as the kernel names it."""
_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


@dataclass(frozen=True)
class Trace:
    """One trace.

    Attributes:
        root: its id.
        sampled: the sampling decision; None if it is left to the next service.
    """

    root: str
    sampled: bool | None = None

    def header(self) -> str:
        """The header for the next service, whose parent is a segment of its own."""
        decision = "" if self.sampled is None else f";Sampled={int(self.sampled)}"
        return f"Root={self.root};Parent={uuid.uuid4().hex[:16]}{decision}"

    def decided(self, *, active: bool) -> Trace:
        """The trace with a sampling decision: the one that it has, or that of a service which traces or does not."""
        return self if self.sampled is not None else replace(self, sampled=active)


def parse_trace(header: str | None) -> Trace | None:
    """The trace of a header; None if there is none or it is not valid."""
    fields = dict(part.strip().partition("=")[::2] for part in (header or "").split(";"))
    root = fields.get("Root", "")
    if not _ROOT.fullmatch(root):
        return None
    return Trace(root, {"0": False, "1": True}.get(fields.get("Sampled", "")))


def new_trace(*, active: bool) -> Trace:
    """A trace of its own: the time in seconds and 96 random bits."""
    return Trace(f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}", active)


def passed_header(headers: Mapping[str, str], member: str | None = None) -> str | None:
    """The header that a request brings: the HTTP header, which wins, or the member of its body."""
    return headers.get(HEADER) or member
