"""At preview: does whoever runs this stack hold what it takes? Asked beside the registration, logged at its end.

`streamgov:checkPermissions` says what follows: ``warn`` (default), ``refuse``, or ``never`` asks nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from streamgov_core.model.errors import ConfigError, StreamgovError
from streamgov_ops.deployer.check import Checked, check_role
from streamgov_ops.deployer.needs import AccountNeeds
from streamgov_ops.deployer.stack import stack_names, stack_needs
from streamgov_pulumi.config import StackConfig

SHOWN = 5
"""Sentences in a warning; the command prints all."""
PATIENCE_SECONDS = 20.0
"""How long a preview waits for answers after everything is registered."""
COMMAND = "streamgov deployer --check --config Pulumi.{stack}.yaml"


class Log(Protocol):
    """Where a preview's sentences go: ``pulumi.log``."""

    def info(self, msg: str) -> None:
        """Log a sentence."""

    def warn(self, msg: str) -> None:
        """Log a warning."""


class _Asking(threading.Thread):
    """One account's check. A daemon: a preview that fails for another reason must not wait for answers."""

    def __init__(self, config: StackConfig, needs: AccountNeeds, check: Callable[..., Checked]) -> None:
        super().__init__(daemon=True)
        self._names, self._needs, self._check = stack_names(config), needs, check
        self.account = needs.account
        self.answer: Checked | StreamgovError | None = None

    def run(self) -> None:
        """Check the account; keep the result or the error."""
        try:
            self.answer = self._check(self._needs, self._names)
        except StreamgovError as error:
            self.answer = error
        except Exception as error:  # no reason to fail a preview: it is logged
            self.answer = StreamgovError(f"account {self.account}: {type(error).__name__}: {error}")


class PreviewCheck:
    """A check of all accounts that runs while the program registers its resources.

    Args:
        config: the stack's configuration.
        stack: the stack's name, for the command that prints everything.
        check: checks one account.
        clock: seconds.
    """

    def __init__(
        self,
        config: StackConfig,
        stack: str,
        check: Callable[..., Checked] = check_role,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config, self._check, self._clock = config, check, clock
        self._command = COMMAND.format(stack=stack)
        self._asked: list[_Asking] = []

    def start(self) -> PreviewCheck:
        """Begin to ask, unless the configuration says never."""
        if self._config.check_permissions != "never":
            for needs in stack_needs(self._config):
                asking = _Asking(self._config, needs, self._check)
                self._asked.append(asking)
                asking.start()
        return self

    def conclude(self, log: Log) -> None:
        """Wait for the answers and log what is lacking.

        Raises:
            ConfigError: something is lacking, and the configuration says ``refuse``.
        """
        until = self._clock() + PATIENCE_SECONDS
        lacking: list[str] = []
        for asked in self._asked:
            asked.join(max(0.0, until - self._clock()))
            account, answer = asked.account, asked.answer
            if answer is None:
                log.info(
                    f"Permissions were not checked: account {account} did not answer in time; {self._command} does"
                )
            elif isinstance(answer, StreamgovError):
                log.info(
                    f"Permissions were not checked: {answer} (set streamgov:checkPermissions to never to skip this)"
                )
            elif answer.reads_only:
                log.info(
                    f"{answer.principal} may preview this stack and not deploy it: it changes nothing in {account}"
                )
            else:
                lacking += map(str, answer.lacking)
        if not lacking:
            return
        text = self._text(lacking)
        if self._config.check_permissions == "refuse":
            raise ConfigError(text)
        log.warn(text)

    def _text(self, lacking: Sequence[str]) -> str:
        shown = "\n".join(lacking[:SHOWN])
        more = len(lacking) - SHOWN
        rest = f"\n… and {more} more: {self._command}" if more > 0 else ""
        return f"{shown}{rest}"
