"""Parameter Store: names and sizes that moto lets pass.

Source: Systems Manager user guide, "Requirements and constraints for parameter names" and "Parameter tiers": letters,
digits and ``_.-/``, at most 15 levels, 4 KB (standard) or 8 KB (advanced), 10,000 standard parameters a Region.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator

MAX_LEVELS = 15
STANDARD_VALUE = 4096
ADVANCED_VALUE = 8192
STANDARD_PARAMETERS = 10_000


def install(emulator: Emulator) -> None:
    """Put the rules around PutParameter."""

    @emulator.wrap("ssm", "PutParameter")
    def put_parameter(call: ApiCall, proceed: Callable[[], dict[str, Any]]) -> None:
        _check_name(call.params["Name"])
        _check_value(call.params["Value"], call.params.get("Tier", "Standard"))
        _check_count(call)
        proceed()


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-zA-Z0-9_.\-/]+", name):
        raise ApiError(
            "ValidationException",
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
            "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the "
            "following 3 symbols .-_",
        )
    if "/" in name and not name.startswith("/"):
        raise ApiError("ValidationException", "Parameter name must be a fully qualified name.")
    if name.count("/") > MAX_LEVELS:
        raise ApiError("HierarchyLevelLimitExceededException", f"A hierarchy can have at most {MAX_LEVELS} levels.")


def _check_value(value: str, tier: str) -> None:
    size = len(value.encode())
    if size > ADVANCED_VALUE or (tier == "Standard" and size > STANDARD_VALUE):
        largest = STANDARD_VALUE if tier == "Standard" else ADVANCED_VALUE
        message = f"{tier} tier parameters support a maximum parameter value of {largest} characters."
        raise ApiError("ValidationException", message)


def _check_count(call: ApiCall) -> None:
    from moto.ssm.models import ssm_backends

    kept = ssm_backends[call.caller.account][call.region]._parameters
    if call.params["Name"] not in kept and len(kept) >= STANDARD_PARAMETERS:
        raise ApiError(
            "ParameterLimitExceeded", f"An account has at most {STANDARD_PARAMETERS} parameters in a Region."
        )
