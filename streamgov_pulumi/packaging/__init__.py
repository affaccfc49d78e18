"""Packaging of Lambda functions."""

from streamgov_pulumi.packaging.bundle import RUNTIME, BundleError, build_bundle
from streamgov_pulumi.packaging.prebuilt import bundle_for, prebuild

__all__ = ["RUNTIME", "BundleError", "build_bundle", "bundle_for", "prebuild"]
