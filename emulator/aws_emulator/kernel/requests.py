"""Builds the HTTP request of a call that starts inside the emulator, for moto to serve."""

from __future__ import annotations

from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.serialize import create_serializer

from aws_emulator.api import ApiCall
from aws_emulator.kernel.http import HttpRequest
from aws_emulator.kernel.wire import Parsed


def build_request(parsed: Parsed, call: ApiCall, endpoint: str) -> HttpRequest:
    """The request that an SDK would send for the call; its signature names key and region but is not computed."""
    model = parsed.model
    assert model is not None
    serialized = create_serializer(parsed.protocol, include_validation=False).serialize_to_request(call.params, model)
    prepare_request_dict(serialized, endpoint_url=endpoint, context={"signing": {}}, user_agent="emulator")
    prepared = create_request_object(serialized).prepare()
    body = prepared.body or b""
    if hasattr(body, "read"):
        body = body.read()
    headers = {name.lower(): _text(value) for name, value in prepared.headers.items()}
    signing_name = model.service_model.signing_name
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={call.caller.access_key}/20000101/{call.region}/{signing_name}/aws4_request, "
        "SignedHeaders=host, Signature=0"
    )
    target = prepared.url[len(endpoint) :] or "/"
    if not target.startswith("/"):
        target = "/" + target
    return HttpRequest(str(prepared.method), target, headers, body if isinstance(body, bytes) else str(body).encode())


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
