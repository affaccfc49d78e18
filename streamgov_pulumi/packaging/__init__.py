"""Packaging of Lambda functions."""

from streamgov_pulumi.packaging.bundle import RUNTIME, BundleError, build_bundle

__all__ = ["RUNTIME", "BundleError", "build_bundle"]
