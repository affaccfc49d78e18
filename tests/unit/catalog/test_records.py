"""Records in Parameter Store."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgov_core.model.asset_record import PARTS, AssetRecord, encode, parameter_name, part_of, record_path
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.runtime.asset_records import SsmAssetRecordStore
from tests.unit.catalog.fakes import Paginated

RECORD = AssetRecord("asset1", "arn:topic", "arn:schema", "sales$x", "hash", "mark", "words")
GLUE_NAME = st.from_regex(r"[a-zA-Z0-9_$#.-]{1,255}", fullmatch=True)


@given(GLUE_NAME, GLUE_NAME)
def test_encoding_keeps_names_apart_and_legal(one: str, other: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_.-]+", encode(one))
    assert (encode(one) == encode(other)) == (one == other)


def test_names_stay_readable() -> None:
    names = Names("team-a")
    assert (
        parameter_name(names, "dzd-1", "orders", "sales.v1")
        == f"/streamgov/team-a/dzd-1/orders/{part_of('sales.v1')}/sales.v1"
    )
    assert parameter_name(names, "dzd-1", None, "a_b$c") == f"/streamgov/team-a/dzd-1/-/{part_of('a_b$c')}/a__b_24c"
    assert record_path(names, "dzd-1", "or_ders") == "/streamgov/team-a/dzd-1/or__ders"


def test_a_record_survives_its_parameter() -> None:
    assert AssetRecord.from_json(RECORD.to_json(), "p") == RECORD
    assert json.loads(RECORD.to_json())["assetId"] == "asset1"
    assert AssetRecord.from_json(json.dumps({**json.loads(RECORD.to_json()), "later": 1}), "p") == RECORD


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"version": 2}', '{"version": 1}', "5", "null"])
def test_what_is_no_record_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="parameter /p/q"):
        AssetRecord.from_json(text, "/p/q")


class FakeSsm(Paginated):
    service = "ssm"

    class exceptions:
        class ClientError(Exception):
            def __init__(self, code: str) -> None:
                super().__init__(code)
                self.response = {"Error": {"Code": code}}

    def __init__(self) -> None:
        self.parameters: dict[str, str] = {}
        self.pages = 0

    def put_parameter(self, Name: str, Value: str, Type: str, Overwrite: bool, Tier: str) -> None:
        assert (Type, Overwrite, Tier) == ("String", True, "Intelligent-Tiering")
        self.parameters[Name] = Value

    def get_parameter(self, Name: str) -> dict[str, Any]:
        if Name not in self.parameters:
            raise self.exceptions.ClientError("ParameterNotFound")
        return {"Parameter": {"Name": Name, "Value": self.parameters[Name]}}

    def delete_parameter(self, Name: str) -> None:
        if self.parameters.pop(Name, None) is None:
            raise self.exceptions.ClientError("ParameterNotFound")

    def get_parameters_by_path(
        self, Path: str, Recursive: bool, MaxResults: int, NextToken: str = "0"
    ) -> dict[str, Any]:
        assert MaxResults <= 10, "API GetParametersByPath"
        self.pages += 1
        names = sorted(name for name in self.parameters if name.startswith(Path + "/"))
        start = int(NextToken)
        found = names[start : start + MaxResults]
        page: dict[str, Any] = {"Parameters": [{"Name": name, "Value": self.parameters[name]} for name in found]}
        if start + MaxResults < len(names):
            page["NextToken"] = str(start + MaxResults)
        return page


def test_the_store() -> None:
    client: Any = FakeSsm()
    store = SsmAssetRecordStore(client, Names(), "dzd-1", "orders")
    assert store.load("sales$x") is None
    store.save(RECORD)
    assert store.load("sales$x") == RECORD
    assert list(client.parameters) == [parameter_name(Names(), "dzd-1", "orders", "sales$x")]
    store.remove("sales$x")
    store.remove("sales$x")
    assert client.parameters == {}


def test_all_pages_are_read_and_foreign_parameters_passed_over() -> None:
    client: Any = FakeSsm()
    store = SsmAssetRecordStore(client, Names(), "dzd-1", "orders")
    for number in range(35):
        store.save(AssetRecord(f"a{number}", "arn", None, f"schema{number}", "h"))
    client.parameters["/streamgov/streamgov/dzd-1/orders/0/strange"] = "not ours"
    client.parameters["/streamgov/streamgov/dzd-1/orders2/0/other"] = RECORD.to_json()
    assert sorted(record.asset_id for record in store.load_all()) == sorted(f"a{number}" for number in range(35))
    assert PARTS <= client.pages <= 2 * PARTS


def test_parameters_are_spread_evenly_and_never_moved() -> None:
    counts = Counter(part_of(f"topic-{number:05}") for number in range(10_000))
    assert sorted(counts) == list(range(PARTS))
    assert max(counts.values()) < 1.1 * min(counts.values())
    assert [part_of(name) for name in ("sales", "orders", "a_b$c")] == [0, 0, 2]


def test_other_errors_are_not_swallowed() -> None:
    client: Any = FakeSsm()

    def refuse(**_: Any) -> Any:
        raise client.exceptions.ClientError("AccessDeniedException")

    client.get_parameter = client.delete_parameter = refuse
    store = SsmAssetRecordStore(client, Names(), "dzd-1", "orders")
    for call in (store.load, store.remove):
        with pytest.raises(FakeSsm.exceptions.ClientError):
            call("sales")
