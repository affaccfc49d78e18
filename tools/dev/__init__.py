"""What the make targets run: the local sandbox, the walkthrough, the tests."""
