"""One clean end for Ctrl-C (SIGINT) and SIGTERM, at any moment; a second one ends at once.

A run that looks out for the wish (`waiting`) ends where it likes, and says so. Anything else is unwound by an exception
that nothing but `main` catches: transactions roll back, temporary folders go. The process then ends without the
destructors of its libraries, which abort where one of their threads still computes; a library stands that as it stands
kill -9. Nothing here may import what takes time: `main` sets it up before anything else.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE_S = 10.0  # unwinding takes no longer, or the exception was lost in code that must not fail


class Stopped(BaseException):
    """A signal asked for the end; no Exception, lest somebody takes it for an error of his own."""


class _State:
    """What was asked of this process."""

    number = 0  # of the first signal
    waits = False  # whether a run looks out for it


def install() -> None:
    """Takes over both signals, unless whoever started us wants them ignored."""
    for each in SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _asked)


def _asked(number: int, frame: FrameType | None) -> None:
    if _State.number:
        end(128 + number)
    _State.number = number
    if _State.waits:
        os.write(2, b"\ncrossmedia: stopping; a second signal stops at once\n")
        return
    timer = threading.Timer(PATIENCE_S, end, [128 + number])
    timer.daemon = True
    timer.start()
    raise Stopped


@contextmanager
def waiting() -> Iterator[Callable[[], bool]]:
    """While it lasts, a signal is only noted; gives the function that tells whether one was."""
    _State.waits = True
    try:
        yield lambda: bool(_State.number)
    finally:
        _State.waits = False


def exit_code() -> int:
    """What a stopped process ends with, as shells have it; 0 where nobody asked."""
    return 128 + _State.number if _State.number else 0


def ignore() -> None:
    """From here on nothing is left to stop."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)


def end(code: int) -> NoReturn:
    """Ends the process at once, with what it has printed so far."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, RuntimeError):  # closed, full, or in use by what was interrupted
            continue
    os._exit(code)
