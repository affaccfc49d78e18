"""Asset records in Parameter Store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamgov_core.model.asset_record import PARTS, AssetRecord, _log, encode, part_of, record_path
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.runtime.clients import error_code


class SsmAssetRecordStore:
    """Records in Parameter Store.

    Args:
        client: an SSM client of the producer's account.
        names: the deployment's names.
        domain_id: the DataZone domain.
        registry: the Glue registry, or None for resources without schemas.
    """

    def __init__(self, client: Any, names: Names, domain_id: str, registry: str | None) -> None:
        self._client = client
        self._path = record_path(names, domain_id, registry)

    def _name(self, schema_name: str) -> str:
        return f"{self._path}/{part_of(schema_name)}/{encode(schema_name)}"

    def load(self, schema_name: str) -> AssetRecord | None:
        """See RecordStore (API GetParameter)."""
        name = self._name(schema_name)
        try:
            parameter: Mapping[str, Any] = self._client.get_parameter(Name=name)["Parameter"]
        except self._client.exceptions.ClientError as error:
            if error_code(error) == "ParameterNotFound":
                return None
            raise
        return AssetRecord.from_json(parameter["Value"], name)

    def load_all(self) -> Iterator[AssetRecord]:
        """The records of all directories."""
        for part in range(PARTS):
            yield from self.load_part(part)

    def load_part(self, part: int) -> Iterator[AssetRecord]:
        """See RecordStore (API GetParametersByPath, ten a page)."""
        path = f"{self._path}/{part}"
        token: dict[str, str] = {}
        while True:
            page = self._client.get_parameters_by_path(Path=path, Recursive=False, MaxResults=10, **token)
            for parameter in page.get("Parameters", ()):
                try:
                    yield AssetRecord.from_json(parameter["Value"], parameter["Name"])
                except ConfigError as error:
                    # The schema is then one without a record: its asset is found again by search, the record replaced.
                    _log.warning("%s", error)
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def save(self, record: AssetRecord) -> None:
        """See RecordStore (API PutParameter)."""
        self._client.put_parameter(
            Name=self._name(record.schema_name),
            Value=record.to_json(),
            Type="String",
            Overwrite=True,
            Tier="Intelligent-Tiering",
        )

    def remove(self, schema_name: str) -> None:
        """See RecordStore (API DeleteParameter)."""
        try:
            self._client.delete_parameter(Name=self._name(schema_name))
        except self._client.exceptions.ClientError as error:
            if error_code(error) != "ParameterNotFound":
                raise
