"""DataZone rules: which metadata forms or glossary terms publishing or subscribing needs in a domain unit.

Rules: CreateRule, GetRule, ListRules, UpdateRule and DeleteRule of the DataZone API reference. A required form is
pinned to one revision, so a new revision of the form changes the rule in place. UNVERIFIED[dz-rule-names,
dz-rule-kind-change] on AWS: that names are unique in a domain unit, and whether a rule may go from one kind of
requirement to the other (here it is replaced).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from streamgov_core.model.errors import ResourceExistsError
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import (
    OBJECT_ID,
    Canonical,
    Checker,
    DataZoneProvider,
    contains_unknown,
    deleted_first,
    differences,
    show,
    tell,
)
from streamgov_pulumi.providers.existing import DOMAIN_UNIT, Kind

ACTIONS = ("CREATE_LISTING_CHANGE_SET", "CREATE_SUBSCRIPTION_REQUEST")
MAX_REQUIRED = 5
"""Forms or terms of one rule (API shapes RequiredMetadataFormList and GlossaryTermIdentifiers)."""
FORMS, TERMS = "metadata_forms", "glossary_terms"

_NAME = re.compile(r"[\w -]{1,256}", re.ASCII)
_UNIT = re.compile(r"[a-z0-9_-]{1,256}")
_TYPE = re.compile(r"(?!\.)[\w.]{0,384}\w", re.ASCII)
_REVISION = re.compile(r".{1,64}")


def _members(value: Any) -> Any:
    """A list whose order has no meaning."""
    return sorted(value) if isinstance(value, list | tuple) else value


def _forms(value: Any) -> Any:
    """Required forms by type and revision."""
    return sorted((str(form.get("type_identifier")), str(form.get("type_revision"))) for form in value)


class RuleProvider(DataZoneProvider):
    """CRUD of one rule of a domain unit."""

    _mutable = (
        "name",
        "description",
        "include_child_domain_units",
        "asset_types",
        "projects",
        "data_products",
        FORMS,
        TERMS,
    )
    keys = ("domain_id", "domain_unit_id", "action", *_mutable)
    replace_keys = ("domain_id", "domain_unit_id", "action")
    # Names are unique in a unit.
    identity = ("domain_id", "domain_unit_id")
    references: ClassVar[Mapping[str, Kind]] = {"domain_unit_id": DOMAIN_UNIT}
    canonical: ClassVar[Canonical] = {
        "description": lambda value: value or None,
        "asset_types": _members,
        "projects": _members,
        FORMS: _forms,
        TERMS: _members,
    }

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Everything that CreateRule would only reject when it is called."""
        checker = Checker(news, self.keys)
        checker.domain()
        checker.text(
            "domain_unit_id", _UNIT, "must be the id of a domain unit (lower-case letters, digits, '_' or '-')",
            required=False,
        )  # fmt: skip
        checker.text("name", _NAME, "must be 1 to 256 letters, digits, '_', '-' and spaces")
        checker.description()
        if "action" not in checker.inputs:
            checker.fail("action", f"is required: one of {', '.join(ACTIONS)}")
        checker.choice("action", ACTIONS)
        checker.boolean("include_child_domain_units", default=True)
        checker.boolean("data_products", default=False)
        _check_list(checker, "asset_types", "asset type names", _is_text(_TYPE))
        _check_list(checker, "projects", "project ids", _is_text(OBJECT_ID))
        _check_list(checker, TERMS, "glossary term ids", _is_text(OBJECT_ID), MAX_REQUIRED)
        _check_list(checker, FORMS, "maps of type_identifier and type_revision", _is_form, MAX_REQUIRED)
        if len([key for key in (FORMS, TERMS) if key in checker.inputs]) != 1:
            checker.fail(FORMS, f"or {TERMS} is required, and only one of the two")
        return self.looked_up(checker, _olds)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """In place but for the target, the action and the kind; the root unit may be named or left out."""
        olds, news = dict(_olds), dict(_news)
        if olds.get("domain_unit_id") != news.get("domain_unit_id") and olds.get("is_root"):
            # Without a unit the domain's root is meant: naming it changes nothing, nor does no longer naming it.
            for props in (olds, news):
                props.setdefault("domain_unit_id", olds["unit_id"])
        found = super().diff(_id, olds, news)
        if found.changes and (FORMS in olds) != (FORMS in news):
            replaces = found.replaces or []
            first = found.delete_before_replace or not replaces
            return DiffResult(changes=True, replaces=sorted({*replaces, FORMS}), delete_before_replace=first)
        return found

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the rule, or take over one of the same name if ``adopt_existing``.

        Raises:
            ResourceExistsError: the domain unit has a rule of this name, and it is not to be adopted.
        """
        api = self.api(props)
        root = _root_unit(api, props)
        made = {**props, "unit_id": props.get("domain_unit_id") or root}
        made["is_root"] = made["unit_id"] == root
        live = self._named(api, made)
        made["rule_id"] = self._create(api, made) if live is None else self._adopt(api, made, live)
        return CreateResult(_id_of(props, made["rule_id"]), made)

    @staticmethod
    def _create(api: Any, props: Mapping[str, Any]) -> str:
        # botocore fills in the client token, the same for each of its own retries of this call.
        answer = aws.eventually(
            lambda: aws.call(
                api,
                "create_rule",
                domainIdentifier=props["domain_id"],
                target={
                    "domainUnitTarget": {
                        "domainUnitId": props["unit_id"],
                        "includeChildDomainUnits": props["include_child_domain_units"],
                    }
                },
                action=props["action"],
                **_request(props),
            ),
            # A form type's revision made a moment ago may not be visible yet.
            lambda error: (
                error.code == "ResourceNotFoundException"
                or (error.code == "ValidationException" and "not found" in str(error))
            ),
        )
        return str(answer["identifier"])

    def _adopt(self, api: Any, props: Mapping[str, Any], live: Mapping[str, Any]) -> str:
        drift = self.changed(live, props, (*self._mutable, "action"))
        told = differences(live, props, drift)
        fixed = "action" in drift or (FORMS in live) != (FORMS in props)
        if not props.get("adopt_existing") or fixed:
            raise ResourceExistsError(
                f"domain unit {props['unit_id']} already has a rule named {props['name']} ({live['rule_id']}). "
                f"Compared with this program:{told}\nTo take it over (its action and kind cannot be changed), set "
                f"{self.adopting()} to true for one `pulumi up`."
            )
        tell(f"adopting rule {live['rule_id']}:{told}")
        self.taken_over(_id_of(props, str(live["rule_id"])))
        if drift:
            self._change(api, props, str(live["rule_id"]))
        return str(live["rule_id"])

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The rule as it is now; lists that hold the same keep the program's order."""
        live = _get(self.api(props), props["domain_id"], props["rule_id"])
        if live is None:
            return ReadResult("", {})
        outs = dict(props)
        for key in self.changed(live, props, (*self._mutable, "action")):
            if live.get(key) is None:
                outs.pop(key, None)
            else:
                outs[key] = live[key]
        return ReadResult(id_, outs, self.inputs_of(outs))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change the rule in place: its next revision."""
        if self.changed(_olds, _news, self._mutable):
            self._change(self.api(_news), _news, str(_olds["rule_id"]))
        return UpdateResult({**_news, **{key: _olds[key] for key in ("unit_id", "is_root", "rule_id")}})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the rule; one that is gone already is no error."""
        if self.keeps(_id):
            return
        aws.find(
            self.api(_props), "delete_rule", domainIdentifier=_props["domain_id"], identifier=_props["rule_id"]
        )  # fmt: skip

    # --- DataZone -------------------------------------------------------------------------------------------------
    @staticmethod
    def _change(api: Any, props: Mapping[str, Any], rule_id: str) -> None:
        aws.call(
            api,
            "update_rule",
            domainIdentifier=props["domain_id"],
            identifier=rule_id,
            includeChildDomainUnits=props["include_child_domain_units"],
            # What is left out stays as it is: an empty text takes a description away.
            **{"description": "", **_request(props)},
        )

    @staticmethod
    def _named(api: Any, props: Mapping[str, Any]) -> dict[str, Any] | None:
        """The rule of this name on this very domain unit."""
        found = aws.pages(
            api,
            "list_rules",
            "items",
            domainIdentifier=props["domain_id"],
            targetType="DOMAIN_UNIT",
            targetIdentifier=props["unit_id"],
        )
        for item in found:
            own = ((item.get("target") or {}).get("domainUnitTarget") or {}).get("domainUnitId")
            if item["name"] == props["name"] and own in (None, props["unit_id"]):
                return _get(api, props["domain_id"], item["identifier"])
        return None


