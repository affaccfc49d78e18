"""Differences as SARIF 2.1.0, which code scanning and most dashboards read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from streamgov_core import __version__
from streamgov_ops.verify.differences import RULES, Difference

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(differences: Sequence[Difference]) -> dict[str, Any]:
    """A SARIF log with one run. A result's fingerprint stays the same as long as the difference does."""
    rules = list(RULES)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "streamgov audit --verify",
                        "version": __version__,
                        "rules": [
                            {
                                "id": rule,
                                "shortDescription": {"text": text},
                                "defaultConfiguration": {"level": level},
                            }
                            for rule, (level, text) in RULES.items()
                        ],
                    }
                },
                "results": [_result(item, rules.index(item.rule)) for item in differences],
            }
        ],
    }


def _result(item: Difference, index: int) -> dict[str, Any]:
    places = [name for name in (item.resource, item.principal) if name]
    identity = "|".join((item.rule, item.resource, item.principal, item.direction, *item.through))
    return {
        "ruleId": item.rule,
        "ruleIndex": index,
        "level": item.level,
        "message": {"text": item.message + (f". By {'; '.join(item.by)}" if item.by else "")},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"} for name in places]}]
        if places
        else [],
        "partialFingerprints": {"difference/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }
