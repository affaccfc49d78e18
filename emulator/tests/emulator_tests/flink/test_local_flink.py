"""What a machine without Java or Maven is told about Flink, and what Flink is told about an application."""

from __future__ import annotations

from pathlib import Path

import pytest

from aws_emulator.flink import jars
from aws_emulator.flink.logstream import _names
from aws_emulator.flink.runner import _flink
from aws_emulator.java import JarSet, JavaUnavailable, digest
from aws_emulator.patches.flink.store import Application, with_defaults
from emulator_tests.kafka.test_jars import path, script

__all__ = ["path"]


def application(**flink: object) -> Application:
    made = Application("job", "arn", "333333333333", "us-east-1", "FLINK-2_2", "role", 0.0)
    made.configuration = with_defaults({"FlinkApplicationConfiguration": flink})
    return made


def test_without_java(path: Path) -> None:
    with pytest.raises(JavaUnavailable, match="no java on PATH; a JDK of version 17 or newer runs Flink"):
        jars.check()


def test_an_old_java_is_named(path: Path) -> None:
    script(path, "java", "echo 'openjdk version \"11.0.2\"' >&2")
    with pytest.raises(JavaUnavailable, match=r"is Java 11; 17 or newer is needed"):
        jars.check()


def test_without_maven_and_without_the_cache(path: Path) -> None:
    script(path, "java", "echo 'openjdk version \"17.0.1\"' >&2")
    with pytest.raises(JavaUnavailable, match="Flink's jars are not in the cache and there is no mvn on PATH"):
        jars.check()


def test_maven_that_cannot_reach_its_registry(path: Path) -> None:
    script(path, "mvn", "echo '[ERROR] Could not transfer artifact: connection refused'; exit 1")
    with pytest.raises(JavaUnavailable, match=r"Maven could not resolve Flink's jars: .*connection refused"):
        jars.JARS.build(lambda line: None)
    assert not jars.JARS.ready


def test_the_projects_own_jar_alone(path: Path, tmp_path: Path) -> None:
    """What Maven has built in a checkout is not part of the sources, and only the artifact goes into the cache."""
    sources = tmp_path / "project"
    sources.mkdir()
    (sources / "pom.xml").write_text("<project/>")
    before = digest(sources)
    (sources / "target").mkdir()
    (sources / "target" / "old.jar").write_bytes(b"old")
    assert digest(sources) == before
    # $5 is the pom: `--batch-mode --quiet -Dstyle.color=never -f <pom> package`.
    script(path, "mvn", 'folder="${5%/pom.xml}"; /bin/mkdir -p "$folder/target"; echo new > "$folder/target/a.jar"')
    built = JarSet("one", "one jar", sources, "a.jar", 1, with_dependencies=False).build(lambda line: None)
    assert [entry.name for entry in built.iterdir()] == ["a.jar"]
    assert (built / "a.jar").read_text() == "new\n"


def test_what_flink_is_told() -> None:
    told = _flink(application())
    assert told["execution.checkpointing.interval"] == "60000 ms"
    checkpoints = {"ConfigurationType": "CUSTOM", "CheckpointingEnabled": False}
    told = _flink(
        application(
            CheckpointConfiguration=checkpoints,
            ParallelismConfiguration={"ConfigurationType": "CUSTOM", "Parallelism": 2},
        )
    )
    assert told == {"parallelism.default": "2", "taskmanager.numberOfTaskSlots": "2"}


def test_the_log_stream_of_an_application() -> None:
    made = application()
    assert _names(made) is None
    made.logging = [{"LogStreamARN": "arn:aws:logs:us-east-1:333333333333:log-group:/aws/x:log-stream:a"}]
    assert _names(made) == ("/aws/x", "a")
