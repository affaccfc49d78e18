"""Who may read or write what: from the grant ledger (`entries`), and as a table, CSV, JSON or a page (`page`)."""
