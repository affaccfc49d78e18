"""The configuration of a provider instance: what it may say, how the engine spells it, how two of them differ."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import urlsplit

from aws_emulator.pulumi_aws.checking import Failure, check_value
from aws_emulator.pulumi_aws.model import PluginError, Prop, canonical, has_unknown, is_unknown

_FLAG = Prop("bool")
INPUTS = {
    "region": Prop(),
    "allowedAccountIds": Prop("list", unordered=True),
    "assumeRoles": Prop(
        "list",
        element=Prop("object", members={"roleArn": Prop(required=True), "externalId": Prop(), "sessionName": Prop()}),
    ),
    "defaultTags": Prop("object", members={"tags": Prop("map")}),
    "profile": Prop(),
    "s3UsePathStyle": _FLAG,
    "skipCredentialsValidation": _FLAG,
    "skipMetadataApiCheck": _FLAG,
    "skipRegionValidation": _FLAG,
    "skipRequestingAccountId": _FLAG,
    "maxRetries": Prop("int"),
}
_NOT_PROPERTIES = {"version", "pluginDownloadURL"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def loopback_endpoint() -> str:
    """The emulator's address from ``AWS_ENDPOINT_URL``.

    Raises:
        PluginError: it is missing or not on this machine; the stand-in never speaks to AWS.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    try:
        host = urlsplit(endpoint).hostname
    except ValueError:
        host = None
    if host not in _LOOPBACK:
        raise PluginError(
            "the stand-in for the aws plugin works with the emulator only: AWS_ENDPOINT_URL must be an address of this "
            f"machine, got {endpoint!r}. Install the real plugin to deploy to AWS: pulumi plugin install resource aws"
        )
    return endpoint


def typed(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with structured values as such: they arrive as JSON, with keys as Python or Pulumi spells them.

    Raises:
        PluginError: a value is not the JSON that it must be.
    """
    out: dict[str, Any] = {}
    for key, value in config.items():
        prop = INPUTS.get(key)
        if key.startswith("__") or key in _NOT_PROPERTIES or value is None:
            continue
        if isinstance(value, str) and not is_unknown(value) and prop is not None and prop.kind != "string":
            try:
                value = json.loads(value)
            except ValueError as error:
                raise PluginError(f"provider property {key!r} is not JSON: {error}") from error
        out[key] = _camel(value)
    return out


def check(config: dict[str, Any]) -> list[Failure]:
    """Every mistake in a configuration, as (property, reason)."""
    try:
        given = typed(config)
    except PluginError as error:
        return [("", str(error))]
    failures: list[Failure] = []
    for name, value in given.items():
        if name not in INPUTS:
            failures.append((name, f'provider property "{name}" is not served by the stand-in for the aws plugin'))
        else:
            failures += check_value(name, INPUTS[name], value)
    return failures


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The properties that differ in meaning."""
    before, after = typed(old), typed(new)
    return [
        name
        for name in sorted({*before, *after})
        if has_unknown(after.get(name)) or _canonical(name, before.get(name)) != _canonical(name, after.get(name))
    ]


def default_tags(config: dict[str, Any]) -> Any:
    """The tags for every resource, or the sentinel while they are not known."""
    found = config.get("defaultTags")
    return found.get("tags") if isinstance(found, dict) else found


def _canonical(name: str, value: Any) -> Any:
    return canonical(INPUTS.get(name, Prop()), value)


def _camel(value: Any) -> Any:
    """Keys in camelCase, except below ``tags``, whose keys are the person's."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if isinstance(value, dict):
        return {_camel_key(key): item if key == "tags" else _camel(item) for key, item in value.items()}
    return value


def _camel_key(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(part.capitalize() for part in rest)
