"""What a stack of one account knows and the other team's stack needs: keys to paste into its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import yaml  # comes with Pulumi's SDK

from streamgov_core.model.naming import DEFAULT_NAMESPACE
from streamgov_pulumi.components.governance import StreamGovernance
from streamgov_pulumi.components.governance_args import StreamGovernanceArgs
from streamgov_pulumi.config.stack_file import PROJECT

Keys = dict[str, Any]


def hand_over(mode: str, args: StreamGovernanceArgs, governance: StreamGovernance) -> dict[str, pulumi.Output[str]]:
    """The output for the other side's stack, by its name; none if one stack deploys both.

    Args:
        mode: the stack's mode.
        args: the facade's arguments.
        governance: what was made of them.
    """
    if mode == "domain":
        share = governance.share_arn if governance.share_arn is not None else pulumi.Output.from_input(None)
        made = pulumi.Output.all(domain=args["domain"]["domain_id"], share=share).apply(
            lambda known: _text(for_members(args, known["domain"], known["share"]))
        )
        return {"forMemberStacks": made}
    if mode == "member":
        roles = {key.partition("/")[2]: source.role_arn for key, source in governance.data_sources.items()}
        return {"forDomainStack": pulumi.Output.all(**roles).apply(lambda known: _text(for_domain(args, known)))}
    return {}


def for_members(args: StreamGovernanceArgs, domain_id: str, share_arn: str | None) -> Keys:
    """What each member's file takes over from the domain's stack.

    Args:
        args: the arguments of the domain's stack.
        domain_id: the domain's id.
        share_arn: the share that a member accepts, if the stack makes one.
    """
    domain = args["domain"]
    made: Keys = {"region": args["region"]}
    if args.get("namespace", DEFAULT_NAMESPACE) != DEFAULT_NAMESPACE:
        made["namespace"] = args["namespace"]
    made["domain"] = {"account": domain["access"]["account"], "domainId": domain_id}
    if share_arn and not domain.get("within_organization", False):
        made["member"] = {"acceptShareArn": share_arn}
    return made


def for_domain(args: StreamGovernanceArgs, role_arns: Mapping[str, str]) -> Keys:
    """What the domain's file takes over from a member's stack.

    Args:
        args: the arguments of the member's stack.
        role_arns: the roles of its data sources by their word.
    """
    [member] = args["members"]
    account, domain = member["access"]["account"], args["domain"]
    made: Keys = {"memberAccounts": [account]}
    section: Keys = {}
    # Whoever may act in the domain's account has made the members itself.
    if role_arns and "assume_role_arn" not in domain["access"]:
        sources = member.get("data_sources", {})
        section["contributors"] = {
            word: {
                "projectId": str(sources[word]["project_id"]),
                "roleArn": arn,
                "platform": sources[word]["platform"],
            }
            for word, arn in sorted(role_arns.items())
        }
    targets: Any = member.get("targets", {})
    principals = [role for target in targets.values() for role in target.get("principals", ())]
    foreign = sorted({str(role).split(":")[4] for role in principals if isinstance(role, str)} - {account})
    if foreign:
        section["principalAccounts"] = {account: foreign}
    if section:
        made["domain"] = section
    return made


def _text(keys: Keys) -> str:
    dumped: str = yaml.safe_dump({f"{PROJECT}:{key}": value for key, value in keys.items()}, sort_keys=False)
    return dumped
