"""The streaming platforms that can be governed: one folder each, one Protocol, one registry."""

from __future__ import annotations

from streamgov_core.platforms.kinesis.platform import Kinesis
from streamgov_core.platforms.msk.platform import Msk
from streamgov_core.platforms.protocol import Platform
from streamgov_core.platforms.registry import PlatformRegistry

PLATFORMS = PlatformRegistry(Msk(), Kinesis())
"""Every platform, by name."""

__all__ = ["PLATFORMS", "Platform", "PlatformRegistry"]
