"""The marker of a namespace in an account: a parameter that names the stack which deployed there.

Rules and alarms are put: whoever makes one of a name that exists takes it over. So everything of a deployment stands
behind its marker, which is made once only (PutParameter without ``Overwrite``). A second stack, a renamed namespace and
a lost state are told at preview, with the owner's name, and nothing of the live deployment is touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, ReadResult, Resource, UpdateResult

from streamgov_core.deploy.destruction import SIDES
from streamgov_core.model.errors import RemoteError, ResourceExistsError
from streamgov_core.model.naming import ACCOUNT_PATTERN, NAMESPACE_PATTERN, marker_parameter
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import SESSION_KEYS, Checker, DataZoneProvider, contains_unknown, show

_UNREADABLE = "somebody whose name cannot be read"


class DeploymentMarkerProvider(DataZoneProvider):
    """CRUD of one side's marker in one account."""

    keys = ("namespace", "side", "account", "owner")
    replace_keys = ("namespace", "side", "account", "region")
    identity = replace_keys

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """The names; and for a new marker that nobody else's stands there."""
        checker = Checker(news, self.keys)
        checker.text("namespace", re.compile(NAMESPACE_PATTERN), "must be a deployment's namespace")
        checker.text("account", re.compile(ACCOUNT_PATTERN), "must be the 12 digits of an AWS account id")
        checker.choice("side", SIDES)
        checker.text("owner", re.compile(r".{1,1024}"), "must name the stack")
        inputs = checker.inputs
        where = {key: inputs.get(key) for key in (*self.keys, *SESSION_KEYS)}
        if checker.failures or contains_unknown(where) or not self.changed(_olds, inputs, self.identity):
            return checker.result()
        try:
            live = _owner(self.hurried(inputs, "ssm"), inputs)
        except RemoteError:
            return checker.result()  # whoever may not look is told when the marker is made
        if live is not None:
            checker.fail("namespace", _taken(inputs, live, self.by_file))
        return checker.result()

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Put the marker, which must not be there.

        Raises:
            ResourceExistsError: it is.
        """
        api = self.api(props, "ssm")
        try:
            _put(api, props, overwrite=False)
        except RemoteError as error:
            if error.code != "ParameterAlreadyExists":
                raise
            raise ResourceExistsError(
                f"namespace {_taken(props, _owner(api, props) or _UNREADABLE, self.by_file)}"
            ) from error
        return CreateResult(
            "|".join(str(props[key]) for key in ("account", "region", "namespace", "side")), dict(props)
        )

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The marker as it is now."""
        live = _owner(self.api(props, "ssm"), props)
        if live is None:
            return ReadResult("", {})
        outs = {**props, "owner": live}
        return ReadResult(id_, outs, self.inputs_of(outs))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """The stack has another name now."""
        if self.changed(_olds, _news, ("owner",)):
            _put(self.api(_news, "ssm"), _news, overwrite=True)
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Take the marker away, unless it has become another stack's."""
        api = self.api(_props, "ssm")
        if _owner(api, _props) == _props["owner"]:
            aws.call(api, "delete_parameter", Name=_parameter(_props))


def _parameter(props: Mapping[str, Any]) -> str:
    return marker_parameter(str(props["namespace"]), str(props["side"]))


def _put(api: Any, props: Mapping[str, Any], *, overwrite: bool) -> None:
    aws.call(
        api,
        "put_parameter",
        Name=_parameter(props),
        Type="String",
        Description="The Pulumi stack that deployed this namespace here",
        Value=json.dumps({"version": 1, "stack": props["owner"]}),
        Overwrite=overwrite,
    )


def _owner(api: Any, props: Mapping[str, Any]) -> str | None:
    """The stack that the marker names; None if there is no marker."""
    try:
        value = str(aws.call(api, "get_parameter", Name=_parameter(props))["Parameter"]["Value"])
    except RemoteError as error:
        if error.code == "ParameterNotFound":
            return None
        raise
    try:
        return str(json.loads(value)["stack"])
    except (ValueError, KeyError, TypeError):
        return _UNREADABLE


def _taken(props: Mapping[str, Any], owner: str, by_file: bool) -> str:
    """Why the namespace is not free, as the rest of a sentence."""
    parameter = _parameter(props)
    text = f"{show(props['namespace'])} is deployed in account {props['account']} ({props['region']}) already by "
    if owner != props["owner"]:
        how = " (pulumi config set streamgov:namespace <name>)" if by_file else ""
        return (
            f"{text}stack {owner}. Choose another one{how}; nothing was touched. If that stack is gone for good and so "
            f"is what it made, delete its marker: aws ssm delete-parameter --name {parameter}"
        )
    return (
        f"{text}a stack of this very name, {owner}, and this state does not know it: the state was lost, or is kept in "
        "another backend. Import it from there (pulumi stack export, pulumi stack import); nothing was touched. If "
        f"there is none left, take down by hand what bears the namespace, then its marker: aws ssm delete-parameter "
        f"--name {parameter}"
    )


class DeploymentMarker(Resource, module="streamgov", name="DeploymentMarker"):
    """The marker of a namespace in an account: the name of the stack that deployed there.

    Args:
        resource_name: the logical name.
        props: ``namespace``, ``side`` (``domain`` or ``member``), ``account``, ``owner`` (the stack's full name), and
            the session.
        opts: resource options.
    """

    def __init__(
        self, resource_name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(DeploymentMarkerProvider(), resource_name, dict(props), opts)
