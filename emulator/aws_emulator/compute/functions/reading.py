"""What clients read of a function besides its configuration; nothing here can be changed from its default."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, Emulator
from aws_emulator.compute.functions.store import find_function, split_name


def install_reading(emulator: Emulator) -> None:
    """Register the operations."""

    def arn(call: ApiCall) -> str:
        params = call.params
        account, region, name, qualifier = split_name(
            params["FunctionName"], call.caller.account, call.region, params.get("Qualifier")
        )
        return str(find_function(account, region, name, qualifier).function_arn)

    @emulator.operation("lambda", "GetRuntimeManagementConfig")
    def get_runtime_management_config(call: ApiCall) -> dict[str, Any]:
        return {"UpdateRuntimeOn": "Auto", "FunctionArn": arn(call)}

    @emulator.operation("lambda", "GetFunctionRecursionConfig")
    def get_function_recursion_config(call: ApiCall) -> dict[str, Any]:
        arn(call)
        return {"RecursiveLoop": "Terminate"}
