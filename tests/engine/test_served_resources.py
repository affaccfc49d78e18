"""The plugin's resources under the real engine: a life, `import`, and the move of a stack of dynamic resources to them.

The program stands for any language: it knows type tokens and the schema's names only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.stacks import SettingsStack, cli, one_line, project
from tests.provider.conftest import DomainObjects
from tests.provider.conftest import lone_objects as objects
from tests.sandbox import ROOT, Client, EmulatorProcess, client, emulator
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import Workspace

__all__ = ["client", "emulator", "objects"]
pytestmark = [pytest.mark.engine, pytest.mark.emulator]
MODEL = "structure ServedForm {\n  topic: String\n}"
PROGRAM = """
import pulumi
from streamgov_pulumi import FormType

settings = pulumi.Config().require_object("settings")
kind = settings["way"]
owned = {"domain_id": settings["domain"], "owning_project_id": settings["project"], "region": "us-east-1"}
if kind == "dynamic":
    form = FormType("form", {**owned, "name": "ServedForm", "model": settings["model"], "external_id": "ext"})
else:
    class Served(pulumi.CustomResource):
        revision: pulumi.Output[str]

        def __init__(self, name, kind, props, opts=None):
            super().__init__(f"streamgov:index:{kind}", name, {**props, "revision": None}, opts)

    mine = {"domainId": settings["domain"], "owningProjectId": settings["project"], "region": "us-east-1",
            "adoptExisting": settings.get("adopt", False)}
    form = Served("form", "FormType", {
        **mine, "name": "ServedForm", "model": settings["model"], "externalId": pulumi.Output.secret("ext"),
    }, pulumi.ResourceOptions(
        aliases=[pulumi.Alias(type_="pulumi-python:dynamic/streamgov:FormType")], **settings.get("options", {})))
    if settings.get("more"):
        Served("assets", "AssetType", {**mine, "name": "ServedType", "forms": {
            "ServedForm": {"typeIdentifier": "ServedForm", "typeRevision": form.revision, "required": True},
        }})
