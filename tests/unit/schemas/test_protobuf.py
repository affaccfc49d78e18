"""Protobuf schemas as columns."""

from __future__ import annotations

import time

import pytest

from streamgov_core.model.errors import SchemaError
from streamgov_core.schemas import Column, columns_of


def shown(definition: str) -> dict[str, str]:
    return {column.name: column.cell()["dataType"] for column in columns_of(definition, "PROTOBUF")}


PROTO3 = """
syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
import "other/money.proto";
// An order
// as placed.
message Order {
  /* The id
   * of it. */
  string id = 1 [json_name = "orderId"];
  google.protobuf.Timestamp at = 2; // When.
  optional int32 count = 3;
  Customer customer = 4;
  repeated Item items = 5;
  map<string, Item> by_sku = 6;
  Status status = 7 [deprecated = true];
  oneof pay {
    Card card = 8;
    string cash = 9;
  }
  other.Money total = 10;
  google.protobuf.StringValue note = 11;
  repeated bytes blobs = 12;
  map<int32, string> names = 13;
  message Card { string no = 1; }
  enum Status { UNKNOWN = 0; NEW = 1; }
  reserved 20 to 30;
  reserved "old";
}
message Customer {
  string name = 1;
  Address address = 2;
  message Address { string city = 1; .shop.v1.Customer owner = 2; }
}
message Item { string sku = 1; double price = 2; Item alternative = 3; }
service Orders { rpc Get (Customer) returns (stream Order); }
"""


def test_proto3() -> None:
    assert shown(PROTO3) == {
        "id": "string",
        "at": "timestamp | null",
        "count": "int32 | null",
        "customer": "message | null",
        "customer.name": "string",
        "customer.address": "message | null",
        "customer.address.city": "string",
        "customer.address.owner": "message shop.v1.Customer (recursive) | null",
        "items": "array<message>",
        "items.sku": "string",
        "items.price": "double",
        "items.alternative": "message shop.v1.Item (recursive) | null",
        "by_sku": "map<string, message>",
        "by_sku.sku": "string",
        "by_sku.price": "double",
        "by_sku.alternative": "message shop.v1.Item (recursive) | null",
        "status": "enum(UNKNOWN, NEW)",
        "card": "message | null",
        "card.no": "string",
        "cash": "string | null",
        "total": "other.Money (imported) | null",
        "note": "string | null",
        "blobs": "array<bytes>",
        "names": "map<int32, string>",
    }


def test_words() -> None:
    columns = {column.name: column for column in columns_of(PROTO3, "PROTOBUF")}
    assert columns["id"] == Column("id", "string", False, "The id of it.", None, ("orderId",))
    assert columns["at"].description == "When."
    assert columns["status"].description == "Deprecated."
    assert columns["cash"].description == "One of pay."
    whole = columns_of(PROTO3, "PROTOBUF")
    assert (whole.name, whole.description) == ("shop.v1.Order", "An order as placed.")


def test_proto2() -> None:
    columns = columns_of(
        """
        syntax = "proto2";
        message M {
          required string a = 1;
          optional int32 b = 2 [default = 7];
          repeated group Part = 3 { required bool ok = 1; }
          optional Kind kind = 4 [default = LARGE];
          enum Kind { SMALL = 1; LARGE = 2; }
          extensions 100 to 199;
        }
        extend M { optional string extra = 100; }
        """,
        "PROTOBUF",
    )
    assert {column.name: column.cell()["dataType"] for column in columns} == {
        "a": "string",
        "b": "int32 | null",
        "part": "array<message>",
        "part.ok": "bool",
        "kind": "enum(SMALL, LARGE) | null",
        "extra": "string | null",
    }
    assert [column.default for column in columns][1] == "7"
    assert columns[4].default == '"LARGE"'


def test_no_syntax_line_is_proto2() -> None:
    assert shown("message M { required string a = 1; }") == {"a": "string"}


def test_names_are_sought_from_within() -> None:
    assert shown(
        """
        syntax = "proto3";
        package p;
        message M {
          message Kind { int32 inner = 1; }
          Kind near = 1;
          .p.Kind far = 2;
          p.Kind also_far = 3;
        }
        message Kind { int32 outer = 1; }
        """
    ) == {
        "near": "message | null",
        "near.inner": "int32",
        "far": "message | null",
        "far.outer": "int32",
        "also_far": "message | null",
        "also_far.outer": "int32",
    }


def test_the_first_message_is_the_root_and_the_others_are_named() -> None:
    one = 'syntax = "proto3"; message A { int32 x = 1; Shared s = 2; } message Shared { int32 y = 1; }'
    two = f"{one} message Batch {{ repeated A all = 1; int32 size = 2; }} message Other {{ int32 z = 1; }}"
    assert shown(one) == {"x": "int32", "s": "message | null", "s.y": "int32"}
    assert shown(two) == shown(one), "a message that is added changes nothing"
    assert columns_of(one, "PROTOBUF").remarks == ()
    assert [remark.split(" is not")[0] for remark in columns_of(two, "PROTOBUF").remarks] == [
        "The message Batch (all, size)",
        "The message Other (z)",
    ]


def test_messages_that_contain_each_other() -> None:
    circle = 'syntax = "proto3"; message A { B b = 1; } message B { A a = 1; }'
    assert shown(circle) == {"b": "message | null", "b.a": "message A (recursive) | null"}


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("", "is empty"),
        ("   \n", "is empty"),
        ('syntax = "proto3";', "has no message"),
        ("message M { string a = ; }", "line 1, column 24"),
        ("message M {\n  strin a = 1\n}", "line 3"),
        ("{}", "line 1, column 1"),
        ("message M { string a = 1; } }", "line 1"),
        ("message M { strin a = 1; }", "at field a: there is no type 'strin'"),
        ("message M { N n = 1; message N { O o = 1; } }", "at field n.o: there is no type 'O'"),
        ("message M {} message M {}", "declares M twice"),
        ("message M { string a = 1; int32 a = 2; }", "declares M.a twice"),
        ("message M { map<string> a = 1; }", "line 1"),
    ],
)
def test_what_is_wrong_and_where(definition: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        columns_of(definition, "PROTOBUF")


def test_errors_are_not_written_to_the_output(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SchemaError):
        columns_of("message M { string ; }", "PROTOBUF")
    assert capfd.readouterr() == ("", "")


def test_a_schema_as_large_as_the_registry_takes() -> None:
    fields = "\n".join(
        f"  // The field {number}\n  optional string field_{number} = {number + 1};" for number in range(2900)
    )
    definition = f'syntax = "proto3";\nmessage M {{\n{fields}\n}}\n'
    assert 140_000 < len(definition) < 170_000
    began = time.monotonic()
    assert len(columns_of(definition, "PROTOBUF")) == 2900
    assert time.monotonic() - began < 30
