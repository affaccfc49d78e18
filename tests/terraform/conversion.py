"""From the resources of a Pulumi stack to a Terraform module that imports them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Inputs = Mapping[str, Any]
_WITHOUT_MODULE = ("cloudtrail", "ec2")
"""Pulumi's modules that Terraform's types do not name."""
_TYPES = {"aws:cloudtrail/trail:Trail": "aws_cloudtrail"}
_RENAMED = {
    "aws_lambda_function": {"name": "function_name"},
    "aws_lambda_permission": {"function": "function_name"},
    "aws_cloudwatch_metric_alarm": {"name": "alarm_name"},
}
"""Properties that Pulumi calls otherwise."""
_IDS: dict[str, Callable[[Inputs, str], str]] = {
    "aws_cloudwatch_event_target": lambda inputs, _: f"{inputs['rule']}/{inputs['targetId']}",
    "aws_lambda_permission": lambda inputs, _: f"{inputs['function']}/{inputs['statementId']}",
    "aws_datazone_project": lambda inputs, id_: f"{inputs['domainIdentifier']}:{id_}",
    "aws_datazone_environment": lambda inputs, id_: f"{inputs['domainIdentifier']},{id_}",
    "aws_datazone_environment_profile": lambda inputs, id_: f"{id_},{inputs['domainIdentifier']}",
    "aws_kinesis_stream": lambda inputs, _: str(inputs["name"]),
}
"""What an import wants that is not the resource's id (the provider's documentation of each)."""


class ConversionError(AssertionError):
    """A property that the provider's resource does not have."""


def snake(name: str) -> str:
    """``kmsKeyId`` as ``kms_key_id``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def type_of(pulumi_type: str) -> str:
    """The provider's type: ``aws:sqs/queuePolicy:QueuePolicy`` is ``aws_sqs_queue_policy``."""
    if pulumi_type in _TYPES:
        return _TYPES[pulumi_type]
    module, name = pulumi_type.removeprefix("aws:").split(":")[0].split("/")
    return "_".join(filter(None, ("aws", "" if module in _WITHOUT_MODULE else module, snake(name))))


def module_of(resources: list[dict[str, Any]], schemas: Mapping[str, Any], region: str) -> dict[str, Any]:
    """A root module, as JSON, that imports resources under a provider of each account.

    Args:
        resources: the ``aws:*`` resources of an exported stack.
        schemas: the provider's resource schemas.
        region: where they are.

    Raises:
        ConversionError: the provider does not have a type or a property.
    """
    accounts = sorted({_account(each) for each in resources})
    written: dict[str, dict[str, Any]] = {}
    imports = []
    for number, each in enumerate(resources):
        kind = type_of(each["type"])
        if kind not in schemas:
            raise ConversionError(f"the provider has no type {kind} ({each['urn']})")
        name, alias = f"r{number}", f"aws.{_alias(_account(each))}"
        body = converted(kind, each["inputs"], schemas[kind]["block"])
        written.setdefault(kind, {})[name] = {**body, "provider": alias}
        find = _IDS.get(kind)
        identifier = each["id"] if find is None else find(each["inputs"], each["id"])
        imports.append({"to": f"{kind}.{name}", "id": identifier, "provider": alias})
    return {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
        "provider": {"aws": [_provider(account, region) for account in accounts]},
        "resource": written,
        "import": imports,
    }


def converted(kind: str, inputs: Inputs, block: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's arguments.

    Raises:
        ConversionError: there is no such argument.
    """
    renamed = _RENAMED.get(kind, {})
    found: dict[str, Any] = {}
    for name, value in inputs.items():
        if name.startswith("__") or name == "tagsAll":
            continue
        if kind == "aws_lambda_function" and name == "code":
            found["filename"] = value["path"]
            continue
        if kind == "aws_lambda_layer_version" and name == "code":
            # An import cannot know where the content came from, and content that seems new would be a new version.
            found |= {"filename": "settings.zip", "lifecycle": {"ignore_changes": ["filename", "skip_destroy"]}}
            continue
        plain = renamed.get(name, snake(name))
        target = next((each for each in _spellings(plain) if _knows(block, each)), None)
        if target is None:
            raise ConversionError(f"{kind} has no argument for {name}")
        found[target] = _value(kind, target, value, block)
    return found


def _knows(block: Mapping[str, Any], name: str) -> bool:
    return name in block.get("attributes", {}) or name in block.get("block_types", {})


def _spellings(name: str) -> Iterator[str]:
    """Pulumi makes plurals of what may be given several times."""
    yield name
    if name.endswith("ies"):
        yield f"{name[:-3]}y"
    if name.endswith("s"):
        yield name[:-1]


def _value(kind: str, name: str, value: Any, block: Mapping[str, Any]) -> Any:
    nested = block.get("block_types", {}).get(name)
    if nested is not None:
        items = value if isinstance(value, list) else [value]
        return [converted(kind, item, nested["block"]) for item in items]
    attribute = block["attributes"][name]
    kind_of = attribute.get("type")
    if "nested_type" in attribute:
        return _nested(kind, value, attribute["nested_type"])
    if isinstance(kind_of, list) and kind_of[0] in ("list", "set"):
        items = value if isinstance(value, list) else [value]
        if isinstance(kind_of[1], list) and kind_of[1][0] == "object":
            # An attribute that stands for a block wants every member.
            members = kind_of[1][1]
            return [{**dict.fromkeys(members), **{snake(key): each for key, each in item.items()}} for item in items]
        return items
    return value


def _nested(kind: str, value: Any, nested: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [converted(kind, item, nested) for item in value]
    return converted(kind, value, nested)


def _account(resource: Mapping[str, Any]) -> str:
    """From the provider's name, ``…::aws-111111111111::<id>``."""
    return str(resource["provider"]).split("::")[-2].rpartition("-")[2]


def _alias(account: str) -> str:
    return f"a{account}"


def _provider(account: str, region: str) -> dict[str, Any]:
    return {
        "alias": _alias(account),
        "region": region,
        "access_key": "test",
        "secret_key": "test",
        "s3_use_path_style": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
        "assume_role": [{"role_arn": f"arn:aws:iam::{account}:role/Admin"}],
    }


def literal(value: Any) -> Any:
    """A module in which no text is a template: IAM's policy variables look like Terraform's."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, Mapping):
        return {key: literal(item) for key, item in value.items()}
    return [literal(item) for item in value] if isinstance(value, list) else value
