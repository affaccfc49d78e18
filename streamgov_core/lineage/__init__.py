"""Names and events of lineage."""
