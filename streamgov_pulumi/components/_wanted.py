"""What a configuration or a program refers to: a pure function of the facade's arguments.

What a dynamic resource looks up itself before it is made (environments, the projects of types and memberships, the
domain unit of a rule) is not asked for again. Nor is what is not known yet: a value that is no text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.deploy.member_deployment import BOUNDARY
from streamgov_core.model.access_role import ACCESS_ROLE, AUTO
from streamgov_core.model.naming import DEFAULT_NAMESPACE, Names
from streamgov_pulumi.arguments.choices import FIND_TRAIL
from streamgov_pulumi.arguments.rules import camel_case
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.components.governance_args import MemberArgs, StreamGovernanceArgs
from streamgov_pulumi.providers import reference_kinds as kinds
from streamgov_pulumi.providers.reference_kinds import Question

RESOURCES = {"msk": kinds.cluster, "kinesis": kinds.stream}
"""What a data source's resource is, by platform; of others nothing is known."""


@dataclass(frozen=True)
class Wanted:
    """Something that should be there.

    Args:
        path: where the configuration names it, in the words of a stack file or of a program.
        account: where it is looked for.
        question: what is looked for.
    """

    path: str
    account: str
    question: Question


def wanted(
    args: StreamGovernanceArgs, *, by_file: bool = True, boundaries: Mapping[str, object] | None = None
) -> list[Wanted]:
    """Everything that a deployment refers to, and that the accounts which it reaches can answer for.

    Args:
        args: the facade's.
        by_file: whether a stack's file says them; else a program does.
        boundaries: ARN of a role that the program itself makes to ARN of the permissions boundary that it gives it;
            empty for none, no text if that is not known yet.
    """
    search = _Search(args, by_file, boundaries or {})
    found = (*search.domain(), *search.shared(), *search.members())
    return [item for item in found if isinstance(item.question.value, str)]


def reached(args: StreamGovernanceArgs) -> dict[str, AccountArgs]:
    """The accounts that are deployed into, and how each is reached."""
    domain = args["domain"]
    found = {domain["access"]["account"]: domain["access"]} if domain.get("deploy", True) else {}
    for member in args["members"]:
        if member.get("deploy", True):
            found.setdefault(member["access"]["account"], member["access"])
    return found


def remarks(args: StreamGovernanceArgs, *, by_file: bool = True) -> list[str]:
    """What the words themselves say is probably wrong, where no account that is reached could answer.

    Args:
        args: the facade's.
        by_file: whether a stack's file says them.
    """
    domain, found = args["domain"], []
    names, argument = _names(args), _key("role_arn", by_file)
    for word, contributor in sorted(domain.get("contributors", {}).items()):
        role = contributor["role_arn"]
        if not isinstance(role, str) or account_in(role) in reached(args):
            continue
        ours = names.role_arn(account_in(role), "sync-")
        if "-sync-" in role and not role.startswith(ours):
            found.append(
                f"domain.contributors.{word}.{argument}: {role} looks like a data source's role, and those of this "
                f"namespace and region are called {ours}<word> (in the member's stack: pulumi stack output "
                "dataSourceRoleArns)"
            )
    return found


def _names(args: StreamGovernanceArgs) -> Names:
    return Names(args.get("namespace", DEFAULT_NAMESPACE), args["region"], args.get("partition", "aws"))


def _key(name: str, by_file: bool) -> str:
    return camel_case(name) if by_file else name


