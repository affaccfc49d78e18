"""The files of docs/split-stacks.md are right as they stand there, once the ids are put in."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from streamgov_pulumi.config import parse

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "split-stacks.md").read_text()
IDS = {
    "<domainId>": "dzd-1a2b3c4d",
    "<producerProjectId>": "project1",
    "<consumerProjectId>": "project2",
    "<mskClusterArn>": "arn:aws:kafka:us-east-1:222222222222:cluster/a/1f2e3d4c-5b6a-7988-a7b6-c5d4e3f2a1b0-7",
}


def test_both_files_are_stack_files() -> None:
    modes = []
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        for placeholder, value in IDS.items():
            text = text.replace(placeholder, value)
        config = yaml.safe_load(text)["config"]
        modes.append(parse({key.removeprefix("streamgov:"): value for key, value in config.items()}).mode)
    assert modes == ["domain", "member"]


def test_the_ids_are_outputs_of_the_sandbox() -> None:
    program = (Path(__file__).resolve().parents[3] / "streamgov_samples" / "program.py").read_text()
    named = set(re.findall(r"<(\w+)>", PAGE))
    for name in named - {"mskClusterArn"}:
        assert f'"{name}"' in program, name
    assert '"mskClusterArn"' in program
