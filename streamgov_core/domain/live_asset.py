"""What an asset says of itself: as its listing was published, or as it is now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.model.errors import PermanentGrantError


@dataclass(frozen=True)
class LiveAsset:
    """An asset's type, owner and forms.

    Args:
        asset_id: of DataZone.
        type_name: its asset type.
        owner_project: the project that owns it now.
        raw_forms: the forms as DataZone has them: JSON texts or objects, by form name.
    """

    asset_id: str
    type_name: str
    owner_project: str
    raw_forms: Any = field(default_factory=dict)

    @classmethod
    def of_listing(cls, listing: Mapping[str, Any]) -> LiveAsset:
        """Read the ``assetListing`` of a listing, whose forms are one JSON text (API GetListing)."""
        return cls(
            str(listing["assetId"]),
            str(listing.get("assetType") or ""),
            str(listing.get("owningProjectId") or ""),
            listing.get("forms") or "{}",
        )

    @classmethod
    def of_asset(cls, asset: Mapping[str, Any]) -> LiveAsset:
        """Read an asset (API GetAsset)."""
        return cls(
            str(asset["id"]),
            str(asset.get("typeIdentifier") or ""),
            str(asset.get("owningProjectId") or ""),
            {str(form["formName"]): form.get("content") or "{}" for form in asset.get("formsOutput") or ()},
        )

    @property
    def forms(self) -> dict[str, Any]:
        """The forms' contents by form name.

        Raises:
            PermanentGrantError: they cannot be read.
        """
        try:
            forms = json.loads(self.raw_forms) if isinstance(self.raw_forms, str) else self.raw_forms
            return {name: json.loads(form) if isinstance(form, str) else form for name, form in forms.items()}
        except (ValueError, AttributeError) as error:
            raise PermanentGrantError(f"the forms of asset {self.asset_id} are not readable: {error}") from error
