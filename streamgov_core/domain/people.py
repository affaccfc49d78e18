"""Who asked and who approved, by names that people know: ids of DataZone mean nothing once a profile is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
