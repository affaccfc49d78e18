"""Errors of the data source that its own parts distinguish."""

from __future__ import annotations

from streamgov_core.model.errors import CatalogError


class AssetExistsError(CatalogError):
    """An asset with this external identifier exists (API CreateAsset, ConflictException)."""
