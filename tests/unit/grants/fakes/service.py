"""What the services in memory have in common: an operation happens at once or not at all, whoever calls beside it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

Service = TypeVar("Service", bound="MemoryService")
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class MemoryService:
    """A service in memory, called by several threads at a time.

    Attributes:
        hooks: by the operation's name, what runs before it, outside of the lock, with the operation's first argument.
        calls: the operations in the order in which they came.
    """

    def __init__(self) -> None:
        self.hooks: dict[str, Callable[..., None]] = {}
        self.calls: list[str] = []
        self.lock = threading.RLock()


def operation(
    method: Callable[Concatenate[Service, Arguments], Answer],
) -> Callable[Concatenate[Service, Arguments], Answer]:
    """A method as an operation of its service: the hook, then the method with nothing of another thread in between."""
    name = method.__name__

    @functools.wraps(method)
    def run(self: Service, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
        hook: Callable[..., Any] | None = self.hooks.get(name)
        if hook is not None:
            hook(arguments[0])
        with self.lock:
            self.calls.append(name)
            return method(self, *arguments, **named)

    return run
