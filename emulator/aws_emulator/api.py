"""What the parts of the emulator share: the shape of one API call, its caller, errors, and the registry of parts.

A part of the emulator (DataZone, IAM, compute, the patches to moto) is a package with one function
``install(emulator: Emulator) -> None`` that registers operations, authorizers and observers here. The kernel
(``aws_emulator.server``) parses a request with botocore's own service model, runs the pipeline below and serialises the
answer with the same model:

    identify caller -> parse -> log -> fault before -> authorizers -> operation (ours, or moto's) -> observers
    -> fault after
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class ApiError(Exception):
    """An error of an AWS API, as the service would answer it.

    Args:
        code: the error code of the service model, for example ``ResourceNotFoundException``.
        message: the sentence for people.
        status: HTTP status; taken from the service model's error shape where it names one.
        members: further members of the modelled error shape.
    """

    def __init__(self, code: str, message: str, status: int = 400, members: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = dict(members or {})


@dataclass(frozen=True)
class Caller:
    """Who signed a request.

    Attributes:
        account: 12 digits.
        arn: the ARN that ``sts:GetCallerIdentity`` answers (``arn:aws:sts::…:assumed-role/Role/session`` for a role).
        role_arn: the IAM role's ARN with its path, or None for the administrator's key.
        access_key: the access key id.
        administrator: True for the sandbox's people (key ``test``, and the role ``Admin`` of each account): no IAM
            policy is evaluated for them. Every other caller is a deployed role and IAM is enforced.
        session_policy: the JSON policy passed to AssumeRole, if any.
        source_identity: who began the chain of sessions, as its first AssumeRole said.
        session_tags: key and value of each session tag, in order.
    """

    account: str
    arn: str
    role_arn: str | None
    access_key: str
    administrator: bool
    session_policy: str | None = None
    source_identity: str | None = None
    session_tags: tuple[tuple[str, str], ...] = ()


@dataclass
class ApiCall:
    """One parsed request. ``params`` has botocore's input shape (bytes for blobs, datetime for timestamps)."""

    service: str
    operation: str
    params: dict[str, Any]
    region: str
    caller: Caller
    request_id: str
    headers: Mapping[str, str] = field(default_factory=dict)
    source_arn: str | None = None
    """ARN of the AWS resource on whose behalf a service makes this call (rule, schedule); None for direct calls."""


Operation = Callable[[ApiCall], dict[str, Any] | None]
Wrapper = Callable[["ApiCall", Callable[[], dict[str, Any]]], dict[str, Any] | None]
"""(call, proceed) around an operation that moto serves: ``proceed()`` lets moto do it and answers the parsed response
(or raises ApiError). Returning None keeps moto's answer, returning a dictionary replaces it."""
Authorizer = Callable[[ApiCall], None]
"""Raises ApiError (AccessDenied…) to refuse the call."""
Observer = Callable[[ApiCall, dict[str, Any] | None, ApiError | None], None]
"""Told of each finished call: (call, parsed response or None, error or None)."""
AdminRoute = Callable[[str, Mapping[str, str], bytes], Any]
"""(method, query, body) -> a JSON-serialisable answer for ``/_emulator/<name>``."""


class Clock(Protocol):
    """Time as the emulator's services see it; tests may scale it."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait for that many (scaled) seconds."""


class ScaledClock:
    """A clock whose waits are divided by ``speed`` (1.0 = real time)."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds / self.speed)


class Emulator:
    """The registry that parts install themselves into, and the services that parts use of each other."""

    def __init__(self, host: str, port: int, data_dir: str, clock: Clock | None = None) -> None:
        self.host = host
        self.port = port
        self.data_dir = data_dir
        self.clock: Clock = clock or ScaledClock()
        self.operations: dict[tuple[str, str], Operation] = {}
        self.wrappers: dict[tuple[str, str], Wrapper] = {}
        self.authorizers: list[Authorizer] = []
        self.observers: list[Observer] = []
        self.admin_routes: dict[str, AdminRoute] = {}
        self.shutdown_hooks: list[Callable[[], None]] = []
        self.parts: dict[str, Any] = {}
        """Objects that parts offer to each other by name, for example ``parts["iam.oracle"]``."""

    @property
    def endpoint(self) -> str:
        """The address for ``AWS_ENDPOINT_URL``."""
        return f"http://{self.host}:{self.port}"

    def operation(self, service: str, name: str) -> Callable[[Operation], Operation]:
        """Decorator: serve ``service``:``name`` (botocore names: ``datazone``, ``CreateAsset``) by this function."""

        def register(function: Operation) -> Operation:
            self.operations[(service, name)] = function
            return function

        return register

    def wrap(self, service: str, *names: str) -> Callable[[Wrapper], Wrapper]:
        """Decorator: put a function around operations that moto serves, for rules that moto lacks."""

        def register(function: Wrapper) -> Wrapper:
            for name in names:
                self.wrappers[(service, name)] = function
            return function

        return register

    # The kernel (aws_emulator.server) sets the following three when it builds the emulator.
    client: Callable[..., Any]
    """client(service, *, role_arn=…, region=…, session_name=…) -> a boto3 client against this emulator with fresh
    session credentials of that role (no trust check: the calling service has done it); IAM is enforced on its calls."""
    admin_client: Callable[..., Any]
    """admin_client(service, *, account=…, region=…) -> a boto3 client as the account's Admin role."""
    call: Callable[..., dict[str, Any] | None]
    """call(service, operation, params, *, caller, region, source_arn=None, headers=None): run one operation through the
    whole pipeline in process, without HTTP; raises ApiError."""
