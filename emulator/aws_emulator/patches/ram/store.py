"""Shares, who and what belongs to them, and the invitations that went out."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import page, parse_arn, utc

PRINCIPAL = re.compile(
    r"\d{12}|arn:aws:iam::\d{12}:(role|user)/.+|arn:aws:organizations::\d{12}:(organization|ou)/.+"
    r"|[a-z0-9.-]+\.amazonaws\.com"
)
DEFAULT_PAGE = 500


@dataclass
class Association:
    """A principal or a resource of a share."""

    entity: str
    kind: str
    status: str
    created: float
    updated: float
    external: bool = False


@dataclass
class Invitation:
    """Asks an account outside the organisation to take part in a share."""

    arn: str
    share_arn: str
    share_name: str
    sender: str
    receiver: str
    created: float
    status: str = "PENDING"


@dataclass
class Share:
    """A resource share. ``principals`` and ``resource_arns`` are what the access oracle reads."""

    arn: str
    name: str
    owner: str
    region: str
    allow_external: bool
    created: float
    updated: float
    permissions: dict[str, str]
    """ARN of the managed permission by resource type."""
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"
    associations: list[Association] = field(default_factory=list)

    def current(self, kind: str | None = None) -> list[Association]:
        """Associations that are not over."""
        return [a for a in self.associations if a.status != "DISASSOCIATED" and kind in (None, a.kind)]

    @property
    def principals(self) -> list[str]:
        """Principals that may use the resources: those of other accounts only once they have accepted."""
        return [a.entity for a in self.current("PRINCIPAL") if a.status == "ASSOCIATED"]

    @property
    def resource_arns(self) -> list[str]:
        return [a.entity for a in self.current("RESOURCE")]

    def describe(self) -> dict[str, Any]:
        """The share as the API shows it."""
        return {
            "resourceShareArn": self.arn,
            "name": self.name,
            "owningAccountId": self.owner,
            "allowExternalPrincipals": self.allow_external,
            "status": self.status,
            "tags": [{"key": key, "value": value} for key, value in self.tags.items()],
            "creationTime": utc(self.created),
            "lastUpdatedTime": utc(self.updated),
            "featureSet": "STANDARD",
        }


class Store:
    """All shares of all accounts, and the questions asked about them."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.lock = threading.RLock()
        self.invitations: dict[str, Invitation] = {}
        self.sharing: set[str] = set()
        """Management accounts that switched sharing with their organisation on."""
        self._answers: dict[tuple[str, str, str], tuple[str, dict[str, Any]]] = {}

    def now(self) -> float:
        return self._emulator.clock.now()

    @property
    def accounts(self) -> tuple[str, ...]:
        accounts: tuple[str, ...] = self._emulator.parts["settings"].accounts
        return accounts

    def shares(self, account: str, region: str) -> list[Share]:
        """The list of an account's own shares."""
        from moto.ram.models import ram_backends

        found: list[Share] = ram_backends[account][region].resource_shares  # type: ignore[assignment]
        return found

    def all(self, region: str) -> Iterator[Share]:
        """The shares of every account."""
        for account in self.accounts:
            yield from list(self.shares(account, region))

    def find(self, call: ApiCall, arn: str, *, own: bool = True) -> Share:
        """A share that the caller owns, or (``own=False``) takes part in.

        Raises:
            ApiError: MalformedArnException, UnknownResourceException.
        """
        parsed = parse_arn(arn)
        if parsed is None or parsed.service != "ram" or not parsed.resource.startswith("resource-share/"):
            raise ApiError("MalformedArnException", f"The specified resource share ARN {arn} is not valid.")
        account = call.caller.account
        for share in self.all(call.region):
            if share.arn == arn and (share.owner == account or (not own and account_takes_part(share, account))):
                return share
        raise ApiError("UnknownResourceException", f"ResourceShare {arn} could not be found.")

    def is_shared(self, resource_arn: str, account: str) -> bool:
        """Whether an active share, accepted where that is needed, gives an account a resource."""
        return bool(self._shares_with(resource_arn, account))

    def permissions_of(self, resource_arn: str, account: str) -> list[str]:
        """ARNs of the managed permissions that an account has a resource by."""
        return [arn for share in self._shares_with(resource_arn, account) for arn in share.permissions.values()]

    def _shares_with(self, resource_arn: str, account: str) -> list[Share]:
        parsed = parse_arn(resource_arn)
        if parsed is None:
            return []
        return [
            share
            for share in self.all(parsed.region)
            if share.status == "ACTIVE"
            and resource_arn in share.resource_arns
            and any(account_of(principal) == account for principal in share.principals)
        ]

    def receiver(self, invitation_arn: str) -> str | None:
        """The account that an invitation is for."""
        found = self.invitations.get(invitation_arn)
        return None if found is None else found.receiver

    def participants(self, share_arn: str) -> list[str]:
        """The accounts that a share is with, its owner aside."""
        parsed = parse_arn(share_arn)
        shares = self.all(parsed.region) if parsed is not None else ()
        found = [
            account_of(item.entity) for share in shares if share.arn == share_arn for item in share.current("PRINCIPAL")
        ]
        return sorted({account for account in found if account})

    def same_organization(self, first: str, second: str) -> bool:
        """Whether two accounts are in one organisation that has sharing switched on."""
        return any({first, second} <= self.members(account) for account in self.sharing)

    def members(self, account: str) -> set[str]:
        """The accounts of the organisation that an account manages; none if it manages none."""
        from moto.organizations.models import organizations_backends

        backend = organizations_backends[account]["aws"]
        return {member.id for member in backend.accounts} if backend.org is not None else set()

    def once(self, call: ApiCall, perform: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Perform a call once for its ``clientToken`` and answer a repetition the same.

        Raises:
            ApiError: IdempotentParameterMismatchException for another request with a used token.
        """
        token = call.params.get("clientToken")
        if not token:
            return perform()
        key = (call.caller.account, call.operation, token)
        asked = json.dumps(call.params, sort_keys=True, default=str)
        with self.lock:
            if key in self._answers:
                before, answer = self._answers[key]
                if before != asked:
                    message = "The client token was used before with other parameters."
                    raise ApiError("IdempotentParameterMismatchException", message)
                return answer
            answer = {**perform(), "clientToken": token}
            self._answers[key] = (asked, answer)
            return answer

    def associate(self, share: Share, kind: str, entities: list[str]) -> list[Association]:
        """Add principals or resources, and invite accounts where they have a say.

        Raises:
            ApiError: an entity cannot be shared, or shared with.
        """
        check = self._check_principal if kind == "PRINCIPAL" else self._check_resource
        for entity in entities:
            check(share, entity)
        found = []
        for entity in entities:
            existing = next((a for a in share.current(kind) if a.entity == entity), None)
            if existing is None:
                now = self.now()
                external = kind == "PRINCIPAL" and self._needs_invitation(share, entity)
                status = "ASSOCIATING" if external else "ASSOCIATED"
                existing = Association(entity, kind, status, now, now, external)
                share.associations.append(existing)
                if external:
                    self._invite(share, account_of(entity))
            found.append(existing)
        share.updated = self.now()
        return found

    def disassociate(self, share: Share, kind: str, entities: list[str]) -> list[Association]:
        """End associations; pending invitations of a principal's account go with them."""
        ended = []
        for association in share.current(kind):
            if association.entity not in entities:
                continue
            association.status = "DISASSOCIATED"
            association.updated = share.updated = self.now()
            ended.append(association)
            if kind == "PRINCIPAL":
                for arn, invitation in list(self.invitations.items()):
                    if invitation.share_arn == share.arn and invitation.receiver == account_of(association.entity):
                        del self.invitations[arn]
        return ended

    def _needs_invitation(self, share: Share, principal: str) -> bool:
        account = account_of(principal)
        return bool(account) and account != share.owner and not self.same_organization(share.owner, account)

    def _invite(self, share: Share, account: str) -> None:
        arn = f"arn:aws:ram:{share.region}:{share.owner}:resource-share-invitation/{uuid.uuid4()}"
        self.invitations[arn] = Invitation(arn, share.arn, share.name, share.owner, account, self.now())

    def _check_principal(self, share: Share, principal: str) -> None:
        account = account_of(principal)
        # UNVERIFIED[ram-unknown-account]: what RAM answers for an account that does not exist.
        if not PRINCIPAL.fullmatch(principal) or (account and account not in self.accounts):
            message = f"Principal ID {principal} is malformed. Verify the ID and try again."
            raise ApiError("InvalidParameterException", message)
        if self._needs_invitation(share, principal) and not share.allow_external:
            message = f"The resource share does not allow principals outside the organization, such as {principal}."
            raise ApiError("OperationNotPermittedException", message)

    def _check_resource(self, share: Share, arn: str) -> None:
        parsed = parse_arn(arn)
        if parsed is None or not parsed.account:
            message = f"The specified resource ARN {arn} is not valid. Verify the ARN and try again."
            raise ApiError("MalformedArnException", message)
        if parsed.account != share.owner:
            raise ApiError("OperationNotPermittedException", f"You do not own the resource {arn}.")
        if parsed.region != share.region:
            raise ApiError("UnknownResourceException", f"The resource {arn} is not in {share.region}.")


def account_of(principal: str) -> str:
    """The account of an account id, role or user; empty for organisations and services."""
    if principal.isdigit():
        return principal
    parsed = parse_arn(principal)
    return parsed.account if parsed is not None and parsed.service == "iam" else ""


def account_takes_part(share: Share, account: str) -> bool:
    """Whether a principal of an account has access by the share."""
    return share.status == "ACTIVE" and any(account_of(principal) == account for principal in share.principals)


def describe_association(share: Share, association: Association) -> dict[str, Any]:
    """An association as the API shows it."""
    return {
        "resourceShareArn": share.arn,
        "resourceShareName": share.name,
        "associatedEntity": association.entity,
        "associationType": association.kind,
        "status": association.status,
        "creationTime": utc(association.created),
        "lastUpdatedTime": utc(association.updated),
        "external": association.external,
    }


def paged(call: ApiCall, rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """One page of a list of RAM."""
    scope = {key: value for key, value in call.params.items() if key not in ("nextToken", "maxResults")}
    found, token = page(
        rows,
        call.params.get("nextToken"),
        call.params.get("maxResults"),
        default=DEFAULT_PAGE,
        scope=(call.operation, call.caller.account, scope),
        error=lambda message: ApiError("InvalidNextTokenException", message),
    )
    return {name: found, **({"nextToken": token} if token else {})}
