"""Policy documents: from grants to statements, and how a live document differs."""
