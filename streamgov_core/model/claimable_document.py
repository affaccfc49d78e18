"""How the resources that records may claim are written into one environment variable, which is short of room."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from fnmatch import fnmatchcase

from streamgov_core.model.errors import ConfigError

MAX_PLAIN = 1_000
"""Characters up to which the document is plain JSON, which people and reviews read at once."""
MAX_DOCUMENT = 2_500
"""Characters that it may have: an environment has 4,096 bytes for all variables (Lambda quotas)."""
PACKED = "zlib:"


def covers(pattern: str, arn: str) -> bool:
    """Whether an ARN matches a pattern, segment by segment: a wildcard covers no ``/``."""
    theirs, ours = pattern.split("/"), arn.split("/")
    return len(theirs) == len(ours) and all(map(fnmatchcase, ours, theirs))


def pack(claimable: Mapping[str, tuple[str, ...]], prefix: str) -> str:
    """Write the document.

    Args:
        claimable: registry to ARN patterns.
        prefix: what most ARNs begin with, ``arn:<partition>:``; it is left out.

    Raises:
        ConfigError: it is too long.
    """
    short = {
        registry: [pattern.removeprefix(prefix) if pattern.startswith(prefix) else pattern for pattern in patterns]
        for registry, patterns in claimable.items()
    }
    text = json.dumps(short, sort_keys=True, separators=(",", ":"))
    if len(text) > MAX_PLAIN:
        text = PACKED + b64encode(zlib.compress(text.encode(), 9)).decode()
    if len(text) > MAX_DOCUMENT:
        raise ConfigError(
            f"the {sum(map(len, claimable.values()))} patterns of topics and streams of {len(claimable)} registries "
            f"take {len(text)} characters in the environment of the function 'apply', which has room for "
            f"{MAX_DOCUMENT}: use fewer, wider patterns, or another account"
        )
    return text


def unpack(text: str, prefix: str) -> dict[str, tuple[str, ...]]:
    """Read what ``pack`` wrote.

    Raises:
        ConfigError: it is no such document.
    """
    try:
        if text.startswith(PACKED):
            text = zlib.decompress(b64decode(text.removeprefix(PACKED), validate=True)).decode()
        return {
            registry: tuple(item if item.startswith("arn:") else prefix + item for item in patterns)
            for registry, patterns in json.loads(text).items()
        }
    except (ValueError, TypeError, AttributeError, zlib.error) as error:
        raise ConfigError(f"the variable does not hold registries with their topics and streams: {error}") from error
