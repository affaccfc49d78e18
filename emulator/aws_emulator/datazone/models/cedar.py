"""The permit policies of user-made designations: which operations they name.

UNVERIFIED[dz-designation-cedar]: the schema of AWS's Cedar policies for designations (entity types, which actions there
are). Read is one ``permit`` whose action clause names operations by their API names; the namespace before them is not
looked at.
"""

from __future__ import annotations

import re
from functools import lru_cache

from aws_emulator.datazone.exceptions import validation

_COMMENT = re.compile(r"//[^\n]*")
_PERMIT = re.compile(r"permit\s*\(\s*principal\s*,\s*action(?P<actions>[^)]*?)\s*,\s*resource\s*\)\s*;?", re.DOTALL)
_ACTION = re.compile(r'(?:\w+::)*Action::"(\w+)"')


@lru_cache(maxsize=256)
def permitted(policy: str) -> frozenset[str] | None:
    """The operations that a policy permits; None for all.

    Raises:
        ApiError: ValidationException, it is no permit policy.
    """
    text = _COMMENT.sub("", policy).strip()
    found = _PERMIT.fullmatch(text)
    if found is None:
        raise validation("policy must be one Cedar permit policy: permit(principal, action in [...], resource);")
    clause = found["actions"].strip()
    if not clause:
        return None
    names = _ACTION.findall(clause)
    rest = _ACTION.sub("", clause)
    if not names or not re.fullmatch(r"(in\s*\[[\s,]*\]|in\s*|==\s*)", rest.strip() + ("" if "[" in rest else " ")):
        raise validation(f"policy: the action clause cannot be read: action {clause}")
    return frozenset(names)
