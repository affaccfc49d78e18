"""The messages between the central machine and the member machines, version 1. See ``docs/contracts.md``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from streamgov_core.model.assuming_role import AssumingRole
from streamgov_core.model.errors import EventRefusedError
from streamgov_core.model.principal import RoleArn, account_root
from streamgov_core.model.schema_reference import SchemaReference

VERSION = 1
ACCEPTED_VERSIONS = (1,)
"""This version and the one before it, so that executions in flight survive an upgrade."""

Side = Literal["producer", "consumer", "both", "prepare"]
"""Who acts: owner's account, a consumer's account, both at once; ``prepare`` only looks at roles and resource."""
RequestType = Literal["GRANT", "REVOKE"]
Access = Literal["READ", "WRITE", "READ_WRITE"]
Consumption = Literal["SHARED", "FAN_OUT"]
Status = Literal["APPLIED", "SUPERSEDED", "REJECTED", "WAITING"]
WAITING: Status = "WAITING"
"""The answer of a command that is recorded and must wait: the member machine waits and asks again."""

MAX_CAUSE = 1000
"""Characters of a cause that reaches DataZone (our own cap; the model has none)."""

ACCESS_MAY_REMAIN = "ACCESS_MAY_REMAIN"
"""What ``open`` of the reporter's answer says if something could not be undone.

