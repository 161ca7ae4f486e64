"""Pickled values over a socket pair, for two processes of this program. A wait may be looked at, even inside a value."""

from __future__ import annotations

import pickle
import socket
import struct
from collections.abc import Callable
from typing import Any

LENGTH = struct.Struct("@Q")  # bytes of the pickled value behind it


class Channel:
    """One end of the line.

    Args:
        end: of a socket pair; the channel's own from now on.
        look_s: seconds of silence until `recv` calls its `look`; None: never.
    """

    def __init__(self, end: socket.socket, look_s: float | None = None) -> None:
        self._end = end
        end.settimeout(None)  # a program may have set a default for all of its sockets
        if look_s is not None:
            # The kernel's own limit costs nothing; asking before each value whether one is there cost as much as the value.
            limit = struct.pack("@ll", int(look_s), max(1, int(look_s % 1 * 1e6)))  # zeros would mean for ever
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)

    def send(self, value: Any) -> None:
        """Raises OSError where the other end is gone."""
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        self._end.sendall(LENGTH.pack(len(data)))
        self._end.sendall(data)

    def recv(self, look: Callable[[], None] = lambda: None) -> Any:
        """The next value. An error of `look` ends the wait for it.

        Raises:
            EOFError: the other end is gone.
        """
        (size,) = LENGTH.unpack(self._read(LENGTH.size, look))
        return pickle.loads(self._read(size, look))  # noqa: S301  both ends are this program

    def _read(self, size: int, look: Callable[[], None]) -> bytearray:
        data = bytearray(size)
        left = memoryview(data)
        while left:
            try:
                count = self._end.recv_into(left)
            except BlockingIOError:
                look()
                continue
            if not count:
                raise EOFError
            left = left[count:]
        return data

    def close(self) -> None:
        """Ends it at this end."""
        self._end.close()
