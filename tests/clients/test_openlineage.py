"""OpenLineage's own client, with its transport for Amazon DataZone."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.clients.environment import run_python
from tests.sandbox import DOMAIN, Client, EmulatorProcess

pytestmark = pytest.mark.clients
POSTS = """
from datetime import datetime, timezone
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import schema_dataset

client = OpenLineageClient(config={{"transport": {{"type": "amazon_datazone_api", "domainId": {domain!r},
                                                  "endpointOverride": {endpoint!r}}}}})
run, job = Run(runId={run!r}), Job(namespace="clients", name="copy")
fields = schema_dataset.SchemaDatasetFacet(fields=[schema_dataset.SchemaDatasetFacetFields(name="id", type="string")])
for state in (RunState.START, RunState.COMPLETE):
    client.emit(RunEvent(
        eventType=state, eventTime=datetime.now(timezone.utc).isoformat(), run=run, job=job,
        producer="https://example.com",
        inputs=[InputDataset(namespace="kafka", name="orders", facets={{"schema": fields}})],
        outputs=[OutputDataset(namespace="kafka", name="orders-copy")],
    ))
"""


def test_a_run_becomes_lineage(emulator: EmulatorProcess, client: Client, person: dict[str, str]) -> None:
    datazone = client("datazone")
    domain = datazone.create_domain(name="lineage", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")["id"]
    run_python(POSTS.format(domain=domain, endpoint=emulator.endpoint, run=str(uuid.uuid4())), person)
    deadline = time.monotonic() + 30
    while True:
        events = datazone.list_lineage_events(domainIdentifier=domain)["items"]
        if len(events) == 2 and all(each["processingStatus"] == "SUCCESS" for each in events):
            break
        assert time.monotonic() < deadline, events
        time.sleep(0.1)
    node = datazone.get_lineage_node(domainIdentifier=domain, identifier="kafka/orders")
    assert "Dataset" in node["typeName"]
    assert len(node["downstreamNodes"]) == 1
    datazone.delete_domain(identifier=domain, skipDeletionCheck=True)
