"""DataZone subscription targets: who in an environment receives access to assets of which types.

Rules: CreateSubscriptionTarget, UpdateSubscriptionTarget and DeleteSubscriptionTarget of the DataZone API reference.
The calls must be made from the environment's own account.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, ReadResult, Resource, UpdateResult

from streamgov_core.model.errors import RemoteError, ResourceExistsError, ResourceInUseError
from streamgov_core.model.naming import PARTITION_PATTERN
from streamgov_pulumi.arguments.choices import GRANT_CREATION_MODES
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import (
    Canonical,
    Checker,
    DataZoneProvider,
    contains_unknown,
    deleted_first,
    differences,
    show,
    tell,
)
from streamgov_pulumi.providers.existing import ENVIRONMENT, Kind
from streamgov_pulumi.providers.named_things import look_at, without_named

DEFAULT_TYPE = "StreamSubscriptionTargetType"
DEFAULT_PROVIDER = "streamgov"

_ROLE_ARN = re.compile(rf"arn:{PARTITION_PATTERN}:iam::\d{{12}}:role/[\w+=,.@/-]+", re.ASCII)
_PRINCIPAL = re.compile(r"[a-zA-Z0-9:/._-]+")
_MANAGE_ROLE = re.compile(rf"arn:{PARTITION_PATTERN}:iam::\d{{12}}:role/(service-role/)?[\w+=,.@-]+", re.ASCII)
_ASSET_TYPE = re.compile(r"\w+(\.\w+)*", re.ASCII)
_FORM_NAME = re.compile(r"(?![0-9_])\w{1,128}", re.ASCII)


def _members(value: Any) -> Any:
    """A list whose order has no meaning."""
    return sorted(value) if isinstance(value, list | tuple) else value


def _config(value: Any) -> Any:
    """The forms of a target with their JSON normalised, by name."""
    return sorted((form.get("form_name"), json.dumps(_parsed(form.get("content")), sort_keys=True)) for form in value)


def _parsed(content: Any) -> Any:
    try:
        return json.loads(content)
    except (TypeError, ValueError):
        return content


class SubscriptionTargetProvider(DataZoneProvider):
    """CRUD of one subscription target of an environment."""

    keys = (
        "domain_id",
        "environment_id",
        "name",
        "type",
        "provider_name",
        "authorized_principals",
        "applicable_asset_types",
        "manage_access_role",
        "subscription_target_config",
        "subscription_grant_creation_mode",
    )
    replace_keys = ("domain_id", "environment_id", "type")
    references: ClassVar[Mapping[str, Kind]] = {"environment_id": ENVIRONMENT}
    canonical: ClassVar[Canonical] = {
        "authorized_principals": _members,
        "applicable_asset_types": _members,
        "subscription_target_config": _config,
    }
    _mutable = (
        "name",
        "provider_name",
        "authorized_principals",
        "applicable_asset_types",
        "manage_access_role",
        "subscription_target_config",
        "subscription_grant_creation_mode",
    )

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Everything that CreateSubscriptionTarget would only reject when it is called."""
        inputs, named = without_named(news)
        checker = Checker(inputs, self.keys)
        checker.domain()
        checker.object_id("environment_id", "the environment")
        checker.text("name", re.compile(r".{1,256}", re.DOTALL), "must be 1 to 256 characters")
        checker.text("type", re.compile(r".+"), "must not be empty", default=DEFAULT_TYPE)
        checker.text("provider_name", re.compile(r".+"), "must not be empty", default=DEFAULT_PROVIDER)
        checker.text(
            "manage_access_role",
            _MANAGE_ROLE,
            "must be the ARN of an IAM role whose path is '/' or '/service-role/' (DataZone takes no other)",
        )
        checker.inputs.setdefault("subscription_target_config", [])
        if "subscription_grant_creation_mode" in checker.inputs:
            checker.choice("subscription_grant_creation_mode", GRANT_CREATION_MODES)
        self._check_principals(checker)
        self._check_asset_types(checker)
        self._check_config(checker)
        look_at(self, checker, named)
        return self.looked_up(checker, _olds)

    def unusable(self, inputs: Mapping[str, Any], found: Mapping[str, Any]) -> str:
        """A target is made in its environment's own account and region (CreateSubscriptionTarget)."""
        region, account = found.get("awsAccountRegion"), found.get("awsAccountId")
        named = f"is {inputs['environment_id']!r}, an environment"
        if region and region != inputs["region"]:
            return f"{named} of {region}, and this target is made in {inputs['region']}"
        try:
            own = aws.call(self.hurried(inputs, "sts"), "get_caller_identity")["Account"]
        except RemoteError:
            return ""
        if account and account != own:
            return f"{named} of account {account}, and this target is made by account {own}"
        return ""

    @staticmethod
    def _listed(checker: Checker, key: str, what: str) -> list[Any]:
        value = checker.inputs.get(key)
        if isinstance(value, list | tuple):
            return list(value)
        if value is None or not contains_unknown(value):
            checker.fail(key, f"must be a list of {what}")
        return []

    def _check_principals(self, checker: Checker) -> None:
        key = "authorized_principals"
        principals = self._listed(checker, key, "IAM role ARNs")
        if isinstance(checker.inputs.get(key), list | tuple) and not 1 <= len(principals) <= 20:
            checker.fail(key, f"must name 1 to 20 IAM roles (DataZone's limit for a target), got {len(principals)}")
        known = [principal for principal in principals if not contains_unknown(principal)]
        for principal in sorted({str(p) for p in known if known.count(p) > 1}):
            checker.fail(key, f"names {principal} twice")
        for principal in known:
            if not isinstance(principal, str) or not _ROLE_ARN.fullmatch(principal):
                checker.fail(
                    key,
                    f"may hold ARNs of IAM roles only (no users, account roots or assumed sessions), got "
                    f"{show(principal)}",
                )
            elif not _PRINCIPAL.fullmatch(principal):
                checker.fail(
                    key,
                    f"holds {principal}: IAM allows the characters '+', '=', ',' and '@' in a role's name, DataZone "
                    "does not; use a role without them",
                )

    def _check_asset_types(self, checker: Checker) -> None:
        key = "applicable_asset_types"
        types = self._listed(checker, key, "asset type names")
        if isinstance(checker.inputs.get(key), list | tuple) and not types:
            checker.fail(key, "must name at least one asset type")
        for item in types:
            if not contains_unknown(item) and not (isinstance(item, str) and _ASSET_TYPE.fullmatch(item)):
                checker.fail(key, f"holds {show(item)}, which is no name of an asset type")

    def _check_config(self, checker: Checker) -> None:
        key = "subscription_target_config"
        for form in self._listed(checker, key, "forms {form_name, content}"):
            if contains_unknown(form):
                continue
            if not isinstance(form, Mapping) or set(form) != {"form_name", "content"}:
                checker.fail(key, f"must hold maps of form_name and content, got {show(form)}")
            elif not _FORM_NAME.fullmatch(str(form["form_name"])):
                checker.fail(key, f"has the illegal form name {show(form['form_name'])}")
            elif not isinstance(_parsed(form["content"]), dict):
                checker.fail(key, f"needs a JSON object as content of {form['form_name']}")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the target, or take over one of the same name if ``adopt_existing``.

        Raises:
            ResourceExistsError: the environment has a target of this name, or another one for the same asset type.
        """
        api = self.api(props)
        where = {"domainIdentifier": props["domain_id"], "environmentIdentifier": props["environment_id"]}
        targets = [_properties(item) for item in aws.pages(api, "list_subscription_targets", "items", **where)]
        same_name = next((target for target in targets if target["name"] == props["name"]), None)
        for target in targets:
            shared = sorted(set(target["applicable_asset_types"]) & set(props["applicable_asset_types"]))
            if shared and target is not same_name:
                raise ResourceExistsError(
                    f"environment {props['environment_id']} already has the subscription target {target['name']} "
                    f"({target['target_id']}) for {', '.join(shared)}: with two of them DataZone could choose either. "
                    "Remove that one, or give this target other asset types."
                )
        found = self._create(api, props, where) if same_name is None else self._adopt(api, props, same_name, where)
        return CreateResult(self._id_of(props, found), {**props, "target_id": found})

    @staticmethod
    def _create(api: Any, props: Mapping[str, Any], where: Mapping[str, Any]) -> str:
        request = {**where, **_request(props), "type": props["type"]}
        # botocore fills in the client token, the same for each of its own retries of this call. A token derived from
        # the inputs would find the deleted target again when one is made anew.
        answer = aws.eventually(
            lambda: aws.call(api, "create_subscription_target", **request),
            # A role made a moment ago may not be visible yet.
            lambda error: error.code == "ValidationException" and "role" in str(error).lower(),
        )
        return str(answer["id"])

    def _adopt(self, api: Any, props: Mapping[str, Any], live: Mapping[str, Any], where: Mapping[str, Any]) -> str:
        drift = self.changed(live, props, (*self._mutable, "type"))
        told = differences(live, props, drift)
        if not props.get("adopt_existing") or "type" in drift:
            raise ResourceExistsError(
                f"environment {props['environment_id']} already has a subscription target named {props['name']} "
                f"({live['target_id']}). Compared with this program:{told}\nTo take it over (its type cannot be "
                f"changed), set {self.adopting('the target')} to true for one `pulumi up`."
            )
        tell(f"adopting subscription target {live['target_id']}:{told}")
        self.taken_over(self._id_of(props, str(live["target_id"])))
        if drift:
            aws.call(api, "update_subscription_target", identifier=live["target_id"], **where, **_request(props))
        return str(live["target_id"])

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The target as it is now; lists that hold the same keep the program's order."""
        found = aws.find(
            self.api(props),
            "get_subscription_target",
            domainIdentifier=props["domain_id"],
            environmentIdentifier=props["environment_id"],
            identifier=props["target_id"],
        )
        if found is None:
            return ReadResult("", {})
        live, outs = _properties(found), dict(props)
        # The creation mode has a default of the service: without one of ours it is none of our business.
        keys = [key for key in (*self._mutable, "type") if key in props or key != "subscription_grant_creation_mode"]
        for key in self.changed(live, props, keys):
            outs[key] = live[key]
        return ReadResult(id_, outs, self.inputs_of(outs))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change the target in place."""
        target_id = _olds["target_id"]
        if self.changed(_olds, _news, self._mutable):
            aws.call(
                self.api(_news),
                "update_subscription_target",
                domainIdentifier=_news["domain_id"],
                environmentIdentifier=_news["environment_id"],
                identifier=target_id,
                **_request(_news),
            )
        return UpdateResult({**_news, "target_id": target_id})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the target.

        Raises:
            ResourceInUseError: grants still go through it; the text lists them.
        """
        if self.keeps(_id):
            return
        api = self.api(_props)
        where = {"domainIdentifier": _props["domain_id"], "environmentIdentifier": _props["environment_id"]}
        try:
            aws.find(api, "delete_subscription_target", identifier=_props["target_id"], **where)
        except RemoteError as error:
            if error.code != "ConflictException":
                raise
            raise ResourceInUseError(self._in_use(api, _props, error)) from error

    @staticmethod
    def _in_use(api: Any, props: Mapping[str, Any], cause: RemoteError) -> str:
        try:
            grants = aws.pages(
                api,
                "list_subscription_grants",
                "items",
                domainIdentifier=props["domain_id"],
                environmentId=props["environment_id"],
                subscriptionTargetId=props["target_id"],
            )
            listed = ", ".join(sorted(f"{grant['id']} ({grant['status']})" for grant in grants)) or str(cause)
        except RemoteError as error:
            listed = f"{cause} (the grants could not be listed: {error})"
        return (
            f"subscription target {props['name']} ({props['target_id']}) cannot be deleted while grants use it: "
            f"{listed}. Revoke or cancel their subscriptions first (aws datazone revoke-subscription), then run again."
        )

    @staticmethod
    def _id_of(props: Mapping[str, Any], target_id: str) -> str:
        return f"{props['domain_id']}|{props['environment_id']}|{target_id}"


