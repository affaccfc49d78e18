"""The story of a Flink job on governed topics: refused by Kafka before the grant, reading after it, cut off, resumed.

It comes after the story of the topic, whose asset is published then. The job reads that topic (READ) and writes another
one (WRITE), which its owner offers here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from aws_emulator.java import JavaUnavailable
from streamgov_core.platforms import PLATFORMS
from streamgov_ops.lineage import graph as lineage_graph
from streamgov_samples.functions import flink
from tools.dev import emulator_process
from tools.dev.flink_app import JAR, NAME, Application
from tools.dev.flink_catalogue import SINK, FlinkCatalogue
from tools.dev.portal import REGION
from tools.dev.topic_reader import TopicReader
from tools.dev.walkthrough import SCHEMA, StepFailed, Walkthrough
from tools.dev.workspace import LocalError

REFUSED = ("TopicAuthorizationException", "GroupAuthorizationException", "SaslAuthenticationException", "Access denied")
"""What Kafka's client says to a job that may not: for a topic, for a group, at sign-in."""
RECORDS = 10
QUIET_SECONDS = 4.0


class FlinkStory:
    """Runs the steps.

    Args:
        story: the walkthrough of the topic; its broker runs.
        cli_dir: the folder of the Pulumi CLI.
    """

    def __init__(self, story: Walkthrough, cli_dir: Path) -> None:
        self.story, self.show, self.people = story, story.show, story.people
        self.datazone, self.outputs = story.datazone, story.outputs
        self.cluster = story.outputs["mskClusterArn"]
        self.registry = story.outputs["mskRegistryName"]
        self.catalogue = FlinkCatalogue(story)
        self.application = Application(self.people, story.workspace, cli_dir, story.consumer_account)
        self.job = f"{flink.job_namespace(story.consumer_account, REGION)}.{NAME}"
        """The job's node in the lineage graph."""
        self.figures: dict[str, str] = {}

    # --- the whole of it --------------------------------------------------------------------------------------------
    def available(self) -> bool:
        """Whether this machine can run it; if not, a line says why and what to do."""
        told = emulator_process.get(self.story.workspace, "flink")
        assert isinstance(told, dict)
        if told["skipped"]:
            self.show.say(f"No Flink job runs: {told['skipped']}. docs/flink.md says how to get one.")
            return False
        return self.story.flow.ready(self.cluster)

    def run(self) -> None:
        """All steps; what they made is removed at the end, also if one fails.

        Raises:
            StepFailed: something that the next step needs did not happen.
        """
        self.show.chapter(f"Flink job {NAME}: {SCHEMA} → {SINK}")
        try:
            self._tell()
        finally:
            self._undo()

    def _tell(self) -> None:
        sink_asset = self.catalogue.offer()
        self.deploy()
        self.refused_before()
        source = self.catalogue.listing(SCHEMA)
        sink = self.catalogue.listing(SINK)
        reading, read_grant = self.catalogue.grant(source, "READ")
        writing, write_grant = self.catalogue.grant(sink, "WRITE")
        self.flows_after()
        self.lineage()
        self.cut_off(reading, read_grant, source)
        reading, read_grant = self.catalogue.grant(source, "READ")
        self.resumes()
        self.updated()
        self.ends()
        self.taken_back(((reading, read_grant, source), (writing, write_grant, sink)), sink_asset)
        for name, value in self.figures.items():
            self.show.fact(name, value)

    # --- steps ------------------------------------------------------------------------------------------------------
    def deploy(self) -> None:
        """The consumer's team builds and deploys the job: nothing is granted to it yet."""
        self.show.step("The consumer deploys a Flink job", f"CONSUMER's team, account {self.story.consumer_account}")
        begun = time.monotonic()
        try:
            folder = JAR.build(self.show.say)
        except JavaUnavailable as error:
            raise StepFailed(str(error)) from error
        jar = folder / JAR.artifact
        self.show.fact("JAR", f"{jar.stat().st_size / 1e6:.0f} MB, {time.monotonic() - begun:.0f} s to build or find")
        code = self.application.upload(jar)
        self.application.configure(
            code, self.story.domain_id, self.outputs["consumerProjectId"], self._topic(SCHEMA), self._topic(SINK)
        )
        begun = time.monotonic()
        try:
            done = self.application.up()
        except LocalError as error:
            raise StepFailed(str(error)) from error
        words = ", ".join(f"{count} {word}" for word, count in sorted(done.items()))
        self.show.fact("pulumi up", f"examples/flink-deployment: {words}, in {time.monotonic() - begun:.0f} s")
        made = self.application.detail()
        self.show.fact("application", made["ApplicationARN"])
        for group in made["ApplicationConfigurationDescription"]["EnvironmentPropertyDescriptions"][
            "PropertyGroupDescriptions"
        ]:
            self.show.table(
                f"runtime properties {group['PropertyGroupId']}",
                ("key", "value"),
                sorted(group["PropertyMap"].items()),
            )
        running = made["ApplicationStatus"] == "RUNNING"
        seconds = self.application.start_seconds()
        self.figures["start to RUNNING"] = f"{seconds:.1f} s"
        self.show.check("the application is RUNNING", running, f"after {seconds:.1f} s")
        if not running:
            raise StepFailed(f"the application does not run: {made['ApplicationStatus']}")
        held, printed = self.application.pulumi.expect_no_changes("preview")
        self.show.check("a preview of its program shows nothing", held, "" if held else printed[-1500:])
        role = str(made["ServiceExecutionRole"])
        self.catalogue.admit(role)
        self.show.fact("principal of grants", f"{role}, beside {self.story.consumer_role}")
        self.figures["memory of Flink"] = self._memory()

    def refused_before(self) -> None:
        """It runs, and Kafka refuses it."""
        self.show.step("Before the grant", "the job's log")
        said = self._wait_for_log(*REFUSED)
        self.show.check("Kafka itself refuses the job", said is not None, said or "nothing of the kind in its log")

    def flows_after(self) -> None:
        """The job reads what is there and writes its results; nobody restarted it."""
        self.show.step("After the grants", "the running job")
        granted = self.catalogue.granted_at
        first = self._results(lambda found: bool(found), 90)
        seconds = time.monotonic() - granted
        self.figures["grant to first record"] = f"{seconds:.1f} s"
        self.show.check(
            "the job reads, decodes and writes, without a restart by anybody", bool(first), f"{seconds:.1f} s"
        )
        expected = self._source_count()
        found = self._results(lambda found: len(found) >= expected, 30)
        self.show.check(f"each of the {expected} records came through", len(found) == expected, f"{len(found)} results")
        if found:
            self.show.fact("the first result", json.dumps(found[0], default=str, sort_keys=True))

    def lineage(self) -> None:
        """The graph in DataZone, as text and as a picture."""
        self.show.step("Lineage", "what producer and job have told DataZone")
        source, sink = (PLATFORMS.source_identifier(self._topic(name).arn) for name in (SCHEMA, SINK))
        job = self.job

        def complete() -> dict[str, lineage_graph.Node] | None:
            graph = self._graph(source)
            return graph if graph is not None and sink in graph and job in graph and graph[job].before else None

        try:
            graph = self._wait("the job in the lineage graph", complete, 30)
        except StepFailed as error:
            self.show.check("the graph shows producer → topic → Flink job → topic", False, str(error))
            return
        self.show.tree(lineage_graph.text(graph))
        path = lineage_graph.write(graph, self.story.workspace.state / "lineage.svg")
        self.show.fact("picture", path)
        chain = bool(graph[source].before) and job in graph[source].after and sink in graph[job].after
        self.show.check("the graph shows producer → topic → Flink job → topic", chain, f"{source} → {job} → {sink}")
        self.show.check(
            "both topics have their columns",
            bool(graph[source].columns) and bool(graph[sink].columns),
            f"{len(graph[source].columns)} and {len(graph[sink].columns)}",
        )

    def cut_off(self, subscription: str, grant: str, listing: dict[str, Any]) -> None:
        """The owner revokes while the job runs."""
        self.show.step("Revoke it while the job runs", "PRODUCER's data product owner")
        since = time.time()
        self.catalogue.revoke(subscription, grant, listing)
        revoked = time.monotonic()
        said = self._wait_for_log(*REFUSED, since=since)
        seconds = time.monotonic() - revoked
        self.figures["revoke to cut-off"] = f"{seconds:.1f} s"
        self.show.check("Kafka cuts the running job off", said is not None, f"{seconds:.1f} s later: {said}")
        # By the topic's offsets: on a busy machine a reader may not reach the end of what is there in any set time.
        before = self._reader(SINK).count()
        self._produce()
        until = time.monotonic() + QUIET_SECONDS
        while (after := self._reader(SINK).count()) == before and time.monotonic() < until:
            time.sleep(0.2)
        self.show.check("what is produced now does not reach it", after == before, f"{after - before} new results")
        status = self.application.status()
        self.show.check("the application stays RUNNING: the service restarts its job", status == "RUNNING", status)

    def resumes(self) -> None:
        """After the new grant it goes on where it was."""
        self.show.step("After a new grant", "the same job, still running")
        expected = self._source_count()
        granted = self.catalogue.granted_at
        found = self._results(lambda found: len(found) >= expected, 90)
        seconds = time.monotonic() - granted
        self.figures["new grant to caught up"] = f"{seconds:.1f} s"
        self.show.check(
            "the job resumes and has read what was written meanwhile", len(found) >= expected,
            f"{len(found)} results of {expected} records, {seconds:.1f} s",
        )  # fmt: skip

    def updated(self) -> None:
        """The team gives it another parallelism: an update in place, from a snapshot."""
        self.show.step("Change its parallelism", "CONSUMER's team: pulumi up")
        before = self.application.detail()
        # After a refusal the job reads again what came after its last checkpoint: it writes at least once.
        written = self._written_at_rest()
        begun = time.monotonic()
        done = self.application.up(parallelism=2)
        after = self.application.detail()
        same = after["CreateTimestamp"] == before["CreateTimestamp"] and done == {"updated": 1}
        self.show.check(
            "the running application is updated in place", same and after["ApplicationStatus"] == "RUNNING",
            f"version {before['ApplicationVersionId']} → {after['ApplicationVersionId']}, "
            f"{time.monotonic() - begun:.0f} s",
        )  # fmt: skip
        self._produce()
        self._results(lambda found: len(found) >= written + RECORDS, 60)
        new = self._written_at_rest() - written
        self.show.check(
            "it goes on where it was: nothing is lost, nothing comes again", new == RECORDS,
            f"{new} new results of {RECORDS} new records",
        )  # fmt: skip

    def ends(self) -> None:
        """It is stopped; the lineage says how the run ended."""
        self.show.step("Stop it", "CONSUMER's team")
        status = self.application.stop()
        self.show.check("the application is READY again", status == "READY", status)
        job = self.job

        def ended() -> str | None:
            graph = self._graph(PLATFORMS.source_identifier(self._topic(SCHEMA).arn))
            last = graph[job].runs[-1] if graph is not None and job in graph and graph[job].runs else None
            return last if last in ("ABORT", "COMPLETE", "FAIL") else None

        try:
            last = self._wait("the end of the run in the lineage", ended, 15)
        except StepFailed as error:
            last = str(error)
        # The service ends a job with a snapshot: for Flink it has finished.
        self.show.check("the lineage says that the run has ended", last == "COMPLETE", last)
        self.show.fact("its events", self._record(self.story.workspace.state / "flink-events.json"))

    def taken_back(self, grants: tuple[tuple[str, str, dict[str, Any]], ...], sink_asset: str) -> None:
        """Nothing of it is left: grants, application, topic and schema."""
        self.show.step("Take it all back", "PRODUCER and CONSUMER")
        for subscription, grant, listing in grants:
            self.catalogue.revoke(subscription, grant, listing)
        self._undo()
        self._wait(f"the asset {SINK} to be gone", lambda: True if self.catalogue.sink_asset() is None else None)
        told = emulator_process.get(self.story.workspace, "flink")
        assert isinstance(told, dict)
        left = [*told["applications"], *([SINK] if self.catalogue.has_sink() else [])]
        self.show.check("no application, no process, no topic is left of it", not left, ", ".join(left) or sink_asset)

    # --- helpers ----------------------------------------------------------------------------------------------------
    def _undo(self) -> None:
        self.catalogue.dismiss()
        self.application.undo()
        self.catalogue.remove()

    def _topic(self, name: str) -> flink.JobTopic:
        kafka = self.people.client("kafka", self.story.producer_account)
        brokers = kafka.get_bootstrap_brokers(ClusterArn=self.cluster)["BootstrapBrokerStringSaslIam"]
        return flink.JobTopic(f"{self.cluster.replace(':cluster/', ':topic/')}/{name}", brokers, self.registry)

    def _reader(self, name: str) -> TopicReader:
        return TopicReader(self.people, self.story.producer_account, self._topic(name))

    def _results(self, enough: Callable[[list[dict[str, Any]]], bool], seconds: float) -> list[dict[str, Any]]:
        return self._reader(SINK).read(enough, seconds)

    def _written_at_rest(self) -> int:
        """How many results there are when no more come."""
        count, since = self._reader(SINK).count(), time.monotonic()
        until = since + 20 * QUIET_SECONDS
        while time.monotonic() - since < QUIET_SECONDS and time.monotonic() < until:
            time.sleep(0.2)
            if (now := self._reader(SINK).count()) != count:
                count, since = now, time.monotonic()
        return count

    def _source_count(self) -> int:
        return self._reader(SCHEMA).count()

    def _produce(self) -> None:
        stream = self.story.msk()
        self.story.invoke(self.story.producer_account, stream.producer_function, {"records": RECORDS})

    def _graph(self, start: str) -> dict[str, lineage_graph.Node] | None:
        try:
            return lineage_graph.walk(self.datazone, self.story.domain_id, start)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise

    def _record(self, path: Path) -> Path:
        """All events of the job as DataZone has them, oldest first: what the recorded events of the tests come from."""
        found = []
        pages = self.datazone.get_paginator("list_lineage_events").paginate(domainIdentifier=self.story.domain_id)
        for item in (item for page in pages for item in page["items"]):
            if item["eventSummary"]["openLineageRunEventSummary"]["job"]["name"] == NAME:
                event = self.datazone.get_lineage_event(domainIdentifier=self.story.domain_id, identifier=item["id"])
                found.append(json.loads(event["event"].read()))
        found.sort(key=lambda event: str(event["eventTime"]))
        path.write_text(json.dumps(found, indent=2) + "\n")
        return path

    def _wait_for_log(self, *words: str, since: float = 0.0, seconds: float = 40) -> str | None:
        try:
            found: str = self._wait("the job's log", lambda: self.application.logged(*words, since=since), seconds)
        except StepFailed:
            return None
        return found

    def _memory(self) -> str:
        told = emulator_process.get(self.story.workspace, "flink")
        assert isinstance(told, dict)
        running: list[dict[str, Any]] = list(told["applications"].values())
        return str(running[0]["memory"]) if running else "unknown"

    def _wait(self, what: str, probe: Callable[[], Any], seconds: float = 90) -> Any:
        return self.story.wait(what, probe, seconds)
