"""The probes, one module a subject."""

FIRST = (
    "glue-version-by-id",
    "dz-role-with-path",
    "dz-grant-event",
    "dz-product-grant-event",
    "dz-grant-transitions",
    "dz-deleted-environment",
)
"""The probes that matter most: they are asked first."""