The central machine then ends as failed, and the settle rule starts the undoing again.
"""


@dataclass(frozen=True)
class Party:
    """An account and region."""

    account: str
    region: str

    def to_message(self) -> dict[str, Any]:
        """As in a command."""
        return {"account": self.account, "region": self.region}


@dataclass(frozen=True)
class Consumer:
    """Who receives access.

    Args:
        account: the environment's account; its id begins the names of the consumer groups.
        principals: roles that get access.
        assuming: those of them that get it by assuming an access role in the owner's account; None while the members
            have not said yet which.
    """

    account: str
    region: str
    project_id: str
    environment_id: str
    principals: tuple[RoleArn, ...]
    assuming: tuple[AssumingRole, ...] | None = ()

    @property
    def direct(self) -> tuple[RoleArn, ...]:
        """The principals that get access themselves."""
        others = {item.role for item in self.assuming or ()}
        return tuple(role for role in self.principals if role not in others)

    @property
    def group_prefix(self) -> str:
        """Every consumer group and transactional id of this project begins with it."""
        return f"{self.account}.{self.project_id}."

    def to_message(self) -> dict[str, Any]:
        """As in a command."""
        return {
            "account": self.account,
            "region": self.region,
            "projectId": self.project_id,
            "environmentId": self.environment_id,
            "principals": [role.arn for role in self.principals],
            **self._assuming(),
        }

    def _assuming(self) -> dict[str, Any]:
        """Nothing if every principal gets access itself, as in messages of releases that knew nothing else."""
        if self.assuming is None:
            return {"assuming": None}
        return {"assuming": [item.to_message() for item in self.assuming]} if self.assuming else {}


@dataclass(frozen=True)
class AccessRequest:
    """What was asked for: the form ``StreamAccessRequestFormType``, or its defaults."""

    access: Access = "READ"
    consumption: Consumption = "SHARED"
    until: str | None = None

    @property
    def reads(self) -> bool:
        """Whether data may be read."""
        return self.access != "WRITE"

    @property
    def writes(self) -> bool:
        """Whether data may be written."""
        return self.access != "READ"

    def to_message(self) -> dict[str, Any]:
        """As in a command."""
        return {"access": self.access, "consumption": self.consumption, "until": self.until}


@dataclass(frozen=True)
class GrantCommand:
    """One side of one grant or revoke of one asset, for one account.

    Args:
        generation: of the grant; a document for which a higher one was recorded ignores the command.
        options: choices of the deployment that the platforms know (``managedVpc``, ``crossAccountServerless``).
        owner_project: the project that owns the asset (for assets made by hand).
        account: the account that carries the command out; None in the plan that both sides share.
        owner_facts: what the owner's side answered about connecting, told to both sides; None if nobody did.
    """

    side: Side
    request_type: RequestType
    grant_id: str
    asset_id: str
    generation: int
    domain_id: str
    platform: str
    resource: Mapping[str, Any]
    schema: SchemaReference | None
    producer: Party
    consumer: Consumer
    request: AccessRequest = field(default_factory=AccessRequest)
    options: Mapping[str, Any] = field(default_factory=dict)
    owner_project: str = ""
    account: str | None = None
    task_token: str | None = None
    owner_facts: Mapping[str, str] | None = None

    @property
    def grants(self) -> bool:
        """Whether access is granted (rather than revoked)."""
        return self.request_type == "GRANT"

    @property
    def key(self) -> str:
        """Identity of the grant of this asset."""
        return f"{self.grant_id}#{self.asset_id}"

    def foreign_principals(self) -> tuple[RoleArn, ...]:
        """The consumer's roles that do not live in the resource's account: they need a resource policy."""
        return tuple(role for role in self.consumer.direct if role.account != self.producer.account)

    def assuming_accounts(self) -> tuple[RoleArn, ...]:
        """The other accounts whose roles assume an access role: network connections are made from there."""
        roles = [item.role for item in self.consumer.assuming or () if item.role.account != self.producer.account]
        return tuple(sorted({account_root(role.partition, role.account) for role in roles}))

    def directly(self) -> GrantCommand:
        """The same grant for those principals only that get access themselves."""
        return replace(self, consumer=replace(self.consumer, principals=self.consumer.direct, assuming=()))

    def whichever_way(self) -> GrantCommand:
        """The same grant for nobody: what can be said of its resource before it is known who gets access how."""
        return replace(self, consumer=replace(self.consumer, principals=(), assuming=()))

    def decided(self, assuming: tuple[AssumingRole, ...]) -> GrantCommand:
        """The same grant with what the members have said of its principals."""
        return replace(self, consumer=replace(self.consumer, assuming=assuming))

    def for_side(self, side: Side, request_type: RequestType, generation: int, account: str) -> GrantCommand:
        """The same grant as a command for one account."""
        return replace(self, side=side, request_type=request_type, generation=generation, account=account)

    def to_message(self) -> dict[str, Any]:
        """The JSON message; the task token is added by the state machine."""
        return {
            "version": VERSION,
            "action": "apply",
            "side": self.side,
            "requestType": self.request_type,
            "grantId": self.grant_id,
            "assetId": self.asset_id,
            "generation": self.generation,
            "domainId": self.domain_id,
            "platform": self.platform,
            "resource": dict(self.resource),
            "schema": None if self.schema is None else self.schema.to_message(),
            "producer": self.producer.to_message(),
            "consumer": self.consumer.to_message(),
            "request": self.request.to_message(),
            "options": dict(self.options),
            "ownerProject": self.owner_project,
            "account": self.account,
        }

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> GrantCommand:
        """Read a message.

        Raises:
            EventRefusedError: it is of another version, or lacks a member.
            PrincipalRefusedError: a principal is not the ARN of a role.
        """
        if raw.get("version") not in ACCEPTED_VERSIONS or raw.get("action") != "apply":
            raise EventRefusedError(
                f"a grant command must have action 'apply' and a version of {ACCEPTED_VERSIONS}, got action "
                f"{raw.get('action')!r}, version {raw.get('version')!r}: deploy the same release in all accounts"
            )
        try:
            producer, consumer, request = raw["producer"], raw["consumer"], raw["request"]
            command = cls(
                side=_one_of(raw, "side", ("producer", "consumer", "both", "prepare")),
                request_type=_one_of(raw, "requestType", ("GRANT", "REVOKE")),
                grant_id=str(raw["grantId"]),
                asset_id=str(raw["assetId"]),
                generation=int(raw["generation"]),
                domain_id=str(raw["domainId"]),
                platform=str(raw["platform"]),
                resource=dict(raw["resource"]),
                schema=None if raw["schema"] is None else SchemaReference.parse(raw["schema"]),
                producer=Party(str(producer["account"]), str(producer["region"])),
                consumer=Consumer(
                    str(consumer["account"]),
                    str(consumer["region"]),
                    str(consumer["projectId"]),
                    str(consumer["environmentId"]),
                    RoleArn.parse_all(str(arn) for arn in consumer["principals"]),
                    None
                    if consumer.get("assuming", ()) is None
                    else AssumingRole.parse_all(consumer.get("assuming", ())),
                ),
                request=AccessRequest(
                    _one_of(request, "access", ("READ", "WRITE", "READ_WRITE")),
                    _one_of(request, "consumption", ("SHARED", "FAN_OUT")),
                    request["until"],
                ),
                options=dict(raw.get("options") or {}),
                owner_project=str(raw.get("ownerProject") or ""),
                account=raw.get("account"),
                task_token=raw.get("taskToken"),
                owner_facts=_owner_facts(raw.get("answers"), raw.get("prepared")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise EventRefusedError(f"the grant command is malformed: {type(error).__name__} {error}") from error
        return command


@dataclass(frozen=True)
class Answer:
    """What a member account's function answers: every member is always present, since states read them."""

    status: Status
    cause: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_message(self) -> dict[str, Any]:
        """The JSON message."""
        return {"version": VERSION, "status": self.status, "cause": self.cause, "details": dict(self.details)}


def _owner_facts(*stages: Any) -> Mapping[str, str] | None:
    """What an earlier step of the same grant answered about connecting.

    Args:
        stages: answers of each, ``[{side, outcome}]``, as the central machine passes them on; the first that tells it
            counts.
    """
    for answer in [answer for answers in stages if isinstance(answers, list) for answer in answers]:
        details = ((answer or {}).get("outcome") or {}).get("details") or {}
        facts = details.get("connection")
        if isinstance(facts, Mapping):
            return {str(key): value for key, value in facts.items() if isinstance(value, str)}
    return None


def _one_of(raw: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> Any:
    value = raw[name]
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
    return cast(Any, value)
