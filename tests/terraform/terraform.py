"""The `terraform` command with the real AWS provider, against an emulator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROVIDER = "registry.terraform.io/hashicorp/aws"
MIRRORS = "STREAMGOV_TERRAFORM_MIRROR"
"""The variable that names the folder of an offline mirror (`terraform providers mirror`)."""
_PLACES = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")
_SECONDS = 540


class NotThereError(Exception):
    """There is no terraform or no provider; the text says in a sentence what is missing."""


class TerraformError(AssertionError):
    """A command failed; the text is what it printed."""


def find_mirror() -> Path:
    """The folder of an offline mirror that holds the provider.

    Raises:
        NotThereError: there is none.
    """
    named = os.environ.get(MIRRORS)
    places = [Path(named)] if named else [*(Path(place).expanduser() for place in _PLACES), *_below(Path("/opt"))]
    for place in places:
        if any((place / PROVIDER).glob("*/*/terraform-provider-aws*")) or any((place / PROVIDER).glob("*_linux_*.zip")):
            return place
    raise NotThereError(f"not run: no provider {PROVIDER} in an offline mirror; {MIRRORS} names the mirror's folder")


def _below(folder: Path) -> Iterator[Path]:
    for found in sorted(folder.glob("*/registry.terraform.io")):
        yield found.parent


def find_command() -> str:
    """The path of the command.

    Raises:
        NotThereError: there is none.
    """
    found = shutil.which("terraform")
    if found is None:
        raise NotThereError("not run: no command `terraform` on the PATH")
    return found


@dataclass
class Terraform:
    """A root module in a folder of its own.

    Attributes:
        folder: the module's.
        endpoint: the emulator's address.
        variables: the module's variables.
    """

    folder: Path
    endpoint: str
    variables: Mapping[str, str]

    def init(self) -> None:
        """Find the provider in the mirror, and nowhere else."""
        settings = self.folder / "terraform.rc"
        settings.write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{find_mirror()}"\n  }}\n}}\n'
        )
        self._run("init", "-input=false")

    def apply(self, **variables: str) -> str:
        """Apply the module; what was printed."""
        return self._run("apply", "-input=false", "-auto-approve", *self._given(variables))

    def destroy(self, **variables: str) -> str:
        """Destroy everything; what was printed."""
        return self._run("destroy", "-input=false", "-auto-approve", *self._given(variables))

    def changes(self, **variables: str) -> dict[str, dict[str, Any]]:
        """What a plan would do, by address: ``actions`` and, of an update, the attributes that differ."""
        self._run("plan", "-input=false", "-out=plan", *self._given(variables))
        plan = json.loads(self._run("show", "-json", "plan"))
        return {
            each["address"]: {"actions": each["change"]["actions"], "differs": _differing(each["change"])}
            for each in plan.get("resource_changes", ())
            if each["change"]["actions"] not in (["no-op"], ["read"])
        }

    def imported(self) -> list[str]:
        """The addresses that the plan of `changes` imports."""
        plan = json.loads(self._run("show", "-json", "plan"))
        return [each["address"] for each in plan["resource_changes"] if each["change"].get("importing")]

    def addresses(self) -> list[str]:
        """The managed resources of the state."""
        shown = json.loads(self._run("show", "-json"))
        resources = shown.get("values", {}).get("root_module", {}).get("resources", ())
        return [each["address"] for each in resources if each["mode"] == "managed"]

    def schema(self) -> dict[str, Any]:
        """The provider's resource schemas by type."""
        found = json.loads(self._run("providers", "schema", "-json"))
        schemas: dict[str, Any] = found["provider_schemas"][PROVIDER]["resource_schemas"]
        return schemas

    def _given(self, variables: Mapping[str, str]) -> list[str]:
        return [f"-var={name}={value}" for name, value in {**self.variables, **variables}.items()]

    def _run(self, *arguments: str) -> str:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        environment = {
            **inherited,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraform.rc"),
            "TF_IN_AUTOMATION": "1",
        }
        done = subprocess.run(
            [find_command(), *arguments, *(["-no-color"] if arguments[0] not in ("show", "providers") else [])],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        if done.returncode != 0:
            raise TerraformError(f"terraform {' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done.stdout


def _differing(change: Mapping[str, Any]) -> list[str]:
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name) and not unknown.get(name))
