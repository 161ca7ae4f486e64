"""Time stamps of a stream as the time that runs while it is played."""

from __future__ import annotations

from typing import Any, Final

BACK_MS: Final = 1_000  # a time stamp that leaps back by more begins a joined recording
JUMP_MS: Final = 3_600_000  # one that leaps further ahead is damaged
CLOCKED: Final = frozenset({"mpegts", "mpeg", "vob"})  # containers that people join by appending one to another


def is_joined(container: Any) -> bool:
    """Whether the time stamps of a file begin anew within it; reads the container to that place, or to its end."""
    last: dict[int, float] = {}
    for packet in container.demux() if container.format.name in CLOCKED else ():
        if packet.dts is None:
            continue
        at = float(packet.dts * packet.time_base) * 1000
        if at < last.get(packet.stream.index, at) - BACK_MS:
            return True
        last[packet.stream.index] = at
    return False


def running_ms(container: Any, stream: Any) -> int:
    """The length of a stream by its packets, joined recordings one after the other; reads the container to its end."""
    base, last, length, shift = 1000 * stream.time_base, None, 0.0, 0.0
    for packet in container.demux(stream):
        if packet.dts is None:
            continue
        at, lasts = float(packet.dts * base), float((packet.duration or 0) * base)
        if last is None:
            shift = -at
        elif not last - BACK_MS < at + shift < last + JUMP_MS:
            shift = length - at
        last = at + shift
        length = max(length, last + lasts)
    return round(length)


class Clock:
    """Running time of frames, ms: stamps that begin again, in joined recordings, go on where the last one ended."""

    def __init__(self, container: Any, step: int) -> None:
        """step: ms of one frame, where stamps do not tell."""
        self._zero = (container.start_time or 0) / 1_000_000
        self._step = step
        self._shift = 0
        self.last = -1  # the time of the last frame

    def at(self, frame: Any) -> int:
        """The time of the next frame, after that of the last one."""
        if frame.time is None:
            at = self.last + self._step
        else:
            at = round((frame.time - self._zero) * 1000) + self._shift
            if self.last >= 0 and not self.last - BACK_MS < at < self.last + JUMP_MS:
                self._shift += self.last + self._step - at
                at = self.last + self._step
        self.last = max(at, self.last + 1, 0)
        return self.last
