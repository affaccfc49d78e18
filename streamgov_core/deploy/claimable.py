"""Which topics and streams the records of each schema registry may claim, from the data sources of an account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streamgov_core.model.asset_record import NO_REGISTRY
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS


@dataclass(frozen=True)
class GovernedSource:
    """What a data source may speak for.

    Args:
        platform: ``msk`` or ``kinesis``.
        registry_name: its Glue schema registry.
        resource: the cluster, or the pattern of streams.
        topics: patterns of topic names.
        without_schema: it also makes assets of topics and streams that have no schema.
    """

    platform: str
    registry_name: str
    resource: str
    topics: tuple[str, ...] = ()
    without_schema: bool = False


def claimable_resources(names: Names, account: str, sources: Iterable[GovernedSource]) -> dict[str, tuple[str, ...]]:
    """Registry to the ARN patterns that its data sources' records may claim.

    Records of topics and streams without schema are kept together, under ``-``.

    Args:
        names: the deployment's names.
        account: the owner's account.
        sources: all data sources of the account.

    Raises:
        ConfigError: a data source does not say what it may speak for.
    """
    found: dict[str, set[str]] = {}
    for source in sources:
        patterns = PLATFORMS.named(source.platform).governed_patterns(names, account, source.resource, source.topics)
        for registry in (source.registry_name, NO_REGISTRY) if source.without_schema else (source.registry_name,):
            found.setdefault(registry, set()).update(patterns)
    return {registry: tuple(sorted(patterns)) for registry, patterns in sorted(found.items())}
