"""Write docs/roles.md: every role of a deployment in words, with the actions behind them.

The words stand here, by the statement's Sid; roles, trust, actions and resources come from the deploy specs. Run
``python -m tools.docs.roles`` after changing one; a test holds the page, and that every statement has its words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from streamgov_core.deploy.spec import PolicySpec, RoleSpec
from tools.docs.deployments import NAMES, deployments

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "docs" / "roles.md"
WORDS: Mapping[str, str] = {
    "AccessRoles": "tags and removes access roles, and changes who may assume them, below its own path only",
    "AnswerTasks": "answers task tokens of the central machine; each belongs to one task of one execution",
    "AttachToAccessRoles": "attaches policies of this deployment, and no others, to access roles",
    "CallBack": "becomes the callback role of the domain's account, and no other role",
    "ConnectionDetails": "keeps what consumers are told about connecting; no secrets",
    "CreateAccessRoles": "makes access roles below its own path, with their boundary only, and writes their policies",
    "DataZone": "reads grants and what they refer to; sets their status, ends them or posts lineage",
    "DeadLetters": "puts what failed into its own queue",
    "DescribeCluster": "looks at its cluster",
    "DescribeKeys": "asks which key encrypts a stream; may use none",
    "DescribeStreamKeys": "asks which key encrypts a stream; may use none",
    "DescribeStreams": "looks at its streams; reads no records",
    "DescribeTopics": "looks at topics; reads no records",
    "FailedExecutions": "reads the input of an execution that ended badly",
    "FindCluster": "finds its cluster by name",
    "FindReaderRoles": "looks whether a reader role exists",
    "Functions": "invokes the functions of its own account",
    "Ledger": "keeps the ledger of its own account",
    "LedgerOverview": "reads the ledger as a whole",
    "LetSchedulesStart": "lets a schedule start the central machine when access ends",
    "ListStreams": "lists streams",
    "Log": "writes its own log",
    "LogDelivery": "sets up the delivery of its log, which has no narrower form",
    "Logs": "writes its own log",
    "LookAtPrincipals": "reads roles and their policies, to see what would reach a role before anything is granted",
    "Runs": "writes and reads what the shards of its runs work on",
    "Shards": "starts child executions of itself, for the shards of a run",
    "ShardExecutions": "describes and stops those child executions",
    "MemberAccounts": "becomes the role member-invoke of each member account, and no other role",
    "MskBrokers": "asks for brokers, which has no narrower form",
    "MskClusterPolicies": "reads and writes policies of clusters of its account",
    "NeverOurLedgers": "**never** touches a table of this deployment",
    "NeverOthersPolicies": "never attaches or detaches a policy of anybody else",
    "NeverOurOwnRoles": "**never** changes a role of this deployment, whatever another statement says",
    "OurPolicies": "makes and changes managed policies below this deployment's path",
    "OwnRecords": "reads and writes what it recorded: the items of its own registry, and no other",
    "PublishChanges": "publishes changes of assets on the default bus",
    "PublishFindings": "publishes events of source `streamgov` on the default bus",
    "PublishOutcomes": "publishes events of source `streamgov` on the default bus",
    "ReadExecutions": "reads executions of the central machine",
    "ReadSchemas": "reads the schemas of one registry",
    "ReaderRoles": "assumes (boundary) or keeps (apply) roles that read schemas",
    "Records": "reads what data sources recorded: the authority over which asset is which topic or stream",
    "Runtime": "lets through what readers' own libraries need: metrics, checkpoints, logs",
    "ScheduleEnds": "makes a schedule for the moment at which access ends",
    "Schemas": "lets through reading schemas of the account",
    "StartCentral": "starts the central machine",
    "StartExecutions": "starts the central machine, for requests that nothing works on",
    "ReadFullRuns": "reads whether a full run is under way: executions of its own machine",
    "StartFullRuns": "starts the data source's own machine",
    "StartMember": "starts the member machine of its account",
    "StreamKeysGrants": "reads and revokes grants on keys",
    "StreamKeys": "makes grants on keys, in the encryption context of a stream only",
    "StreamPolicies": "reads and writes policies of streams and of their registered consumers",
    "Streams": "lets through the data planes of clusters and streams, and finding them",
    "TakeFromConsumerRoles": "takes policies away from roles that configuration names",
    "TakeFromFormerRoles": "takes policies away from roles that are no longer named, while they carry the boundary",
    "Tracing": "writes traces, which has no narrower form",
    "VersionsById": "lets through reading versions by id, which AWS checks on `*`",
    "WriteAssets": "writes assets of its own project",
    "WriteConsumerRoles": "writes policies of roles that configuration names, while they carry the boundary",
    "WriteReaderRoles": "makes roles that read schemas, below its own path and with their boundary only",
}
"""Sid -> what the role may do by that statement."""
_HEAD = """# Every role, in words

