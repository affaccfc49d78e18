"""The lineage graph of a domain: run events in, nodes and their neighbours by event time out.

A dataset's and a run's versions are kept by event time. An asset is a dataset: the one whose identifier equals the
``sourceIdentifier`` of the asset's AssetCommonDetailsForm.

UNVERIFIED[dz-lineage-edges]: that edges join datasets with job runs (not jobs), and that a job's identifier leads to
its latest run.
"""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.datazone.exceptions import not_found
from aws_emulator.datazone.models import assets, openlineage
from aws_emulator.datazone.models.base import compact, moment
from aws_emulator.datazone.models.catalogue_entities import Asset
from aws_emulator.datazone.models.entities import LineageEvent, LineageNode
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.system_types import COMMON_DETAILS_FORM, PREFIX

MAX_NEIGHBOURS = 100
DATASET_TYPE = f"{PREFIX}DatasetLineageNodeType"
RUN_TYPE = f"{PREFIX}JobRunLineageNodeType"
ASSET_SOURCE = f"{PREFIX}asset/"
LISTING_SOURCE = f"{PREFIX}listing/"


def post(session: Session) -> LineageEvent:
    """Take a run event; it is processed a little later."""
    raw = session.params["event"]
    raw = raw.read() if hasattr(raw, "read") else raw
    raw = raw.encode() if isinstance(raw, str) else bytes(raw)
    body, when = openlineage.parse(raw)
    made = LineageEvent(session.ids.short(), raw, body, when, session.user, session.now)
    session.domain.lineage_events[made.id] = made

    def process() -> None:
        if session.domain.lineage_events.get(made.id) is made:
            made.status = "PROCESSING"
            _apply(session, made)
            made.status = "SUCCESS"

    session.later(session.settings.lineage_delay, process)
    return made


def event(session: Session, identifier: str) -> LineageEvent:
    """A posted event."""
    found = session.domain.lineage_events.get(identifier)
    if found is None:
        raise not_found("Lineage event", identifier)
    return found


def delete_event(session: Session) -> LineageEvent:
    """Forget an event and the node versions that it alone made."""
    found = event(session, session.params["identifier"])
    del session.domain.lineage_events[found.id]
    for node in list(session.domain.lineage_nodes.values()):
        node.history = [version for version in node.history if version["event"] != found.id]
        if not node.history:
            del session.domain.lineage_nodes[node.id]
            session.domain.node_by_source.pop(node.source_identifier, None)
    return found


def node(session: Session, identifier: str) -> LineageNode:
    """A node by id, source identifier, job identifier, or by the asset or listing that it is."""
    domain = session.domain
    for source in (identifier, _job_run(session, identifier), _asset_source(session, identifier)):
        if source is None:
            continue
        found = domain.lineage_nodes.get(source) or domain.lineage_nodes.get(domain.node_by_source.get(source, ""))
        if found is not None:
            return found
    asset = _asset_of(session, identifier)
    if asset is not None:
        # An asset without lineage is a node of its own, alone.
        return LineageNode(
            asset.id,
            "DATASET",
            f"{ASSET_SOURCE}{asset.id}",
            asset.latest.name,
            asset.latest.created_by,
            asset.latest.created_at,
        )
    raise not_found("Lineage node", identifier)


def show(session: Session, found: LineageNode, until: float | None) -> dict[str, Any]:
    """GetLineageNode: the node as of an event time, with its neighbours up to then."""
    versions = [v for v in found.history if until is None or v["time"] <= until]
    if found.history and not versions:
        raise not_found("Lineage node", f"{found.id} at {until}")
    forms: dict[str, dict[str, Any]] = {}
    for version in versions:
        forms.update(version["forms"])
    asset = asset_of(session, found)
    if asset is not None:
        forms["AssetLineageForm"] = {"assetId": asset.id, "assetRevision": asset.latest.revision}
    return summary(session, found, versions[-1] if versions else None) | compact(
        formsOutput=[_form(name, content) for name, content in forms.items()][:10],
        upstreamNodes=_neighbours(versions, "upstream"),
        downstreamNodes=_neighbours(versions, "downstream"),
    )


def summary(session: Session, found: LineageNode, version: dict[str, Any] | None) -> dict[str, Any]:
    """A node without its neighbours."""
    updated = version or {"at": found.created_at, "by": found.created_by, "time": None}
    return compact(
        domainId=session.domain.id,
        id=found.id,
        name=found.name,
        typeName=DATASET_TYPE if found.kind == "DATASET" else RUN_TYPE,
        typeRevision="1",
        sourceIdentifier=found.source_identifier,
        createdAt=moment(found.created_at),
        createdBy=found.created_by,
        updatedAt=moment(updated["at"]),
        updatedBy=updated["by"],
        eventTimestamp=None if updated["time"] is None else moment(updated["time"]),
    )


