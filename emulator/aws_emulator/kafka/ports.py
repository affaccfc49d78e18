"""A TCP port on loopback that stays ours from the moment it is told to clients until the broker listens on it."""

from __future__ import annotations

import socket
import sys

LOOPBACK = "127.0.0.1"


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((LOOPBACK, port))
    except OSError:
        made.close()
        raise
    return made


class ReservedPort:
    """A port that nobody else is given.

    On Linux a bound socket that does not listen keeps the port, and a second one with SO_REUSEADDR (Java sets it) may
    listen on it. Elsewhere the port is let go just before the broker starts.
    """

    def __init__(self) -> None:
        self._holder: socket.socket | None = _bound(0)
        self.number = int(self._holder.getsockname()[1])

    def listener(self) -> socket.socket:
        """A listening socket on the port, for as long as the broker does not listen.

        Raises:
            OSError: somebody else listens there.
        """
        if sys.platform != "linux":
            self.release()
        door = _bound(self.number)
        door.listen(16)
        return door

    def hand_over(self) -> None:
        """Let another process of ours listen on the port."""
        if sys.platform != "linux":
            self.release()

    def release(self) -> None:
        """Give the port back."""
        if self._holder is not None:
            self._holder.close()
            self._holder = None
