"""What the plugin for programs in other languages offers: all public components, and the Flink application."""

from __future__ import annotations

import pulumi

from streamgov_pulumi.plugin import components
from streamgov_samples.components.flink import FlinkApplication


def offered() -> list[type[pulumi.ComponentResource]]:
    """The classes, by name. The local sandbox and its jobs are not among them."""
    return sorted([*components(), FlinkApplication], key=lambda component: component.__name__)
