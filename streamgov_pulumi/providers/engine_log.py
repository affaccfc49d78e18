"""Lines with a severity in the engine's output, from the process that it starts for dynamic resources."""

from __future__ import annotations

import sys

from streamgov_pulumi.providers.base import tell

_TOLD: set[str] = set()
"""Lines that were said in this process, which lives for one operation of the engine. It checks a replaced resource
twice, and two components may name the same."""
SECONDS = 5.0
"""How long the engine may take to note a line."""


def warn(text: str) -> None:
    """Say a warning; a line of it that was said already is left out."""
    _log("WARNING", text)


def info(text: str) -> None:
    """Say something that is worth knowing; a line of it that was said already is left out."""
    _log("INFO", text)


def _log(severity: str, text: str) -> None:
    lines = [line for line in text.splitlines() if line not in _TOLD]
    _TOLD.update(lines)
    if not lines:
        return
    address, text = _engine(), "\n".join(lines)
    if not address or not _logged(address, severity, text):
        tell(f"warning: {text}" if severity == "WARNING" else text)


def _engine() -> str:
    """The engine's address, which it passes to the SDK's process; empty in any other."""
    if not hasattr(sys.modules["__main__"], "DynamicResourceProviderServicer"):
        return ""
    return next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")


def _logged(address: str, severity: str, text: str) -> bool:
    # Imported here: the program imports this module too, and logs by its own connection.
    import grpc
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

    try:
        with grpc.insecure_channel(address) as channel:
            request = engine_pb2.LogRequest(severity=engine_pb2.LogSeverity.Value(severity), message=text)
            engine_pb2_grpc.EngineStub(channel).Log(request, timeout=SECONDS)
    except grpc.RpcError:
        return False
    return True
