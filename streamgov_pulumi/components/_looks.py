"""What the components of a program ask the live system at a preview, by a dynamic resource that they make anyway.

Nothing is asked here: a program registers resources. What is not known yet, and what the program makes itself and is
not there yet, is left out.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.arguments.choices import CHECKS, NEVER, WARN
from streamgov_pulumi.arguments.secret import as_input
from streamgov_pulumi.components._account import Account
from streamgov_pulumi.components._accounts import reached as reached_by
from streamgov_pulumi.components._accounts import session_of
from streamgov_pulumi.components._wanted import account_in, reached, remarks, wanted
from streamgov_pulumi.components.governance_args import StreamGovernanceArgs
from streamgov_pulumi.providers import reference_kinds as kinds
from streamgov_pulumi.providers.named_things import NAMED, item_of
from streamgov_pulumi.providers.reference_kinds import Clients, Question

Kind = Callable[[Clients, Question], str]


class NotKnown:
    """Stands for a value that nobody knows at a preview."""


def of_deployment(args: StreamGovernanceArgs) -> dict[str, Any]:
    """The input with which a resource of the facade asks for everything that the program names.

    Args:
        args: the facade's.

    Raises:
        ConfigError: ``check_references`` is none of its words.
    """
    mode = _mode(args)
    if mode is None:
        return {}
    found = _when_known(_of_deployment(args))
    accounts = [
        {
            "account": account,
            "region": args["region"],
            **as_input(session_of(reached_by(args, account))),
            "items": found.apply(lambda told, account=account: told[account]),  # type: ignore[misc]
        }
        for account in reached(args)
    ]
    return {NAMED: {"mode": mode, "remarks": found.apply(lambda told: told[""]), "accounts": accounts}}


async def _of_deployment(args: StreamGovernanceArgs) -> dict[str, list[Any]]:
    """What is asked, by account; under no account what the words alone show."""
    roles: dict[str, aws.iam.Role] = {}
    told = await _known(args, roles)
    boundaries = {arn: await _boundary(role) for arn, role in roles.items()}
    everything = wanted(told, by_file=False, boundaries=boundaries)
    items = {
        account: [item_of(item.path, item.question) for item in everything if item.account == account]
        for account in reached(args)
    }
    return {**items, "": remarks(told, by_file=False)}


async def _boundary(role: aws.iam.Role) -> object:
    """The boundary that a program gives to a role which is there; None if it says nothing of one."""
    value: object = await role.permissions_boundary.future(with_unknowns=True)
    return value if value is None or isinstance(value, str) else NotKnown()


def of_account(account: Account, name: str, asked: Sequence[tuple[str, Kind, Any]]) -> dict[str, Any]:
    """The input with which a resource of a component that stands alone asks for what it names in its account.

    Args:
        account: the component's.
        name: its logical name.
        asked: argument, kind and value; of a list each item is asked for, None is nothing.

    Raises:
        ConfigError: ``check_references`` is none of its words.
    """
    mode = _mode(account)
    if mode is None:
        return {}
    alike = [
        ("account.permissions_boundary", kinds.policy, account.get("permissions_boundary")),
        ("account.alarm_topics", kinds.topic, account.get("alarm_topics")),
    ]
    part = {
        "account": account.settings.account,
        **account.session_inputs(),
        "items": _when_known(_of_account(account.settings.account, name, [*asked, *alike])),
    }
    return {NAMED: {"mode": mode, "accounts": [part]}}


async def _of_account(account: str, name: str, asked: Sequence[tuple[str, Kind, Any]]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for argument, kind, value in asked:
        known = await _known(value, {})
        listed = enumerate(known) if isinstance(known, list) else [("", known)]
        for index, one in listed:
            # A role of another account can be asked for there only.
            if isinstance(one, str) and (kind is not kinds.role or account_in(one) == account):
                path = f"{name}.{argument}" + (f"[{index}]" if isinstance(index, int) else "")
                items.append(item_of(path, Question(kind, one)))
    return items


def _when_known(answer: Any) -> pulumi.Output[Any]:
    """What a coroutine answers, as an input."""
    return pulumi.Output.from_input(answer)


def _mode(args: Mapping[str, Any]) -> str | None:
    """What a preview does about what is not there; None if nothing is asked."""
    mode = str(args.get("check_references", WARN))
    if mode not in CHECKS:
        raise ConfigError(f"check_references must be one of {', '.join(CHECKS)}, got {mode!r}")
    return mode if mode != NEVER and pulumi.runtime.is_dry_run() else None


async def _known(value: Any, roles: dict[str, aws.iam.Role]) -> Any:
    """A value as far as it is known now; NotKnown stands for the rest, and for secrets.

    Args:
        value: of a program.
        roles: takes the roles of the program, by the text that comes of each, such as its ARN.
    """
    if isinstance(value, pulumi.Output):
        return await _of_output(value, roles)
    if isinstance(value, Mapping):
        return {key: await _known(item, roles) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [await _known(item, roles) for item in value]
    return NotKnown() if isinstance(value, Awaitable) else value


async def _of_output(value: pulumi.Output[Any], roles: dict[str, aws.iam.Role]) -> Any:
    try:
        if not await value.is_known() or await value.is_secret():
            return NotKnown()
        made = await value.resources()
        # A name is known before the thing is there.
        if not all([await _exists(resource) for resource in made]):
            return NotKnown()
        found = await value.future()
        for resource in made:
            if isinstance(found, str) and isinstance(resource, aws.iam.Role):
                roles[found] = resource
        return found
    except Exception:  # what it hangs on has failed, and tells so itself
        return NotKnown()


async def _exists(resource: pulumi.Resource) -> bool:
    """Whether a resource was there before this preview; not if that cannot be told."""
    # The resources that another language's program passes are stand-ins without id.
    identifier = getattr(resource, "id", None) if isinstance(resource, pulumi.CustomResource) else None
    return isinstance(identifier, pulumi.Output) and await identifier.is_known() and bool(await identifier.future())