def _request(props: Mapping[str, Any]) -> dict[str, Any]:
    """The members that creation and update share."""
    return {
        "name": props["name"],
        "provider": props.get("provider_name"),
        "authorizedPrincipals": list(props["authorized_principals"]),
        "applicableAssetTypes": list(props["applicable_asset_types"]),
        "manageAccessRole": props["manage_access_role"],
        "subscriptionTargetConfig": [
            {"formName": form["form_name"], "content": form["content"]} for form in props["subscription_target_config"]
        ],
        "subscriptionGrantCreationMode": props.get("subscription_grant_creation_mode"),
    }


def _properties(item: Mapping[str, Any]) -> dict[str, Any]:
    """A target of the API as this resource's properties."""
    return {
        "target_id": item["id"],
        "name": item["name"],
        "type": item["type"],
        "provider_name": item.get("provider"),
        "authorized_principals": list(item["authorizedPrincipals"]),
        "applicable_asset_types": list(item["applicableAssetTypes"]),
        "manage_access_role": item.get("manageAccessRole"),
        "subscription_target_config": [
            {"form_name": form["formName"], "content": form["content"]} for form in item["subscriptionTargetConfig"]
        ],
        "subscription_grant_creation_mode": item.get("subscriptionGrantCreationMode"),
    }


class SubscriptionTarget(Resource, module="streamgov", name="SubscriptionTarget"):
    """A subscription target of a DataZone environment.

    Args:
        resource_name: the logical name.
        props: ``domain_id``, ``environment_id``, ``name``, ``authorized_principals`` (1 to 20 role ARNs),
            ``applicable_asset_types``, ``manage_access_role``, and optionally ``type``, ``provider_name``,
            ``subscription_target_config``, ``subscription_grant_creation_mode``, ``adopt_existing``; and the session,
            which must lead into the environment's account.
        opts: resource options.
    """

    target_id: pulumi.Output[str]

    def __init__(
        self, resource_name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(SubscriptionTargetProvider(), resource_name, {"target_id": None, **props}, deleted_first(opts))
