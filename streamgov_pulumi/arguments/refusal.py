"""How a wrong argument reaches whoever wrote the program: as a sentence of the engine, without a traceback."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import pulumi

from streamgov_core.model.errors import ConfigError

Init = TypeVar("Init", bound=Callable[..., None])


class ArgumentError(ConfigError, pulumi.RunError):
    """An argument of a component is wrong. Pulumi shows a ``RunError`` as its text alone."""


def refusing(init: Init) -> Init:
    """A constructor whose refusals are sentences that name the resource.

    Args:
        init: the constructor; its first argument after ``self`` is the logical name, if it is text.
    """

    @wraps(init)
    def told(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except ArgumentError:
            raise  # told already, by what is inside this one
        except ConfigError as error:
            kind = type(self).__name__
            name = kwargs.get("name") or next(iter(args), None)
            who = f"{kind} {name!r}" if isinstance(name, str) else kind
            lines = (line.removeprefix(f"{kind}: ") for line in str(error).splitlines())
            raise ArgumentError("\n".join(f"{who}: {line}" for line in lines)) from error

    return told  # type: ignore[return-value]
