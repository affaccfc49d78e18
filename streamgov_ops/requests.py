"""For approvers: what is asked for, and to approve it for a shorter time: ``python -m streamgov_ops.requests``.

Works with the approver's own credentials, as a member of the project that published the asset. The portal approves as
well; it does not show the end of access as such, and has no field to shorten it (streamgov_core/domain/approval.py).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from streamgov_core.domain.approval import decision_comment
from streamgov_core.model.access_request import ends_at, parse_request
from streamgov_core.model.command import AccessRequest
from streamgov_core.model.errors import ConfigError, PermanentGrantError, StreamgovError
from streamgov_core.model.naming import DEFAULT_NAMESPACE, Names
from streamgov_core.platforms import PLATFORMS
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import DOMAIN_ID, OBJECT_ID
from streamgov_pulumi.providers.session import SessionSettings


class DecisionRefusedError(ConfigError):
    """The request cannot be approved like that."""


@dataclass(frozen=True)
class Pending:
    """A request that waits for a decision.

    Attributes:
        asked: how the stream is to be used; None if the form cannot be read.
        problem: why it cannot be read, or ''.
    """

    id: str
    created_at: str
    by: str
    subscriber: str
    asset: str
    asset_type: str
    reason: str
    asked: AccessRequest | None
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        known = {key: value for key, value in vars(self).items() if key not in ("asked", "problem")}
        asked = {} if self.asked is None else asdict(self.asked)
        return {**known, **asked, **({"problem": self.problem} if self.problem else {})}

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.id}  {_plain(self.asset)} ({self.asset_type})"
        yield f"    asked   {self.created_at} by {self.by} for {_plain(self.subscriber)}: {_plain(self.reason)}"
        if self.asked is None:
            yield f"    wants   {_plain(self.problem)}"
        else:
            until = f"until {self.asked.until}" if self.asked.until else "without end"
            yield f"    wants   {self.asked.access}, {self.asked.consumption}, {until}"


def _plain(text: str) -> str:
    """Other people's text, without what a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


class Desk:
    """Requests of a domain, as one approver sees them.

    Args:
        api: a DataZone client.
        domain_id: the domain.
        names: of the deployment.
        now: seconds since the epoch.
    """

    def __init__(self, api: Any, domain_id: str, names: Names, now: float) -> None:
        self._api, self._domain_id, self._names, self._now = api, domain_id, names, now

    def pending(self, project_id: str) -> list[Pending]:
        """The requests that wait for this project's decision, oldest first.

        Raises:
            RemoteError: DataZone refuses.
        """
        found = aws.pages(
            self._api,
            "list_subscription_requests",
            "items",
            domainIdentifier=self._domain_id,
            approverProjectId=project_id,
            status="PENDING",
            sortBy="CREATED_AT",
            sortOrder="ASCENDING",
        )
        return [self._read(self._details(item["id"])) for item in found]

    def approve(self, request_id: str, until: str | None = None, comment: str = "") -> str:
        """Approve a request, for the time that was asked for or a shorter one; the answer says until when.

        Args:
            request_id: the request.
            until: a day or moment, like 2027-01-31.
            comment: words for the decision.

        Raises:
            DecisionRefusedError: it is decided already, or cannot be approved like that.
            RemoteError: DataZone refuses.
        """
        details = self._details(request_id)
        if details["status"] != "PENDING":
            raise DecisionRefusedError(f"request {request_id} is {details['status']} already: nothing was changed")
        found = self._read(details)
        if found.asked is None:
            raise DecisionRefusedError(
                f"request {request_id} cannot be granted: {_plain(found.problem)}. Reject it, and let them ask again"
            )
        if until is not None:
            self._check_end(found, found.asked, until)
        try:
            wanted = decision_comment(until, comment)
        except PermanentGrantError as error:
            raise DecisionRefusedError(str(error)) from error
        where = {"domainIdentifier": self._domain_id, "identifier": request_id}
        answer = aws.call(self._api, "accept_subscription_request", decisionComment=wanted or None, **where)
        if (answer["status"], answer.get("decisionComment") or "") != ("ACCEPTED", wanted):
            raise DecisionRefusedError(
                f"somebody else decided request {request_id} in the same moment: it is {answer['status']} with the "
                f"comment {_plain(answer.get('decisionComment') or '')!r}"
            )
        end = until or found.asked.until
        return f"request {request_id} is approved {f'until {end}' if end else 'without end'}"

    def _check_end(self, found: Pending, request: AccessRequest, until: str) -> None:
        if found.asset_type not in self._ours():
            raise DecisionRefusedError(
                f"{_plain(found.asset)} is of type {found.asset_type}, whose access this deployment neither gives nor "
                "ends: leave --until out"
            )
        try:
            end = ends_at(until)
        except PermanentGrantError as error:
            raise DecisionRefusedError(f"--until must look like 2027-01-31, got {until!r}") from error
        if end <= self._now:
            raise DecisionRefusedError(f"--until {until} has passed")
        asked = request.until
        if asked is not None and end > ends_at(asked):
            raise DecisionRefusedError(
                f"request {found.id} asks for access until {asked}; an approval can shorten that, not lengthen it to "
                f"{until}"
            )

    def _ours(self) -> set[str]:
        return {platform.asset_type(self._names).name for platform in PLATFORMS.values()} | {_PRODUCT}

    def _details(self, request_id: str) -> dict[str, Any]:
        where = {"domainIdentifier": self._domain_id, "identifier": request_id}
        found = aws.find(self._api, "get_subscription_request_details", **where)
        if found is None:
            raise DecisionRefusedError(f"domain {self._domain_id} has no subscription request {request_id}")
        return found

    def _read(self, details: Mapping[str, Any]) -> Pending:
        listing = details["subscribedListings"][0]
        asset = (listing.get("item") or {}).get("assetListing")
        asked, problem = None, ""
        try:
            asked = parse_request(self._names, details.get("metadataForms") or (), self._now)
        except PermanentGrantError as error:
            problem = str(error)
        return Pending(
            str(details["id"]),
            details["createdAt"].isoformat(timespec="seconds"),
            str(details["createdBy"]),
            _subscriber(details["subscribedPrincipals"][0]),
            str(listing["name"]),
            _PRODUCT if asset is None else str(asset.get("entityType") or ""),
            str(details["requestReason"]),
            asked,
            problem,
        )


