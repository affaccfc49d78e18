"""OpenLineage run events of jobs."""
