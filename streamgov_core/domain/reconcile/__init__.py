"""The domain account's half of the reconciler."""
