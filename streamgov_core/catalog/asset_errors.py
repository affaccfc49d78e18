"""Errors of the data source that its own parts distinguish."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from streamgov_core.model.errors import CatalogError
from streamgov_core.runtime.clients import error_code


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


class AssetRefusedError(CatalogError):
    """DataZone refuses the data source an operation, until somebody gives its role back what it lacks."""


@contextmanager
def refusals_told(project_id: str) -> Iterator[None]:
    """Turn a refusal of DataZone (AccessDeniedException) into a sentence that says what to look at.

    Args:
        project_id: the project in which the data source works.

    Raises:
        AssetRefusedError: DataZone refused a call.
    """
    try:
        yield
    except ClientError as error:
        if error_code(error) != "AccessDeniedException":
            raise
        operation = error.operation_name
        use = " and may use the asset type (USE_ASSET_TYPE)" if operation == "CreateAsset" else ""
        # What to do comes first: results of a run cut a cause.
        raise AssetRefusedError(
            f"DataZone refuses {operation} (AccessDeniedException): see that the role is a member of project "
            f"{project_id} and, in a V2 domain, that its designation permits {operation}{use}; `pulumi up` of the "
            f"domain's stack gives back what it lacks. {error.response['Error'].get('Message', '')}"
        ) from error
