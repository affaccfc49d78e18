"""Who asked and who approved, by names that people know: ids of DataZone mean nothing once a profile is gone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from streamgov_core.model.errors import GrantError
from streamgov_core.runtime.log import log

FACTS = ("requestedBy", "approvedBy")
"""Facts of a record's audit that are ids of people; a name stands beside each, ``requestedByName``."""


def name_of(profile: Mapping[str, Any]) -> str:
    """The name in a user profile (API GetUserProfile): a person's, or that of a session of a role.

    In a V2 domain whoever asks may be a session of a role (``IamUserProfileDetails.sessionName``).
    """
    details = profile.get("details") or {}
    sso, iam = details.get("sso") or {}, details.get("iam") or {}
    person = " ".join(str(sso[key]) for key in ("firstName", "lastName") if sso.get(key))
    if sso.get("username"):
        return f"{person} ({sso['username']})" if person else str(sso["username"])
    arn = str(iam.get("arn") or "")
    if iam.get("sessionName"):
        return f"{iam['sessionName']} (session of {arn})"
    return person or arn


def missing_names(audit: Mapping[str, Any], user: Callable[[str], Mapping[str, Any] | None]) -> dict[str, str]:
    """Names of people that an audit knows by their ids alone, as far as they can be seen.

    Args:
        audit: of a record.
        user: reads a profile; one that cannot be read keeps nobody from a grant.
    """

    def named(fact: str) -> str:
        user_id = str(audit.get(fact) or "")
        if not user_id or audit.get(f"{fact}Name"):
            return ""
        try:
            return name_of(user(user_id) or {})
        except GrantError as error:
            log("user not readable", level=logging.WARNING, userId=user_id, cause=str(error))
            return ""

    with ThreadPoolExecutor(len(FACTS), "people") as pool:
        names = zip(FACTS, pool.map(named, FACTS), strict=True)
        return {f"{fact}Name": name for fact, name in names if name}