What each role of a deployment may do, who may be it, and why. Names lack the prefix `<namespace>-<region>-`. Generated
from the deploy specs (`python -m tools.docs.roles`); the exact documents are what `pulumi preview --diff` shows. What
the *deploying* role needs has [a page of its own](deploying-role.md).

"""


def roles() -> Iterator[RoleSpec | PolicySpec]:
    """Every role and managed policy of a deployment, each once."""
    seen: set[str] = set()
    for deployment in deployments():
        for item in _inside(deployment):
            if item.name not in seen:
                seen.add(item.name)
                yield item


def _inside(part: Any) -> Iterator[RoleSpec | PolicySpec]:
    if isinstance(part, RoleSpec | PolicySpec):
        yield part
    elif isinstance(part, tuple | list):
        for item in part:
            yield from _inside(item)
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            yield from _inside(getattr(part, field.name))


def statements(item: RoleSpec | PolicySpec) -> list[Mapping[str, Any]]:
    """The statements of a role or policy."""
    document = item.policy if isinstance(item, RoleSpec) else item.document
    return list((document or {}).get("Statement", []))


def page() -> str:
    """The page as it should be."""
    return _HEAD + "\n".join(_section(item) for item in roles())


def _section(item: RoleSpec | PolicySpec) -> str:
    name = item.name.removeprefix(f"{NAMES.namespace}-{NAMES.region}-")
    lines = [f"## `{name}`\n", f"{item.description}.\n"]
    if isinstance(item, RoleSpec):
        lines.append(f"May be: {', '.join(_trusted(item.trust))}.\n")
    lines += ["| it | by | on | if |", "| --- | --- | --- | --- |"]
    for statement in statements(item):
        effect = "" if statement["Effect"] == "Allow" else " (Deny)"
        lines.append(
            f"| {WORDS[statement['Sid']]}{effect} | {_listed(statement['Action'])} | {_listed(statement['Resource'])} "
            f"| {_conditions(statement.get('Condition') or {})} |"
        )
    return "\n".join(lines) + "\n"


def _trusted(trust: Mapping[str, Any]) -> Iterator[str]:
    for statement in trust["Statement"]:
        principals = statement["Principal"]
        found = [principals] if isinstance(principals, str) else list(principals.values())
        condition = _conditions(statement.get("Condition") or {})
        for value in found:
            yield _listed(value) + (f" if {condition}" if condition else "")


def _conditions(conditions: Mapping[str, Mapping[str, Any]]) -> str:
    return "; ".join(
        f"`{key}` {operator} {_listed(value)}" for operator, keys in conditions.items() for key, value in keys.items()
    )


def _listed(value: Any) -> str:
    values = value if isinstance(value, list | tuple) else [value]
    return ", ".join(f"`{item}`" for item in values)


if __name__ == "__main__":
    OUT.write_text(page(), encoding="utf-8")
    print(f"wrote {OUT.relative_to(ROOT)}")