pulumi.export("revision", form.revision)
"""


@pytest.fixture(scope="module")
def stack(
    emulator: EmulatorProcess, objects: DomainObjects, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SettingsStack]:
    folder = tmp_path_factory.mktemp("served")
    workspace = Workspace(folder / "state", emulator.port)
    workspace.prepare()
    program = project(folder / "program", "served", PROGRAM)
    described = yaml.safe_load((program / "Pulumi.yaml").read_text())
    described["plugins"] = {"providers": [{"name": "streamgov", "path": str(ROOT / "plugin")}]}
    (program / "Pulumi.yaml").write_text(yaml.safe_dump(described))
    made = SettingsStack(Pulumi(workspace, cli(), program, "served"), {}, "served")
    made.pulumi.select_stack()
    made.set(domain=objects.domain, project=objects.producer, way="dynamic", model=MODEL)
    yield made


def state(stack: SettingsStack) -> dict[str, Any]:
    """Logical name -> resource of the state."""
    exported = json.loads(stack.pulumi.run("stack", "export", "--stack", stack.pulumi.stack).stdout)
    return {item["urn"].rsplit("::", 1)[1]: item for item in exported["deployment"]["resources"]}


def created(client: Client, objects: DomainObjects, name: str) -> Any:
    return client("datazone").get_form_type(domainIdentifier=objects.domain, formTypeIdentifier=name)["createdAt"]


def test_a_stack_of_dynamic_resources_moves_to_the_plugin_without_touching_anything(
    stack: SettingsStack, client: Client, objects: DomainObjects
) -> None:
    stack.pulumi.operation("up")
    before = created(client, objects, "ServedForm")
    assert "__provider" in state(stack)["form"]["outputs"]
    stack.set(way="served")
    assert set(stack.preview().values()) <= {"update", "create"}, "nothing is made anew"
    stack.pulumi.operation("up")
    stack.silent("preview", "refresh", "preview")
    assert created(client, objects, "ServedForm") == before
    assert stack.pulumi.outputs()["revision"] == "1"
    moved = state(stack)["form"]
    assert moved["type"] == "streamgov:index:FormType"
    assert "__provider" not in moved["inputs"], "no code in the state"
    assert moved["inputs"]["externalId"] != "ext" and moved["outputs"]["externalId"] != "ext", "secret by property"


def test_a_change_and_another_resource(stack: SettingsStack, client: Client, objects: DomainObjects) -> None:
    stack.set(model=MODEL.replace("topic: String", "topic: String\n  note: String"), more=True)
    stack.pulumi.operation("up")
    stack.silent()
    assert stack.pulumi.outputs()["revision"] == "2"
    found = client("datazone").get_asset_type(domainIdentifier=objects.domain, identifier="ServedType")
    assert found["formsOutput"]["ServedForm"]["required"]


def test_resource_options_mean_what_they_mean_for_dynamic_resources(
    stack: SettingsStack, client: Client, objects: DomainObjects
) -> None:
    def up(*extra: str) -> str:
        result = stack.pulumi.run(
            "up", "--yes", "--skip-preview", "--color", "never", "--stack", stack.pulumi.stack, *extra, check=False
        )
        assert "Traceback" not in result.stdout + result.stderr
        return "" if result.returncode == 0 else one_line(result.stdout + result.stderr)

    urn, first = state(stack)["form"]["urn"], {"delete_before_replace": True}
    before = created(client, objects, "ServedForm")
    # The engine asks no diff here: the new one comes first, unless the program says otherwise, and cannot be made.
    assert "form type ServedForm exists already" in up("--replace", urn)
    stack.set(adopt=True)
    assert not up("--replace", urn), "the new one adopts what is there, and the old one leaves it"
    stack.set(adopt=False, options=first)
    assert "the asset types ServedType use it; remove those first" in up("--replace", urn)
    assert created(client, objects, "ServedForm") == before, "refused without harm"
    model = stack.config["settings"]["model"]
    stack.set(
        more=False,
        options={"ignore_changes": ["model", "adoptExisting"]},
        model=model.replace("note", "more: String\n  note"),
    )
    assert stack.preview() == {"assets": "delete"}
    assert not up("--target", state(stack)["assets"]["urn"])
    stack.set(options={**first, "protect": True}, model=model)
    assert not up()
    assert "protect" in up("--replace", urn)
    stack.set(options=first)
    assert not up()
    stack.pulumi.run("state", "taint", urn, "--yes", "--stack", stack.pulumi.stack)
    assert stack.preview() == {"form": "replace"}
    assert not up()
    assert created(client, objects, "ServedForm") > before
    # The engine is told of each change, which this replaces for; what keeps its name is deleted first.
    stack.set(options={"replace_on_changes": ["model"]}, model=model.replace("note", "more: String\n  note"))
    assert stack.preview() == {"form": "replace"}
    assert not up()
    stack.set(options={})


def test_a_mistake_is_a_sentence_under_the_schemas_names(stack: SettingsStack, objects: DomainObjects) -> None:
    stack.set(project="nowhere1234567")
    printed = stack.refused()
    assert "owningProjectId" in printed and "Traceback" not in printed
    stack.set(project=objects.producer)


def test_an_object_is_imported_by_its_id(
    stack: SettingsStack, client: Client, objects: DomainObjects, tmp_path: Path
) -> None:
    client("datazone").create_form_type(
        domainIdentifier=objects.domain,
        name="FoundForm",
        model={"smithy": "structure FoundForm { a: String }"},
        owningProjectIdentifier=objects.producer,
        status="ENABLED",
    )
    pulumi = stack.pulumi
    pulumi.run("config", "set", "streamgov:region", "us-east-1", "--stack", pulumi.stack)
    pulumi.operation("up")  # the package's provider takes its configuration when the stack is updated
    pulumi.run(
        "import", "streamgov:index:FormType", "found", f"{objects.domain}|form|FoundForm",
        "--yes", "--protect=false", "--generate-code=false", "--stack", pulumi.stack,
    )  # fmt: skip
    found = state(stack)["found"]
    assert found["id"] == f"{objects.domain}|form|FoundForm"
    assert "FoundForm" in found["inputs"]["model"]


def test_everything_goes(stack: SettingsStack, client: Client, objects: DomainObjects) -> None:
    stack.set(project=objects.producer)
    stack.pulumi.operation("destroy")
    assert stack.pulumi.resource_count() == 0
    with pytest.raises(client("datazone").exceptions.ResourceNotFoundException):
        created(client, objects, "ServedForm")


def test_what_is_retained_outlives_the_stack(stack: SettingsStack, client: Client, objects: DomainObjects) -> None:
    stack.set(options={"retain_on_delete": True})
    stack.pulumi.operation("up")
    stack.pulumi.operation("destroy")
    assert created(client, objects, "ServedForm")
