"""Access to governed streams: messages, ledgers, the policy compiler, the engine that applies it, and the workflow."""
