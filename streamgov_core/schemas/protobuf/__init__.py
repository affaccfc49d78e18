"""Protobuf schemas: read by a parser of their own, shown as columns, and judged by what is on the wire."""

from __future__ import annotations

from streamgov_core.schemas.protobuf.fields import protobuf_columns
from streamgov_core.schemas.protobuf.parser import read_protobuf
from streamgov_core.schemas.protobuf.wire import protobuf_reading

__all__ = ["protobuf_columns", "protobuf_reading", "read_protobuf"]
