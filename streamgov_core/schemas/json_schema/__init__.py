"""JSON Schemas, draft-04 to 2020-12: shown as columns, and judged by the documents that they allow."""

from __future__ import annotations

from streamgov_core.schemas.json_schema.fields import json_columns
from streamgov_core.schemas.json_schema.inclusion import json_reading

__all__ = ["json_columns", "json_reading"]
