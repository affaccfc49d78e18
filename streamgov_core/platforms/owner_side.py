"""What a grant contributes to documents of the owner's account, by whichever way it reaches the consumer's roles."""

from __future__ import annotations

from dataclasses import replace

from streamgov_core.model.access_role import access_contribution, access_role_of, as_access_role, without_own_role
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.naming import Names
from streamgov_core.model.registry_access import consumer_permissions, reader_contributions
from streamgov_core.platforms import PLATFORMS


def owner_contributions(names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
    """Resource policies and reader roles for roles that get access themselves, access roles for those that assume one.

    Of a command that says of neither (a revoke of what nobody finished), both.

    Raises:
        PermanentGrantError: the platform cannot derive them.
    """
    found = dict[str, PolicyContribution]()
    undecided = command.consumer.assuming is None
    if undecided or command.consumer.direct:
        direct = command.directly()
        own = (*PLATFORMS[command.platform].producer_contributions(names, direct), *reader_contributions(names, direct))
        found.update({item.document_id: item for item in own})
    if undecided or command.consumer.assuming:
        for item in _through_access_role(names, command):
            known = found.get(item.document_id)
            found[item.document_id] = item if known is None else _joined(known, item)
    return tuple(found.values())


def _joined(first: PolicyContribution, second: PolicyContribution) -> PolicyContribution:
    """What both ways need of one document."""
    permissions = tuple(sorted({*first.permissions, *second.permissions}))
    return replace(first, permissions=permissions, trust=tuple(sorted({*first.trust, *second.trust})))


def _through_access_role(names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
    """The access role's document, and what else the grant needs within the owner's account."""
    platform, inside = PLATFORMS[command.platform], as_access_role(names, command)
    permissions = (
        *platform.consumer_permissions(names, inside),
        *consumer_permissions(names, inside, access_role_of(names, command)),
    )
    others = without_own_role(names, command, platform.producer_contributions(names, inside))
    return (access_contribution(names, command, permissions), *others, *reader_contributions(names, inside))
