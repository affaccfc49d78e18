"""Policies as short as a test wants to write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

PRODUCER, CONSUMER = "222222222222", "333333333333"


def allow(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    """One statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    """One statement that denies."""
    return {**allow(actions, resources, **more), "Effect": "Deny"}


def document(*statements: Mapping[str, Any]) -> str:
    """A policy's text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
