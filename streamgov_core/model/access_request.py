"""What is asked for: the form ``StreamAccessRequestFormType`` of a subscription request.

DataZone's own request has no member for it, so the form travels in the request's ``metadataForms``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from streamgov_core.model.command import AccessRequest
from streamgov_core.model.errors import PermanentGrantError
from streamgov_core.model.forms import FormField, FormModel
from streamgov_core.model.naming import Names

REQUEST_FORM = "StreamAccessRequestFormType"
_ACCESS = ("READ", "WRITE", "READ_WRITE")
_CONSUMPTION = ("SHARED", "FAN_OUT")


def request_form_model(names: Names) -> FormModel:
    """The form type, under this deployment's name."""
    return FormModel(
        names.type_name(REQUEST_FORM),
        (
            FormField("access", display_name="Access", documentation="READ (the default), WRITE or READ_WRITE"),
            FormField(
                "consumption",
                display_name="Consumption",
                documentation="SHARED (the default) or FAN_OUT: a consumer's own throughput, Kinesis only",
            ),
            FormField(
                "until", display_name="Until", documentation="Last day or moment, like 2027-01-31; empty: no end"
            ),
        ),
        "How a topic or stream is to be used",
    )


def parse_request(names: Names, forms: Iterable[Mapping[str, Any]], now: float) -> AccessRequest:
    """Read the form out of a request's ``metadataForms``; without it READ, SHARED and no end.

    Args:
        names: of the deployment.
        forms: ``metadataForms`` of GetSubscriptionRequestDetails.
        now: seconds since the epoch.

    Raises:
        PermanentGrantError: a value is not one that is offered, or the end has passed.
    """
    type_name = names.type_name(REQUEST_FORM)
    content: Any = {}
    for form in forms:
        if str(form.get("typeName", "")).rsplit(".", 1)[-1] == type_name:
            try:
                content = json.loads(form.get("content") or "{}")
            except ValueError as error:
                raise PermanentGrantError(f"the request's form {type_name} is not JSON: {error}") from error
    if not isinstance(content, Mapping):
        raise PermanentGrantError(f"the request's form {type_name} is not an object")
    access: Any = content.get("access") or "READ"
    consumption: Any = content.get("consumption") or "SHARED"
    if access not in _ACCESS:
        raise PermanentGrantError(f"the request asks for access {access!r}; possible are {', '.join(_ACCESS)}")
    if consumption not in _CONSUMPTION:
        raise PermanentGrantError(
            f"the request asks for consumption {consumption!r}; possible are {', '.join(_CONSUMPTION)}"
        )
    until = content.get("until") or None
    if until is not None and ends_at(str(until)) <= now:
        raise PermanentGrantError(f"the request asked for access until {until}, which has passed: ask again")
    return AccessRequest(access, consumption, None if until is None else str(until))


def ends_at(until: str) -> float:
    """When an ``until`` ends, in seconds since the epoch; a day ends with its last second, and UTC is meant.

    Raises:
        PermanentGrantError: it is no date and no moment in ISO 8601.
    """
    try:
        moment = datetime.fromisoformat(until)
    except ValueError as error:
        raise PermanentGrantError(f"the request's until must look like 2027-01-31, got {until!r}") from error
    if len(until) == len("2027-01-31"):
        moment = moment.replace(hour=23, minute=59, second=59)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
