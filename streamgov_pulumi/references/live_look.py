"""At preview: does what the configuration names exist? ``streamgov:checkReferences`` says what follows.

``warn`` (default), ``refuse`` the preview, or ``never`` look.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from streamgov_core.model.errors import ConfigError, RemoteError
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.config import StackConfig
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.session import SessionSettings
from streamgov_pulumi.references.kinds import DENIED
from streamgov_pulumi.references.wanted import Wanted, reached, remarks, wanted

PATIENCE_SECONDS = 20.0
"""How long a preview waits for answers after everything is registered."""
SKIP = "set streamgov:checkReferences to never to skip this"


class Log(Protocol):
    """Where a preview's sentences go: ``pulumi.log``."""

    def info(self, msg: str) -> None:
        """Log a sentence."""

    def warn(self, msg: str) -> None:
        """Log a warning."""


@dataclass
class Answers:
    """What the looks in one account brought.

    Args:
        account: the account.
        problems: what is not there, a sentence each.
        denied: calls that the caller may not make.
        error: why nothing (more) could be asked.
        done: everything was asked.
    """

    account: str
    problems: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    error: str = ""
    done: bool = False


class _Looking(threading.Thread):
    """The looks in one account. A daemon: a preview that fails for another reason must not wait for answers."""

    def __init__(self, answers: Answers, items: Sequence[Wanted], clients: Callable[[str], Any]) -> None:
        super().__init__(daemon=True)
        self.answers, self._items, self._clients = answers, items, clients

    def run(self) -> None:
        """Ask one thing after the other; what is denied is passed over, any other failure ends it."""
        try:
            aws.call(self._clients("sts"), "get_caller_identity")
            for item in self._items:
                self._look(item)
        except RemoteError as error:
            self.answers.error = str(error)
        except Exception as error:  # no reason to fail a preview: it is logged
            self.answers.error = f"{type(error).__name__}: {error}"
        self.answers.done = True

    def _look(self, item: Wanted) -> None:
        try:
            problem = item.question.kind(self._clients, item.question)
        except RemoteError as error:
            if error.code not in DENIED:
                raise
            if error.operation not in self.answers.denied:
                self.answers.denied.append(error.operation)
            return
        if problem:
            self.answers.problems.append(f"{item.path} (account {self.answers.account}): {problem}")


class LiveLook:
    """The looks of a stack, in all accounts at once, while the program registers its resources.

    Args:
        config: the stack's configuration.
        client: makes a client of an AWS service.
        clock: seconds.
    """

    def __init__(
        self,
        config: StackConfig,
        client: Callable[[str, SessionSettings], Any] = aws.client,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config, self._client, self._clock = config, client, clock
        self._asked: list[_Looking] = []
        self._remarks: list[str] = []

    def start(self) -> LiveLook:
        """Begin to look, unless the configuration says never."""
        args = self._config.governance
        if args is None or self._config.check_references == "never":
            return self
        self._remarks = remarks(args)
        everything = wanted(args)
        for account, access in reached(args).items():
            items = [item for item in everything if item.account == account]
            if items:
                looking = _Looking(Answers(account), items, self._clients(access))
                self._asked.append(looking)
                looking.start()
        return self

    def _clients(self, access: AccountArgs) -> Callable[[str], Any]:
        # A stack file holds plain values.
        role, external_id, profile = (str(access.get(key, "")) for key in ("assume_role_arn", "external_id", "profile"))
        settings = SessionSettings(self._config.region, role, external_id, profile).in_a_hurry()
        return lambda service: self._client(service, settings)

    def conclude(self, log: Log) -> None:
        """Wait for the answers and log what is not there, a line each.

        Raises:
            ConfigError: something is not there, and the configuration says ``refuse``.
        """
        until = self._clock() + PATIENCE_SECONDS
        problems = list(self._remarks)
        for looking in self._asked:
            looking.join(max(0.0, until - self._clock()))
            answers = looking.answers
            problems += answers.problems
            open_ = f"Not all that the configuration names was looked up in account {answers.account}"
            if not answers.done:
                log.info(f"{open_}: it did not answer in time")
            elif answers.error:
                log.info(f"{open_}: {answers.error} ({SKIP})")
            if answers.denied:
                log.info(f"{open_}: whoever previews is denied {', '.join(answers.denied)} ({SKIP})")
        if not problems:
            return
        text = "\n".join(problems)
        if self._config.check_references == "refuse":
            raise ConfigError(text)
        log.warn(text)
