"""Write contracts/calls.json: the calls that each probe and setup makes, recorded in a run against the emulator.

Run `python -m tools.docs.contract_calls` after a change of probes; a test holds the file against a run.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import boto3

from contracts import emulator, permissions
from contracts.journal import Journal
from contracts.probe import chosen
from contracts.probe_run import Pace, ProbeRun
from contracts.runner import run

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def recorded() -> dict[str, list[str]]:
    """The calls of every probe and setup, sorted."""
    with tempfile.TemporaryDirectory() as folder, emulator.running() as endpoint:
        session = boto3.Session(*emulator.user_keys(endpoint, EVERYTHING), region_name=emulator.REGION)
        journal = Journal(Path(folder) / "run.jsonl")
        probe_run = ProbeRun(
            session, "record", journal, Pace(interval=0.1, settled=0), endpoint, options=emulator.OPTIONS
        )
        run(chosen(), probe_run)
        return {name: sorted(made) for name, made in probe_run.calls.items()}


if __name__ == "__main__":
    permissions.save(recorded())
