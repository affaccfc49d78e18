"""Pulumi components of the samples."""
