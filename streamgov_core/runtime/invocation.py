"""What every Lambda handler of ours is wrapped in: log fields, log levels and, where its SDK is present, X-Ray."""

from __future__ import annotations

import logging
import os
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TextIO, TypeVar, cast

from aws_lambda_powertools.logging import Logger

Handler = TypeVar("Handler", bound=Callable[..., Any])

PACKAGE = "streamgov_core"
INITIALIZATION = "AWS_LAMBDA_INITIALIZATION_TYPE"
"""Set by every Lambda runtime ("Using Lambda environment variables")."""
FROM_SNAPSHOT = "snap-start"
"""Its value in a function of which a snapshot is taken."""
RESTORE_HOOKS = "snapshot_restore_py"
"""The module of Lambda's Python runtimes that runs code before a snapshot and after it was restored."""
_LIBRARIES = ("botocore", "urllib3")


class _StandardOutput(logging.StreamHandler[TextIO]):
    """Writes to whatever is standard output when a line is written, not when the handler was made."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stdout


_logger = Logger(PACKAGE, level=logging.INFO, utc=True, use_rfc3339=True, logger_handler=_StandardOutput())


def lambda_handler(handler: Handler) -> Handler:
    """Decorate a handler.

    Every logger of the package then writes one JSON object a line to standard output, with its fields, the function's
    name and the request id at the top level. Libraries are heard from WARNING on.

    Args:
        handler: takes Lambda's event and context.
    """
    _logger.append_keys(service=os.environ.get("STREAMGOV_NAMESPACE", "streamgov"))
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    # The event is never logged, whatever Powertools' environment variable says: it can hold a task token.
    return _logger.inject_lambda_context(_traced(handler), log_event=False)


def initialize(prepare: Callable[[], object]) -> None:
    """Do what needs no event while Lambda loads the function: that phase has a whole core whatever the memory, and an
    invocation only its share.

    Outside Lambda (a test, a build that imports the handler) nothing is done.

    Args:
        prepare: makes settings and clients. What it raises is logged and left to the first event, whose answer then
            names it; a function that fails while it is loaded is started again without an answer.
    """
    if INITIALIZATION not in os.environ:
        return
    if os.environ[INITIALIZATION] == FROM_SNAPSHOT:
        _differ_when_restored()
    try:
        prepare()
    except Exception:
        _logger.exception("the function could not be prepared")


def _differ_when_restored() -> None:
    """Let environments that are restored from one snapshot draw different random numbers, such as pauses of retries.

    The rest of what is made while Lambda loads a function bears a snapshot ("Handling uniqueness with Lambda
    SnapStart"): identities come from the system's generator (``uuid4``), the time and deadlines from each invocation,
    clients have made no connection, and botocore asks for credentials anew when those of the snapshot have expired.
    """
    # By name: the runtime brings the module, and a bundle holds what is imported otherwise.
    with suppress(ModuleNotFoundError):
        import_module(RESTORE_HOOKS).register_after_restore(random.seed)


def _traced(handler: Handler) -> Handler:
    """Subsegments of X-Ray, if a layer of the function brings the SDK.

    Our bundles leave it out: importing it takes longer than everything else that a cold start imports.
    """
    if find_spec("aws_xray_sdk") is None:
        return handler
    from aws_lambda_powertools.tracing import Tracer

    # Answers and errors are not copied into traces: they name roles and grants, and the log has what is needed.
    tracer = Tracer(service=PACKAGE)
    return cast(Handler, tracer.capture_lambda_handler(handler, capture_response=False, capture_error=False))
