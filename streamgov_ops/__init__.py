"""The operator's side: the `streamgov` command and the libraries behind it."""
