"""A small producer and a small consumer, which show a governed stream at work."""
