"""The member account's function: one side of one command, verified, recorded, compiled and written."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Protocol, Self

from streamgov_core.documents.policy_document import PolicyDocument
from streamgov_core.member.document_ledger import DocumentLedger, DynamoDocumentLedger
from streamgov_core.member.engine import ApplyOutcome, Engine
from streamgov_core.member.role_policy import check_principal
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.clock import InvocationClock
from streamgov_core.model.command import MAX_CAUSE, Answer, GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.errors import (
    ClaimRefusedError,
    EventRefusedError,
    GrantError,
    PermanentGrantError,
    PrincipalRefusedError,
)
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.registry_access import consumer_permissions, reader_contributions, registry_account
from streamgov_core.model.settings import (
    compact_json,
    flag,
    lists_from_json,
    names_from_environment,
    names_to_environment,
    required,
)
from streamgov_core.platforms import PLATFORMS
from streamgov_core.runtime.asset_records import SsmAssetRecordStore
from streamgov_core.runtime.calls import calling
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.log import log


@dataclass(frozen=True)
class ApplySettings:
    """What the stack of a member account configures.

    Args:
        names: of the deployment.
        domain_id: the one domain that is served.
        account: the account that the function runs in.
        consumer_roles: role ARNs or patterns that may get access.
        boundary: permissions boundary of reader roles, and of consumer roles if it is required; empty for none.
        require_boundary: whether consumer roles must carry it.
        manual_assets: owning project -> patterns of resources that its assets made by hand may name.
        function_timeout: the function's hard time-out in seconds.
        protected_roles: role ARNs that never get access.
    """

    names: Names
    domain_id: str
    account: str
    consumer_roles: tuple[str, ...] = ()
    boundary: str = ""
    require_boundary: bool = True
    manual_assets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    function_timeout: int = 60
    protected_roles: tuple[str, ...] = ()

    def to_environment(self) -> dict[str, str]:
        """The environment variables that ``from_environment`` reads."""
        return {
            **names_to_environment(self.names),
            "STREAMGOV_DOMAIN_ID": self.domain_id,
            "STREAMGOV_ACCOUNT": self.account,
            "STREAMGOV_CONSUMER_ROLES": compact_json(self.consumer_roles),
            "STREAMGOV_BOUNDARY": self.boundary,
            "STREAMGOV_REQUIRE_BOUNDARY": flag(self.require_boundary),
            "STREAMGOV_MANUAL_ASSETS": compact_json(self.manual_assets),
            "STREAMGOV_FUNCTION_TIMEOUT": str(self.function_timeout),
            **({"STREAMGOV_PROTECTED_ROLES": compact_json(self.protected_roles)} if self.protected_roles else {}),
        }

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> ApplySettings:
        """Read what ``to_environment`` wrote.

        Raises:
            ConfigError: a variable is missing.
        """
        return cls(
            names=names_from_environment(env),
            domain_id=required(env, "STREAMGOV_DOMAIN_ID"),
            account=required(env, "STREAMGOV_ACCOUNT"),
            consumer_roles=tuple(json.loads(required(env, "STREAMGOV_CONSUMER_ROLES"))),
            boundary=env.get("STREAMGOV_BOUNDARY", ""),
            # A boundary that is not waived in so many words is required.
            require_boundary=env.get("STREAMGOV_REQUIRE_BOUNDARY") != "false",
            manual_assets=lists_from_json(env.get("STREAMGOV_MANUAL_ASSETS", "{}")),
            function_timeout=int(required(env, "STREAMGOV_FUNCTION_TIMEOUT")),
            protected_roles=tuple(json.loads(env.get("STREAMGOV_PROTECTED_ROLES", "[]"))),
        )


class AccountGateway(Protocol):
    """The account that a command is applied to, as far as it is not the ledger."""

    def policy_document(self, platform: str, contribution: PolicyContribution) -> PolicyDocument:
        """The documents of a target."""

    def inspect(self, command: GrantCommand) -> dict[str, Any]:
        """Look at the resource before a grant."""

    def record(self, command: GrantCommand) -> AssetRecord | None:
        """What the data source recorded for the claimed schema or resource."""


class AwsAccountGateway:
    """The account in AWS.

    Args:
        settings: of the function.
        clients: boto3 clients.
    """

    def __init__(self, settings: ApplySettings, clients: Clients) -> None:
        self._settings = settings
        self._clients = clients

    def policy_document(self, platform: str, contribution: PolicyContribution) -> PolicyDocument:
        """See AccountGateway.policy_document: roles are known here, everything else is the platform's."""
        from streamgov_core.member.iam import IamRoles
        from streamgov_core.member.reader_role import ReaderRoleDocument
        from streamgov_core.member.role_policy import RolePolicyDocument

        names = self._settings.names
        iam = IamRoles(lambda: self._clients.client("iam"), names.iam_path)
        if contribution.kind == "role":
            boundary = self._settings.boundary if self._settings.require_boundary else ""
            return RolePolicyDocument(iam, names, contribution.arn, boundary)
        if contribution.kind == "reader":
            return ReaderRoleDocument(iam, names, contribution.arn, self._settings.boundary)
        policy_document = PLATFORMS[platform].policy_document(
            contribution.kind, contribution.arn, names.sid_prefix, self._clients
        )
        if policy_document is None:
            raise EventRefusedError(f"platform {platform} has no policy documents of kind {contribution.kind!r}")
        return policy_document

    def inspect(self, command: GrantCommand) -> dict[str, Any]:
        """See AccountGateway.inspect."""
        return PLATFORMS[command.platform].inspect(command, self._clients)

    def record(self, command: GrantCommand) -> AssetRecord | None:
        """See AccountGateway.record (API GetParameter)."""
        registry = None if command.schema is None else command.schema.registry_arn.rsplit("/", 1)[1]
        name = command.resource["arn"].rsplit("/", 1)[1] if command.schema is None else command.schema.schema_name
        store = SsmAssetRecordStore(
            self._clients.client("ssm"), self._settings.names, self._settings.domain_id, registry
        )
        with calling("ssm:GetParameter", f"the record of {name}"):
            return store.load(str(name))


