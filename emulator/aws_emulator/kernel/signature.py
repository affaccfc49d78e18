"""Verifies Signature Version 4 (AWS General Reference, "Signing AWS API requests") where a header carries it.

Presigned URLs are taken at their word: only their access key and token are checked.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from urllib.parse import quote

from botocore.utils import normalize_url_path

from aws_emulator.api import ApiError
from aws_emulator.kernel.http import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
_UNPROVEN = ("UNSIGNED-PAYLOAD", "STREAMING-")


def verify(request: HttpRequest, secret: str, signing_name: str) -> None:
    """Refuse a request that was not signed with the secret.

    Raises:
        ApiError: InvalidSignatureException (the pipeline renames it for query services).
    """
    header = request.headers.get("authorization", "")
    if not header.startswith(ALGORITHM):
        return
    fields = dict(re.findall(r"(\w+)=([^,\s]+)", header))
    scope = fields.get("Credential", "").split("/", 1)[-1]
    signed_headers = fields.get("SignedHeaders", "").split(";")
    payload = _payload_hash(request)
    canonical = "\n".join(
        [
            request.method,
            _path(request.path, signing_name),
            _query(request.query),
            *(f"{name}:{_header(request, name)}" for name in signed_headers),
            "",
            ";".join(signed_headers),
            payload,
        ]
    )
    text = "\n".join(
        [ALGORITHM, request.headers.get("x-amz-date", ""), scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    expected = hmac.new(_key(secret, scope), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, fields.get("Signature", "")):
        raise ApiError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method.",
            403,
        )


def _payload_hash(request: HttpRequest) -> str:
    stated = request.headers.get("x-amz-content-sha256")
    if stated is not None and stated.startswith(_UNPROVEN):
        return stated
    return hashlib.sha256(request.body).hexdigest()


def _path(path: str, signing_name: str) -> str:
    # S3 signs the path as it is sent; all others encode the encoded path once more.
    return path if signing_name == "s3" else quote(normalize_url_path(path), safe="/~")


def _query(query: str) -> str:
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _header(request: HttpRequest, name: str) -> str:
    return " ".join(request.headers.get(name, "").split())


@functools.lru_cache(maxsize=1024)
def _key(secret: str, scope: str) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
