"""Bad input on the real engine: each mistake of the configuration is one clear sentence of the preview, all at once.

The reader's own tests (tests/unit/config/test_config.py) know every mistake; this proves that the engine shows them
as they are: before anything is asked of AWS, without a traceback.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine.stacks import As, Stack, one_line, project
from tools.dev.workspace import Workspace, free_port

pytestmark = pytest.mark.engine
MEMBER = "777788889999"
ROLE = f"arn:aws:iam::{MEMBER}:role/jobs/r"
TARGET = {"platform": "msk", "environmentId": "environment1", "principals": [ROLE]}
CONFIG: dict[str, Any] = {
    "mode": "all",
    "region": "eu-west-1",
    "deletionProtection": "no",
    "memberz": [],
    "checkPermissions": "always",
    "domain": {
        "account": "44445555666",
        "domainId": "dzd-1a2b3c4d5e6f7g",
        # The id of the example file.
        "typesProjectId": "3b1c2d4e5f6g7h",
        "region": "eu-west-2",
    },
    "members": [
        {
            "account": MEMBER,
            "region": "us-east-1",
            "targets": {
                "first": TARGET,
                "second": TARGET,
                "many": {**TARGET, "platform": "kinesis", "principals": [f"{ROLE}{n}" for n in range(21)]},
                "root": {**TARGET, "environmentId": "1", "principals": [f"arn:aws:iam::{MEMBER}:root"]},
                "odd": {**TARGET, "environmentId": "2", "principals": [f"{ROLE}+x"]},
            },
        },
        {"account": MEMBER},
    ],
}
SENTENCES = [
    "memberz: is unknown; did you mean 'members'?",
    "deletionProtection: must be true or false, got 'no'",
    "checkPermissions: must be one of warn, refuse, never, got 'always'",
    "domain.account: must be the 12 digits of an AWS account id, in quotes, got '44445555666'",
    "domain.region: must be eu-west-1, as 'region' says: a deployment has one region, Step Functions makes no calls "
    "across regions, got 'eu-west-2'",
    "members[0].region: must be eu-west-1, as 'region' says: a deployment has one region, Step Functions makes no "
    "calls across regions, got 'us-east-1'",
    "domain.typesProjectId: '3b1c2d4e5f6g7h' is the example's: put in your own "
    "(aws datazone list-projects --domain-identifier <domain>)",
    "members[0].targets.second: is a second target for msk in environment environment1 (the first is 'first'): one "
    "is enough, with up to 20 principals",
    "members[0].targets.many.principals: must hold 1 to 20 roles (DataZone's limit), got 21",
    "members[1]: account 777788889999 occurs twice (the first is members[0])",
    "members[0].targets.root.principals[0]: must be the ARN of an IAM role (no user, account root or session) without "
    f"'+', '=', ',' or '@' in its name, got 'arn:aws:iam::{MEMBER}:root'",
    "members[0].targets.odd.principals[0]: must be the ARN of an IAM role (no user, account root or session) without "
    f"'+', '=', ',' or '@' in its name, got '{ROLE}+x'",
]


PROGRAM = """
import pulumi
from streamgov_pulumi import ConsumerBoundary, StreamGovernance

mistake = pulumi.Config().require("mistake")
account = {"account_id": "777788889999", "region": "eu-west-1"}
if mistake == "late":
    ConsumerBoundary("consumers", {"account": {**account, "namespace": "Much_Too_Long_A_Namespace"}})
else:
    # A number, as `pulumi config set --path` stores the digits of an account id.
    StreamGovernance("streams", {"region": "eu-west-1", "members": [{"access": {"account": 777788889999}}], "domain": {
        "access": {"account": "444455556666"}, "domain_id": "dzd-1a2b3c4d5e6f7g", "types_project_id": "p"}})
"""


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        (
            "at once",
            "StreamGovernance 'streams': members[0].access.account must be text, got int; digits stand in quotes",
        ),
        ("late", "Account 'consumers-account': namespace must be"),
    ],
)
def test_a_mistake_of_a_program_is_a_sentence_that_names_its_resource(
    tmp_path: Path, mistake: str, sentence: str
) -> None:
    workspace = Workspace(tmp_path / "state", free_port())
    workspace.prepare()
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    program = project(tmp_path / "program", main=PROGRAM)
    printed = one_line(Stack(As(workspace, program, "bad", keys), {"mistake": mistake}).create().refused())
    assert sentence in printed
    assert "Traceback" not in printed


def test_every_mistake_is_a_sentence_of_the_preview(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "state", free_port())  # nobody listens there: no call is made
    workspace.prepare()
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    stack = Stack(As(workspace, project(tmp_path / "program"), "bad", keys), dict(CONFIG)).create()
    printed = one_line(stack.refused())
    for sentence in SENTENCES:
        assert sentence in printed, printed
    assert f"has {len(SENTENCES)} mistakes:" in printed
    assert "Traceback" not in printed
    assert "unhandled" not in printed
