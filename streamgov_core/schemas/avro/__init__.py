"""Avro schemas: read with Apache Avro's own parser, shown as columns, and judged by schema resolution."""

from __future__ import annotations

from streamgov_core.schemas.avro.fields import avro_columns
from streamgov_core.schemas.avro.reading import read_avro
from streamgov_core.schemas.avro.resolution import avro_reading

__all__ = ["avro_columns", "avro_reading", "read_avro"]
