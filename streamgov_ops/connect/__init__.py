"""What a consumer needs to connect after a grant: details, and snippets that are ready to run (`snippets/`)."""
