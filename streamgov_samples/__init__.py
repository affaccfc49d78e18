"""Sample jobs, the sandbox that they run in, and a Flink application: importable, and needed by nothing else.

Components are imported when they are first used: the sample functions run without Pulumi.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamgov_samples.components.flink import FlinkApplication
    from streamgov_samples.components.samples import SampleJobs
    from streamgov_samples.components.sandbox import Sandbox

_MODULES = {
    "FlinkApplication": "streamgov_samples.components.flink",
    "SampleJobs": "streamgov_samples.components.samples",
    "Sandbox": "streamgov_samples.components.sandbox",
}

__all__ = ["FlinkApplication", "SampleJobs", "Sandbox"]


def __getattr__(name: str) -> Any:
    """Import a component from its module."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
