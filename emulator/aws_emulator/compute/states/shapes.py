"""Names of services, operations and members as Step Functions writes them, and as the services' models write them.

Step Functions' SDK integrations follow the AWS SDK for Java: parameters and results are in PascalCase whatever the
service's own names are, acronyms folded (``DbInstanceIdentifier``), errors are ``<Service>.<Exception>``. Source of the
rules: Step Functions developer guide, "Learning to use AWS service SDK integrations".
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*")
_BOTOCORE_NAMES = {
    "sfn": "stepfunctions",
    "states": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "cloudwatchevents": "events",
    "redshiftdata": "redshift-data",
    "dynamodbstreams": "dynamodbstreams",
    "serverlessapplicationrepository": "serverlessrepo",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
    "acmpca": "acm-pca",
    "costexplorer": "ce",
    "elasticloadbalancingv2": "elbv2",
}

_session = botocore.session.Session()


class UnknownIntegration(ValueError):
    """No such service or action."""


def pascal(name: str) -> str:
    """``executionArn`` becomes ``ExecutionArn``, ``DBName`` ``DbName``, ``CloudWatch Logs`` ``CloudWatchLogs``."""
    return "".join(word[0].upper() + word[1:].lower() for word in _WORD.findall(name))


@lru_cache(maxsize=128)
def service_model(service: str) -> ServiceModel:
    """The model of a service named as in a resource ARN.

    Raises:
        UnknownIntegration: there is no such service.
    """
    try:
        return _session.get_service_model(_BOTOCORE_NAMES.get(service, service))
    except UnknownServiceError:
        raise UnknownIntegration(f"no service {service!r}") from None


@lru_cache(maxsize=1024)
def operation_model(service: str, action: str) -> OperationModel:
    """The model of an action in camelCase (``updateSubscriptionGrantStatus``).

    Raises:
        UnknownIntegration: there is no such action.
    """
    model = service_model(service)
    if not action[:1].islower():
        raise UnknownIntegration(f"the action {action!r} must be in camelCase")
    for name in model.operation_names:
        if name.lower() == action.lower() or pascal(name).lower() == action.lower():
            return model.operation_model(name)
    raise UnknownIntegration(f"the service {service!r} has no action {action!r}")


def error_prefix(service: str) -> str:
    """``DataZone`` in ``DataZone.ConflictException``."""
    return pascal(str(service_model(service).metadata.get("serviceId", service)))


def error_name(service: str, operation: OperationModel, code: str) -> str:
    """The error of an SDK integration: the exception's class if the operation declares it, else the service's own.

    The SDK for Java names exception classes by their shapes and makes them all end in ``Exception``.
    """
    prefix = error_prefix(service)
    if code == "ConnectionClosed":
        return f"{prefix}.SdkClientException"
    bare = code.rsplit("#", 1)[-1]
    for shape in operation.error_shapes:
        declared = str((shape.metadata.get("error") or {}).get("code", ""))
        if bare in (shape.name, declared):
            name = pascal(shape.name.removesuffix("Fault")) if shape.name.endswith("Fault") else pascal(shape.name)
            return f"{prefix}.{name if name.endswith('Exception') else name + 'Exception'}"
    return f"{prefix}.{prefix}Exception"


@lru_cache(maxsize=4096)
def _members(shape: StructureShape) -> dict[str, str]:
    """Folded name → member name."""
    return {pascal(name).lower(): name for name in shape.members}


def unknown_fields(shape: Shape | None, parameters: Any, path: str = "") -> list[str]:
    """The parameters' fields that the operation does not have (``.$`` is stripped; what a path selects is unknown)."""
    problems: list[str] = []
    if isinstance(shape, StructureShape) and isinstance(parameters, dict):
        known = _members(shape)
        for field, value in parameters.items():
            dynamic = field.endswith(".$")
            name = field[:-2] if dynamic else field
            member = known.get(pascal(name).lower())
            if member is None or not name[:1].isupper():
                problems.append(f"{path}/{field}")
            elif not dynamic:
                problems += unknown_fields(shape.members[member], value, f"{path}/{field}")
    elif isinstance(shape, ListShape) and isinstance(parameters, list):
        for index, item in enumerate(parameters):
            problems += unknown_fields(shape.member, item, f"{path}[{index}]")
    return problems


def to_request(shape: Shape | None, value: Any) -> Any:
    """Parameters in PascalCase as the operation's own input.

    Objects become JSON where the model wants a string or bytes; times become datetimes.
    """
    if isinstance(shape, StructureShape) and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        known = _members(shape)
        request = {}
        for field, item in value.items():
            member = known.get(pascal(field).lower())
            if member is None:
                request[field] = item
            else:
                request[member] = to_request(shape.members[member], item)
        return request
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_request(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: to_request(shape.value, item) for key, item in value.items()}
    kind = shape.type_name if shape is not None else ""
    if kind in ("string", "blob") and not isinstance(value, str | bytes):
        value = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if kind == "blob" and isinstance(value, str):
        return value.encode()
    if kind == "timestamp" and isinstance(value, str):
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value


def to_result(shape: Shape | None, value: Any) -> Any:
    """An operation's output as the task's result: PascalCase, times as texts, bytes as texts."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            pascal(name): to_result(shape.members.get(name), item) for name, item in value.items() if item is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_result(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: to_result(shape.value, item) for key, item in value.items()}
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
