"""Asset records in Parameter Store."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from streamgov_core.model.asset_record import PARTS, AssetRecord, encode, part_of, record_path
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.runtime.clients import error_code
from streamgov_core.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

PAGE = 10
"""The largest page of GetParametersByPath."""


class SsmAssetRecordStore:
    """Records in Parameter Store (AssetRecordStore).

    Args:
        client: an SSM client of the producer's account.
        names: the deployment's names.
        domain_id: the DataZone domain.
        registry: the Glue registry, or None for resources without schemas.
    """

    def __init__(self, client: SSMClient, names: Names, domain_id: str, registry: str | None) -> None:
        self._client = client
        self._path = record_path(names, domain_id, registry)

    def _name(self, schema_name: str) -> str:
        return f"{self._path}/{part_of(schema_name)}/{encode(schema_name)}"

    def load(self, schema_name: str) -> AssetRecord | None:
        """API GetParameter."""
        name = self._name(schema_name)
        try:
            parameter = self._client.get_parameter(Name=name)["Parameter"]
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
        """API GetParametersByPath, ten a page."""
        pages = self._client.get_paginator("get_parameters_by_path").paginate(
            Path=f"{self._path}/{part}", Recursive=False, PaginationConfig={"PageSize": PAGE}
        )
        for page in pages:
            for parameter in page.get("Parameters", ()):
                try:
                    yield AssetRecord.from_json(parameter["Value"], parameter["Name"])
                except ConfigError as error:
                    # The schema is then one without a record: its asset is found again by search, the record replaced.
                    log("record not readable", level=logging.WARNING, cause=str(error))

    def save(self, record: AssetRecord) -> None:
        """API PutParameter."""
        self._client.put_parameter(
            Name=self._name(record.schema_name),
            Value=record.to_json(),
            Type="String",
            Overwrite=True,
            Tier="Intelligent-Tiering",
        )

    def remove(self, schema_name: str) -> None:
        """API DeleteParameter."""
        try:
            self._client.delete_parameter(Name=self._name(schema_name))
        except self._client.exceptions.ClientError as error:
            if error_code(error) != "ParameterNotFound":
                raise
