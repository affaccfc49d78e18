"""The Smithy RPC v2 CBOR protocol, translated to and from JSON.

boto3 sends JSON to the services that offer both (CloudWatch, the tagging API); the SDK for Go, and with it Pulumi's AWS
plugin, prefers CBOR, which moto does not know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core.utils import get_service_model

from aws_emulator.api import ApiError
from aws_emulator.kernel.http import HttpRequest, HttpResponse
from aws_emulator.kernel.wire import Parsed

CONTENT_TYPE = "application/cbor"


def is_cbor(request: HttpRequest) -> bool:
    """Whether a request comes in this protocol."""
    return request.headers.get("smithy-protocol") == "rpc-v2-cbor"


def to_json(request: HttpRequest, service: str) -> HttpRequest:
    """The same request in the service's JSON protocol.

    Raises:
        ApiError: SerializationException, when it cannot be read.
    """
    match = re.fullmatch(r"/service/[^/]+/operation/([A-Za-z0-9]+)", request.path)
    try:
        model = get_service_model(service).operation_model(match.group(1) if match else "")
        parser: Any = create_parser("smithy-rpc-v2-cbor")
        params = {}
        if request.body and model.input_shape is not None:
            raw = parser.parse_data_item(parser.get_peekable_stream_from_bytes(request.body))
            params = parser._parse_shape(model.input_shape, raw)
        serialized = create_serializer("json", include_validation=False).serialize_to_request(params, model)
    except Exception as error:
        raise ApiError("SerializationException", f"The CBOR request cannot be read: {error}") from error
    headers = {name.lower(): str(value) for name, value in serialized["headers"].items()}
    kept = {name: value for name, value in request.headers.items() if name not in ("content-type", "content-length")}
    body = serialized["body"]
    return HttpRequest("POST", "/", {**kept, **headers}, body if isinstance(body, bytes) else body.encode())


def from_json(parsed: Parsed, response: HttpResponse) -> HttpResponse:
    """A JSON answer in CBOR."""
    headers = {
        name: value
        for name, value in response.headers.items()
        if name.lower() not in ("content-type", "content-length")
    }
    headers |= {"Content-Type": CONTENT_TYPE, "smithy-protocol": "rpc-v2-cbor"}
    body = bytearray()
    if response.status >= 400 or parsed.model is None:
        _write_error(body, response)
    else:
        shape = parsed.model.output_shape
        if shape is None:
            body.extend(b"\xa0")
        else:
            parser: Any = create_parser("json")
            answer = {"headers": {}, "status_code": 200, "body": response.body or b"{}", "context": {}}
            value = parser.parse(answer, shape)
            value.pop("ResponseMetadata", None)
            _serializer()._serialize_data_item(body, value, shape)
    return HttpResponse(response.status, headers, bytes(body))


def _serializer() -> Any:
    serializer: Any = create_serializer("smithy-rpc-v2-cbor", include_validation=False)
    return serializer


def _write_error(body: bytearray, response: HttpResponse) -> None:
    parser: Any = create_parser("json")
    answer: Mapping[str, Any] = {
        "headers": {name.lower(): value for name, value in response.headers.items()},
        "status_code": response.status,
        "body": response.body or b"{}",
        "context": {},
    }
    error = parser.parse(answer, None)["Error"]
    texts = ("__type", error.get("Code") or "InternalFailure", "message", error.get("Message") or "")
    body.append(0xA0 | 2)  # a map of two pairs
    for text in texts:
        data = text.encode()
        body.extend(b"\x79" + len(data).to_bytes(2, "big") + data)
