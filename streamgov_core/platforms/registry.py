"""Which streaming platforms there are: those of this package, and those that installed distributions bring.

A distribution brings one by an entry point of the group ``streamgov.platforms``: its name is the platform's, its object
the class or a function that makes it. A function's bundle carries the platform's package and the same entry point.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points

from streamgov_core.model.errors import ConfigError
from streamgov_core.platforms.protocol import Platform

GROUP = "streamgov.platforms"
"""The group of the entry points."""


class PlatformRegistry(Mapping[str, Platform]):
    """Platforms by name, those that are installed looked for when they are first asked for.

    Args:
        built_in: the platforms of this package.
    """

    def __init__(self, *built_in: Platform) -> None:
        self._built_in = {platform.name: platform for platform in built_in}
        self._all: Mapping[str, Platform] | None = None

    def __getitem__(self, name: str) -> Platform:
        return self._loaded()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded())

    def __len__(self) -> int:
        return len(self._loaded())

    def named(self, name: str) -> Platform:
        """The platform of a name.

        Raises:
            ConfigError: there is none.
        """
        platform = self.get(name)
        if platform is None:
            raise ConfigError(f"unknown streaming platform {name!r}: expected one of {', '.join(sorted(self))}")
        return platform

    def dataset(self, resource_arn: str) -> tuple[str, str]:
        """OpenLineage namespace and name of a topic or stream.

        One naming serves the catalogue and every emitter, because DataZone joins an asset and a dataset only when both
        strings are equal.

        Raises:
            ConfigError: the ARN is of no platform.
        """
        for platform in self.values():
            found = platform.dataset(resource_arn)
            if found is not None:
                return found
        nouns = ", ".join(sorted(platform.resource_noun for platform in self.values()))
        raise ConfigError(f"{resource_arn!r} is not the ARN of a resource of any platform ({nouns})")

    def source_identifier(self, resource_arn: str) -> str:
        """What an asset carries in ``sourceIdentifier`` so that DataZone joins it with the dataset of ``dataset``.

        Raises:
            ConfigError: the ARN is of no platform.
        """
        return "/".join(self.dataset(resource_arn))

    @property
    def manual_asset_pattern(self) -> re.Pattern[str]:
        """Matches the ARN patterns with which the configuration may name resources of any platform."""
        return re.compile("|".join(platform.manual_asset_pattern for platform in self.values()))

    def reload(self) -> None:
        """Look for installed platforms again when one is next asked for."""
        self._all = None

    def _loaded(self) -> Mapping[str, Platform]:
        if self._all is None:
            self._all = {**self._built_in, **_installed(self._built_in)}
        return self._all


def installed_platforms() -> Sequence[EntryPoint]:
    """The entry points by which installed distributions bring platforms, in the order of their names."""
    return sorted(entry_points(group=GROUP), key=lambda point: point.name)


def _installed(taken: Mapping[str, Platform]) -> dict[str, Platform]:
    found: dict[str, Platform] = {}
    for point in installed_platforms():
        platform: Platform = point.load()()
        if platform.name != point.name or point.name in taken or point.name in found:
            raise ConfigError(
                f"the entry point {point.name!r} = {point.value!r} of the group {GROUP} brings a platform named "
                f"{platform.name!r}: both names must be equal, and no other platform's"
            )
        found[point.name] = platform
    return found
