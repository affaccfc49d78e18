"""The member account's function: verifies, records, compiles and writes one side of one grant command."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any

from streamgov_core.documents.policy_document import DesiredState
from streamgov_core.member.account_gateway import ROLE
from streamgov_core.member.claim_verification import verify_claim, verify_side
from streamgov_core.member.delivery import assuming_roles
from streamgov_core.member.engine import ApplyOutcome, Engine
from streamgov_core.member.member_function import MemberFunction
from streamgov_core.member.principal_check import check_principal
from streamgov_core.model.access_role import ACCESS, access_role_of
from streamgov_core.model.assuming_role import AssumingRole
from streamgov_core.model.clock import InvocationClock
from streamgov_core.model.command import MAX_CAUSE, WAITING, Answer, GrantCommand
from streamgov_core.model.connection_details import (
    CONNECTION,
    connection_content,
    connection_contribution,
    connection_permissions,
    parameter_name,
)
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord, Slot
from streamgov_core.model.errors import (
    EventRefusedError,
    GrantError,
    PermanentGrantError,
    PrincipalRefusedError,
    WaitingGrantError,
)
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.registry_access import consumer_permissions
from streamgov_core.model.shortened import shortened
from streamgov_core.platforms import PLATFORMS
from streamgov_core.platforms.owner_side import owner_contributions
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.log import log

CALLS_PER_DOCUMENT = 5
"""Calls of the engine that run in parallel for one document: the lease, the records, two reads and the new record."""
SHARED_CALLS = 3
"""Further calls that run in parallel: the checks before a grant, and what the owner tells or the record of it."""


class Apply(MemberFunction):
    """Applies grant commands."""

    @staticmethod
    @cache
    def clients(region: str) -> Clients:
        """See MemberFunction.clients. A lease is held while these wait: few attempts, the machine tries again."""
        return Clients(region, max_pool=32, max_attempts=5, read_timeout=10)

    def run(self, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
        """Carry one command out.

        Returns:
            The answer of ``docs/contracts.md``; a command that can never succeed is answered, not raised, and so is one
            that must wait for another command or for a service: the machine waits, not the function.

        Raises:
            RetryableGrantError: trying again may help; whatever was recorded stays recorded.
        """
        try:
            command = GrantCommand.parse(event)
            self._check_address(command)
            if command.side == "prepare":
                return self._prepare(command)
            command = self._decided(command, event.get("prepared") or ())
            if command.grants:
                verify_side(self._settings, command)
            outcome, details = self._apply(command, self.invocation_clock(context))
        except PermanentGrantError as error:
            log("grant command rejected", dict(event), level=logging.WARNING, cause=str(error))
            return Answer("REJECTED", shortened(str(error), MAX_CAUSE)).to_message()
        except WaitingGrantError as error:
            log("grant command waits", dict(event), cause=str(error))
            return Answer(WAITING, shortened(str(error), MAX_CAUSE)).to_message()
        log("grant command applied", dict(event), status=outcome, details=details)
        return Answer(outcome, None, details).to_message()

    def _prepare(self, command: GrantCommand) -> dict[str, Any]:
        """Say which of this account's principals must assume an access role; nothing is written.

        The owner's account also looks at what is claimed, and tells how to connect with it: so the sides may be carried
        out at once, and no role is given anything by a claim that its owner's account refuses.
        """
        verify_side(self._settings, command)
        owns = command.producer.account == self._settings.account
        with ThreadPoolExecutor(SHARED_CALLS, "calls") as calls:
            looking = [calls.submit(check, command.whichever_way()) for check in self._owner_checks if owns]
            telling = calls.submit(self._account.connection_facts, command) if owns else None
            warnings = list[str]()
            assuming = assuming_roles(self._settings, command, self._account, warnings)
            error = _deciding_error(looking)
            if error is not None:
                raise error
            warnings += [text for look in looking for text in look.result()]
            connection = {} if telling is None else self._connection(telling, warnings)
        log("grant prepared", command.to_message(), assuming=[item.role.arn for item in assuming])
        return Answer("APPLIED", None, {**_told(assuming), "warnings": warnings, **connection}).to_message()

    def _connection(self, telling: Future[dict[str, str]], warnings: list[str]) -> dict[str, Any]:
        """What the owner tells about connecting; that it can never tell it is no reason against a grant."""
        try:
            return {"connection": telling.result()}
        except PermanentGrantError as error:
            warnings.append(_not_told(error))
            return {}

    def _decided(self, command: GrantCommand, prepared: Sequence[Mapping[str, Any]]) -> GrantCommand:
        """The command with what the accounts of its principals have said, this account's own included.

        A revoke that nobody prepared stays undecided: the ledger tells what there is to take away.
        """
        if command.consumer.assuming is not None:
            return command
        answers = [dict(item.get("outcome") or {}).get("details") or {} for item in prepared]
        told = [found for answer in answers for found in AssumingRole.parse_all(answer.get("assuming", ()))]
        if not command.grants:
            return command.decided(tuple(sorted(told))) if answers else command
        if command.side == "both":
            told += assuming_roles(self._settings, command, self._account)
        return command.decided(tuple(sorted(set(told))))

    def _check_address(self, command: GrantCommand) -> None:
        """Whether the command is meant for this deployment and account."""
        settings = self._settings
        if command.domain_id != settings.domain_id:
            raise EventRefusedError(f"the command is of domain {command.domain_id}, served is {settings.domain_id}")
        if command.account != settings.account:
            raise EventRefusedError(f"the command is for account {command.account}, this is {settings.account}")
        if command.platform not in PLATFORMS:
            raise EventRefusedError(f"platform {command.platform!r} is not known to this release")

    def _apply(self, command: GrantCommand, clock: InvocationClock) -> tuple[ApplyOutcome, dict[str, Any]]:
        """Apply every contribution of the command in parallel, the checks before a grant beside them."""
        contributions = self._contributions(command)
        width = max(1, len(contributions))
        with (
            ThreadPoolExecutor(CALLS_PER_DOCUMENT * width + SHARED_CALLS, "calls") as calls,
            ThreadPoolExecutor(width, "documents") as documents,
        ):
            checks = [calls.submit(check, command) for check in self._checks(command)]
            tells = any(contribution.kind == ROLE for contribution in contributions) or self._tells(command)
            recording = self._begin_telling(command, calls) if tells else None
            telling = self._begin_asking(command, calls)

            def precondition() -> None:
                for check in checks:
                    check.result()

            fills: dict[str, float] = {}
            engine = Engine(self._ledger, clock, calls, fills.__setitem__)

            def begin(contribution: PolicyContribution) -> Future[Any]:
                return documents.submit(
                    engine.apply,
                    self._account.policy_document(command.platform, contribution),
                    contribution,
                    command.key,
                    command.generation,
                    command.grants,
                    precondition if checks else None,
                )

            # A role that goes over to an access role can use that before other documents let go of it.
            early = [one for one in contributions if one.kind == ACCESS and command.grants]
            running = [begin(contribution) for contribution in early]
            if _deciding_error(running) is None:
                running += [begin(contribution) for contribution in contributions if contribution not in early]
            error = _deciding_error(checks) or _deciding_error(running)
            self._report_fills(fills)
            if error is not None:
                raise error
            outcomes = {future.result() for future in running}
            warnings = [text for check in checks for text in check.result()]
            superseded = "SUPERSEDED" in outcomes
            told = {} if superseded else self._tell(command, telling, recording, warnings, tells=tells)
        details = {
            "documents": [contribution.document_id for contribution in contributions],
            "warnings": warnings,
            **self._delivery(command),
            **told,
        }
        return ("SUPERSEDED" if superseded else "APPLIED"), details

    def _begin_telling(self, command: GrantCommand, calls: Executor) -> Future[ContributionRecord | None] | None:
        """Record what the consumer is told beside what it is given, where the owner need not be asked first."""
        if command.grants and command.side != "consumer":
            return None
        return calls.submit(self._record_told, command, command.owner_facts)

    def _begin_asking(self, command: GrantCommand, calls: Executor) -> Future[dict[str, str]] | None:
        """Ask how to connect beside everything else, where the grant does not make what is told."""
        known = command.side == "consumer" or command.owner_facts is not None
        if not command.grants or known or PLATFORMS[command.platform].tells_once_granted(command):
            return None
        return calls.submit(self._account.connection_facts, command)

    def _tell(
        self,
        command: GrantCommand,
        telling: Future[dict[str, str]] | None,
        recording: Future[ContributionRecord | None] | None,
        warnings: list[str],
        *,
        tells: bool,
    ) -> dict[str, Any]:
        """Tell the consumer how to connect, or take back what it was told; the answer's further details.

        Access is granted or revoked by now: what can never succeed here is a warning, and no reason to undo it.
        """
        names, told = self._settings.names, dict[str, Any]()
        facts = command.owner_facts
        try:
            if command.grants and command.side != "consumer":
                if facts is None:
                    facts = self._account.connection_facts(command) if telling is None else telling.result()
                told["connection"] = dict(facts)
            if tells:
                record = self._record_told(command, facts) if recording is None else recording.result()
                if record is not None:
                    self._write_parameter(command, record)
                told["parameter"] = parameter_name(names, command)
        except PermanentGrantError as error:
            warnings.append(_not_told(error))
        return told

    def _tells(self, command: GrantCommand) -> bool:
        """Whether the parameter is this account's to write though no role's policies change: roles assume another."""
        if any(item.role.account == self._settings.account for item in command.consumer.assuming or ()):
            return True
        undecided = command.consumer.assuming is None and command.side != "producer"
        return undecided and not command.grants and self._told(command) is not None

    def _record_told(self, command: GrantCommand, facts: Mapping[str, str] | None) -> ContributionRecord | None:
        """Record what the consumer's parameter is to say; None if a newer command has been here.

        Like what the command contributes to the roles' documents it is recorded before it is written, so that a revoke
        finds it whatever becomes of the rest.
        """
        content = self._connection_content(command, facts) if command.grants else ""
        contribution = connection_contribution(self._settings.names, command, content)
        record = ContributionRecord.of(command.key, command.generation, command.grants, contribution, self._now())
        return None if self._ledger.store(contribution.document_id, record) == "SUPERSEDED" else record

    def _write_parameter(self, command: GrantCommand, record: ContributionRecord) -> None:
        """Write or delete the parameter that is this grant's alone.

        It needs no lease: two commands of one grant that overtake each other leave at worst the older one's text, which
        the reconciler finds beside the ledger's.
        """
        contribution = connection_contribution(self._settings.names, command, record.content)
        # The slot of no generation says that nothing is known of what stands there: it is written without a look.
        desired = DesiredState({command.key: record} if command.grants else {}, {command.key: Slot(0, 0)})
        self._account.policy_document(command.platform, contribution).apply(desired, lambda: None)

    def _told(self, command: GrantCommand) -> ContributionRecord | None:
        return self._ledger.find(f"{CONNECTION}#{parameter_name(self._settings.names, command)}", command.key)

    def _connection_content(self, command: GrantCommand, facts: Mapping[str, str] | None) -> str:
        """What the consumer's parameter says; without the owner's facts it stays as it was told last."""
        names = self._settings.names
        if facts is None:
            known = self._told(command)
            if known is not None and known.content:
                return known.content
        informed = replace(command, resource={**command.resource, **(facts or {})})
        return connection_content(names, informed, PLATFORMS[command.platform].connection(informed))

    def _report_fills(self, fills: Mapping[str, float]) -> None:
        """Emit how full the fullest document of each kind is that this command has written."""
        fullest = dict[str, float]()
        for document_id, percent in fills.items():
            kind = document_id.split("#", 1)[0]
            fullest[kind] = max(percent, fullest.get(kind, 0.0))
        for kind, percent in fullest.items():
            self._metrics.put({"DocumentFill": round(percent, 1)}, unit="Percent", DocumentKind=kind)

    def _checks(self, command: GrantCommand) -> Sequence[Callable[[GrantCommand], list[str]]]:
        """What must hold before the producer's side grants; each returns warnings."""
        return self._owner_checks if command.grants and command.side != "consumer" else ()

    @property
    def _owner_checks(self) -> Sequence[Callable[[GrantCommand], list[str]]]:
        return (self._verify_claim, self._inspect)

    def _verify_claim(self, command: GrantCommand) -> list[str]:
        return verify_claim(self._settings, command, self._account.record)

    def _inspect(self, command: GrantCommand) -> list[str]:
        return list(self._account.inspect(command).get("warnings", []))

    def _contributions(self, command: GrantCommand) -> list[PolicyContribution]:
        """What the command contributes to documents of this account.

        Raises:
            PermanentGrantError: the platform cannot grant it, or a role may not receive access.
        """
        names, contributions = self._settings.names, list[PolicyContribution]()
        if command.side != "consumer":
            PLATFORMS[command.platform].review(command)
            contributions += owner_contributions(names, command)
        if command.side != "producer":
            contributions += self._role_contributions(command)
        if command.grants or command.consumer.assuming is not None:
            return contributions
        # Nobody knows how it was granted: what the ledger holds of it is taken away.
        held = [item for item in contributions if self._ledger.find(item.document_id, command.key) is not None]
        return held or contributions

    def _delivery(self, command: GrantCommand) -> dict[str, Any]:
        """What the owner's side answers of access roles: who assumes one, and which."""
        assuming = command.consumer.assuming
        if command.side == "consumer" or not command.grants or not assuming:
            return {}
        return {**_told(assuming), "awsRoleArn": access_role_of(self._settings.names, command).arn}

    def _role_contributions(self, command: GrantCommand) -> list[PolicyContribution]:
        """One contribution for each of the consumer's roles in this account; each role is checked before a grant."""
        names, platform = self._settings.names, PLATFORMS[command.platform]
        permissions = platform.consumer_permissions(names, command)
        network = platform.network_permissions(names, command)
        return [
            PolicyContribution(
                _document_id(role),
                (
                    *permissions,
                    *(network if role.arn in self._settings.connection_roles else ()),
                    *consumer_permissions(names, command, role),
                    *connection_permissions(names, command, role.account),
                ),
            )
            for role in command.consumer.direct
            if role.account == self._settings.account and self._concerns(role, command)
        ]

    def _concerns(self, role: RoleArn, command: GrantCommand) -> bool:
        """Whether the command changes the role's policies.

        A role that is no longer named can still lose access; one that never got any must not be touched.

        Raises:
            PrincipalRefusedError: the command grants, and the role may not receive access.
        """
        settings = self._settings
        try:
            check_principal(settings.names, role, settings.consumer_roles, settings.protected_roles)
        except PrincipalRefusedError:
            if command.grants:
                raise
            return self._ledger.find(_document_id(role), command.key) is not None
        return True


def _not_told(error: PermanentGrantError) -> str:
    return f"the consumer could not be told how to connect: {error}"


def _told(assuming: Sequence[AssumingRole]) -> dict[str, Any]:
    return {"assuming": [item.to_message() for item in assuming]}


def _document_id(role: RoleArn) -> str:
    return f"{ROLE}#{role.arn}"


def _deciding_error(futures: Sequence[Future[Any]]) -> BaseException | None:
    """The error that decides: one that can never succeed before one that may, which would be retried for nothing.

    A mere wait decides if nothing else went wrong.
    """
    errors = [error for future in futures if (error := future.exception()) is not None]
    return min(
        errors,
        key=lambda error: (
            not isinstance(error, PermanentGrantError),
            isinstance(error, WaitingGrantError),
            not isinstance(error, GrantError),
        ),
        default=None,
    )
