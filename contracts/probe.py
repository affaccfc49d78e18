"""What a probe and a setup are, and the register of both."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Generic, TypeVar

from contracts.probe_run import ProbeRun

T = TypeVar("T")


class UnknownProbeError(ValueError):
    """A name that no probe has."""


@dataclass(frozen=True)
class Setup(Generic[T]):
    """Something that several probes stand on; it is made once in a run, by the first that calls it.

    Attributes:
        name: what it is, in a word or two.
        make: makes it and registers its clean-up.
        uses: the setups that it stands on.
        usd: what it costs on AWS, in US dollars, at most, for the time of a run.
        minutes: how long AWS takes to make it, roughly.
        option: an option of the run that AWS needs for it; '' for none.
    """

    name: str
    make: Callable[[ProbeRun], T]
    uses: tuple[Setup[Any], ...] = ()
    usd: float = 0.0
    minutes: float = 0.0
    option: str = ""

    def __call__(self, probe_run: ProbeRun) -> T:
        """The thing, made now or before in this run.

        Raises:
            NotAskedError: the run lacks the option that it needs.
            SetupError: it could not be made.
        """
        return probe_run.shared(self.name, self.make, self.option)

    def all(self) -> set[Setup[Any]]:
        """It and everything that it stands on."""
        return {self, *(found for used in self.uses for found in used.all())}


def setup(
    name: str, *, uses: tuple[Setup[Any], ...] = (), usd: float = 0.0, minutes: float = 0.0, option: str = ""
) -> Callable[[Callable[[ProbeRun], T]], Setup[T]]:
    """Turn a function into a `Setup`; see there for the arguments."""

    def wrap(make: Callable[[ProbeRun], T]) -> Setup[T]:
        return Setup(name, make, uses, usd, minutes, option)

    return wrap


@dataclass(frozen=True)
class Probe:
    """One question to AWS.

    Attributes:
        id: its name; a remark in the code is ``UNVERIFIED[id]``.
        question: what is asked, in a sentence.
        expects: the answer that the code counts on, as JSON.
        ask: asks, and answers with what AWS does, as JSON without ids, times or account numbers.
        uses: the setups that it calls.
        by_hand: what a person does where no script can ask; '' for a script.
        usd: what asking costs on AWS beside the setups, in US dollars, at most.
        minutes: how long AWS takes to answer, roughly.
    """

    id: str
    question: str
    expects: Any
    ask: Callable[[ProbeRun], Any]
    uses: tuple[Setup[Any], ...] = ()
    by_hand: str = ""
    usd: float = 0.0
    minutes: float = 0.1

    def setups(self) -> set[Setup[Any]]:
        """Every setup that it stands on."""
        return {found for used in self.uses for found in used.all()}


_PROBES: dict[str, Probe] = {}


def probe(
    name: str, *, expects: Any, uses: tuple[Setup[Any], ...] = (), usd: float = 0.0, minutes: float = 0.1
) -> Callable[[Callable[[ProbeRun], Any]], Probe]:
    """Turn a function into a registered `Probe`; the first line of its docstring is the question.

    Raises:
        ValueError: there is such a probe already.
    """

    def wrap(ask: Callable[[ProbeRun], Any]) -> Probe:
        question = (ask.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")
        return _register(Probe(name, question, expects, ask, uses, "", usd, minutes))

    return wrap


def by_hand(name: str, *, question: str, expects: Any, how: str) -> Probe:
    """Register a question that no script can ask; `how` says what a person does."""

    def ask(probe_run: ProbeRun) -> Any:
        return probe_run.told(name, how)

    return _register(Probe(name, question, expects, ask, by_hand=how))


def _register(made: Probe) -> Probe:
    if made.id in _PROBES:
        raise ValueError(f"two probes are called {made.id}")
    _PROBES[made.id] = made
    return made


@functools.cache
def all_probes() -> dict[str, Probe]:
    """Every probe by its id, those that matter most first."""
    package = import_module("contracts.probes")
    for module in iter_modules(package.__path__):
        import_module(f"contracts.probes.{module.name}")
    first = {name: at for at, name in enumerate(package.FIRST)}
    return dict(sorted(_PROBES.items(), key=lambda item: (first.get(item[0], len(first)), item[0])))


def chosen(only: tuple[str, ...] = ()) -> list[Probe]:
    """The probes of a run.

    Args:
        only: ids, or beginnings of ids that end in ``*``; all probes without.

    Raises:
        UnknownProbeError: one of them fits no probe.
    """
    known = all_probes()
    if not only:
        return list(known.values())
    names: set[str] = set()
    for word in only:
        fitting = {name for name in known if name == word or (word.endswith("*") and name.startswith(word[:-1]))}
        if not fitting:
            raise UnknownProbeError(f"there is no probe {word}; `streamgov contracts --dry-run` lists them")
        names |= fitting
    return [found for name, found in known.items() if name in names]
