"""The streaming platforms that can be governed, by name."""

from __future__ import annotations

from collections.abc import Mapping

from streamgov_core.platforms.kinesis.platform import Kinesis
from streamgov_core.platforms.msk.platform import Msk
from streamgov_core.platforms.platform import Platform

PLATFORMS: Mapping[str, Platform] = {platform.name: platform for platform in (Msk(), Kinesis())}
"""Every platform. A third one is one more module and one more entry here."""

__all__ = ["PLATFORMS", "Platform"]
