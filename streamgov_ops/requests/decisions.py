"""Approve a request, for the time that was asked for or a shorter one, or reject it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from streamgov_core.domain.approval import decision_comment
from streamgov_core.model.access_request import ends_at
from streamgov_core.model.command import AccessRequest
from streamgov_core.model.errors import ConfigError, PermanentGrantError, StreamgovError
from streamgov_ops.requests.pending import PendingRequest, RequestReader
from streamgov_ops.session import reporting
from streamgov_ops.text import printable


class DecisionRefusedError(StreamgovError):
    """The request is decided already, or cannot be approved at all."""


@dataclass(frozen=True)
class Decision:
    """What was decided.

    Attributes:
        request: id of the request.
        status: ACCEPTED or REJECTED.
        until: the day or moment at which access ends, or None.
        comment: the decision's comment as DataZone keeps it.
    """

    request: str
    status: str
    until: str | None
    comment: str

    def to_dict(self) -> dict[str, str | None]:
        """Its JSON."""
        return asdict(self)


def approve(reader: RequestReader, request_id: str, until: str | None = None, comment: str = "") -> Decision:
    """Approve a request.

    Args:
        reader: of the domain.
        request_id: the request.
        until: an earlier end than the one asked for: a day or moment, like 2027-01-31.
        comment: the approver's own words.

    Raises:
        ConfigError: there is no such request, or ``until`` or ``comment`` cannot be used.
        DecisionRefusedError: it is decided already, or cannot be granted.
        RemoteError: DataZone refuses.
    """
    request = _open(reader, request_id)
    if request.asked is None:
        raise DecisionRefusedError(
            f"request {request_id} cannot be granted: {printable(request.problem)}. Reject it, and let them ask again"
        )
    if until is not None:
        _check_end(reader, request, request.asked, until)
    try:
        wanted = decision_comment(until, comment)
    except PermanentGrantError as error:
        raise ConfigError(str(error)) from error
    _decide(reader, "accept_subscription_request", "ACCEPTED", request_id, wanted)
    return Decision(request_id, "ACCEPTED", until or request.asked.until, wanted)


def reject(reader: RequestReader, request_id: str, comment: str = "") -> Decision:
    """Reject a request.

    Raises:
        ConfigError: there is no such request.
        DecisionRefusedError: it is decided already.
        RemoteError: DataZone refuses.
    """
    _open(reader, request_id)
    _decide(reader, "reject_subscription_request", "REJECTED", request_id, comment.strip())
    return Decision(request_id, "REJECTED", None, comment.strip())


def _open(reader: RequestReader, request_id: str) -> PendingRequest:
    request = reader.request(request_id)
    if request.status != "PENDING":
        raise DecisionRefusedError(f"request {request_id} is {request.status} already: nothing was changed")
    return request


def _decide(reader: RequestReader, operation: str, status: str, request_id: str, comment: str) -> None:
    words = {"decisionComment": comment} if comment else {}
    name = "".join(part.capitalize() for part in operation.split("_"))
    with reporting(f"datazone:{name}"):
        answer = getattr(reader.api, operation)(domainIdentifier=reader.domain_id, identifier=request_id, **words)
    # DataZone answers a second, different decision with the first one.
    if (answer["status"], answer.get("decisionComment") or "") != (status, comment):
        raise DecisionRefusedError(
            f"somebody else decided request {request_id} in the same moment: it is {answer['status']} with the comment "
            f"{printable(answer.get('decisionComment') or '')!r}"
        )


def _check_end(reader: RequestReader, request: PendingRequest, asked: AccessRequest, until: str) -> None:
    if not reader.granted_by_us(request):
        raise ConfigError(
            f"{printable(request.asset)} is of type {request.asset_type}, whose access this deployment neither grants "
            "nor ends: leave --until out"
        )
    try:
        end = ends_at(until)
    except PermanentGrantError as error:
        raise ConfigError(f"--until must look like 2027-01-31, got {until!r}") from error
    if end <= reader.now:
        raise ConfigError(f"--until {until} has passed")
    if asked.until is not None and end > ends_at(asked.until):
        raise ConfigError(
            f"request {request.id} asks for access until {asked.until}; an approval can shorten that, not lengthen it "
            f"to {until}"
        )
