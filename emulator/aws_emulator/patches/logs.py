"""CloudWatch Logs: the key of a log group, which moto takes at creation only (API reference, AssociateKmsKey)."""

from __future__ import annotations

from typing import Any

from moto.logs.models import logs_backends

from aws_emulator.api import ApiCall, ApiError, Emulator


def install(emulator: Emulator) -> None:
    """Register the operations."""

    @emulator.operation("logs", "AssociateKmsKey")
    def associate_kms_key(call: ApiCall) -> dict[str, Any]:
        _group(call).kms_key_id = call.params["kmsKeyId"]
        return {}

    @emulator.operation("logs", "DisassociateKmsKey")
    def disassociate_kms_key(call: ApiCall) -> dict[str, Any]:
        _group(call).kms_key_id = None
        return {}


def _group(call: ApiCall) -> Any:
    name = call.params.get("logGroupName")
    if name is None:
        raise ApiError("InvalidParameterException", "Only log groups by name are served.", 400)
    group = logs_backends[call.caller.account][call.region].groups.get(name)
    if group is None:
        raise ApiError("ResourceNotFoundException", "The specified log group does not exist.", 400)
    return group
