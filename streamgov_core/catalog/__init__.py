"""The data source: keeps assets in step with a schema registry."""
