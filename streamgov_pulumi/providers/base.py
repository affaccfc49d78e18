"""What the dynamic providers share: checks with clear failures, an exact diff, and how differences are told.

A provider's dotted path is part of the stack's state (it is pickled by reference): never move or rename these modules.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, ConfigureRequest, DiffResult, ResourceProvider
from pulumi.output import Unknown
from pulumi.runtime.rpc import UNKNOWN

from streamgov_core.model.errors import RemoteError
from streamgov_core.model.naming import REGION_PATTERN
from streamgov_pulumi.providers import existing, failures
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.session import SessionSettings

_TAKEN_OVER: set[str] = set()
"""Ids of what was adopted in this process, which lives for one operation of the engine."""
BY_FILE = "streamgov:mode"
"""The setting that every stack's file has, and no other program."""
PROVIDER_KEY = "__provider"
Canonical = Mapping[str, Callable[[Any], Any]]
SESSION_KEYS = ("region", "assume_role_arn", "external_id")
"""Inputs of every dynamic resource: how to reach the account. Changing them touches no object of DataZone."""

DOMAIN_ID = re.compile(r"dzd[-_][a-zA-Z0-9_-]{1,36}")
OBJECT_ID = re.compile(r"[a-zA-Z0-9_-]{1,36}")
TYPE_NAME = re.compile(r"(?![0-9_])\w+")
_REGION = re.compile(REGION_PATTERN)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


def contains_unknown(value: Any) -> bool:
    """Whether a value, or anything inside it, will only be known when the update runs."""
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(contains_unknown(item) for item in value)
    # In Check and Diff the SDK hands over objects, elsewhere the engine's marker.
    return isinstance(value, Unknown) or bool(value == UNKNOWN)


def show(value: Any) -> str:
    """A value as it stands in messages."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


class Checker:
    """Collects what is wrong with a resource's inputs. Unknown values pass: they are checked when they are known.

    Args:
        news: the inputs as the engine passes them.
        known_keys: the inputs that the resource has; any other is a failure.
    """

    def __init__(self, news: Mapping[str, Any], known_keys: Iterable[str]) -> None:
        self.inputs = {key: value for key, value in news.items() if key != PROVIDER_KEY and value is not None}
        self.failures: list[CheckFailure] = []
        allowed = {*known_keys, *SESSION_KEYS, "adopt_existing"}
        for key in sorted(set(self.inputs) - allowed):
            self.fail(key, f"is not an input of this resource; the inputs are {', '.join(sorted(allowed))}")
        self.boolean("adopt_existing", default=False)
        self.text("region", _REGION, "must be an AWS region such as 'eu-west-1'")
        self.text("assume_role_arn", _ROLE, "must be the ARN of an IAM role", required=False)
        self.text("external_id", re.compile(r"[\w+=,.@:/-]{2,1224}"), "is no external id", required=False)

    def fail(self, key: str, reason: str) -> None:
        """Record that input ``key`` is wrong; ``reason`` continues the sentence that begins with the key."""
        self.failures.append(CheckFailure(key, f"{key} {reason}"))

    def value(self, key: str) -> Any:
        """The input if it is there and wholly known, else None."""
        value = self.inputs.get(key)
        return None if contains_unknown(value) else value

    def text(
        self, key: str, pattern: re.Pattern[str], reason: str, *, required: bool = True, default: str | None = None
    ) -> None:
        """Input ``key`` must be a string that matches the whole pattern."""
        if key not in self.inputs and default is not None:
            self.inputs[key] = default
        if key not in self.inputs:
            if required:
                self.fail(key, "is required")
            return
        value = self.value(key)
        if value is not None and not (isinstance(value, str) and pattern.fullmatch(value)):
            self.fail(key, f"{reason}, got {show(value)}")

    def choice(self, key: str, choices: Sequence[str], *, default: str | None = None) -> None:
        """Input ``key`` must be one of ``choices``; without a default it may be missing."""
        if default is not None:
            self.inputs.setdefault(key, default)
        value = self.value(key)
        if value is not None and value not in choices:
            self.fail(key, f"must be one of {', '.join(choices)}, got {show(value)}")

    def boolean(self, key: str, *, default: bool) -> None:
        """Input ``key`` must be true or false."""
        self.inputs.setdefault(key, default)
        value = self.value(key)
        if value is not None and not isinstance(value, bool):
            self.fail(key, f"must be true or false, got {show(value)}")

    def description(self) -> None:
        """``description`` has at most 2048 characters (API shape Description)."""
        value = self.value("description")
        if value is not None and not (isinstance(value, str) and len(value) <= 2048):
            self.fail("description", "must be text of at most 2048 characters")

    def domain(self) -> None:
        """``domain_id`` must look like a DataZone domain's id."""
        self.text("domain_id", DOMAIN_ID, "must be the id of a DataZone domain such as 'dzd-4p9n6sw4qt9xgn'")

    def object_id(self, key: str, what: str) -> None:
        """Input ``key`` must be the id of a DataZone object."""
        self.text(key, OBJECT_ID, f"must be the id of {what} (1 to 36 letters, digits, '_' or '-')")

    def result(self) -> CheckResult:
        """What ``check`` answers: the inputs with their defaults, and the failures."""
        return CheckResult(self.inputs, self.failures)