class MemberFunction:
    """What the two tasks of the member account's function are made of: documents, records, ledger, clock.

    Args:
        settings: of the function.
        site: the account's documents and records.
        ledger: the account's target ledger.
        now: clock.
        sleep: waits.
        new_id: fresh identities of leases.
    """

    def __init__(
        self,
        settings: ApplySettings,
        site: AccountGateway,
        ledger: DocumentLedger,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._settings = settings
        self._site = site
        self._ledger = ledger
        self._now = now
        self._sleep = sleep
        self._new_id = new_id

    @staticmethod
    def clients(region: str) -> Clients:
        """Clients that live as long as the function's process."""
        raise NotImplementedError

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """The function as it is deployed."""
        settings = ApplySettings.from_environment(os.environ if env is None else env)
        clients = cls.clients(settings.names.region)
        ledger = DynamoDocumentLedger(lambda: clients.client("dynamodb"), settings.names.document_table)
        return cls(settings, AwsAccountGateway(settings, clients), ledger)

    def times(self, context: Any) -> InvocationClock:
        """Clock, identities and deadline of one invocation.

        Args:
            context: Lambda's, which tells how long the invocation may still take; without it, the whole time-out.
        """
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        seconds = remaining() / 1000 if callable(remaining) else float(self._settings.function_timeout)
        lease = self._settings.function_timeout + 30.0
        return InvocationClock(self._now, self._sleep, self._new_id, self._now() + seconds, lease)


class Apply(MemberFunction):
    """Applies commands."""

    @staticmethod
    @cache
    def clients(region: str) -> Clients:
        """See MemberFunction.clients. A lease is held while these wait: less patience, the machine tries again."""
        return Clients(region, max_pool=32, max_attempts=5, read_timeout=10)

    def run(self, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
        """Carry one command out.

        Returns:
            The answer of ``docs/contracts.md``; a command that can never succeed is answered, not raised.

        Raises:
            RetryableGrantError: trying again may help; whatever was recorded stays recorded.
        """
        try:
            command = GrantCommand.parse(event)
            self._check_address(command)
            outcome, details = self._apply(command, self.times(context))
        except PermanentGrantError as error:
            log("grant command refused", dict(event), cause=str(error))
            return Answer("REFUSED", str(error)[:MAX_CAUSE]).to_message()
        log("grant command applied", dict(event), status=outcome, details=details)
        return Answer(outcome, None, details).to_message()

    def _apply(self, command: GrantCommand, times: InvocationClock) -> tuple[ApplyOutcome, dict[str, Any]]:
        platform = PLATFORMS[command.platform]
        produces, consumes = command.side in ("producer", "both"), command.side in ("consumer", "both")
        contributions: list[PolicyContribution] = []
        if produces:
            platform.review(command)
            contributions += [*platform.producer_contributions(self._settings.names, command)]
            contributions += reader_contributions(self._settings.names, command)
        if consumes:
            contributions += self._role_contributions(command)
        width = max(1, len(contributions))
        with (
            ThreadPoolExecutor(5 * width + 3, "calls") as calls,
            ThreadPoolExecutor(width, "targets") as targets,
        ):
            checks: list[Future[dict[str, Any]]] = []
            if produces and command.grants:
                checks = [calls.submit(self._verify_claim, command), calls.submit(self._site.inspect, command)]
            engine = Engine(self._ledger, times, calls)

            def gate() -> None:
                for check in checks:
                    check.result()

            running = [
                targets.submit(
                    engine.apply,
                    self._site.policy_document(command.platform, contribution),
                    contribution,
                    command.key,
                    command.generation,
                    command.grants,
                    gate if checks else None,
                )
                for contribution in contributions
            ]
            gate_error = _error_of(checks)
            errors = [error for future in running if (error := future.exception()) is not None]
            if gate_error is not None or errors:
                raise gate_error or _gravest(errors)
            outcomes = {future.result() for future in running}
        warnings = [text for check in checks for text in check.result().get("warnings", [])]
        details = {"targets": [contribution.target for contribution in contributions], "warnings": warnings}
        return ("SUPERSEDED" if "SUPERSEDED" in outcomes else "APPLIED"), details

    def _role_contributions(self, command: GrantCommand) -> list[PolicyContribution]:
        """One contribution for each of the consumer's roles in this account; each role is checked before a grant."""
        names = self._settings.names
        permissions = PLATFORMS[command.platform].consumer_permissions(names, command)
        contributions = []
        for arn in command.consumer.principals:
            if RoleArn.parse(arn).account != self._settings.account:
                continue
            try:
                check_principal(names, arn, self._settings.consumer_roles, self._settings.protected_roles)
            except PrincipalRefusedError:
                # A role that is no longer named can still lose; one that never got anything must not be touched.
                if command.grants:
                    raise
                if self._ledger.find(f"role#{arn}", command.key) is None:
                    continue
            contributions.append(
                PolicyContribution(f"role#{arn}", (*permissions, *consumer_permissions(names, command, arn)))
            )
        return contributions

    def _verify_claim(self, command: GrantCommand) -> dict[str, Any]:
        """The data source's record must name this asset for this resource; or configuration must name the resource.

        Raises:
            ClaimRefusedError: neither does.
        """
        arn = str(command.resource["arn"])
        if arn.split(":")[4] != self._settings.account or (
            command.schema is not None and registry_account(command.schema) != self._settings.account
        ):
            raise ClaimRefusedError(f"the asset claims {arn}, which is not in account {self._settings.account}")
        record = self._site.record(command)
        schema_arn = None if command.schema is None else command.schema.schema_arn
        if (
            record is not None
            and record.asset_id == command.asset_id
            and record.resource_arn == arn
            and record.schema_arn == schema_arn
        ):
            return {}
        patterns = self._settings.manual_assets.get(command.owner_project, ())
        claimed = [arn] if schema_arn is None else [arn, schema_arn]
        if all(any(fnmatchcase(item, pattern) for pattern in patterns) for item in claimed):
            return {"warnings": [f"{arn} is granted by configuration, not by a data source's record"]}
        raise ClaimRefusedError(
            f"asset {command.asset_id} claims {' and '.join(claimed)}, but no data source of account "
            f"{self._settings.account} recorded that; for an asset made by hand, the stack of that account must name "
            f"them for project {command.owner_project or '(unknown)'}"
        )

    def _check_address(self, command: GrantCommand) -> None:
        """Whether the command is meant for this deployment and account."""
        settings = self._settings
        if command.domain_id != settings.domain_id:
            raise EventRefusedError(f"the command is of domain {command.domain_id}, served is {settings.domain_id}")
        if command.account != settings.account:
            raise EventRefusedError(f"the command is for account {command.account}, this is {settings.account}")
        if command.platform not in PLATFORMS:
            raise EventRefusedError(f"platform {command.platform!r} is not known to this release")


def _error_of(checks: Sequence[Future[Any]]) -> BaseException | None:
    errors = [error for check in checks if (error := check.exception()) is not None]
    return _gravest(errors) if errors else None


def _gravest(errors: Sequence[BaseException]) -> BaseException:
    """The error that decides: what can never succeed before what may, since trying again would be in vain."""
    return min(
        errors, key=lambda error: (not isinstance(error, PermanentGrantError), not isinstance(error, GrantError))
    )
