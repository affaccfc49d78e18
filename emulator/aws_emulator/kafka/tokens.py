"""Verifies the tokens with which clients of MSK sign in: a presigned URL (Signature Version 4), base64url.

The form is that of the public libraries aws-msk-iam-sasl-signer and aws-msk-iam-auth: GET on
``https://kafka.<region>.amazonaws.com/?Action=kafka-cluster:Connect``, signing name ``kafka-cluster``, the header
``host`` signed, ``User-Agent`` appended after signing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from aws_emulator.api import ApiError, Caller
from aws_emulator.kernel.identity import Credential, Identities

ALGORITHM = "AWS4-HMAC-SHA256"
SIGNING_NAME = "kafka-cluster"
LONGEST_SECONDS = 900
SKEW_SECONDS = 300
"""UNVERIFIED[kafka-token-ahead]: how far ahead of MSK's clock a token may be dated; other services allow five minutes.
"""
_UNSIGNED = frozenset({"X-Amz-Signature", "User-Agent"})


class TokenRefused(Exception):
    """The token proves nothing; the text is for the log, clients only learn ``Access denied``."""


@dataclass(frozen=True)
class Verified:
    """Who signed, and until when (seconds since the epoch) the token is good."""

    caller: Caller
    expires: float


def verify(token: str, identities: Identities, region: str, now: float) -> Verified:
    """Check everything that a token says.

    Args:
        token: as it came over the wire.
        identities: knows keys, secrets and sessions.
        region: the cluster's.
        now: seconds since the epoch.

    Raises:
        TokenRefused: something is missing, out of date, or not signed with the key's secret.
    """
    host, pairs = _parse(token)
    fields = {unquote(name): unquote(value) for name, value in pairs}
    if fields.get("Action") != "kafka-cluster:Connect" or fields.get("X-Amz-Algorithm") != ALGORITHM:
        raise TokenRefused("it is no signed kafka-cluster:Connect")
    parts = fields.get("X-Amz-Credential", "").split("/")
    if len(parts) != 5 or parts[2:] != [region, SIGNING_NAME, "aws4_request"]:
        raise TokenRefused(f"its scope is {'/'.join(parts[1:])}, not {region}/{SIGNING_NAME}")
    if host != f"kafka.{region}.amazonaws.com" or fields.get("X-Amz-SignedHeaders") != "host":
        raise TokenRefused(f"it is signed for {host}")
    expires = _expires(fields, parts[1], now)
    key = parts[0]
    try:
        caller = identities.caller(Credential(key, region, SIGNING_NAME, fields.get("X-Amz-Security-Token")))
    except ApiError as error:
        raise TokenRefused(f"key {key}: {error.message}") from error
    secret = identities.secret(key)
    if secret is None or not hmac.compare_digest(
        _signature(secret, "/".join(parts[1:]), fields["X-Amz-Date"], host, pairs), fields.get("X-Amz-Signature", "")
    ):
        raise TokenRefused(f"its signature is not that of key {key}")
    session = identities.session(key)
    return Verified(caller, min(expires, session.expires) if session else expires)


def _parse(token: str) -> tuple[str, list[tuple[str, str]]]:
    """The host and the query as it was encoded."""
    try:
        url = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise TokenRefused("it is not a URL in base64url") from error
    if url.scheme != "https" or url.path not in ("", "/"):
        raise TokenRefused("it is no https URL of MSK")
    pairs = [part.partition("=")[::2] for part in url.query.split("&") if part]
    if len({unquote(name) for name, _ in pairs}) != len(pairs):
        raise TokenRefused("a parameter appears twice")
    return url.netloc, pairs


def _expires(fields: dict[str, str], scope_date: str, now: float) -> float:
    try:
        signed = datetime.strptime(fields.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        seconds = int(fields.get("X-Amz-Expires", ""))
    except ValueError as error:
        raise TokenRefused("it has no date or no time to live") from error
    if not fields["X-Amz-Date"].startswith(scope_date):
        raise TokenRefused("its date is not that of its scope")
    if not 0 < seconds <= LONGEST_SECONDS:
        raise TokenRefused(f"it wants to live {seconds} s, at most {LONGEST_SECONDS} are allowed")
    if signed > now + SKEW_SECONDS:
        raise TokenRefused("it is dated in the future")
    if now >= signed + seconds:
        raise TokenRefused(f"it expired {now - signed - seconds:.0f} s ago")
    return signed + seconds


def _signature(secret: str, scope: str, date: str, host: str, pairs: list[tuple[str, str]]) -> str:
    query = "&".join(f"{name}={value}" for name, value in sorted(pairs) if unquote(name) not in _UNSIGNED)
    empty = hashlib.sha256(b"").hexdigest()
    canonical = f"GET\n/\n{query}\nhost:{host}\n\nhost\n{empty}"
    text = "\n".join([ALGORITHM, date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
