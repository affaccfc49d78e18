"""What is deployed: the one description that components, tests and tools read."""
