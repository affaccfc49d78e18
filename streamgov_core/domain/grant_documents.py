"""Which documents of which accounts a grant contributes to, as ``apply`` chooses them."""

from __future__ import annotations

from collections.abc import Iterator

from streamgov_core.model.command import GrantCommand
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn
from streamgov_core.platforms.owner_side import owner_contributions


def role_document(role: RoleArn) -> tuple[str, str]:
    """Account and id of the document that holds a role's permissions."""
    return role.account, f"role#{role.arn}"


def owner_documents(names: Names, command: GrantCommand) -> frozenset[str]:
    """Ids of the documents in the resource's account, roles of consumers aside.

    Raises:
        PermanentGrantError: the platform cannot derive them.
    """
    owned = command.for_side("producer", "GRANT", command.generation, command.producer.account)
    return frozenset(contribution.document_id for contribution in owner_contributions(names, owned))


def document_ids_of(names: Names, command: GrantCommand) -> Iterator[tuple[str, str]]:
    """Account and id of every document that a grant contributes to.

    Raises:
        PermanentGrantError: the platform can no longer derive them.
    """
    yield from ((command.producer.account, name) for name in sorted(owner_documents(names, command)))
    yield from (role_document(role) for role in command.consumer.direct)
