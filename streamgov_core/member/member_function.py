"""What the two tasks of the member account's function share: settings, account, ledger and clock."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Self

from streamgov_core.member.account_gateway import AccountGateway, AwsAccountGateway
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.member.document_ledger import DocumentLedger, DynamoDocumentLedger
from streamgov_core.member.ledger_check import record_check
from streamgov_core.model.clock import InvocationClock
from streamgov_core.runtime.clients import Clients
from streamgov_core.runtime.metrics import FunctionMetrics
from streamgov_core.runtime.settings_layer import function_variables

FUNCTION = "apply"
"""The function's short name, a dimension of its metrics."""
LEASE_RESERVE = 30.0
"""Seconds that a lease lasts beyond the function's hard time-out."""


class MemberFunction:
    """Base of the tasks of the member account's function.

    Args:
        settings: of the function.
        account: the account's documents, resources and records.
        ledger: the account's document ledger.
        now: returns seconds since the epoch.
        sleep: waits for a number of seconds.
        new_id: returns an identity for the owner of a lease.
        metrics: of the function; None for those that go to its log group.
    """

    def __init__(
        self,
        settings: ApplySettings,
        account: AccountGateway,
        ledger: DocumentLedger,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        metrics: FunctionMetrics | None = None,
    ) -> None:
        self._settings = settings
        self._account = account
        self._ledger = ledger
        self._now = now
        self._sleep = sleep
        self._new_id = new_id
        self._metrics = metrics or FunctionMetrics(settings.names.namespace, FUNCTION)

    @staticmethod
    def clients(region: str) -> Clients:
        """Clients that live as long as the function's process."""
        raise NotImplementedError

    @classmethod
    def prepare(cls) -> None:
        """What can be made before the first event: settings are read, clients that every command needs are there."""
        settings = ApplySettings.from_environment(function_variables())
        cls.clients(settings.names.region).prepare("dynamodb", "ssm", "iam")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """The function as it is deployed.

        Args:
            env: its environment variables; None for those of the process.
        """
        settings = ApplySettings.from_environment(function_variables(env))
        clients = cls.clients(settings.names.region)
        ledger = DynamoDocumentLedger(
            lambda: clients.client("dynamodb"), settings.names.document_table, record_check(settings.names)
        )
        return cls(settings, AwsAccountGateway(settings, clients), ledger)

    def invocation_clock(self, context: Any) -> InvocationClock:
        """Time, identities and deadline of one invocation.

        Args:
            context: Lambda's, which tells how long the invocation may still take; without it, the whole time-out.
        """
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        seconds = remaining() / 1000 if callable(remaining) else float(self._settings.function_timeout)
        lease_seconds = self._settings.function_timeout + LEASE_RESERVE
        return InvocationClock(self._now, self._sleep, self._new_id, self._now() + seconds, lease_seconds)
