"""What one must ask of live policies to know who may read or write a topic or stream.

A platform says which requests make up an access and reads the resource's own policies as they are. Who is asked about,
and how policies are evaluated, is for whoever verifies (`streamgov audit --verify`). Nothing here comes from what a
grant compiles to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from streamgov_core.runtime.clients import error_code

Direction = Literal["read", "write"]
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "ForbiddenException", "UnauthorizedException"})


class ServiceClients(Protocol):
    """Clients of one account."""

    def client(self, service: str) -> Any:
        """The client of a service."""


@dataclass(frozen=True)
class AccessNeed:
    """One request that must be allowed.

    Attributes:
        action: the IAM action.
        resource: the ARN that it is asked on.
        context: condition keys that this request brings.
        own_policy_decides: identity policies alone never suffice (KMS keys).
    """

    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    own_policy_decides: bool = False


@dataclass(frozen=True)
class AccessWay:
    """One way to the data: all its needs together.

    Attributes:
        direction: read or write.
        name: for people: ``shared reads``, ``consumer x``.
        needs: the requests.
    """

    direction: Direction
    name: str
    needs: tuple[AccessNeed, ...]


@dataclass(frozen=True)
class LivePolicy:
    """A policy on a resource.

    Attributes:
        name: for people.
        document: the policy as JSON data.
        kind: ``resource``, or ``grant`` for a KMS grant written as a policy.
    """

    name: str
    document: Mapping[str, Any]
    kind: Literal["resource", "grant"] = "resource"


@dataclass
class LiveAccess:
    """A topic or stream as it is now.

    Attributes:
        resource: its ARN.
        ways: the ways to its data.
        policies: ARN of a need's resource to the policies on it.
        bypasses: ways to the data that no IAM policy governs.
        unread: ARN of a need's resource to what could not be read there, and why.
        notes: what else could not be read.
    """

    resource: str
    ways: tuple[AccessWay, ...] = ()
    policies: dict[str, tuple[LivePolicy, ...]] = field(default_factory=dict)
    bypasses: tuple[str, ...] = ()
    unread: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def read_policies(self, arn: str, operation: str, read: Callable[[], tuple[LivePolicy, ...]]) -> None:
        """Read the policies on a resource; what may not be read is noted in ``unread``.

        Args:
            arn: the resource.
            operation: ``service:Operation``, for the note.
            read: reads them.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.policies[arn] = read()
        except (ClientError, BotoCoreError) as error:
            self.policies[arn] = ()
            self.unread[arn] = f"{operation} on {arn}: {error_code(error) or error}"

    def listing(self, operation: str, read: Callable[[], list[Any]]) -> list[Any]:
        """What a listing answers; nothing, and a note, if it fails."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return read()
        except (ClientError, BotoCoreError) as error:
            self.notes.append(f"{operation} for {self.resource}: {error_code(error) or error}")
            return []
