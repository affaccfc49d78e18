"""Where a data source looks topics or streams up."""

from __future__ import annotations

from typing import Any, Protocol

from streamgov_core.model.resource import Resource


class ResourceSource(Protocol):
    """The topics or streams of one account, as far as one data source covers them. Safe for several threads."""

    def prepare(self, *, one: bool = False) -> None:
        """Look up what all of them share, once a run.

        Args:
            one: the run is about a single one of them: list nothing.

        Raises:
            CatalogError: it is not there.
        """

    def snapshot(self) -> Any:
        """What ``prepare`` has looked up, as JSON can hold it, for the other functions of the run."""

    def restore(self, snapshot: Any) -> None:
        """Know what another function of the run has looked up, instead of looking it up again."""

    def resource(self, name: str) -> Resource:
        """The topic or stream of a name.

        Raises:
            StreamgovError: the name is not legal, or there is none.
        """

    def prefetch(self, name: str) -> None:
        """Ask ahead for what ``resource`` will need, so that it costs no call then."""

    def described(self, resource: Resource) -> Resource:
        """The resource with those facts that cost a call each, for an asset that is written anyway."""

    def resources(self) -> list[str]:
        """The names of all topics or streams that are there, without those that the service keeps for itself.

        Raises:
            CatalogError: the platform cannot list them.
        """
