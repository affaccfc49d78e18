"""How a failure of a dynamic resource reads: an expected one is its sentence, anything else a traceback.

The SDK's process answers every exception with ``traceback.format_exc()`` and has no hook for another text.
"""

from __future__ import annotations

import sys
import traceback
from types import ModuleType
from typing import Any

from streamgov_core.model.errors import StreamgovError


class Sentences:
    """Stands for the module ``traceback`` in the SDK's process."""

    def __getattr__(self, name: str) -> Any:
        """Whatever else the module has."""
        return getattr(traceback, name)

    @staticmethod
    def format_exc() -> str:
        """The sentence of an expected error; the traceback of any other."""
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, StreamgovError) else traceback.format_exc()


def tell_sentences(process: ModuleType | None = None) -> None:
    """Let the process of the dynamic providers answer with sentences.

    Nothing happens in any other program, nor if the SDK answers otherwise one day: then tracebacks are told again.

    Args:
        process: the process's main module.
    """
    main = process or sys.modules["__main__"]
    if getattr(main, "traceback", None) is traceback and hasattr(main, "DynamicResourceProviderServicer"):
        main.traceback = Sentences()  # type: ignore[attr-defined]
