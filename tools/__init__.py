"""Tools of this repository: bootstrap, the local sandbox, the Pulumi CLI."""
