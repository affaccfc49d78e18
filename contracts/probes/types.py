"""Form types and asset types: names, revisions, states, limits, and the ones that every domain has."""

from __future__ import annotations

import json
import re
from typing import Any

from contracts.probe import probe
from contracts.probe_run import ProbeRun, answer_of
from contracts.setup.domain import domain, make_asset, make_asset_type, make_form_type, producer, slot

_SYSTEM = (
    "AssetCommonDetailsForm", "ColumnBusinessMetadataForm", "DataSourceReferenceForm", "RelationalTableForm",
)  # fmt: skip


def _smithy(name: str, *members: str) -> str:
    return f"structure {name} {{\n    " + "\n    ".join(members) + "\n}"


def _again(probe_run: ProbeRun, name: str, smithy: str) -> Any:
    return lambda: make_form_type(probe_run, name, smithy)


@probe("dz-form-type-second-revision", expects={"first": "1", "second": "2"}, uses=(producer,))
def form_type_second_revision(probe_run: ProbeRun) -> Any:
    """Does CreateFormType with a known name make the next revision?"""
    name = "ContractsTwice"
    first = make_form_type(probe_run, name, _smithy(name, "one: String"))
    refused = answer_of(_again(probe_run, name, _smithy(name, "one: String", "two: String")))
    if refused != "accepted":
        return {"first": first["revision"], "second": refused}
    read = domain(probe_run).call("get_form_type", formTypeIdentifier=name)
    return {"first": first["revision"], "second": read["revision"]}


@probe(
    "dz-form-type-status",
    expects={"without a status": "DISABLED", "delete an enabled one": "ConflictException", "disabled": "accepted"},
    uses=(producer,),
)
def form_type_status(probe_run: ProbeRun) -> Any:
    """Which status has a form type that was made without one, and is an enabled one deleted?"""
    here = domain(probe_run)
    plain, enabled = "ContractsPlain", "ContractsEnabled"
    here.call(
        "create_form_type",
        name=plain,
        model={"smithy": _smithy(plain, "one: String")},
        owningProjectIdentifier=producer(probe_run),
    )
    make_form_type(probe_run, enabled, _smithy(enabled, "one: String"))
    return {
        "without a status": here.call("get_form_type", formTypeIdentifier=plain)["status"],
        "delete an enabled one": answer_of(here.caller("delete_form_type"), formTypeIdentifier=enabled),
        "disabled": answer_of(here.caller("delete_form_type"), formTypeIdentifier=plain),
    }


@probe("dz-asset-type-second-revision", expects={"first": "1", "second": "2"}, uses=(producer,))
def asset_type_second_revision(probe_run: ProbeRun) -> Any:
    """Does CreateAssetType with a known name make the next revision?"""
    form, name = "ContractsSlot", "ContractsTypeTwice"
    make_form_type(probe_run, form, _smithy(form, "one: String"))
    first = make_asset_type(probe_run, name, slot(form))
    refused = answer_of(lambda: make_asset_type(probe_run, name, slot(form, required=False)))
    if refused != "accepted":
        return {"first": first["revision"], "second": refused}
    return {"first": first["revision"], "second": domain(probe_run).call("get_asset_type", identifier=name)["revision"]}


@probe("dz-ten-forms", expects={"nine": "accepted", "ten": "ValidationException"}, uses=(producer,))
def ten_forms(probe_run: ProbeRun) -> Any:
    """May an asset type have ten forms of one's own?"""
    forms: dict[str, dict[str, Any]] = {}
    answer = {}
    for number in range(1, 11):
        name = f"ContractsOf{number}"
        make_form_type(probe_run, name, _smithy(name, "one: String"))
        forms |= slot(name, required=False)
        if number in (9, 10):
            kind = f"ContractsWith{number}"
            words = {9: "nine", 10: "ten"}[number]
            answer[words] = answer_of(make_asset_type, probe_run=probe_run, name=kind, forms=dict(forms))
    return answer


@probe(
    "dz-form-revision-default",
    expects={"type names 1, newest is 2": "1", "type names 2": "2"},
    uses=(producer,),
)
def form_revision_default(probe_run: ProbeRun) -> Any:
    """Which revision of a form does an asset get whose form input names none?"""
    form, kind = "ContractsMoving", "ContractsMovingType"
    make_form_type(probe_run, form, _smithy(form, "one: String"))
    make_asset_type(probe_run, kind, slot(form))
    make_form_type(probe_run, form, _smithy(form, "one: String", "two: String"))
    given = [{"formName": form, "typeIdentifier": form, "content": '{"one": "1"}'}]

    def made() -> str:
        asset = make_asset(probe_run, typeIdentifier=kind, formsInput=given)
        return next(str(each["typeRevision"]) for each in asset["formsOutput"] if each["formName"] == form)

    first = made()
    make_asset_type(probe_run, kind, slot(form, "2"))
    return {"type names 1, newest is 2": first, "type names 2": made()}