def _id_of(props: Mapping[str, Any], rule_id: str) -> str:
    return f"{props['domain_id']}|rule|{rule_id}"


def _is_text(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda item: isinstance(item, str) and bool(pattern.fullmatch(item))


def _is_form(item: Any) -> bool:
    if not isinstance(item, Mapping) or set(item) != {"type_identifier", "type_revision"}:
        return False
    wanted = (("type_identifier", _TYPE), ("type_revision", _REVISION))
    return all(contains_unknown(item[key]) or _is_text(pattern)(item[key]) for key, pattern in wanted)


def _check_list(
    checker: Checker, key: str, what: str, is_legal: Callable[[Any], bool], most: int | None = None
) -> None:
    """Input ``key``, if it is there, is a list of at least one thing and no more than ``most``, none of them twice."""
    value = checker.inputs.get(key)
    if value is None or (contains_unknown(value) and not isinstance(value, list | tuple)):
        return
    if not isinstance(value, list | tuple) or not value:
        checker.fail(key, f"must be a list of at least one of these: {what}; got {show(value)}")
        return
    if most is not None and len(value) > most:
        checker.fail(key, f"may name at most {most} (DataZone's limit for a rule), got {len(value)}")
    for index, item in enumerate(value):
        if isinstance(item, Mapping) or not contains_unknown(item):
            if not is_legal(item):
                checker.fail(
                    key, f"must hold {what}, got {show(item) if not contains_unknown(item) else 'another map'}"
                )
            elif not contains_unknown(item) and item in value[:index]:
                checker.fail(key, f"names {show(item)} twice")


def _root_unit(api: Any, props: Mapping[str, Any]) -> str:
    return str(aws.call(api, "get_domain", identifier=props["domain_id"])["rootDomainUnitId"])


def _selection(values: Any, specific: str) -> dict[str, Any]:
    """``ALL``, or these (API shapes AssetTypesForRule and ProjectsForRule)."""
    return {"selectionMode": "SPECIFIC", specific: list(values)} if values else {"selectionMode": "ALL"}


def _request(props: Mapping[str, Any]) -> dict[str, Any]:
    """The members that creation and update share."""
    forms, terms = props.get(FORMS), props.get(TERMS)
    detail = (
        {
            "metadataFormEnforcementDetail": {
                "requiredMetadataForms": [
                    {"typeIdentifier": form["type_identifier"], "typeRevision": form["type_revision"]} for form in forms
                ]
            }
        }
        if forms
        else {"glossaryTermEnforcementDetail": {"requiredGlossaryTermIds": list(terms or ())}}
    )
    made: dict[str, Any] = {
        "name": props["name"],
        "scope": {
            "assetType": _selection(props.get("asset_types"), "specificAssetTypes"),
            "project": _selection(props.get("projects"), "specificProjects"),
            "dataProduct": props["data_products"],
        },
        "detail": detail,
    }
    if props.get("description"):
        made["description"] = props["description"]
    return made


def _get(api: Any, domain_id: str, rule_id: str) -> dict[str, Any] | None:
    """A rule of the API as this resource's properties; None if it is gone."""
    found = aws.find(api, "get_rule", domainIdentifier=domain_id, identifier=rule_id)
    if found is None:
        return None
    target, scope = found["target"]["domainUnitTarget"], found["scope"]
    made: dict[str, Any] = {
        "rule_id": found["identifier"],
        "unit_id": target["domainUnitId"],
        "include_child_domain_units": bool(target.get("includeChildDomainUnits", False)),
        "name": found["name"],
        "description": found.get("description") or None,
        "action": found["action"],
        "asset_types": (scope.get("assetType") or {}).get("specificAssetTypes") or None,
        "projects": (scope.get("project") or {}).get("specificProjects") or None,
        "data_products": bool(scope.get("dataProduct", False)),
    }
    forms = (found["detail"].get("metadataFormEnforcementDetail") or {}).get("requiredMetadataForms")
    if forms is not None:
        made[FORMS] = [
            {"type_identifier": form["typeIdentifier"], "type_revision": form["typeRevision"]} for form in forms
        ]
    else:
        terms = found["detail"].get("glossaryTermEnforcementDetail") or {}
        made[TERMS] = list(terms.get("requiredGlossaryTermIds") or ())
    return made


class Rule(Resource, module="streamgov", name="Rule"):
    """A rule of a DataZone domain unit: what publishing an asset, or asking for one, needs.

    Args:
        resource_name: the logical name.
        props: ``domain_id``, ``name``, ``action`` (``CREATE_SUBSCRIPTION_REQUEST`` or ``CREATE_LISTING_CHANGE_SET``),
            and one of ``metadata_forms`` (1 to 5 maps of ``type_identifier`` and ``type_revision``) and
            ``glossary_terms`` (1 to 5 ids). Optionally ``domain_unit_id`` (default: the domain's root),
            ``include_child_domain_units`` (default true), ``asset_types`` and ``projects`` (default: all),
            ``data_products`` (default false), ``description``, ``adopt_existing``; and the session.
        opts: resource options.
    """

    rule_id: pulumi.Output[str]
    unit_id: pulumi.Output[str]

    def __init__(
        self, resource_name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        if props.get("adopt_existing") not in (None, False):
            opts = deleted_first(opts)
        super().__init__(
            RuleProvider(), resource_name, {"rule_id": None, "unit_id": None, "is_root": None, **props}, opts
        )