class DataZoneProvider(ResourceProvider):
    """Base of the dynamic providers: stateless until the engine's process calls ``configure``.

    Class attributes:
        keys: every input except the session's and ``adopt_existing``.
        replace_keys: the inputs that DataZone cannot change in place.
        identity: the inputs of which a difference lets the new object stand beside the old one: then it is made before
            the old one goes. Without any, a replacement deletes first.
        required: the inputs that must be known to look for an object that is there already.
        references: for an input that names an object of the domain by its id, the kind of that object.
        canonical: for an input, the function under which two values mean the same.
    """

    serialize_as_secret_always = False
    keys: tuple[str, ...] = ()
    replace_keys: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    references: ClassVar[Mapping[str, existing.Kind]] = MappingProxyType({})
    required: tuple[str, ...] = ()
    canonical: ClassVar[Canonical] = MappingProxyType({})

    def configure(self, req: ConfigureRequest) -> None:
        """Remember ``aws:profile`` and whether a stack's file says everything, in the provider process only."""
        self._profile = req.config.get("aws:profile") or ""
        self._by_file = bool(req.config.get(BY_FILE))
        failures.tell_sentences()

    @property
    def configured(self) -> bool:
        """Whether this runs in the engine's provider process, which may look at the account."""
        return hasattr(self, "_profile")

    @property
    def by_file(self) -> bool:
        """Whether a stack's file says everything, so that sentences name its keys; otherwise a program's arguments."""
        return bool(getattr(self, "_by_file", False))

    def adopting(self, section: str = "streamgov:domain") -> str:
        """What takes over an object that is there, as whoever deploys writes it.

        Args:
            section: what of a stack's file holds the key.
        """
        return f"adoptExisting of {section}" if self.by_file else "adopt_existing"

    def session(self, props: Mapping[str, Any]) -> SessionSettings:
        """How this resource's account is reached."""
        return SessionSettings(
            region=str(props["region"]),
            assume_role_arn=str(props.get("assume_role_arn") or ""),
            external_id=str(props.get("external_id") or ""),
            profile=str(getattr(self, "_profile", "")),
        )

    def api(self, props: Mapping[str, Any], service: str = "datazone") -> Any:
        """The client with which this resource's calls are made."""
        return aws.client(service, self.session(props))

    def hurried(self, props: Mapping[str, Any], service: str = "datazone") -> Any:
        """The client of a look that nothing depends on."""
        return aws.client(service, self.session(props).in_a_hurry())

    def looked_up(self, checker: Checker, olds: Mapping[str, Any]) -> CheckResult:
        """The check's answer, with a failure for each new id of something that is not there, the domain's included.

        A replacement may delete first, so this is asked before. What may not be looked at passes, and so does what
        stood there when the resource was made.

        Args:
            checker: what the other checks found; after a failure nothing is looked up.
            olds: the inputs so far; empty for a resource that is new.
        """
        inputs = checker.inputs
        where = {key: inputs.get(key) for key in ("domain_id", *SESSION_KEYS)}
        if checker.failures or contains_unknown(where):
            return checker.result()
        domain = str(inputs["domain_id"])
        if olds.get("domain_id") not in (None, domain):
            problem = existing.unseen_domain(self.hurried(inputs), domain)
            if problem:
                checker.fail("domain_id", problem)
                return checker.result()
        for key, kind in self.references.items():
            value = checker.value(key)
            if value is None or (value, domain) == (olds.get(key), olds.get("domain_id")):
                continue
            looked = existing.look(self.hurried(inputs), kind, domain, str(value))
            problem = looked.problem or (self.unusable(inputs, looked.found) if looked.found is not None else "")
            if problem:
                checker.fail(key, problem)
        return checker.result()

    def standing(self, inputs: Mapping[str, Any]) -> str:
        """What creation would say of an object that stands there already; empty if there is none."""
        return ""

    def tell_standing(self, checker: Checker, olds: Mapping[str, Any]) -> None:
        """Say at preview that a new resource meets an object that is there.

        It may be the stack's own: a forced replacement asks without old inputs. So this is said and refuses nothing.
        """
        needed = [checker.inputs.get(key) for key in (*self.required, *SESSION_KEYS)]
        if olds or checker.failures or contains_unknown(needed):
            return
        try:
            told = self.standing(checker.inputs)
        except RemoteError:
            return  # whoever may not look is told when it is made
        if told:
            tell(told)

    @staticmethod
    def taken_over(identifier: str) -> None:
        """Remember that a resource with this id has adopted what is there."""
        _TAKEN_OVER.add(identifier)

    @staticmethod
    def keeps(identifier: str) -> bool:
        """Whether the object has just become another resource's, so that deleting this one must not end it.

        That is so if a resource was renamed without an alias and the new one adopts: the old one goes last.
        """
        if identifier not in _TAKEN_OVER:
            return False
        _TAKEN_OVER.discard(identifier)
        tell(f"{identifier} is kept: another resource of this program has taken it over")
        return True

    def unusable(self, inputs: Mapping[str, Any], found: Mapping[str, Any]) -> str:
        """Why an object that is there does not suit this resource, as the rest of a sentence; empty if it does."""
        return ""

    def changed(self, olds: Mapping[str, Any], news: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
        """Those of ``keys`` whose meaning differs; what is unknown counts as different."""
        different = []
        for key in keys:
            old, new = olds.get(key), news.get(key)
            if contains_unknown(new):
                different.append(key)
                continue
            convert = self.canonical.get(key)
            if convert is not None:
                old = None if old is None else convert(old)
                new = None if new is None else convert(new)
            if old != new:
                different.append(key)
        return different

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Exact: only declared inputs count, compared by meaning."""
        changed = self.changed(_olds, _news, (*self.keys, *SESSION_KEYS, "adopt_existing"))
        replaces = [key for key in changed if key in self.replace_keys]
        # Names are unique in DataZone: where they stay, the new one cannot stand beside the old.
        beside = any(key in self.identity for key in changed)
        return DiffResult(changes=bool(changed), replaces=replaces, delete_before_replace=bool(replaces) and not beside)

    def inputs_of(self, props: Mapping[str, Any]) -> dict[str, Any]:
        """The declared inputs among a resource's properties."""
        keys = {*self.keys, *SESSION_KEYS, "adopt_existing"}
        return {key: value for key, value in props.items() if key in keys and value is not None}


def deleted_first(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Options with which every replacement deletes first, unless they say otherwise.

    A forced replacement (``--replace``, ``state taint``, ``replacement_trigger``) asks no diff. Made before the old one
    went, the new resource would take over the very object that is then deleted. Deletion refuses while something lives.
    """
    return pulumi.ResourceOptions.merge(pulumi.ResourceOptions(delete_before_replace=True), opts)


def differences(
    there: Mapping[str, Any],
    wanted: Mapping[str, Any],
    keys: Iterable[str],
    lines_of: Mapping[str, Callable[[Any, Any], list[str]]] = MappingProxyType({}),
) -> str:
    """How two objects differ, for people: what follows a colon, a line for each difference.

    Args:
        there: the live object.
        wanted: what the program says.
        keys: what of them is compared.
        lines_of: for a key, the lines that say more than both values.
    """
    lines: list[str] = []
    for key in keys:
        old, new = there.get(key) or None, wanted.get(key) or None
        if old != new:
            lines += lines_of[key](old, new) if key in lines_of else _lines(key, old, new)
    return "".join(f"\n- {line}" for line in lines) if lines else " it does not differ from what is wanted"


def _lines(key: str, old: Any, new: Any) -> list[str]:
    """Maps key by key, everything else as a whole."""
    if isinstance(old or {}, Mapping) and isinstance(new or {}, Mapping):
        left, right = old or {}, new or {}
        inner = [(f"{key}.{name}", left.get(name), right.get(name)) for name in sorted({*left, *right})]
        return [f"{path}: {show(a)} there, {show(b)} wanted" for path, a, b in inner if a != b]
    return [f"{key}: {show(old)} there, {show(new)} wanted"]


_sentence: ContextVar[Callable[[str], str]] = ContextVar("sentence", default=str)
"""A message in the words of whom it is told."""


@contextmanager
def speaking(sentence: Callable[[str], str]) -> Iterator[None]:
    """Tell what is told meanwhile, also by threads that ``asyncio`` starts, in the words of a program's language.

    Args:
        sentence: a message in those words.
    """
    token = _sentence.set(sentence)
    try:
        yield
    finally:
        _sentence.reset(token)


def tell(message: str) -> None:
    """Show a line in the engine's output, which relays what the provider process prints.

    On the error stream it would count as an error in the engine's summary.
    """
    sys.stdout.write(_sentence.get()(message) + "\n")
    sys.stdout.flush()