@probe("dz-revision-type-default", expects="1", uses=(producer,))
def revision_type_default(probe_run: ProbeRun) -> Any:
    """Which revision of its asset type has an asset revision whose request names none?"""
    form, kind = "ContractsStill", "ContractsStillType"
    make_form_type(probe_run, form, _smithy(form, "one: String"))
    make_asset_type(probe_run, kind, slot(form))
    given = [{"formName": form, "content": '{"one": "1"}'}]
    asset = make_asset(probe_run, typeIdentifier=kind, formsInput=given)
    make_asset_type(probe_run, kind, slot(form, required=False))
    revised = domain(probe_run).call(
        "create_asset_revision", identifier=asset["id"], name=asset["name"], formsInput=given
    )
    return revised["typeRevision"]


@probe("dz-unknown-form-member", expects="ValidationException", uses=(producer,))
def unknown_form_member(probe_run: ProbeRun) -> Any:
    """Is a form refused whose content has a member that the form type does not know?"""
    form, kind = "ContractsStrict", "ContractsStrictType"
    make_form_type(probe_run, form, _smithy(form, "one: String"))
    make_asset_type(probe_run, kind, slot(form))
    content = json.dumps({"one": "1", "unknown": "2"})
    given = [{"formName": form, "content": content}]
    return answer_of(lambda: make_asset(probe_run, typeIdentifier=kind, formsInput=given))


@probe(
    "dz-smithy-refusals",
    expects={
        "no structure": "ValidationException",
        "another name": "ValidationException",
        "unknown type": "ValidationException",
        "unknown trait": "accepted",
        "union": "ValidationException",
        "list": "accepted",
        "map": "ValidationException",
        "nested structure": "accepted",
        "Timestamp": "accepted",
        "BigDecimal": "accepted",
        "Document": "accepted",
    },
    uses=(producer,),
)
def smithy_refusals(probe_run: ProbeRun) -> Any:
    """Which parts of Smithy does CreateFormType refuse?"""
    models = {
        "no structure": "string {name}",
        "another name": "structure Other{name} {{\n    one: String\n}}",
        "unknown type": "structure {name} {{\n    one: Unknown\n}}",
        "unknown trait": "structure {name} {{\n    @contracts\n    one: String\n}}",
        "union": "union Either {{\n    a: String\n    b: Integer\n}}\nstructure {name} {{\n    one: Either\n}}",
        "list": "list Words {{\n    member: String\n}}\nstructure {name} {{\n    one: Words\n}}",
        "map": "map Pairs {{\n    key: String\n    value: String\n}}\nstructure {name} {{\n    one: Pairs\n}}",
        "nested structure": "structure Inner {{\n    a: String\n}}\nstructure {name} {{\n    one: Inner\n}}",
        "Timestamp": "structure {name} {{\n    one: Timestamp\n}}",
        "BigDecimal": "structure {name} {{\n    one: BigDecimal\n}}",
        "Document": "structure {name} {{\n    one: Document\n}}",
    }
    answer = {}
    for number, (words, text) in enumerate(models.items()):
        name = f"ContractsSmithy{number}"
        answer[words] = answer_of(_again(probe_run, name, text.format(name=name)))
    return answer


def _model(probe_run: ProbeRun, form: str) -> dict[str, Any] | None:
    here = domain(probe_run)
    name = f"amazon.datazone.{form}Type"
    if answer_of(here.caller("get_form_type"), formTypeIdentifier=name) != "accepted":
        return None
    return here.call("get_form_type", formTypeIdentifier=name)


def _members(smithy: str, structure: str) -> list[str]:
    found = re.search(rf"structure {structure}\s*\{{(.*?)\}}", smithy, re.DOTALL)
    return sorted(re.findall(r"(\w+)\s*:\s*[\w.#]+", re.sub(r"@[^\n]*", "", found.group(1)))) if found else []


@probe(
    "dz-system-form-types",
    expects={
        "AssetCommonDetailsForm": {"revision": "6", "required": []},
        "ColumnBusinessMetadataForm": {"revision": "1", "required": ["columnIdentifier"]},
        "DataSourceReferenceForm": {"revision": "1", "required": []},
        "RelationalTableForm": {"revision": "1", "required": ["columnName", "dataType", "tableName"]},
    },
    uses=(domain,),
)
def system_form_types(probe_run: ProbeRun) -> Any:
    """Which members of the system form types are required, and which revision is the newest?"""
    answer: dict[str, Any] = {}
    for form in _SYSTEM:
        found = _model(probe_run, form)
        if found is None:
            answer[form] = "no such form type"
            continue
        required = re.findall(r"@required\s+(?:@[^\n]*\s+)*(\w+)\s*:", found["model"]["smithy"])
        answer[form] = {"revision": found["revision"], "required": sorted(set(required))}
    return answer


@probe("dz-relational-columns", expects=["columnDescription", "columnName", "dataType"], uses=(domain,))
def relational_columns(probe_run: ProbeRun) -> Any:
    """Which members has a column of amazon.datazone.RelationalTableFormType?"""
    found = _model(probe_run, "RelationalTableForm")
    if found is None:
        return "no such form type"
    smithy = found["model"]["smithy"]
    listed = re.search(r"list \w+\s*\{\s*member\s*:\s*([\w.#]+)", smithy)
    return _members(smithy, listed.group(1).rpartition("#")[2] if listed else "")
