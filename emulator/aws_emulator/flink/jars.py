"""Flink's jars and our launcher: resolved and built once by Maven, into the user's cache."""

from __future__ import annotations

from pathlib import Path

from aws_emulator.java import JarSet, java

JARS = JarSet("flink", "Flink's jars", Path(__file__).with_name("launcher"), "flink-launcher.jar", 110)
RUNTIME = "FLINK-2_2"
"""The one runtime environment that the jars are of."""


def check() -> str:
    """The ``java`` that runs Flink, if this machine can run it.

    Raises:
        JavaUnavailable: Java or Maven are missing or too old.
    """
    found = java("Flink")
    if not JARS.ready:
        JARS.maven()
    return found
