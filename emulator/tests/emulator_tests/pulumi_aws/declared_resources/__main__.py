"""Resources as ``RESOURCES`` says: ``{"provider": {…}, "resources": [{"type", "name", "props", "import"?}]}``.

They are plain resources by token, so that a test can also say what pulumi_aws does not let anybody say. In properties,
``{"$secret": value}``, ``{"$archive": path}`` and ``{"$output": [resource, property]}`` stand for those.
"""

import json
import os
from typing import Any

import pulumi
import pulumi_aws as aws

RESOURCES = json.loads(os.environ["RESOURCES"])
provider = aws.Provider("account", **{"region": "us-east-1", **RESOURCES.get("provider", {})})
made: dict[str, pulumi.CustomResource] = {}


def built(value: Any) -> Any:
    if isinstance(value, list):
        return [built(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$secret" in value:
        return pulumi.Output.secret(built(value["$secret"]))
    if "$archive" in value:
        return pulumi.FileArchive(value["$archive"])
    if "$output" in value:
        resource, name = value["$output"]
        return getattr(made[resource], name)
    return {key: built(item) for key, item in value.items()}


class Plain(pulumi.CustomResource):
    """A resource with the outputs that tests read."""

    arn: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(self, token: str, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(token, name, {"arn": None, "name": None, **props}, opts)


for item in RESOURCES["resources"]:
    options = pulumi.ResourceOptions(provider=provider, import_=item.get("import"))
    made[item["name"]] = Plain(item["type"], item["name"], built(item.get("props", {})), options)
