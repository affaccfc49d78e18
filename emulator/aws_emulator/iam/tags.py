"""Tags of resources, for ``aws:ResourceTag/…`` conditions; asked only where a policy names such a key."""

from __future__ import annotations

from typing import Any

from aws_emulator.iam import state
from aws_emulator.iam.arns import Arn


def _listed(pairs: Any) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in pairs}


def _iam(arn: Arn) -> dict[str, str]:
    identity = state.find_role(str(arn)) or state.find_user(str(arn))
    return identity.tags if identity else {}


def _kinesis(arn: Arn) -> dict[str, str]:
    from moto.kinesis.models import kinesis_backends

    if arn.account not in kinesis_backends:
        return {}
    stream = kinesis_backends[arn.account][arn.region].streams.get(arn.resource.removeprefix("stream/"))
    return dict(stream.tags) if stream is not None and isinstance(stream.tags, dict) else {}


def _dynamodb(arn: Arn) -> dict[str, str]:
    from moto.dynamodb.models import dynamodb_backends

    if arn.account not in dynamodb_backends:
        return {}
    table = dynamodb_backends[arn.account][arn.region].tables.get(arn.resource.removeprefix("table/").split("/", 1)[0])
    return _listed(table.tags) if table is not None and table.tags else {}


def tags_of(arn: Arn) -> dict[str, str]:
    """The tags of a resource; empty where it has none, does not exist, or moto keeps no tags for its service."""
    special = {"iam": _iam, "kinesis": _kinesis, "dynamodb": _dynamodb}.get(arn.service)
    if special is not None:
        return special(arn)
    if not arn.account or not arn.region:
        return {}
    from moto.core.resource_tagging import iter_taggable_backends

    for backend in iter_taggable_backends(arn.account, arn.region):
        if arn.service != backend.SERVICE_NAMESPACE:
            continue
        for resource in backend.iter_tagged_resources():
            if resource.arn == str(arn):
                return dict(resource.tags)
    return {}
