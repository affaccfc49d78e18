"""Guard rails for a stack that governs streams. Needs pulumi-policy and nothing else of this project."""

from .pack import POLICIES

__all__ = ["POLICIES"]
