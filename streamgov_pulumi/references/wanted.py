"""What a configuration refers to: a pure function of the facade's arguments.

What a dynamic resource looks up itself before it is made (environments, the projects of types and memberships, the
domain unit of a rule) is not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from streamgov_core.model.naming import DEFAULT_NAMESPACE, Names
from streamgov_pulumi.arguments.choices import FIND_TRAIL
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.components.governance_args import MemberArgs, StreamGovernanceArgs
from streamgov_pulumi.references import kinds
from streamgov_pulumi.references.kinds import Question

RESOURCES = {"msk": kinds.cluster, "kinesis": kinds.stream}
"""What a data source's resource is, by platform; of others nothing is known."""


@dataclass(frozen=True)
class Wanted:
    """Something that should be there.

    Args:
        path: where the configuration names it, in a stack file's words.
        account: where it is looked for.
        question: what is looked for.
    """

    path: str
    account: str
    question: Question


def wanted(args: StreamGovernanceArgs) -> list[Wanted]:
    """Everything that a deployment refers to, and that the accounts which it reaches can answer for.

    Args:
        args: the facade's.
    """
    return [item for item in (*_domain(args), *_shared(args), *_members(args)) if isinstance(item.question.value, str)]


def reached(args: StreamGovernanceArgs) -> dict[str, AccountArgs]:
    """The accounts that are deployed into, and how each is reached."""
    domain = args["domain"]
    found = {domain["access"]["account"]: domain["access"]} if domain.get("deploy", True) else {}
    for member in args["members"]:
        if member.get("deploy", True):
            found.setdefault(member["access"]["account"], member["access"])
    return found


def remarks(args: StreamGovernanceArgs) -> list[str]:
    """What the words themselves say is probably wrong, where no account that is reached could answer."""
    domain = args["domain"]
    names = Names(args.get("namespace", DEFAULT_NAMESPACE), args["region"], args.get("partition", "aws"))
    found: list[str] = []
    for word, contributor in sorted(domain.get("contributors", {}).items()):
        role = contributor["role_arn"]
        if not isinstance(role, str) or role.split(":")[4] in reached(args):
            continue
        ours = names.role_arn(role.split(":")[4], "sync-")
        if "-sync-" in role and not role.startswith(ours):
            found.append(
                f"domain.contributors.{word}.roleArn: {role} looks like a data source's role, and those of this "
                f"namespace and region are called {ours}<word> (in the member's stack: pulumi stack output "
                "dataSourceRoleArns)"
            )
    return found


def _domain(args: StreamGovernanceArgs) -> Iterator[Wanted]:
    domain = args["domain"]
    own, known = domain["access"]["account"], str(domain["domain_id"])
    if not isinstance(domain["domain_id"], str):
        return
    # Whoever accepts the domain's share in this very stack may not see the domain before.
    accepting = {item["access"]["account"] for item in args["members"] if "accept_share_arn" in item}
    for account in {own} if domain.get("deploy", True) else sorted(set(reached(args)) - accepting):
        kind = kinds.own_domain if account == own else kinds.domain
        yield Wanted("domain.domainId", account, Question(kind, known, known))
    if domain.get("deploy", True) and "usable_in_domain_unit" in domain:
        unit = Question(kinds.domain_unit, domain["usable_in_domain_unit"], known)  # type: ignore[arg-type]
        yield Wanted("domain.usableInDomainUnit", own, unit)
    for word, contributor in sorted(domain.get("contributors", {}).items()):
        yield from _role(args, f"domain.contributors.{word}.roleArn", contributor["role_arn"])


def _shared(args: StreamGovernanceArgs) -> Iterator[Wanted]:
    """What each account, or somebody's account, holds for all of the deployment."""
    accounts = reached(args)
    if "permissions_boundary_name" in args:
        partition, name = args.get("partition", "aws"), args["permissions_boundary_name"]
        for account in accounts:
            arn = f"arn:{partition}:iam::{account}:policy/{name}"
            yield Wanted("permissionsBoundaryName", account, Question(kinds.policy, arn))
    topics: Any = args.get("alarm_topics", [])
    for index, topic in enumerate(topics):
        owner = topic.split(":")[4]
        asked = owner if owner in accounts else next(iter(accounts), "")
        yield Wanted(f"alarmTopics[{index}]", asked, Question(kinds.topic, topic))


def _role(args: StreamGovernanceArgs, path: str, arn: object) -> Iterator[Wanted]:
    if isinstance(arn, str) and arn.split(":")[4] in reached(args):
        yield Wanted(path, arn.split(":")[4], Question(kinds.role, arn))


def _members(args: StreamGovernanceArgs) -> Iterator[Wanted]:
    single = not args["domain"].get("deploy", True) and len(args["members"]) == 1
    for index, member in enumerate(args["members"]):
        if member.get("deploy", True):
            yield from _member(args, member, "member" if single else f"members[{index}]")


def _member(args: StreamGovernanceArgs, member: MemberArgs, path: str) -> Iterator[Wanted]:
    account, domain_id = member["access"]["account"], args["domain"]["domain_id"]
    domain = domain_id if isinstance(domain_id, str) else ""
    for word, source in sorted(member.get("data_sources", {}).items()):
        where = f"{path}.dataSources.{word}"
        if domain:
            yield Wanted(f"{where}.projectId", account, _question(kinds.project, source["project_id"], domain))
        yield Wanted(f"{where}.registryName", account, _question(kinds.registry, source["registry_name"]))
        if source["platform"] in RESOURCES:
            found = _question(RESOURCES[source["platform"]], source["resource"])
            yield Wanted(f"{where}.resource", account, found)
    for word, target in sorted(member.get("targets", {}).items()):
        principals: Any = target.get("principals", ())
        for number, principal in enumerate(principals):
            yield from _role(args, f"{path}.targets.{word}.principals[{number}]", principal)
    projects: Any = member.get("manual_assets", {})
    for project in sorted(projects) if domain else ():
        yield Wanted(f"{path}.manualAssets.{project}", account, Question(kinds.project, project, domain))
    if "boundary_arn" in member:
        yield Wanted(f"{path}.boundaryArn", account, _question(kinds.policy, member["boundary_arn"]))
    if "trail_arn" in member and member.get("trail", FIND_TRAIL) == FIND_TRAIL:
        yield Wanted(f"{path}.trailArn", account, _question(kinds.trail, member["trail_arn"]))


def _question(kind: object, value: object, domain: str = "") -> Question:
    return Question(kind, value, domain)  # type: ignore[arg-type]
