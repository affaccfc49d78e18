"""At preview: does what the configuration names exist? ``streamgov:checkReferences`` says what follows.

``warn`` (default), ``refuse`` the preview, or ``never`` look.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.arguments.choices import NEVER, REFUSE
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.components._wanted import reached, remarks, wanted
from streamgov_pulumi.config import StackConfig
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.reference_looks import PATIENCE_SECONDS, Looking, answers_of
from streamgov_pulumi.providers.session import SessionSettings

SKIP = "set streamgov:checkReferences to never to skip this"


class Log(Protocol):
    """Where a preview's sentences go: ``pulumi.log``."""

    def info(self, msg: str) -> None:
        """Log a sentence."""

    def warn(self, msg: str) -> None:
        """Log a warning."""


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
        self._asked: list[Looking] = []
        self._remarks: list[str] = []

    def start(self) -> LiveLook:
        """Begin to look, unless the configuration says never."""
        args = self._config.governance
        if args is None or self._config.check_references == NEVER:
            return self
        self._remarks = remarks(args)
        everything = wanted(args)
        for account, access in reached(args).items():
            items = [(item.path, item.question) for item in everything if item.account == account]
            if items:
                looking = Looking(account, items, self._clients(access))
                self._asked.append(looking)
                looking.start()
        return self

    def _clients(self, access: AccountArgs) -> Callable[[str], Any]:
        # A stack file holds plain values.
        role, external_id, profile = (str(access.get(key, "")) for key in ("assume_role_arn", "external_id", "profile"))
        settings = SessionSettings(self._config.region, role, external_id, profile).in_a_hurry()
        return lambda service: self._client(service, settings)

    def conclude(self, log: Log) -> None:
        """Wait for the answers and log them: what is not there as a warning, what is worth knowing beside it.

        Raises:
            ConfigError: something is not there, and the configuration says ``refuse``.
        """
        found = answers_of(self._asked, PATIENCE_SECONDS, self._clock)
        problems = [*self._remarks, *(text for answers in found for text in answers.problems)]
        notes = [text for answers in found for text in answers.notes]
        for text in [
            *(text for answers in found for text in answers.left_out(SKIP)),
            *filter(None, ["\n".join(notes)]),
        ]:
            log.info(text)
        if not problems:
            return
        text = "\n".join(problems)
        if self._config.check_references == REFUSE:
            raise ConfigError(text)
        log.warn(text)
