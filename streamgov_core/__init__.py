"""What a governed stream is: platforms, schemas, forms, policies, names, ledgers and lineage. No Pulumi in here."""

__version__ = "0.1.0"
"""The version of all packages of this distribution (semantic versioning)."""