def asset_of(session: Session, found: LineageNode) -> Asset | None:
    """The asset whose AssetCommonDetailsForm names this dataset."""
    if found.kind != "DATASET":
        return None
    if found.source_identifier.startswith(ASSET_SOURCE):
        return session.domain.assets.get(found.source_identifier.removeprefix(ASSET_SOURCE))
    for asset in session.domain.assets.values():
        if assets.content(asset.latest, COMMON_DETAILS_FORM).get("sourceIdentifier") == found.source_identifier:
            return asset
    return None


def _apply(session: Session, posted: LineageEvent) -> None:
    body = posted.body
    run = _known(session, openlineage.run_identifier(body), "JOB_RUN", body["job"]["name"], posted)
    sides: dict[str, list[LineageNode]] = {"inputs": [], "outputs": []}
    for side, nodes in sides.items():
        for dataset in body.get(side) or []:
            found = _known(session, openlineage.dataset_identifier(dataset), "DATASET", dataset["name"], posted)
            nodes.append(found)
            forms = _facets(dataset)
            edge = "downstream" if side == "inputs" else "upstream"
            _version(found, posted, forms, **{edge: [run.id]})
    facets = {**(body["job"].get("facets") or {}), **(body["run"].get("facets") or {})}
    content = {"eventType": body.get("eventType"), "runId": body["run"]["runId"], "facets": facets}
    _version(
        run,
        posted,
        {"OpenLineageRunForm": content},
        upstream=[n.id for n in sides["inputs"]],
        downstream=[n.id for n in sides["outputs"]],
    )


def _known(session: Session, source: str, kind: str, name: str, posted: LineageEvent) -> LineageNode:
    domain = session.domain
    known = domain.lineage_nodes.get(domain.node_by_source.get(source, ""))
    if known is not None:
        return known
    made = LineageNode(session.ids.short(), kind, source, name, posted.created_by, posted.created_at)
    domain.lineage_nodes[made.id] = made
    domain.node_by_source[source] = made.id
    return made


def _version(
    found: LineageNode,
    posted: LineageEvent,
    forms: dict[str, Any],
    upstream: list[str] | None = None,
    downstream: list[str] | None = None,
) -> None:
    found.history.append(
        {
            "time": posted.event_time,
            "event": posted.id,
            "by": posted.created_by,
            "at": posted.created_at,
            "forms": forms,
            "upstream": upstream or [],
            "downstream": downstream or [],
        }
    )
    found.history.sort(key=lambda version: version["time"])


def _facets(dataset: dict[str, Any]) -> dict[str, Any]:
    """The dataset's facets as forms.

    UNVERIFIED[dz-lineage-facets]: which facets of a lineage event DataZone keeps, and in which forms.
    """
    facets = dataset.get("facets") or {}
    shown = {"schema": "SchemaForm", "columnLineage": "ColumnLineageForm"}
    return {form: facets[facet] for facet, form in shown.items() if facet in facets}


def _form(name: str, content: dict[str, Any]) -> dict[str, str]:
    return {"formName": name, "typeName": f"{PREFIX}{name}Type", "typeRevision": "1", "content": json.dumps(content)}


def _neighbours(versions: list[dict[str, Any]], side: str) -> list[dict[str, Any]]:
    """Each neighbour once, with the latest event time at which it was seen, newest first."""
    latest: dict[str, float] = {}
    for version in versions:
        for identifier in version[side]:
            latest[identifier] = max(version["time"], latest.get(identifier, version["time"]))
    newest = sorted(latest.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_NEIGHBOURS]
    return [{"id": identifier, "eventTimestamp": moment(when)} for identifier, when in newest]


def _job_run(session: Session, identifier: str) -> str | None:
    """The latest run of a job, by the job's identifier."""
    runs = [
        n
        for n in session.domain.lineage_nodes.values()
        if n.kind == "JOB_RUN" and n.source_identifier.rsplit("/", 1)[0] == identifier and n.history
    ]
    return max(runs, key=lambda n: n.history[-1]["time"]).id if runs else None


def _asset_of(session: Session, identifier: str) -> Asset | None:
    domain = session.domain
    if identifier.startswith(LISTING_SOURCE):
        listing = domain.listings.get(identifier.removeprefix(LISTING_SOURCE))
        return domain.assets.get(listing.entity_id) if listing is not None else None
    return domain.assets.get(identifier.removeprefix(ASSET_SOURCE))


def _asset_source(session: Session, identifier: str) -> str | None:
    """The dataset identifier that an asset's form names."""
    asset = _asset_of(session, identifier)
    if asset is None:
        return None
    source = assets.content(asset.latest, COMMON_DETAILS_FORM).get("sourceIdentifier")
    return str(source) if source else None