_PRODUCT = "data product"


def _subscriber(principal: Mapping[str, Any]) -> str:
    kind, found = next(iter(principal.items()))
    return f"{kind} {found.get('name') or found.get('id') or found.get('principalArn') or ''}"


def main(arguments: Sequence[str] | None = None, now: float | None = None) -> int:
    """Run the command: 0 done, 1 DataZone refuses, 2 wrong input."""
    chosen = _parser().parse_args(arguments)
    try:
        for line in _run(chosen, time.time() if now is None else now):
            sys.stdout.write(line + "\n")
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except StreamgovError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m streamgov_ops.requests", description=__doc__)
    parser.add_argument("--domain", required=True, help="id of the DataZone domain (dzd…)")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))
    parser.add_argument("--profile", default="", help="profile of the shared AWS configuration")
    parser.add_argument("--namespace", default=DEFAULT_NAMESPACE, help="of the deployment")
    commands = parser.add_subparsers(dest="command", required=True)
    requests = commands.add_parser("requests", help="what waits for a project's decision")
    requests.add_argument("--project", required=True, help="id of the project that published the assets")
    requests.add_argument("--json", action="store_true", help="for programs")
    approve = commands.add_parser("approve", help="approve a request")
    approve.add_argument("request", help="id of the request")
    approve.add_argument("--until", help="an end earlier than the one asked for: 2027-01-31, its last second UTC")
    approve.add_argument("--comment", default="", help="words for the decision")
    return parser


def _run(chosen: argparse.Namespace, now: float) -> list[str]:
    if not chosen.region:
        raise ConfigError("name the region: --region, or AWS_REGION")
    for option, value, pattern in (
        ("--domain", chosen.domain, DOMAIN_ID),
        ("--project", getattr(chosen, "project", "p"), OBJECT_ID),
        ("request", getattr(chosen, "request", "r"), OBJECT_ID),
    ):
        if not pattern.fullmatch(value):
            raise ConfigError(f"{option} is no id of DataZone: {value!r}")
    names = Names(chosen.namespace, chosen.region)
    api = aws.client("datazone", SessionSettings(chosen.region, profile=chosen.profile))
    desk = Desk(api, chosen.domain, names, now)
    if chosen.command == "approve":
        return [desk.approve(chosen.request, chosen.until, chosen.comment)]
    found = desk.pending(chosen.project)
    if chosen.json:
        return [json.dumps([item.to_dict() for item in found], indent=2)]
    return [line for item in found for line in item.lines()] or ["nothing waits for a decision"]


if __name__ == "__main__":
    sys.exit(main())
