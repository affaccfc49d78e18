"""DataZone form types: a change makes a new revision in place, and deletion disables first.

Rules: CreateFormType, GetFormType and DeleteFormType of the DataZone API reference; that a second CreateFormType with
the same name makes a new revision follows from AWS::DataZone::FormType, which updates in place.
UNVERIFIED[dz-form-type-second-revision] on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, ReadResult, Resource, UpdateResult

from streamgov_core.model.errors import ConfigError, RemoteError, ResourceExistsError, ResourceInUseError
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers import smithy
from streamgov_pulumi.providers.base import (
    Canonical,
    Checker,
    DataZoneProvider,
    contains_unknown,
    deleted_first,
    differences,
    tell,
)
from streamgov_pulumi.providers.evolution import verdict
from streamgov_pulumi.providers.existing import PROJECT, Kind

_NAME = re.compile(r"(?![0-9_])\w{1,128}", re.ASCII)
_COMPARED = ("model", "description", "status", "owning_project_id")
_DECLARED = "declared_model"
"""After a refresh that found somebody else's model: the one that the program declared last."""


def _meaning(model: Any) -> Any:
    """A model in the form in which two that mean the same are equal."""
    try:
        return smithy.parse(str(model))
    except ConfigError:
        return str(model)


def _model_lines(name: str, before: Any, after: Any) -> list[str]:
    """How two models differ, field by field."""
    try:
        found = verdict(name, smithy.parse(str(before)), smithy.parse(str(after)))
    except ConfigError:
        return ["model: what is there is no Smithy that can be compared"]
    lines = [f"model: {sentence} (breaking)" for sentence in found.breaking]
    return lines + [f"model: {sentence}" for sentence in found.safe]


def _refusal(name: str, before: str, after: str, allowed: Any) -> str | None:
    """Why the change from one model to the other is refused, as the rest of a sentence; None if it is not."""
    try:
        found = verdict(name, smithy.parse(before), smithy.parse(after))
    except ConfigError:
        return None  # a live model that we cannot read is no reason to refuse a legal one
    if allowed or not found.is_breaking:
        return None
    return (
        f"changes form type {name} in a way that assets written so far cannot follow: {'; '.join(found.breaking)}. "
        "Make new fields optional and keep the old ones, or set allow_breaking (allowBreaking of streamgov:domain) to "
        "true for this `pulumi up` and run the data sources afterwards"
    )


