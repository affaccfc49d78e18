"""Pulumi components of streaming governance."""
