"""Errors of the data source that its own parts distinguish."""

from __future__ import annotations

from streamgov_core.model.errors import CatalogError


class AssetExistsError(CatalogError):
    """An asset with this external identifier exists (API CreateAsset, ConflictException)."""


class AssetHiddenError(CatalogError):
    """The asset may not be read (AccessDeniedException), and the project's assets do not include it.

    Attributes:
        sees_others: whether the project's assets can be read at all; if not, the role may have lost its membership.
    """

    def __init__(self, asset_id: str, *, sees_others: bool) -> None:
        reason = "it was deleted, or is another project's" if sees_others else "the role may be no member any more"
        super().__init__(f"asset {asset_id} cannot be read and is not among the project's assets: {reason}")
        self.sees_others = sees_others


class AssetBusyError(CatalogError):
    """Another change of the asset is in progress, such as its move to another project (ConflictException)."""
