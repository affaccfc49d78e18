"""The example in TypeScript: installed, compiled, deployed, used and destroyed, by the commands of its README."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.stacks import REGION, ROOT, Shell, Stack, cli, one_line
from tests.engine.two_accounts import DOMAIN, TwoAccounts, one_program, two_accounts
from tests.typescript.checkout import clone, environment, run, shell
from tools.dev.pulumi import Pulumi

EXAMPLE = ROOT / "examples" / "typescript"
pytestmark = [pytest.mark.typescript, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoAccounts]:
    yield from two_accounts(tmp_path_factory.mktemp("typescript"))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def somebody(place: TwoAccounts, checkout: Path) -> Shell:
    """The person of the README, who has installed the example."""
    program, before = checkout / "examples" / "typescript", (EXAMPLE / "package.json").read_text()
    port, keys = place.cloud.emulator.port, place.cloud.credentials(DOMAIN)
    run(program, environment(shell(place.state, port, keys)), "pulumi", "install")
    assert (program / "package.json").read_text() == before, "it is as Pulumi writes it"
    # Only now: what makes the plugin's environment would look for it, too.
    return shell(place.state, port, keys, PULUMI_PYTHON_CMD=str(checkout / "plugin" / "venv" / "bin" / "python"))


def test_the_compiler_knows_every_argument(somebody: Shell, checkout: Path) -> None:
    program = checkout / "examples" / "typescript"
    run(program, environment(somebody), "npm", "run", "check")
    text = (program / "index.ts").read_text()
    for right, wrong in (
        ("registryName: registry.registryName", "registryNme: registry.registryName"),
        ('platform: "msk"', "platform: 1"),
        # The number of resources hangs on it, so it takes no Output.
        ("account: streamsAccount", "account: pulumi.output(streamsAccount)"),
    ):
        assert right in text
        (program / "wrong.ts").write_text(text.replace(right, wrong))
        with pytest.raises(AssertionError, match=r"wrong\.ts"):
            run(program, environment(somebody), "npx", "tsc", "--noEmit", "--skipLibCheck", "--strict", "--target",
                "es2022", "--moduleResolution", "node", "--module", "commonjs", "wrong.ts")  # fmt: skip
    (program / "wrong.ts").unlink()


def test_the_program_is_deployed_used_and_destroyed(place: TwoAccounts, somebody: Shell, checkout: Path) -> None:
    program = checkout / "examples" / "typescript"
    pulumi = Pulumi(somebody, cli(), program, "test")
    given = {"region": REGION, "domainId": place.portal.domain, **one_program(place)}
    stack = Stack(pulumi, given, "streams-typescript").create()
    assert set(stack.preview().values()) <= {"create", "read"}
    stack.pulumi.operation("up")
    stack.silent()
    made = stack.pulumi.outputs()
    assert list(made["targetIds"]) and made["centralMachineArn"].startswith("arn:aws:states:")
    place.grants_what_is_asked_for(made)
    stack.write(domainId="nowhere")
    printed = stack.refused()
    assert "must be the id of a DataZone domain" in one_line(printed) and "Traceback" not in printed, printed
    stack.write(**given)
    stack.pulumi.operation("destroy")
    assert stack.pulumi.resource_count() == 0
