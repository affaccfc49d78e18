"""Tokens of the public signer, good ones and changed ones, checked without a broker."""

from __future__ import annotations

import base64
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import CredentialProvider, Credentials

from aws_emulator.api import ApiError, Caller
from aws_emulator.kafka.tokens import TokenRefused, verify
from aws_emulator.kernel.identity import Credential, Session

REGION = "us-east-1"
KEYS = Credentials("ASIATESTTESTTESTTEST", "its-secret", "its/token+=")
CALLER = Caller(
    "333333333333",
    "arn:aws:sts::333333333333:assumed-role/r/s",
    "arn:aws:iam::333333333333:role/r",
    KEYS.access_key,
    False,
)


class Known:
    """Knows one session."""

    def __init__(self, expires: float = 4e9) -> None:
        self._session = Session(CALLER, KEYS.secret_key, KEYS.token or "", "AROA:s", expires)

    def caller(self, credential: Credential) -> Caller:
        if (credential.access_key, credential.token) != (KEYS.access_key, KEYS.token):
            raise ApiError("UnrecognizedClientException", "unknown", 403)
        return CALLER

    def secret(self, access_key: str) -> str | None:
        return KEYS.secret_key if access_key == KEYS.access_key else None

    def session(self, access_key: str) -> Session | None:
        return self._session if access_key == KEYS.access_key else None


class Provider(CredentialProvider):
    def load(self) -> Credentials:
        return KEYS


def of_the_signer(region: str = REGION) -> str:
    token: str = MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(region, Provider())[0]
    return token


def signed(
    keys: Credentials = KEYS,
    *,
    url: str = f"https://kafka.{REGION}.amazonaws.com/",
    action: str = "kafka-cluster:Connect",
    service: str = "kafka-cluster",
    expires: int = 900,
    after: dict[str, str] | None = None,
) -> str:
    """A token as the signer makes it, with something of it changed."""
    request = AWSRequest(method="GET", url=url, params={"Action": action})
    SigV4QueryAuth(keys, service, REGION, expires=expires).add_auth(request)
    text = request.prepare().url + ("&" + urlencode(after) if after else "")
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def check(token: str, now: float | None = None, known: Any = None) -> Any:
    identities: Any = known or Known()
    return verify(token, identities, REGION, time.time() if now is None else now)


def test_the_public_signers_token_names_the_role() -> None:
    found = check(of_the_signer())
    assert found.caller == CALLER
    assert 890 < found.expires - time.time() <= 900
    assert check(signed()).caller == CALLER


def test_a_token_lives_no_longer_than_its_session() -> None:
    soon = time.time() + 60
    assert check(of_the_signer(), known=Known(soon)).expires == soon


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (lambda: signed(Credentials(KEYS.access_key, "another-secret", KEYS.token)), "signature"),
        (lambda: signed(Credentials(KEYS.access_key, KEYS.secret_key, "another")), "unknown"),
        (lambda: signed(Credentials("ASIAOTHEROTHEROTHER0", KEYS.secret_key, KEYS.token)), "unknown"),
        (lambda: signed(action="kafka-cluster:ReadData"), "no signed"),
        (lambda: signed(service="sts"), "scope"),
        (lambda: signed(url="https://kafka.eu-west-1.amazonaws.com/"), "signed for"),
        (lambda: signed(url="https://kafka.us-east-1.amazonaws.com/x"), "no https URL"),
        (lambda: signed(url="http://kafka.us-east-1.amazonaws.com/"), "no https URL"),
        (lambda: signed(expires=3600), "at most 900"),
        (lambda: signed(after={"Extra": "1"}), "signature"),
        (lambda: signed(after={"Action": "kafka-cluster:Connect"}), "twice"),
        (lambda: of_the_signer("eu-west-1"), "scope"),
        (lambda: "not base64 at all!", "base64url"),
        (lambda: "", "no https URL"),
    ],
)
def test_what_proves_nothing(token: Any, why: str) -> None:
    with pytest.raises(TokenRefused, match=why):
        check(token())


def test_time() -> None:
    token, made = of_the_signer(), time.time()
    assert check(token, made + 890).caller == CALLER
    with pytest.raises(TokenRefused, match="expired"):
        check(token, made + 901)
    assert check(token, made - 290).caller == CALLER
    with pytest.raises(TokenRefused, match="future"):
        check(token, made - 310)
