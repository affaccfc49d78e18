"""What a machine without Java or Maven is told, and that half a download is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from aws_emulator.java import SourcesBroken
from aws_emulator.kafka import jars
from aws_emulator.kafka.topics import TopicRefused, properties


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ('Picked up options\nopenjdk version "11.0.2"', 11),
        ("no such thing", None),
    ],
)
def test_java_versions(text: str, version: int | None) -> None:
    assert jars.java_version(text) == version


def script(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An otherwise empty PATH, and a cache of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin" if not (Path("/usr/bin/java").exists()) else str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("EMULATOR_CACHE_DIR", str(tmp_path / "cache"))
    return folder


def test_without_java(path: Path) -> None:
    with pytest.raises(jars.KafkaUnavailable, match="no java on PATH; a JDK of version 17"):
        jars.java()


def test_an_old_java_is_named(path: Path) -> None:
    script(path, "java", "echo 'openjdk version \"11.0.2\"' >&2")
    with pytest.raises(jars.KafkaUnavailable, match=r"is Java 11; 17 or newer is needed"):
        jars.java()


def test_without_maven_and_without_the_cache(path: Path) -> None:
    assert not jars.ready()
    with pytest.raises(jars.KafkaUnavailable, match="no mvn on PATH"):
        jars.build(lambda line: None)


def test_maven_that_cannot_reach_its_registry(path: Path, tmp_path: Path) -> None:
    script(path, "mvn", "echo '[ERROR] Could not transfer artifact: connection refused'; exit 1")
    said: list[str] = []
    with pytest.raises(jars.KafkaUnavailable, match=r"Maven could not resolve .*connection refused"):
        jars.build(said.append)
    assert said == ["resolving Kafka's jars with Maven (once, about 80 MB)"]
    assert not jars.ready()
    assert [entry.suffix for entry in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_program_that_does_not_compile_is_no_missing_download(path: Path) -> None:
    """Who skips where nothing can be downloaded must not skip this."""
    script(path, "mvn", "echo '[ERROR] COMPILATION ERROR : '; echo '[ERROR] /p/Broker.java:[1,2] ; expected'; exit 1")
    with pytest.raises(SourcesBroken, match=r"does not compile: /p/Broker.java:\[1,2\] ; expected"):
        jars.build(lambda line: None)


def test_the_folders_name_follows_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "pom.xml").write_text("1")
    first = jars.digest(tmp_path)
    assert jars.digest(tmp_path) == first
    (tmp_path / "pom.xml").write_text("2")
    assert jars.digest(tmp_path) != first


def test_configs_of_the_topic_api() -> None:
    import base64

    text = base64.b64encode(b"# a comment\nretention.ms=1000\n cleanup.policy = compact \n").decode()
    assert properties(text) == {"retention.ms": "1000", "cleanup.policy": "compact"}
    assert properties(None) == {}
    for wrong in ("***", base64.b64encode(b"novalue").decode()):
        with pytest.raises(TopicRefused):
            properties(wrong)