class FormTypeProvider(DataZoneProvider):
    """CRUD of one custom form type of a domain."""

    keys = ("domain_id", "name", "model", "owning_project_id", "description", "status")
    # DataZone documents no way to move a type to another project.
    replace_keys = ("domain_id", "name", "owning_project_id")
    required = keys
    references: ClassVar[Mapping[str, Kind]] = {"owning_project_id": PROJECT}
    canonical: ClassVar[Canonical] = {"model": _meaning, "description": lambda value: value or None}

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Names, ids, the Smithy model (whose structure must carry the form type's name), and the change's verdict."""
        # What a read remembers comes back as an input when a form type is imported.
        given = {key: value for key, value in news.items() if key != _DECLARED}
        checker = Checker(given, (*self.keys, "allow_breaking"))
        if "allow_breaking" in checker.inputs:
            checker.boolean("allow_breaking", default=False)
        checker.domain()
        checker.object_id("owning_project_id", "the project that owns the type")
        checker.text("name", _NAME, "must be 1 to 128 letters, digits and '_', beginning with a letter")
        checker.choice("status", ("ENABLED", "DISABLED"), default="ENABLED")
        checker.description()
        self._check_model(checker)
        if not checker.failures:
            self._check_change(checker, _olds)
        self.tell_standing(checker, _olds)
        return self.looked_up(checker, _olds)

    @staticmethod
    def _check_change(checker: Checker, olds: Mapping[str, Any]) -> None:
        """Refuse a change that old assets cannot follow, at preview and before any call.

        Repairing what somebody changed by hand is judged against what the program declared, not against the drift.
        """
        before, after = olds.get(_DECLARED) or olds.get("model"), checker.value("model")
        name = checker.value("name")
        if not before or contains_unknown(before) or after is None or name != olds.get("name"):
            return
        refusal = _refusal(str(name), str(before), after, checker.inputs.get("allow_breaking"))
        if refusal is not None:
            checker.fail("model", refusal)

    @staticmethod
    def _check_model(checker: Checker) -> None:
        if "model" not in checker.inputs:
            checker.fail("model", "is required")
            return
        model, name = checker.value("model"), checker.value("name")
        if model is None:
            return
        if not isinstance(model, str) or not 1 <= len(model) <= 100_000:
            checker.fail("model", "must be Smithy text of 1 to 100000 characters")
            return
        try:
            structures = [shape.name for shape in smithy.parse(model).shapes if shape.kind == "structure"]
        except ConfigError as error:
            checker.fail("model", f"is {error}")
            return
        if isinstance(name, str) and _NAME.fullmatch(name) and name not in structures:
            found = ", ".join(structures) or "no structure"
            checker.fail("model", f"must define 'structure {name}' (the form type's name); it defines {found}")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the type, or take over an existing one if ``adopt_existing``.

        Raises:
            ResourceExistsError: there is a form type of this name, and it is not to be adopted.
        """
        api = self.api(props)
        live = self._get(api, props)
        revision = self._put(api, props, props["status"]) if live is None else self._adopt(api, props, live)
        return CreateResult(self._id_of(props), {**props, "revision": revision})

    def _adopt(self, api: Any, props: Mapping[str, Any], live: Mapping[str, Any]) -> str:
        refused, told = self._judged(props, live)
        if refused:
            raise ResourceExistsError(refused)
        tell(told)
        self.taken_over(self._id_of(props))
        drift = self.changed(live, props, _COMPARED)
        return self._put(api, props, props["status"]) if drift else str(live["revision"])

    def _judged(self, props: Mapping[str, Any], live: Mapping[str, Any]) -> tuple[str, str]:
        """Why a type that is there is not taken over, or else what is told of it."""
        name, drift = str(props["name"]), self.changed(live, props, _COMPARED)
        told = differences(live, props, drift, {"model": lambda old, new: _model_lines(name, old, new)})
        if not props.get("adopt_existing"):
            return (
                f"form type {name} exists already in domain {props['domain_id']} (revision {live['revision']}). "
                f"Compared with this program:{told}\nTo take it over, set adopt_existing to true for one `pulumi up`."
            ), ""
        if "owning_project_id" in drift:
            return f"form type {name} belongs to another project and stays there:{told}", ""
        if "model" in drift:
            refusal = _refusal(name, str(live["model"]), props["model"], props.get("allow_breaking"))
            if refusal is not None:
                return f"form type {name} exists already; to adopt it, its model {refusal}", ""
        return "", f"adopting form type {name}:{told}"

    def standing(self, inputs: Mapping[str, Any]) -> str:
        """What creation would say of the type that is there."""
        live = self._get(self.hurried(inputs), inputs)
        return "" if live is None else next(filter(None, self._judged(inputs, live)))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The type as it is now; a model that means the same keeps the text that the program wrote."""
        live = self._get(self.api(props), props)
        if live is None:
            return ReadResult("", {})
        outs = dict(props)
        for key in self.changed(live, props, ("model", "description", "status", "owning_project_id")):
            if live.get(key) is None:
                outs.pop(key, None)
            else:
                outs[key] = live[key]
        outs["revision"] = live["revision"]
        inputs = self.inputs_of(outs)
        if "allow_breaking" in outs:
            # It decides how a change is judged and is no part of the form: switching it is no update.
            inputs["allow_breaking"] = outs["allow_breaking"]
        if self.changed(outs, props, ("model",)):
            outs[_DECLARED] = props.get(_DECLARED) or props.get("model") or live["model"]
        if _DECLARED in outs:
            # Check is told of old inputs only.
            inputs[_DECLARED] = outs[_DECLARED]
        return ReadResult(id_, outs, inputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Publish a new revision if the form itself changed."""
        revision = _olds.get("revision")
        if self.changed(_olds, _news, ("model", "description", "status")):
            revision = self._put(self.api(_news), _news, _news["status"])
            self._tell_verdict(_olds, _news)
        return UpdateResult({**_news, "revision": revision})

    @staticmethod
    def _tell_verdict(olds: Mapping[str, Any], news: Mapping[str, Any]) -> None:
        try:
            old, new = smithy.parse(str(olds.get("model"))), smithy.parse(str(news["model"]))
        except ConfigError:
            return  # what was there is not Smithy that we read: there is nothing to compare
        if old != new:
            tell(f"form type {news['name']}: {verdict(str(news['name']), old, new)}")

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Disable, then delete. Nothing is changed while asset types use the form.

        Raises:
            ResourceInUseError: asset types or assets still use it; the text lists the asset types.
        """
        api = self.api(_props)
        live = self._get(api, _props)
        if live is None or self.keeps(_id):
            return
        name = str(_props["name"])
        users = self._users(api, _props)
        if users:
            raise ResourceInUseError(
                f"form type {name} cannot be deleted: the asset types {', '.join(users)} use it; remove those first"
            )
        if live["status"] == "ENABLED":
            self._put(api, {**_props, **live}, "DISABLED")
        try:
            aws.find(api, "delete_form_type", domainIdentifier=str(_props["domain_id"]), formTypeIdentifier=name)
        except RemoteError as error:
            if live["status"] == "ENABLED":
                self._put(api, {**_props, **live}, "ENABLED")
            if error.code == "ConflictException":
                raise ResourceInUseError(f"form type {name} cannot be deleted, assets still use it: {error}") from error
            raise

    # --- DataZone -------------------------------------------------------------------------------------------------
    @staticmethod
    def _id_of(props: Mapping[str, Any]) -> str:
        return f"{props['domain_id']}|form|{props['name']}"

    @staticmethod
    def _get(api: Any, props: Mapping[str, Any]) -> dict[str, Any] | None:
        domain, name = str(props["domain_id"]), str(props["name"])
        try:
            live = aws.find(api, "get_form_type", domainIdentifier=domain, formTypeIdentifier=name)
        except RemoteError as error:
            check_gone(error, api, domain, "FORM_TYPE", name)
            return None
        if live is None:
            return None
        return {
            "name": name,
            "model": live.get("model", {}).get("smithy", ""),
            "description": live.get("description") or None,
            "status": live.get("status", "ENABLED"),
            "owning_project_id": live.get("owningProjectId"),
            "revision": str(live["revision"]),
        }

    @staticmethod
    def _put(api: Any, props: Mapping[str, Any], status: str) -> str:
        answer = aws.call(
            api,
            "create_form_type",
            domainIdentifier=props["domain_id"],
            name=props["name"],
            model={"smithy": props["model"]},
            owningProjectIdentifier=props["owning_project_id"],
            status=status,
            description=props.get("description"),
        )
        return str(answer["revision"])

    @staticmethod
    def _users(api: Any, props: Mapping[str, Any]) -> list[str]:
        found = aws.pages(
            api,
            "search_types",
            "items",
            domainIdentifier=props["domain_id"],
            searchScope="ASSET_TYPE",
            managed=False,
        )
        items = [item["assetTypeItem"] for item in found if "assetTypeItem" in item]
        return sorted(
            item["name"]
            for item in items
            if any(form.get("typeName") == props["name"] for form in item.get("formsOutput", {}).values())
        )


def check_gone(error: RemoteError, api: Any, domain: str, scope: str, name: str) -> None:
    """Pass if a type that may not be read is gone: a missing one may be answered as a refusal.

    That is believed only if the domain's types are seen without it. Whoever sees none has perhaps lost its right to see
    them, and must not take all of them for gone.

    Raises:
        RemoteError: it is there, or nobody can tell.
    """
    if error.code != "AccessDeniedException":
        raise error
    known = type_names(api, domain, scope)
    if name in known:
        raise error
    if not known:
        raise RemoteError(
            error.operation,
            error.code,
            f"{name} may not be read, and no custom type of domain {domain} is seen from here, so it may be there "
            "still: let the deploying role be a member of the owning project again. If the type was deleted, remove it "
            "from the state (`pulumi state delete`)",
        ) from error


def type_names(api: Any, domain: str, scope: str) -> set[str]:
    """The names of a domain's custom form or asset types (SearchTypes)."""
    found = aws.pages(api, "search_types", "items", domainIdentifier=domain, searchScope=scope, managed=False)
    return {item["name"] for entry in found for item in entry.values()}


class FormType(Resource, module="streamgov", name="FormType"):
    """A custom form type of a DataZone domain.

    Args:
        resource_name: the logical name.
        props: ``domain_id``, ``name``, ``model`` (Smithy), ``owning_project_id``, ``description``, ``status``,
            ``adopt_existing``, ``allow_breaking`` (accept changes that old assets cannot follow), and the session:
            ``region``, ``assume_role_arn``, ``external_id``.
        opts: resource options.
    """

    name: pulumi.Output[str]
    revision: pulumi.Output[str]

    def __init__(
        self, resource_name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(FormTypeProvider(), resource_name, {"revision": None, **props}, deleted_first(opts))
