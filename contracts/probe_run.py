"""Where probes act: an account, a region, names and tags of one run, shared setups, and the clean-up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from contracts.journal import Journal, Removal

T = TypeVar("T")
TAG = "streamgov-contracts"
"""The key of the tag that everything carries; its value is the run's id."""
PREFIX = "contracts"
"""What the name of everything begins with."""
_GONE = ("NotFound", "NoSuch", "DoesNotExist", "NonExistentQueue", "404", "QueueDoesNotExist")
_REMOVAL_TRIES = 40


class NotAskedError(Exception):
    """A probe cannot be asked in this run; the text says what it takes."""


class SetupError(Exception):
    """What a probe stands on could not be made."""


@dataclass(frozen=True)
class Pace:
    """Time, passed in.

    Attributes:
        now: seconds of a clock that never goes back.
        sleep: waits for some seconds.
        interval: seconds between two looks at something that takes time.
        settled: how long IAM takes until a changed policy counts, in seconds.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    interval: float = 3.0
    settled: float = 12.0


@dataclass
class ProbeRun:
    """One run.

    Attributes:
        session: credentials and region of the caller.
        id: the run's id: short, lower case, part of every name.
        journal: where removals are written.
        pace: time.
        endpoint_url: another address of AWS; None is AWS's own.
        options: what the person said beside, for example subnets.
        answers: answers to probes that are asked by hand, by id.
        calls: the caller's calls, by probe and setup.
        uses: the setups that were called, by probe and setup.
    """

    session: Any
    id: str
    journal: Journal
    pace: Pace = field(default_factory=Pace)
    endpoint_url: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    calls: dict[str, set[str]] = field(default_factory=dict)
    uses: dict[str, set[str]] = field(default_factory=dict)
    _made: dict[str, Any] = field(default_factory=dict)
    _shared: set[int] = field(default_factory=set)
    _clients: dict[str, Any] = field(default_factory=dict)
    _recording: list[str] = field(default_factory=list)
    _numbers: int = 0

    # Names

    def name(self, stem: str) -> str:
        """A name of this run, and no other thing's."""
        self._numbers += 1
        return f"{PREFIX}-{self.id}-{stem}-{self._numbers}"

    @property
    def tags(self) -> dict[str, str]:
        """The tags of everything that is made."""
        return {TAG: self.id}

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """The same as a list of keys and values."""
        return [{"Key": TAG, "Value": self.id}]

    @property
    def account(self) -> str:
        """The caller's account."""
        return str(self.shared("account", lambda probe_run: probe_run.client("sts").get_caller_identity()["Account"]))

    @property
    def caller_arn(self) -> str:
        """The caller's ARN; of a role's session, the role's."""
        arn = str(self.client("sts").get_caller_identity()["Arn"])
        if ":assumed-role/" not in arn:
            return arn
        name = arn.split("/")[1]
        return str(self.client("iam").get_role(RoleName=name)["Role"]["Arn"])

    @property
    def region(self) -> str:
        """The region of the run."""
        return str(self.session.region_name)

    # Clients

    def client(self, service: str) -> Any:
        """A client as the caller."""
        if service not in self._clients:
            made = self._make_client(self.session, service, self.endpoint_url)
            made.meta.events.register("before-call", self._record)
            self._clients[service] = made
        return self._clients[service]

    def as_role(self, arn: str, service: str, **more: Any) -> Any:
        """A client as a role, as soon as IAM lets it be assumed.

        Args:
            arn: the role's ARN.
            service: the botocore service.
            more: further arguments of AssumeRole.
        """

        def assumed() -> Any:
            try:
                answer = self.client("sts").assume_role(RoleArn=arn, RoleSessionName=PREFIX, **more)
            except ClientError as error:
                if code_of(error) in ("AccessDenied", "NoSuchEntity"):
                    return None
                raise
            return answer["Credentials"]

        issued = self.wait(f"role {arn} to be assumable", assumed, 90)
        session = boto3.Session(
            aws_access_key_id=issued["AccessKeyId"],
            aws_secret_access_key=issued["SecretAccessKey"],
            aws_session_token=issued["SessionToken"],
            region_name=self.region,
        )
        # The profile may name an endpoint, which a role's session does not know.
        return self._make_client(session, service, self.client(service).meta.endpoint_url)

    def _make_client(self, session: Any, service: str, endpoint_url: str | None) -> Any:
        config = Config(retries={"mode": "standard", "total_max_attempts": 6}, connect_timeout=10, read_timeout=60)
        return session.client(service, region_name=self.region, endpoint_url=endpoint_url, config=config)

    def _record(self, model: Any, **_: Any) -> None:
        if self._recording:
            self.calls.setdefault(self._recording[-1], set()).add(f"{model.service_model.service_name}:{model.name}")

    @contextmanager
    def recording(self, name: str) -> Iterator[None]:
        """Note the caller's calls under a name."""
        self._recording.append(name)
        try:
            yield
        finally:
            self._recording.pop()

    # Setups

    def shared(self, name: str, make: Callable[[ProbeRun], T], option: str = "") -> T:
        """What a setup makes, once in a run; a failure is kept too.

        Raises:
            NotAskedError: the run lacks the option.
            SetupError: it could not be made.
        """
        for caller in self._recording:
            self.uses.setdefault(caller, set()).add(name)
        if name not in self._made:
            if option and not self.options.get(option):
                raise NotAskedError(f"{name} needs --option {option}=…")
            before = self.journal.count
            try:
                with self.recording(f"setup {name}"):
                    self._made[name] = make(self)
            except NotAskedError:
                raise
            except Exception as error:
                self._made[name] = SetupError(f"{name} could not be made: {error}")
            self._shared |= set(range(before + 1, self.journal.count + 1))
        found = self._made[name]
        if isinstance(found, SetupError):
            raise found
        return found  # type: ignore[no-any-return]

    def told(self, probe: str, how: str) -> Any:
        """The answer that a person found by hand.

        Raises:
            NotAskedError: nobody gave one.
        """
        if probe not in self.answers:
            raise NotAskedError(f"by hand: {how} Then --answer {probe}='<JSON>'")
        return self.answers[probe]

    # Waiting

    def wait(self, what: str, look: Callable[[], T | None], seconds: float) -> T:
        """Look until there is something.

        Raises:
            TimeoutError: there was nothing in that time.
        """
        deadline = self.pace.now() + seconds
        while True:
            found = look()
            if found:
                return found
            if self.pace.now() > deadline:
                raise TimeoutError(f"waited {seconds:.0f} seconds for {what}")
            self.pace.sleep(self.pace.interval)

    # Clean-up

    def later(self, service: str, operation: str, **params: Any) -> None:
        """Register a removal."""
        self.journal.add(service, operation, params, self._recording[-1] if self._recording else "")

    def clean_up(self, *, everything: bool, say: Callable[[str], None] = lambda text: None) -> list[Removal]:
        """Remove what a probe made, or all that the run made, the latest first; what could not be removed.

        Args:
            everything: also what setups made.
            say: told of each removal that failed.
        """
        failed = []
        for removal in self.journal.pending():
            if not everything and removal.number in self._shared:
                continue
            with self.recording(removal.owner):
                problem = self._remove(removal)
            if problem is None:
                self.journal.done(removal)
            else:
                failed.append(removal)
                say(f"not removed: {removal}: {problem}")
        return failed

    def _remove(self, removal: Removal) -> str | None:
        for attempt in range(_REMOVAL_TRIES):
            try:
                if (removal.service, removal.operation) == ("s3", "empty"):
                    self._empty(removal.params["Bucket"])
                else:
                    getattr(self.client(removal.service), removal.operation)(**removal.params)
                return None
            except ClientError as error:
                code = code_of(error)
                if any(word in code for word in _GONE) or "not found" in str(error).lower():
                    return None
                if not any(word in code for word in ("Conflict", "InUse", "Throttl", "TooMany", "OperationAborted")):
                    return str(error)
                problem = str(error)
            if attempt + 1 < _REMOVAL_TRIES:
                self.pace.sleep(self.pace.interval)
        return problem

    def _empty(self, bucket: str) -> None:
        s3 = self.client("s3")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=found["Key"])


def code_of(error: ClientError) -> str:
    """The error's code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def answer_of(call: Callable[..., Any], **params: Any) -> str:
    """``accepted``, or the code of the error that a call ends with."""
    try:
        call(**params)
    except ClientError as error:
        return code_of(error)
    return "accepted"


def message_of(call: Callable[..., Any], **params: Any) -> str:
    """``accepted``, or the message of the error that a call ends with."""
    try:
        call(**params)
    except ClientError as error:
        return str(error.response.get("Error", {}).get("Message", ""))
    return "accepted"


def policy(*statements: dict[str, Any]) -> str:
    """The text of a policy document; statements without an effect allow."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})
