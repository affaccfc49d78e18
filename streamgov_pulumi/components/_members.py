"""As what the roles of our functions are members of projects."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi

from streamgov_core.deploy.data_source_permissions import ASSET_OPERATIONS
from streamgov_core.platforms import Platform
from streamgov_pulumi.components._account import Account
from streamgov_pulumi.components._settings import Settings, if_said, lifted, platforms_of
from streamgov_pulumi.components.governance_args import DomainArgs
from streamgov_pulumi.providers import ProjectMembership


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
    return _held(choices, operations=list(operations), designation_name=name)


def writing_assets_as(settings: Settings, platform: Platform, choices: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs of a data source's membership: the one designation of all data sources of its platform in the domain.

    Args:
        settings: the data source's account.
        platform: what its assets are of.
        choices: a component's arguments, of which ``own_designations`` counts.
    """
    return _held(
        choices,
        operations=list(ASSET_OPERATIONS),
        designation_name=settings.names.type_designation(platform.name),
        asset_type=platform.asset_type(settings.names).name,
    )


def contributors(
    name: str, account: Account, domain: DomainArgs, opts: pulumi.ResourceOptions
) -> list[ProjectMembership]:
    """The members that the domain's stack makes of roles of other stacks.

    Args:
        name: beginning of their logical names.
        account: the domain's account.
        domain: the domain's arguments.
        opts: options of each.
    """
    shared = {
        "domain_id": domain["domain_id"],
        "designation": "PROJECT_CONTRIBUTOR",
        **if_said("adopt_existing", domain.get("adopt_existing", False)),
        **account.session_inputs(),
    }
    made = []
    for word, found in sorted(domain.get("contributors", {}).items()):
        member = {"project_id": found["project_id"], "user_identifier": found["role_arn"]}
        if "platform" in found:
            [platform] = platforms_of([found["platform"]])
            member |= writing_assets_as(account.settings, platform, domain)
        made.append(ProjectMembership(f"{name}-contributor-{word}", {**shared, **member}, opts))
    return made


def _held(choices: Mapping[str, Any], **own: Any) -> dict[str, Any]:
    wanted = choices.get("own_designations", True)
    return {
        "designation": "PROJECT_CONTRIBUTOR",
        **{key: lifted(partial(_unless_declined, value), wanted) for key, value in own.items()},
    }


def _unless_declined(value: Any, wanted: bool) -> Any:
    return value if wanted else None
