"""What a governed stream is: platforms, schemas, forms, policies, names, ledgers and lineage. No Pulumi in here."""
