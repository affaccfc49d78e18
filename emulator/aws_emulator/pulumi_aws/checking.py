"""What a person's inputs must be: declared, of the right type, complete."""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.pulumi_aws.model import (
    ALL_TAGS,
    DEFAULTED,
    UNKNOWN,
    Archive,
    Function,
    Prop,
    ResourceType,
    has_unknown,
    is_unknown,
)

Failure = tuple[str, str]
ADVICE = {
    "region": "use a provider for that region",
    "namePrefix": 'give "name", or neither, for an automatic name',
    "bucketPrefix": 'give "bucket", or neither, for an automatic name',
    "statementIdPrefix": 'give "statementId", or neither, for an automatic one',
    "inlinePolicies": "use aws.iam.RolePolicy",
    "managedPolicyArns": "put what the role may do in aws.iam.RolePolicy",
    "isEnabled": 'use "state"',
    "lifecycleRules": "use aws.s3.BucketLifecycleConfiguration",
    "redriveAllowPolicy": "leave it out: every queue of the account may use this one as its dead-letter queue",
    "imageUri": 'use "code" or "s3Bucket" and "s3Key": the emulator runs bundles only',
    "packageType": 'use "code" or "s3Bucket" and "s3Key": the emulator runs bundles only',
}
"""What to do about properties that are not served and have another way."""
_ACCEPTED: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "json": ((str,), "a JSON string"),
    "policy": ((str,), "a JSON string"),
    "int": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "list": ((list,), "a list"),
    "map": ((dict,), "a map"),
    "object": ((dict,), "an object"),
    "archive": ((Archive,), "an archive"),
}


def check(resource: ResourceType, inputs: dict[str, Any]) -> list[Failure]:
    """Every mistake in the inputs, as (property path, reason)."""
    return _check_members("", resource.token, resource.props, inputs)


def check_arguments(function: Function, arguments: dict[str, Any]) -> list[Failure]:
    """Every mistake in the arguments of an invoke."""
    return _check_members("", function.token, function.arguments, arguments)


def check_value(path: str, prop: Prop, value: Any) -> list[Failure]:
    """Every mistake in one value."""
    if value is None or is_unknown(value):
        return []
    wrong = _wrong_type(prop, value)
    if wrong:
        return [(path, f'"{path}": expected {wrong}, got {_shown(value)}')]
    failures: list[Failure] = []
    if prop.kind == "list":
        for index, item in enumerate(value):
            failures += check_value(f"{path}[{index}]", prop.element or Prop(), item)
    elif prop.kind == "map":
        for key, item in value.items():
            failures += check_value(f"{path}.{key}", prop.element or Prop(), item)
    elif prop.kind == "object":
        failures += _check_members(f"{path}.", "the stand-in", prop.members or {}, value)
    elif prop.kind == "policy" and not has_unknown(value):
        failures += _check_document(path, value)
    return failures


def _check_members(prefix: str, owner: str, members: Any, value: dict[str, Any]) -> list[Failure]:
    failures: list[Failure] = []
    for key, item in value.items():
        if key.startswith("__") or item is None:
            continue
        path = f"{prefix}{key}"
        if key not in members:
            reason = f'{owner}: property "{path}" is not served by the stand-in for the aws plugin: {advice(path)}'
            failures.append((path, reason))
        else:
            failures += check_value(path, members[key], item)
    for key, member in members.items():
        if member.required and value.get(key) is None:
            failures.append((f"{prefix}{key}", f'{owner}: missing required property "{prefix}{key}"'))
    return failures


def advice(path: str) -> str:
    """What to do about a property that is not served."""
    return ADVICE.get(
        path,
        "leave it out in the sandbox (by a configuration value of the stack), or put the folder of the real "
        "pulumi-resource-aws first on the PATH",
    )


def _check_document(path: str, value: str) -> list[Failure]:
    """The real provider refuses a policy that is not a JSON object before it calls anything."""
    try:
        document = json.loads(value)
    except ValueError as error:
        return [(path, f'"{path}" contains an invalid JSON policy: {error}')]
    return [] if isinstance(document, dict) else [(path, f'"{path}" contains an invalid JSON policy: not an object')]


def _shown(value: Any) -> str:
    return f"an archive at {value.path!r}" if isinstance(value, Archive) else f"{type(value).__name__} {value!r:.80}"


def _wrong_type(prop: Prop, value: Any) -> str | None:
    types, name = _ACCEPTED[prop.kind]
    if isinstance(value, Archive) and prop.kind == "archive" and not value.path and not all(value.texts or [""]):
        return "an archive of a file or a folder (FileArchive), or of texts (AssetArchive of StringAssets)"
    if isinstance(value, bool) and prop.kind in {"int", "number"}:
        return name
    if isinstance(value, types):
        return None
    # The engine and the real provider convert between strings, numbers and booleans.
    if prop.kind == "string" and isinstance(value, int | float):
        return None
    if prop.kind in {"int", "number"} and isinstance(value, str) and value.removeprefix("-").isdecimal():
        return None
    if prop.kind == "bool" and value in ("true", "false"):
        return None
    return name


def complete(resource: ResourceType, inputs: dict[str, Any], default_tags: Any) -> None:
    """Fill in what the real provider assumes, noting what was not given, and merge the tags.

    Args:
        resource: the type.
        inputs: changed in place; ``__defaults`` names the automatic name, if one was made up.
        default_tags: the instance's default tags, or the sentinel while they are not known.
    """
    defaulted = list(inputs.get(DEFAULTED) or [])
    for name, prop in resource.props.items():
        if inputs.get(name) is None and prop.default is not None:
            inputs[name] = prop.default
            defaulted.append(name)
    inputs[DEFAULTED] = sorted(defaulted)
    if "tags" in resource.props:
        merged = merged_tags(inputs.get("tags"), default_tags)
        if merged:
            inputs[ALL_TAGS] = merged


def merged_tags(own: Any, default_tags: Any) -> Any:
    """The resource's own tags over the default tags; unknown while either map is."""
    if is_unknown(own) or is_unknown(default_tags):
        return UNKNOWN
    return {**(default_tags or {}), **(own or {})}
