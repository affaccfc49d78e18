"""The wire protocols: from an HTTP request to service, operation and parameters, and from a result to an HTTP answer.

moto carries parsers and serialisers for all AWS protocols, driven by botocore's models; this module chooses among them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from botocore.utils import parse_timestamp
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import ResponseSerializer, SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from aws_emulator.api import ApiError
from aws_emulator.kernel.http import HttpRequest, HttpResponse
from aws_emulator.kernel.identity import Credential

# Signing names of the models (``signingName`` or ``endpointPrefix``) that differ from botocore's service names.
SERVICE_OF_SIGNING_NAME = {
    "states": "stepfunctions",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
    "email": "ses",
    "elasticloadbalancing": "elbv2",
    "cognito-idp": "cognito-idp",
    "aps": "amp",
}

QUERY_PROTOCOLS = ("query", "ec2", "rest-xml")


@dataclass
class Parsed:
    """A request whose operation is known. ``operation`` is ``Unknown`` (and ``model`` None) where no model matches."""

    service: str
    operation: str
    model: OperationModel | None
    params: dict[str, Any]
    protocol: str


def credential_of(request: HttpRequest) -> Credential:
    """The signature version 4 credential of a request, from its header or (presigned) from its query.

    Raises:
        ApiError: MissingAuthenticationTokenException for an unsigned one, IncompleteSignature for a broken one.
    """
    header = request.headers.get("authorization", "")
    token = request.headers.get("x-amz-security-token")
    scope = ""
    if match := re.search(r"Credential=([^,\s]+)", header):
        scope = match.group(1)
    elif not header:
        query = parse_qs(request.query)
        scope = query.get("X-Amz-Credential", [""])[0]
        token = query.get("X-Amz-Security-Token", [token])[0]
        if not scope:
            raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    parts = scope.split("/")
    if len(parts) != 5:
        raise ApiError("IncompleteSignature", "Credential must have the form key/date/region/service/aws4_request", 403)
    return Credential(access_key=parts[0], region=parts[2], signing_name=parts[3], token=token)


def service_of(signing_name: str, request: HttpRequest) -> str:
    """Botocore's name of the service that a request is for."""
    name = signing_name.lower()
    target = request.headers.get("x-amz-target", "")
    if name == "dynamodb" and target.startswith("DynamoDBStreams"):
        return "dynamodbstreams"
    if name == "kinesisanalytics" and target.startswith("KinesisAnalytics_20180523."):
        return "kinesisanalyticsv2"
    if name == "s3" and request.path.startswith("/v20180820/"):
        return "s3control"
    return SERVICE_OF_SIGNING_NAME.get(name, name)


def operation_model(service: str, operation: str) -> OperationModel:
    """The model of an operation by botocore's names."""
    model: OperationModel = get_service_model(service).operation_model(operation)
    return model


def protocol_of(service: str) -> str:
    """The protocol of a service's errors; JSON for a service that botocore does not know."""
    try:
        protocol = str(get_service_model(service).protocol)
    except Exception:  # see parse()
        return "json"
    return protocol if protocol != "smithy-rpc-v2-cbor" else "json"


def parse(service: str, request: HttpRequest, host: str, port: int) -> Parsed:
    """Find the operation of a request and read its parameters.

    Raises:
        ApiError: SerializationException for a body that does not fit the operation's model.
    """
    try:
        model = get_service_model(service)
    except Exception:  # botocore raises UnknownServiceError, and OSError for odd names: both mean "no such service"
        return Parsed(service, "Unknown", None, {}, "json")
    wsgi = Request(request.environ(host, port))
    protocol = str(model.protocol)
    try:
        protocol = determine_request_protocol(model, wsgi.content_type)
        operation, uri_params = get_service_router(service).match(wsgi)
    except (HTTPException, NotImplementedError):
        return Parsed(service, "Unknown", None, {}, protocol)
    parser = PROTOCOL_PARSERS[protocol](operation, timestamp_parser=_timestamp)
    try:
        params = parser.parse(
            {
                "method": request.method,
                "values": wsgi.values,
                "headers": wsgi.headers,
                "body": request.body,
                "url_path": wsgi.path,
                "url_params": uri_params,
            }
        )
    except Exception as error:
        raise ApiError("SerializationException", f"The request does not fit {operation.name}: {error}") from error
    return Parsed(service, str(operation.name), operation, params, protocol)


def render(parsed: Parsed, result: Mapping[str, Any] | None, request_id: str) -> HttpResponse:
    """The HTTP answer to a successful call."""
    assert parsed.model is not None
    response = _response(_serializer(parsed, parsed.model, request_id).serialize(dict(result or {})), request_id)
    shape = parsed.model.output_shape
    for name, member in getattr(shape, "members", {}).items():
        # For example Lambda's Invoke, whose StatusCode is the HTTP status.
        if member.serialization.get("location") == "statusCode" and result and name in result:
            response.status = int(result[name])
    return response


def render_error(parsed: Parsed, error: ApiError, request_id: str) -> HttpResponse:
    """The HTTP answer to a failed call, in the service's own form."""
    model = parsed.model
    if model is None:
        try:
            model = OperationModel({"name": "Unknown"}, get_service_model(parsed.service), "Unknown")
        except Exception:
            model = OperationModel({"name": "Unknown"}, get_service_model("glue"), "Unknown")
    fault = _Fault(error)
    response = _response(_serializer(parsed, model, request_id).serialize(fault), request_id)
    shapes: list[Any] = list(model.service_model.error_shapes)
    modelled = {str(shape.name) for shape in shapes} | {str(shape.error_code) for shape in shapes}
    if error.code not in modelled:
        response.status = error.status
    return response


class _Fault(Exception):
    """An ApiError as moto's serialisers read errors: a code, a message and the members as attributes."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.message)
        self.code = error.code
        self.message = error.message
        self.Message = error.message
        for name, value in error.members.items():
            setattr(self, name, value)


def _serializer(parsed: Parsed, model: OperationModel, request_id: str) -> ResponseSerializer:
    protocol = parsed.protocol if parsed.protocol != "smithy-rpc-v2-cbor" else "json"
    serializer_class = get_serializer_class(model.service_model.service_name, protocol)
    return serializer_class(operation_model=model, context=SerializationContext(request_id))


def _response(serialized: Mapping[str, Any], request_id: str) -> HttpResponse:
    body = serialized["body"]
    headers = {str(name): str(value) for name, value in serialized["headers"].items()}
    headers["x-amzn-RequestId"] = request_id
    data = body if isinstance(body, bytes) else str(body if body is not None else "").encode()
    return HttpResponse(int(serialized["status_code"]), headers, data)


def _timestamp(value: Any) -> datetime:
    return parse_timestamp(value).astimezone(UTC)
