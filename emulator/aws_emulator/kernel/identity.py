"""Who signed a request: the sandbox administrator's key, a role's session, or an IAM user's key.

Session credentials are kept here and not in moto's STS, which forgets session policies and takes any unknown key for
its default account.
"""

from __future__ import annotations

import base64
import secrets
import string
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from aws_emulator.api import ApiError, Caller

ADMIN_KEY = "test"
ADMIN_SECRET = "test"
ADMIN_ROLE = "Admin"
KEY_ALPHABET = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Session:
    """Temporary credentials of a role, as AssumeRole answers them.

    Attributes:
        caller: what a request signed with them is taken for.
        session_id: ``AROA…:session-name``, the ``UserId`` of GetCallerIdentity.
        expires: seconds since the epoch.
        tags: session tags; as condition keys they stand before the role's own.
        source_identity: who began the chain; every further session of it has the same.
    """

    caller: Caller
    secret: str
    token: str
    session_id: str
    expires: float
    tags: dict[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    """Keys of tags that go on to sessions which this one begins."""
    source_identity: str | None = None


@dataclass(frozen=True)
class Credential:
    """The signature that a request carries."""

    access_key: str
    region: str
    signing_name: str
    token: str | None


class Identities:
    """Finds the caller of a request and issues session credentials.

    Args:
        accounts: the sandbox's accounts; the administrator's key belongs to the first.
    """

    def __init__(self, accounts: tuple[str, ...]) -> None:
        self.accounts = accounts
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self.administrator = Caller(
            account=accounts[0],
            arn=f"arn:aws:iam::{accounts[0]}:user/administrator",
            role_arn=None,
            access_key=ADMIN_KEY,
            administrator=True,
        )

    def caller(self, credential: Credential) -> Caller:
        """The caller behind an access key.

        Raises:
            ApiError: UnrecognizedClientException for an unknown key, InvalidClientTokenId for a token that does not
                belong to it, ExpiredTokenException after its time. The pipeline renames them for query services.
        """
        if credential.access_key == ADMIN_KEY:
            return self.administrator
        session = self._sessions.get(credential.access_key)
        if session is not None:
            if credential.token != session.token:
                raise _refused()
            if session.expires < time.time():
                raise ApiError("ExpiredTokenException", "The security token included in the request is expired", 403)
            return session.caller
        user = _iam_user(credential.access_key)
        if user is None:
            raise _refused()
        return user

    def secret(self, access_key: str) -> str | None:
        """The secret of a key that :meth:`caller` accepts, or None if it is unknown."""
        if access_key == ADMIN_KEY:
            return ADMIN_SECRET
        session = self._sessions.get(access_key)
        return session.secret if session else _iam_user_secret(access_key)

    def session(self, access_key: str) -> Session | None:
        """The session that an access key belongs to, if it is one of a role."""
        return self._sessions.get(access_key)

    def issue(
        self,
        role_arn: str,
        session_name: str,
        *,
        duration: float = 3600.0,
        session_policy: str | None = None,
        tags: dict[str, str] | None = None,
        transitive: frozenset[str] = frozenset(),
        source_identity: str | None = None,
    ) -> Session:
        """New session credentials of a role. No trust policy is evaluated here.

        Raises:
            ApiError: NoSuchEntity, when there is no such role.
        """
        account, name, role_id = role_of(role_arn)
        caller = Caller(
            account=account,
            arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
            role_arn=role_arn,
            access_key="ASIA" + "".join(secrets.choice(KEY_ALPHABET) for _ in range(16)),
            administrator=account in self.accounts and role_arn == f"arn:aws:iam::{account}:role/{ADMIN_ROLE}",
            session_policy=session_policy,
            source_identity=source_identity,
            session_tags=tuple(sorted((tags or {}).items())),
        )
        session = Session(
            caller=caller,
            secret=secrets.token_urlsafe(30),
            token=base64.b64encode(secrets.token_bytes(180)).decode(),
            session_id=f"{role_id}:{session_name}",
            expires=time.time() + duration,
            tags=tags or {},
            transitive=transitive,
            source_identity=source_identity,
        )
        with self._lock:
            self._sessions[caller.access_key] = session
            if len(self._sessions) % 512 == 0:
                now = time.time()
                self._sessions = {key: kept for key, kept in self._sessions.items() if kept.expires > now - 3600}
        return session

    def create_admin_roles(self) -> None:
        """Create the role ``Admin``, trusted by the administrator's account, in each sandbox account."""
        from moto.iam.models import iam_backends

        trust = (
            '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::'
            + self.accounts[0]
            + ':root"},"Action":["sts:AssumeRole","sts:TagSession"]}]}'
        )
        for account in self.accounts:
            backend = iam_backends[account]["aws"]
            backend.create_role(
                role_name=ADMIN_ROLE,
                assume_role_policy_document=trust,
                path="/",
                permissions_boundary=None,
                description="People of the sandbox; IAM is not evaluated for it.",
                tags=[],
                max_session_duration="43200",
            )
            backend.attach_role_policy("arn:aws:iam::aws:policy/AdministratorAccess", ADMIN_ROLE)


def role_of(role_arn: str) -> tuple[str, str, str]:
    """The account, the name and the unique id of an existing role.

    Raises:
        ApiError: NoSuchEntity, when there is no such role.
    """
    from moto.iam.models import iam_backends

    parts = role_arn.split(":", 5)
    if len(parts) == 6 and parts[2] == "iam" and parts[5].startswith("role/") and parts[4] in iam_backends:
        for role in list(iam_backends[parts[4]]["aws"].roles.values()):
            if role.arn == role_arn:
                return parts[4], str(role.name), str(role.id)
    raise ApiError("NoSuchEntity", f"The role {role_arn} cannot be found.", 404)


def _refused() -> ApiError:
    return ApiError("UnrecognizedClientException", "The security token included in the request is invalid.", 403)


def _find_user_key(access_key: str) -> tuple[str, Any] | None:
    from moto.iam.models import iam_backends

    for account, backends in list(iam_backends.items()):
        key = backends["aws"].access_keys.get(access_key)
        if key is not None and getattr(key, "user_name", None) and key.status == "Active":
            return account, key
    return None


def _iam_user(access_key: str) -> Caller | None:
    from moto.iam.models import iam_backends

    found = _find_user_key(access_key)
    if found is None:
        return None
    account, key = found
    user = iam_backends[account]["aws"].get_user(key.user_name)
    return Caller(account=account, arn=user.arn, role_arn=None, access_key=access_key, administrator=False)


def _iam_user_secret(access_key: str) -> str | None:
    found = _find_user_key(access_key)
    return None if found is None else str(found[1].secret_access_key)
