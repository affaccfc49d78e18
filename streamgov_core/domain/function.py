"""What the collector and the reporter are made of: settings, DataZone, the grant ledger, a clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

from streamgov_core.domain.datazone import DataZoneDomain, DataZoneReader
from streamgov_core.domain.grant_ledger import DynamoGrantLedger, GrantLedger
from streamgov_core.domain.settings import DomainSettings, execution_input, shared_clients
from streamgov_core.runtime.metrics import FunctionMetrics
from streamgov_core.runtime.settings_layer import function_variables

SettingsT = TypeVar("SettingsT", bound=DomainSettings)


class DomainFunction(Generic[SettingsT]):
    """A function of the domain account that works on one grant.

    Args:
        settings: of the function.
        domain: DataZone.
        ledger: the grant ledger.
        execution_input: the input of an execution, by its ARN.
        now: clock.
        metrics: of the function; None for those that go to its log group.
    """

    FUNCTION: ClassVar[str]
    """The function's short name, a dimension of its metrics."""

    def __init__(
        self,
        settings: SettingsT,
        domain: DataZoneReader,
        ledger: GrantLedger,
        execution_input: Callable[[str], Mapping[str, Any]],
        now: Callable[[], float] = time.time,
        metrics: FunctionMetrics | None = None,
    ) -> None:
        self._settings = settings
        self._domain = domain
        self._ledger = ledger
        self._execution_input = execution_input
        self._now = now
        self._metrics = metrics or FunctionMetrics(settings.names.namespace, self.FUNCTION)

    @staticmethod
    def read_settings(env: Mapping[str, str]) -> SettingsT:
        """The function's settings from its variables."""
        raise NotImplementedError

    @classmethod
    def prepare(cls) -> None:
        """What can be made before the first event: settings are read, clients are there."""
        settings = cls.read_settings(function_variables())
        shared_clients(settings.names.region).prepare("datazone", "dynamodb")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """The function as it is deployed."""
        settings = cls.read_settings(function_variables(env))
        clients = shared_clients(settings.names.region)
        return cls(
            settings,
            DataZoneDomain(lambda: clients.client("datazone"), settings.domain_id),
            DynamoGrantLedger(lambda: clients.client("dynamodb"), settings.names.grant_table),
            lambda arn: execution_input(clients, arn),
        )
