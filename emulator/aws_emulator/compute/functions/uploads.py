"""Deployment packages are checked when they are uploaded, not when they first run.

Source of the rules: Lambda quotas, "Deployment package (.zip file archive) size" (50 MB zipped for direct upload,
250 MB unzipped); API reference "CreateFunction".
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.compute.functions.bundles import UNPACKED_LIMIT
from aws_emulator.compute.functions.conditions import check_conditions

UPLOAD_LIMIT = 52_428_800


def check_archive(archive: bytes) -> None:
    """Refuse what is no deployment package.

    Raises:
        ApiError: as CreateFunction answers it.
    """
    if len(archive) > UPLOAD_LIMIT:
        raise ApiError("RequestTooLargeException", f"Request must be smaller than {UPLOAD_LIMIT} bytes", 413)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as bundle:
            size = sum(member.file_size for member in bundle.infolist())
    except zipfile.BadZipFile as error:
        message = "Could not unzip uploaded file. Please check your file, then try to upload again."
        raise ApiError("InvalidParameterValueException", message, 400) from error
    if size > UNPACKED_LIMIT:
        raise ApiError(
            "InvalidParameterValueException", f"Unzipped size must be smaller than {UNPACKED_LIMIT} bytes", 400
        )


def install_upload_checks(emulator: Emulator) -> None:
    """Check the archives of CreateFunction and UpdateFunctionCode before moto keeps them."""

    @emulator.wrap("lambda", "CreateFunction", "UpdateFunctionCode")
    def upload(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        code: Mapping[str, Any] = call.params.get("Code") or call.params
        archive = code.get("ZipFile")
        if archive is not None:
            check_archive(bytes(archive))
        if call.operation == "UpdateFunctionCode":
            check_conditions(call)
        return proceed()
