"""The looks at what is named, in all accounts at once, and what of their answers is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.reference_kinds import DENIED, Clients, Note, Question

PATIENCE_SECONDS = 20.0
"""How long a preview waits for answers after everything is registered."""


@dataclass
class Answers:
    """What the looks in one account brought.

    Args:
        account: the account.
        problems: what is not there, a sentence each.
        notes: what is no mistake and worth knowing, a sentence each.
        denied: calls that the caller may not make.
        error: why nothing (more) could be asked.
        done: everything was asked.
    """

    account: str
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    error: str = ""
    done: bool = False

    def left_out(self, skip: str, who: str = "configuration") -> list[str]:
        """What was not looked up, and why; a sentence each.

        Args:
            skip: how whoever deploys turns the looks off.
            who: what names the things.
        """
        open_, told = f"Not all that the {who} names was looked up in account {self.account}", []
        if not self.done:
            told.append(f"{open_}: it did not answer in time")
        elif self.error:
            told.append(f"{open_}: {self.error} ({skip})")
        if self.denied:
            told.append(f"{open_}: whoever previews is denied {', '.join(self.denied)} ({skip})")
        return told


class Looking(threading.Thread):
    """The looks in one account. A daemon: a preview that fails for another reason must not wait for answers.

    Args:
        account: the account.
        items: where each thing is named, and what is asked.
        clients: makes a client of a service for the account.
    """

    def __init__(self, account: str, items: Sequence[tuple[str, Question]], clients: Clients) -> None:
        super().__init__(daemon=True)
        self.answers, self._items, self._clients = Answers(account), items, clients

    def run(self) -> None:
        """Ask one thing after the other; what is denied is passed over, any other failure ends it."""
        try:
            aws.call(self._clients("sts"), "get_caller_identity")
            for path, question in self._items:
                self._look(path, question)
        except RemoteError as error:
            self.answers.error = str(error)
        except Exception as error:  # no reason to fail a preview: it is logged
            self.answers.error = f"{type(error).__name__}: {error}"
        self.answers.done = True

    def _look(self, path: str, question: Question) -> None:
        try:
            found = question.kind(self._clients, question)
        except RemoteError as error:
            if error.code not in DENIED:
                raise
            if error.operation not in self.answers.denied:
                self.answers.denied.append(error.operation)
            return
        if found:
            told = self.answers.notes if isinstance(found, Note) else self.answers.problems
            told.append(f"{path} (account {self.answers.account}): {found}")


def answers_of(
    looking: Iterable[Looking],
    patience: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> list[Answers]:
    """The answers of looks that were started, waited for together.

    Args:
        looking: a thread for each account.
        patience: seconds until what has not answered is given up.
        clock: seconds.
    """
    until = clock() + patience
    found = []
    for one in looking:
        one.join(max(0.0, until - clock()))
        found.append(one.answers)
    return found
