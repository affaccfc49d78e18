"""The regions that AWS has, as botocore's data say it."""

from __future__ import annotations

import difflib
from functools import cache

import botocore
from botocore.loaders import create_loader

from streamgov_core.model.naming import PARTITIONS


@cache
def known_regions() -> dict[str, str]:
    """Region to partition, for the partitions that a deployment can be in."""
    data = create_loader().load_data("partitions")
    return {
        region: partition["id"]
        for partition in data["partitions"]
        if partition["id"] in PARTITIONS
        for region in partition["regions"]
        if not region.endswith("-global")
    }


def unknown_region(region: str) -> str:
    """What is wrong with a region's name; empty if AWS has a region of this name."""
    known = known_regions()
    if region in known:
        return ""
    close = difflib.get_close_matches(region, known, n=2)
    newer = f"a region that is newer needs a newer botocore than {botocore.__version__}"
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else newer
    return f"is no region of AWS: {region!r}; {hint}"
