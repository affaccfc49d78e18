"""Kafka's jars and our plugin: resolved and built once by Maven, into the user's cache."""

from __future__ import annotations

from pathlib import Path

from aws_emulator.java import JarSet, JavaUnavailable, Say, Started
from aws_emulator.java import digest as digest_of
from aws_emulator.java import java as java_for
from aws_emulator.java import java_version as java_version

PLUGIN = Path(__file__).with_name("plugin")
JARS = JarSet("kafka", "Kafka's jars", PLUGIN, "kafka-iam.jar", 80)
KafkaUnavailable = JavaUnavailable


def java() -> str:
    """The ``java`` that runs the broker.

    Raises:
        KafkaUnavailable: there is none, or it is too old.
    """
    return java_for("the broker")


def digest(plugin: Path = PLUGIN) -> str:
    """Changes with the plugin's sources and the versions in its pom."""
    return digest_of(plugin)


def ready() -> bool:
    """Whether the jars are there."""
    return JARS.ready


def maven() -> str:
    """The ``mvn`` that resolves the jars.

    Raises:
        KafkaUnavailable: there is none.
    """
    return JARS.maven()


def build(say: Say, started: Started = lambda process: None) -> Path:
    """The folder with all jars; see `JarSet.build`.

    Raises:
        KafkaUnavailable: Maven is missing or fails.
    """
    return JARS.build(say, started)
