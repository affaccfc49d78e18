"""The document that tells a consumer how to connect: one parameter, which is there exactly while its grant is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from streamgov_core.documents.comparison import Comparison
from streamgov_core.documents.policy_document import DesiredState, WriteResult
from streamgov_core.model.document_record import ContributionRecord, Slot
from streamgov_core.runtime.calls import calling

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

PARAMETERS_PER_REQUEST = 10
"""Names of one GetParameters (API reference)."""


class ParameterGateway(Protocol):
    """Parameters of the account."""

    def get(self, name: str) -> str | None:
        """A parameter's value; None if there is none."""

    def get_all(self, names: Sequence[str]) -> Mapping[str, str]:
        """The values of those of these parameters that exist."""

    def put(self, name: str, value: str) -> None:
        """Write a parameter, whether it is there or not."""

    def delete(self, name: str) -> None:
        """Delete a parameter; nothing happens if there is none."""


class SsmParameters:
    """ParameterGateway over boto3.

    Args:
        client: returns the ``ssm`` client when it is first needed.
    """

    def __init__(self, client: Callable[[], SSMClient]) -> None:
        self._client = client

    def get(self, name: str) -> str | None:
        """API GetParameter."""
        client = self._client()
        with calling("ssm:GetParameter", name):
            try:
                return str(client.get_parameter(Name=name)["Parameter"]["Value"])
            except client.exceptions.ParameterNotFound:
                return None

    def get_all(self, names: Sequence[str]) -> Mapping[str, str]:
        """API GetParameters, for ten at once."""
        found: dict[str, str] = {}
        for begin in range(0, len(names), PARAMETERS_PER_REQUEST):
            part = list(names[begin : begin + PARAMETERS_PER_REQUEST])
            with calling("ssm:GetParameters", part[0]):
                answer = self._client().get_parameters(Names=part)
            found |= {parameter["Name"]: parameter["Value"] for parameter in answer["Parameters"]}
        return found

    def put(self, name: str, value: str) -> None:
        """API PutParameter. Beyond the 10,000 standard parameters of an account it is an advanced one."""
        with calling("ssm:PutParameter", name):
            self._client().put_parameter(
                Name=name,
                Value=value,
                Type="String",
                Overwrite=True,
                Tier="Intelligent-Tiering",
                Description="How to connect to a granted topic or stream; written with the grant and removed with it",
            )

    def delete(self, name: str) -> None:
        """API DeleteParameter."""
        client = self._client()
        with calling("ssm:DeleteParameter", name):
            try:
                client.delete_parameter(Name=name)
            except client.exceptions.ParameterNotFound:
                return


def wanted_content(records: Iterable[ContributionRecord]) -> str | None:
    """What a parameter should say by the ledger's records: the newest active grant's details, None for nothing."""
    active = [record for record in records if record.state == "ACTIVE"]
    newest = max(active, key=lambda record: record.generation, default=None)
    return None if newest is None else newest.content


class ConnectionDocument:
    """Makes one parameter say what the ledger says.

    Args:
        parameters: Parameter Store.
        name: the parameter's name.
        sid_prefix: marks what is ours when live and wanted state are compared.
    """

    read_before_lease = False

    def __init__(self, parameters: ParameterGateway, name: str, sid_prefix: str) -> None:
        self._parameters = parameters
        self._name = name
        self._sid_prefix = sid_prefix

    def reads(self) -> Sequence[Callable[[], None]]:
        """Nothing: it is written without a look at it unless the ledger says that it stands."""
        return ()

    def forget(self) -> None:
        """Nothing is kept."""

    def apply(self, desired: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        """Write or delete it, unless the ledger and a look at it agree that it is as it should be."""
        slots = {key: Slot(0, record.generation) for key, record in desired.active.items()}
        wanted = self._wanted(desired)
        if desired.confirms(desired.active.values()) and self._parameters.get(self._name) == wanted:
            return WriteResult(slots)
        check_lease()
        if wanted is None:
            self._parameters.delete(self._name)
        else:
            self._parameters.put(self._name, wanted)
        return WriteResult(slots, {}, 1)

    def compare(self, desired: DesiredState) -> list[Comparison]:
        """Its value, shown as a statement of ours."""
        live, wanted = self._parameters.get(self._name), self._wanted(desired)
        written = [] if wanted is None else [self._entry(wanted)]
        return [
            Comparison(
                "value", {"Statement": [] if live is None else [self._entry(live)]}, written, entry="connection detail"
            )
        ]

    def _wanted(self, desired: DesiredState) -> str | None:
        """The text of the newest grant; a parameter is named after one."""
        return wanted_content(desired.active.values())

    def _entry(self, value: str) -> dict[str, str]:
        return {"Sid": f"{self._sid_prefix}Connection", "Resource": self._name, "Value": value}
