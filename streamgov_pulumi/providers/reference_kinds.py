"""How each kind of thing that a configuration or a program names is looked for in an account.

Rules: the API reference of each call; an answer that denies proves nothing and is told as a right that is lacking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from streamgov_core.model.access_role import DIRECT
from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import existing
from streamgov_pulumi.providers import session as aws

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
"""Codes of an answer that says nothing of what was asked for."""
Clients = Callable[[str], Any]
"""Makes a client of an AWS service for the account that is looked at."""


class Note(str):
    """An answer that is worth knowing and no mistake."""

    __slots__ = ()


@dataclass(frozen=True)
class Question:
    """One look.

    Args:
        kind: one of the functions below; it answers what is wrong, a Note, or nothing.
        value: what is named.
        domain: the domain's id, for what is in the domain.
        boundary: ARN of the permissions boundary that a consumer's role needs.
        delivery: how grants reach that role.
        carried: ARN of the boundary that this very program gives it, empty for none. None: whichever it has.
        by_file: whether a stack's file says everything, so that sentences name its keys; else a program's arguments.
    """

    kind: Callable[[Clients, Question], str]
    value: str
    domain: str = ""
    boundary: str = ""
    delivery: str = ""
    carried: str | None = None
    by_file: bool = True


def domain(clients: Clients, question: Question) -> str:
    """The domain itself (GetDomain answers associated accounts, too).

    UNVERIFIED[dz-foreign-domain]: whether an account without association is answered that there is none, or denied;
    both are read so.
    """
    reason = "there is none of this id"
    try:
        found = aws.find(clients("datazone"), "get_domain", identifier=question.domain)
    except RemoteError as error:
        if error.code not in DENIED:
            raise
        found, reason = None, error.code
    if found is None:
        region, share = ("streamgov:region", "acceptShareArn") if question.by_file else ("region", "accept_share_arn")
        return (
            f"DataZone does not show the domain {question.domain} to this account in this region ({reason}). Either it "
            f"is in another region: then set {region} to that one. Or the account is not associated with it "
            f"yet: then accept its resource share, in this stack ({share}) or by hand. Or whoever previews is "
            "denied datazone:GetDomain (aws datazone list-domains)"
        )
    status = str(found.get("status") or "AVAILABLE")
    return "" if status in ("AVAILABLE", "CREATING") else f"domain {question.domain} is {status}"


def own_domain(clients: Clients, question: Question) -> str:
    """The domain, asked for in the account that it must be of (GetDomain)."""
    if aws.find(clients("datazone"), "get_domain", identifier=question.domain) is None:
        region = "streamgov:region" if question.by_file else "region"
        return (
            f"the account has no domain {question.domain} in this region: correct the id, or {region} "
            "(aws datazone list-domains)"
        )
    return domain(clients, question)


def project(clients: Clients, question: Question) -> str:
    """A project of the domain."""
    return _in_domain(clients, question, existing.PROJECT)


def domain_unit(clients: Clients, question: Question) -> str:
    """A domain unit of the domain."""
    return _in_domain(clients, question, existing.DOMAIN_UNIT)


def _in_domain(clients: Clients, question: Question, kind: existing.Kind) -> str:
    looked = existing.look(clients("datazone"), kind, question.domain, question.value)
    if looked.error is not None:
        raise looked.error
    return looked.problem


def role(clients: Clients, question: Question) -> str:
    """An IAM role, with its path (GetRole)."""
    return _role(_found_role(clients, question), question)


def consumer(clients: Clients, question: Question) -> str:
    """A role that is to receive access: an IAM role that carries the boundary which grants ask for.

    Rule: what the function that writes policies decides for each grant (streamgov_core.member.delivery).
    """
    found = _found_role(clients, question)
    problem = _role(found, question)
    if problem or found is None:
        return problem
    carried = question.carried
    if carried is None:
        carried = str(found["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""))
    if carried == question.boundary:
        return ""
    name = _role_name(question)
    has = f"carries the permissions boundary {carried}" if carried else "carries no permissions boundary"
    put = (
        f"give it the boundary {question.boundary} (aws iam put-role-permissions-boundary --role-name {name} "
        f"--permissions-boundary {question.boundary})"
    )
    if question.delivery == DIRECT:
        return f"role {name} {has}, and with delivery direct each grant to it is refused: {put}, or say delivery auto"
    return Note(f"role {name} {has}: grants reach it by an access role that it assumes. For policies on itself {put}")


def _role_name(question: Question) -> str:
    return question.value.rsplit("/", 1)[-1]


def _found_role(clients: Clients, question: Question) -> Mapping[str, Any] | None:
    return _found(clients("iam"), "get_role", ("NoSuchEntity",), RoleName=_role_name(question))


def _role(found: Mapping[str, Any] | None, question: Question) -> str:
    if found is None:
        path = question.value.split(":role/", 1)[-1]
        return f"there is no role {path} (aws iam get-role --role-name {_role_name(question)})"
    real = str(found["Role"]["Arn"])
    return "" if real == question.value else f"the role of that name is {real}: the path belongs to the ARN"


def policy(clients: Clients, question: Question) -> str:
    """A customer managed policy (GetPolicy)."""
    found = _found(clients("iam"), "get_policy", ("NoSuchEntity",), PolicyArn=question.value)
    return "" if found is not None else f"there is no policy {question.value} (aws iam list-policies --scope Local)"


def cluster(clients: Clients, question: Question) -> str:
    """An MSK cluster by ARN (DescribeClusterV2) or by name (ListClustersV2, whose filter is a prefix)."""
    kafka, value = clients("kafka"), question.value
    if value.startswith("arn:"):
        gone = ("NotFoundException", "BadRequestException")
        there = _found(kafka, "describe_cluster_v2", gone, ClusterArn=value) is not None
    else:
        named = _all(kafka, "list_clusters_v2", "ClusterInfoList", ClusterNameFilter=value)
        there = any(item.get("ClusterName") == value for item in named)
    return "" if there else f"there is no MSK cluster {value!r} (aws kafka list-clusters-v2)"


def stream(clients: Clients, question: Question) -> str:
    """A Kinesis stream by name or ARN (DescribeStreamSummary), or a pattern of names (ListStreams)."""
    kinesis, value = clients("kinesis"), question.value
    name = value.rsplit("/", 1)[-1]
    if "*" in name or "?" in name:
        names: list[str] = []
        start: str | None = None
        while True:
            page = aws.call(kinesis, "list_streams", ExclusiveStartStreamName=start)
            names += page["StreamNames"]
            if not page.get("HasMoreStreams") or not names:
                break
            start = names[-1]
        there = any(fnmatchcase(found, name) for found in names)
    else:
        there = _found(kinesis, "describe_stream_summary", ("ResourceNotFoundException",), StreamName=name) is not None
    return "" if there else f"there is no Kinesis stream {value!r} (aws kinesis list-streams)"


def registry(clients: Clients, question: Question) -> str:
    """A Glue schema registry (GetRegistry)."""
    gone = ("EntityNotFoundException",)
    found = _found(clients("glue"), "get_registry", gone, RegistryId={"RegistryName": question.value})
    return "" if found is not None else f"there is no schema registry {question.value!r} (aws glue list-registries)"


def topic(clients: Clients, question: Question) -> str:
    """An SNS topic (GetTopicAttributes)."""
    found = _found(clients("sns"), "get_topic_attributes", ("NotFound", "NotFoundException"), TopicArn=question.value)
    return "" if found is not None else f"there is no topic {question.value}: alarms would notify nobody"


def trail(clients: Clients, question: Question) -> str:
    """A CloudTrail trail (GetTrailStatus)."""
    found = _found(clients("cloudtrail"), "get_trail_status", ("TrailNotFoundException",), Name=question.value)
    if found is None:
        return f"there is no trail {question.value} (aws cloudtrail describe-trails)"
    return "" if found.get("IsLogging") else f"trail {question.value} is switched off: it tells of no schema change"


def _found(api: Any, operation: str, gone: tuple[str, ...], **params: Any) -> Mapping[str, Any] | None:
    try:
        return aws.call(api, operation, **params)
    except RemoteError as error:
        if error.code in gone:
            return None
        raise


def _all(api: Any, operation: str, key: str, **params: Any) -> list[Mapping[str, Any]]:
    items: list[Mapping[str, Any]] = []
    token: str | None = None
    while True:
        page = aws.call(api, operation, NextToken=token, **params)
        items += page.get(key, [])
        token = page.get("NextToken")
        if not token:
            return items


KINDS: Mapping[str, Callable[[Clients, Question], str]] = {
    kind.__name__: kind
    for kind in (
        domain,
        own_domain,
        project,
        domain_unit,
        role,
        consumer,
        policy,
        cluster,
        stream,
        registry,
        topic,
        trail,
    )
}
"""Every kind by its name."""
