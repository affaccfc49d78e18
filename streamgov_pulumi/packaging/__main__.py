"""``python -m streamgov_pulumi.packaging``: put what functions depend on into the cache, once for a machine."""

from __future__ import annotations

import sys

from streamgov_pulumi.packaging.bundle import BundleError, dependencies


def main() -> int:
    """Prepare; say where."""
    try:
        print(f"the functions' dependencies are in {dependencies()}")  # noqa: T201
    except BundleError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
