"""As what the roles of our functions are members of projects."""

from collections.abc import Mapping, Sequence
from typing import Any

from streamgov_pulumi.components._settings import Settings, lifted


def member_as(
    settings: Settings, function: str, operations: Sequence[str], choices: Mapping[str, Any]
) -> dict[str, Any]:
    """Inputs of a membership that say what the member may do.

    Args:
        settings: the function's account.
        function: what ``Names.function_name`` calls the function.
        operations: operations of DataZone's API that it calls.
        choices: a component's arguments, of which ``own_designations`` counts.
    """
    name = settings.names.designation(function, settings.account)
    own = choices.get("own_designations", True)
    return {
        "designation": "PROJECT_CONTRIBUTOR",
        "operations": lifted(lambda wanted: list(operations) if wanted else None, own),
        "designation_name": lifted(lambda wanted: name if wanted else None, own),
    }
