"""What a stack file (``Pulumi.<stack>.yaml``) holds in each mode.

The arguments of ``StreamGovernance`` are its settings. Here stand the few that no program needs: a stack file says in
which mode it is written, and what it deploys follows from that.
"""

from dataclasses import dataclass
from typing import Annotated, NotRequired, TypedDict

from streamgov_pulumi.arguments import vocabulary as v
from streamgov_pulumi.arguments.rules import Choice, Size, described
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.components.governance_args import DomainArgs, MemberArgs, StreamGovernanceArgs
from streamgov_pulumi.config.shapes import Shape, shape_of

PROJECT = "streamgov"
"""Prefix of every key."""


@described
class StackKeys(TypedDict):
    """What every stack file says."""

    mode: Annotated[str, Choice(("all", "domain", "member", "sandbox"))]
    """What this stack deploys: ``all`` accounts from one program, the ``domain``'s account only, one ``member``
    account only, or the local ``sandbox``."""
    check_permissions: NotRequired[Annotated[str, v.CHECK]]
    """What a preview does about permissions that the deploying role lacks: ``warn``, ``refuse`` the preview, or
    ``never`` look. Default ``warn``."""


@described
class PlaceKeys(TypedDict):
    """What a section that describes an account may repeat."""

    region: NotRequired[Annotated[str, v.REGION]]
    """The account's region. If it is given, it must be the deployment's."""


@described
class DomainKeys(TypedDict):
    """What the stack of the domain's account says of the others."""

    member_accounts: Annotated[list[Annotated[str, v.ACCOUNT]], Size(1, None, "must be a list of at least one account")]
    """The accounts of producers and consumers; each has a stack of its own."""


@described
class MemberKeys(TypedDict):
    """What the stack of a member account says."""

    member: MemberArgs
    """The account of producers, consumers or both."""


@described
class SandboxAccounts(TypedDict):
    """Three accounts of the emulator."""

    domain: AccountArgs
    """The account of the DataZone domain."""
    producer: AccountArgs
    """The account of cluster, stream and registries."""
    consumer: AccountArgs
    """The account of the consuming role."""


@described
class SandboxKeys(TypedDict):
    """What the local sandbox says."""

    accounts: SandboxAccounts
    """The sandbox's accounts; they must be different ones."""


DOMAIN = shape_of(DomainArgs, PlaceKeys)
DOMAIN_REFERENCE = shape_of(DomainArgs, PlaceKeys, name="DomainReference", required_only=True)
MEMBER = shape_of(MemberArgs, PlaceKeys)


@dataclass(frozen=True)
class Mode:
    """One kind of stack.

    Attributes:
        text: what such a stack deploys.
        shape: the settings of its file.
    """

    text: str
    shape: Shape


def _mode(name: str, text: str, *keys: type, without: tuple[str, ...] = (), domain: Shape = DOMAIN) -> Mode:
    shape = shape_of(
        StackKeys,
        StreamGovernanceArgs,
        *keys,
        name=f"{name.capitalize()}Stack",
        without=without,
        nested=((DomainArgs, domain), (MemberArgs, MEMBER)),
    )
    return Mode(text, shape)


MODES = {
    "all": _mode("all", "the domain's account and all members, from one program"),
    "domain": _mode("domain", "the domain's account only", DomainKeys, without=("members",)),
    "member": _mode("member", "one member account only", MemberKeys, without=("members",), domain=DOMAIN_REFERENCE),
    "sandbox": _mode(
        "sandbox", "the local sandbox with a domain of its own", SandboxKeys, without=("domain", "members")
    ),
}