def account_in(arn: str) -> str:
    """The account that an ARN names; empty if it is none, which whoever takes it says."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""


def _texts(values: Any) -> list[tuple[int, str]]:
    """Those of a list that are known, with their places."""
    listed = values if isinstance(values, list | tuple) else ()
    return [(index, value) for index, value in enumerate(listed) if isinstance(value, str)]


@dataclass(frozen=True)
class _Search:
    """The search through the arguments of one facade; its methods answer by part."""

    args: StreamGovernanceArgs
    by_file: bool
    boundaries: Mapping[str, object]

    def _said(self, path: str, name: str) -> str:
        """An argument below another one, as whoever deploys writes it."""
        key = _key(name, self.by_file)
        return f"{path}.{key}" if path else key

    def _question(self, kind: Any, value: Any, domain: str = "", **more: Any) -> Question:
        return Question(kind, value, domain, by_file=self.by_file, **more)

    def domain(self) -> Iterator[Wanted]:
        """What the domain's section names."""
        domain = self.args["domain"]
        own, known = domain["access"]["account"], domain["domain_id"]
        if not isinstance(known, str):
            return
        deployed = domain.get("deploy", True)
        # Whoever accepts the domain's share in this very stack may not see the domain before.
        accepting = {item["access"]["account"] for item in self.args["members"] if "accept_share_arn" in item}
        for account in {own} if deployed else sorted(set(reached(self.args)) - accepting):
            kind = kinds.own_domain if account == own else kinds.domain
            yield Wanted(self._said("domain", "domain_id"), account, self._question(kind, known, known))
        if deployed and "usable_in_domain_unit" in domain:
            unit = self._question(kinds.domain_unit, domain["usable_in_domain_unit"], known)
            yield Wanted(self._said("domain", "usable_in_domain_unit"), own, unit)
        for word, contributor in sorted(domain.get("contributors", {}).items()):
            yield from self._role(self._said(f"domain.contributors.{word}", "role_arn"), contributor["role_arn"])

    def shared(self) -> Iterator[Wanted]:
        """What each account, or somebody's account, holds for all of the deployment."""
        args, accounts = self.args, reached(self.args)
        if "permissions_boundary_name" in args:
            partition, name = args.get("partition", "aws"), args["permissions_boundary_name"]
            for account in accounts:
                arn = f"arn:{partition}:iam::{account}:policy/{name}"
                path = self._said("", "permissions_boundary_name")
                yield Wanted(path, account, self._question(kinds.policy, arn))
        for index, topic in _texts(args.get("alarm_topics", [])):
            owner = account_in(topic)
            asked = owner if owner in accounts else next(iter(accounts), "")
            path = f"{self._said('', 'alarm_topics')}[{index}]"
            yield Wanted(path, asked, self._question(kinds.topic, topic))

    def members(self) -> Iterator[Wanted]:
        """What the sections of the members name."""
        members = self.args["members"]
        single = self.by_file and not self.args["domain"].get("deploy", True) and len(members) == 1
        for index, member in enumerate(members):
            if member.get("deploy", True):
                yield from self._member(member, "member" if single else f"members[{index}]")

    def _member(self, member: MemberArgs, path: str) -> Iterator[Wanted]:
        account, domain_id = member["access"]["account"], self.args["domain"]["domain_id"]
        domain = domain_id if isinstance(domain_id, str) else ""
        for word, source in sorted(member.get("data_sources", {}).items()):
            where = f"{self._said(path, 'data_sources')}.{word}"
            asked: list[tuple[str, Any, str]] = [("registry_name", kinds.registry, "")]
            if domain:
                asked.insert(0, ("project_id", kinds.project, domain))
            if source["platform"] in RESOURCES:
                asked.append(("resource", RESOURCES[source["platform"]], ""))
            for key, kind, within in asked:
                question = self._question(kind, source[key], within)  # type: ignore[literal-required]
                yield Wanted(self._said(where, key), account, question)
        yield from self._targets(member, path)
        projects: Any = member.get("manual_assets", {})
        for project in sorted(projects) if domain and isinstance(projects, Mapping) else ():
            where = f"{self._said(path, 'manual_assets')}.{project}"
            yield Wanted(where, account, self._question(kinds.project, project, domain))
        if "boundary_arn" in member:
            yield Wanted(
                self._said(path, "boundary_arn"), account, self._question(kinds.policy, member["boundary_arn"])
            )
        if "trail_arn" in member and member.get("trail", FIND_TRAIL) == FIND_TRAIL:
            yield Wanted(self._said(path, "trail_arn"), account, self._question(kinds.trail, member["trail_arn"]))

    def _targets(self, member: MemberArgs, path: str) -> Iterator[Wanted]:
        needed = self._needed(member)
        for word, target in sorted(member.get("targets", {}).items()):
            delivery = target.get("delivery", AUTO)
            for number, role in _texts(target.get("principals", ())):
                where = f"{path}.targets.{word}.principals[{number}]"
                declared = self.boundaries.get(role)
                # What its own program is about to give it, and is not known yet, may be the right one.
                known = declared is None or isinstance(declared, str)
                own = account_in(role) == member["access"]["account"]
                if not needed or not known or not own or delivery == ACCESS_ROLE:
                    yield from self._role(where, role)
                    continue
                more: dict[str, Any] = {"boundary": needed, "delivery": delivery, "carried": declared}
                question = self._question(kinds.consumer, role, **more)
                yield Wanted(where, member["access"]["account"], question)

    def _needed(self, member: MemberArgs) -> str:
        """The boundary that a role of the account needs for policies on itself; empty if none, or not known yet."""
        if member.get("require_boundary", True) is not True:
            return ""
        told = member.get("boundary_arn", _names(self.args).policy_arn(member["access"]["account"], BOUNDARY))
        return told if isinstance(told, str) else ""

    def _role(self, path: str, arn: object) -> Iterator[Wanted]:
        if isinstance(arn, str) and account_in(arn) in reached(self.args):
            yield Wanted(path, account_in(arn), self._question(kinds.role, arn))
