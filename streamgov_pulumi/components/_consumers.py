"""Which roles of a member account may be given access."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.arguments.vocabulary import COVERS_EVERY_ROLE, covers_every_role
from streamgov_pulumi.components._settings import lifted
from streamgov_pulumi.components.governance_args import MemberArgs, StreamGovernanceArgs


def check_consumer_roles(args: StreamGovernanceArgs) -> None:
    """Refuse roles of a whole account, unless the program says that they are meant."""
    for member in args["members"]:
        if not member.get("deploy", True) or member.get("allow_any_role", False):
            continue
        patterns = member.get("consumer_roles", [])
        for pattern in patterns if isinstance(patterns, Sequence) else []:
            if isinstance(pattern, str) and covers_every_role(pattern):
                raise ConfigError(
                    f"consumer_roles of account {member['access']['account']}: {COVERS_EVERY_ROLE}. Name a path, such "
                    f"as role/streaming/*, or say allow_any_role: True beside it, got {pattern!r}"
                )


def consumer_roles(member: MemberArgs) -> Any:
    """The roles that may be given access: without further word the principals of the account's targets."""
    told: Any = member.get("consumer_roles")
    if told is not None:  # an empty list is a word, too: nobody
        return told
    principals: list[Any] = [target.get("principals", []) for _, target in sorted(member.get("targets", {}).items())]
    return lifted(lambda found: sorted({role for roles in found for role in roles}), principals)
