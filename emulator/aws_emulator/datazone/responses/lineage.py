"""Lineage events and nodes. IAM and the domain's association decide; membership is not asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aws_emulator.datazone.models import lineage, openlineage
from aws_emulator.datazone.models.base import compact, moment
from aws_emulator.datazone.models.entities import LineageEvent
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.responses.common import listed


def post_lineage_event(session: Session) -> dict[str, Any]:
    return {"id": lineage.post(session).id, "domainId": session.domain.id}


def get_lineage_event(session: Session) -> dict[str, Any]:
    found = lineage.event(session, session.params["identifier"])
    return {
        "domainId": session.domain.id,
        "id": found.id,
        "event": found.raw,
        "createdBy": found.created_by,
        "processingStatus": found.status,
        "eventTime": moment(found.event_time),
        "createdAt": moment(found.created_at),
    }


def list_lineage_events(session: Session) -> dict[str, Any]:
    params = session.params
    after, before = seconds(params.get("timestampAfter")), seconds(params.get("timestampBefore"))

    def wanted(event: LineageEvent) -> bool:
        return (
            params.get("processingStatus") in {None, event.status}
            and (after is None or event.event_time > after)
            and (before is None or event.event_time < before)
        )

    found = sorted(
        filter(wanted, session.domain.lineage_events.values()),
        key=lambda event: (event.event_time, event.id),
        reverse=params.get("sortOrder") == "DESCENDING",
    )
    return listed(
        session,
        found,
        lambda event: {
            "id": event.id,
            "domainId": session.domain.id,
            "processingStatus": event.status,
            "eventTime": moment(event.event_time),
            "eventSummary": openlineage.summary(event.body),
            "createdBy": event.created_by,
            "createdAt": moment(event.created_at),
        },
    )


def delete_lineage_event(session: Session) -> dict[str, Any]:
    found = lineage.delete_event(session)
    return {"id": found.id, "domainId": session.domain.id, "processingStatus": found.status}


def get_lineage_node(session: Session) -> dict[str, Any]:
    found = lineage.node(session, session.params["identifier"])
    return lineage.show(session, found, seconds(session.params.get("eventTimestamp")))


def list_lineage_node_history(session: Session) -> dict[str, Any]:
    """The versions of a node; with a direction, those that have neighbours there."""
    params = session.params
    found = lineage.node(session, params["identifier"])
    first, last = seconds(params.get("eventTimestampGTE")), seconds(params.get("eventTimestampLTE"))
    side = (params.get("direction") or "").lower()
    versions = [
        version
        for version in found.history
        if (first is None or version["time"] >= first)
        and (last is None or version["time"] <= last)
        and (not side or version[side])
    ]
    if params.get("sortOrder", "DESCENDING") == "DESCENDING":
        versions.reverse()
    page, token = session.page().cut(versions, lambda version: version["event"])
    return {"nodes": [lineage.summary(session, found, version) for version in page]} | compact(nextToken=token)


def seconds(when: datetime | float | None) -> float | None:
    """A parsed timestamp as seconds since the epoch."""
    return when.timestamp() if isinstance(when, datetime) else when
