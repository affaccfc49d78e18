"""The errors that schemas raise, imported from one place."""

from __future__ import annotations

from streamgov_core.model.errors import SchemaError, UnsupportedSchemaError

__all__ = ["SchemaError", "UnsupportedSchemaError"]
