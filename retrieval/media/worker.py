"""Decoding in child processes, because a broken file may crash, hang or devour its decoder.

A child is a fresh interpreter (never forked after ONNX Runtime or OpenMP started threads), lives long, has one file in
flight, and an address space of its own size plus `limits.memory_bytes`. Host and child talk over one socket pair, whose
small buffer is the back-pressure. A child that dies, shows no sign of life (`is_hung`), or takes longer than
`limits.total_s`, is killed and replaced, and its file raises MediaUnreadable.

    host -> child   Task
    child -> host   what the reader gives: Identity, Metadata, ExtractedSegment, samples (n,) float32
                    None for a sign of life
                    Failure, InstallationFault or End
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from retrieval.domain.media import AudioSpec, ExtractedSegment, InputSpec, Medium, ModelInput, PictureSpec, Step
from retrieval.errors import InstallationError, MediaError, MediaUnreadable
from retrieval.media.channel import Channel
from retrieval.media.objects import localized, remove_left
from retrieval.settings import Limits

if TYPE_CHECKING:
    from concurrent.futures import Executor

ENDING = (signal.SIGINT, signal.SIGTERM)  # sent to a whole group of processes by terminals and service managers
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}  # NumPy's threads wait by spinning, and there is a child for each core
SLICES = 4  # looks at a silent child within `progress_s`
STARVED = 5  # times `progress_s` by the clock, for a child that gets or uses no processor: a full machine, a slow disk


@dataclass(frozen=True, slots=True)
class Task:
    """One reader over one file. medium None: the file is to be identified first, by the task's own `identifying`.

    reader: "module:function", as indexer.pipeline.steps has it. has_fingerprints: model inputs get perceptual ones.
    """

    path: Path
    step: Step
    reader: str
    medium: Medium | None
    spec: InputSpec | PictureSpec
    limits: Limits
    has_fingerprints: bool = False

    @property
    def identifying(self) -> Task:
        """The task that gives the Identity of the same file."""
        return replace(self, reader="retrieval.media.worker:identify", spec=None, has_fingerprints=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file is, by its content."""

    hash: bytes
    medium: Medium
    format: str


class Worker(Protocol):
    """Runs tasks somewhere else, one at a time: in a process, later on another machine. Used from one thread."""

    def run(self, task: Task) -> Iterator[Any]:
        """What the task's reader gives, in order.

        Raises:
            MediaError: the file cannot be used; `reason` and text say why.
            RetrievalError: a part of the installation cannot be imported; no file is to blame.
        """

    def close(self) -> None:
        """Ends it, at once."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file cannot be used."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class InstallationFault:
    """What this installation lacks to read any file of the kind."""

    detail: str
    hint: str = "install crossmedia again"


@dataclass(frozen=True, slots=True)
class End:
    """The file was read to its end."""


# ---------------------------------------------------------------- in the child


def serve(descriptor: int) -> None:
    """The child's loop: tasks until the host hangs up."""
    _outlive_nobody()
    channel = Channel(socket.socket(fileno=descriptor))
    limited = False
    while True:
        try:
            task: Task = channel.recv()
        except (EOFError, OSError):
            return
        if not limited:
            _limit_memory(task.limits.memory_bytes)
            limited = True
        channel.send(_attempt(task, channel))


def _outlive_nobody() -> None:
    """Signals that end a run are the host's business; the host's death is the child's."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _limit_memory(more: int) -> None:
    """Bounds the address space at today's size plus `more` bytes."""
    import resource

    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            size = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:  # no /proc: macOS, which does not enforce RLIMIT_AS either
        return
    resource.setrlimit(resource.RLIMIT_AS, (size + more, resource.RLIM_INFINITY))


def _attempt(task: Task, channel: Channel) -> Failure | InstallationFault | End:
    try:
        for value in _perform(task, channel):
            channel.send(value)
    except MediaError as error:
        return Failure(error.reason, str(error))
    except InstallationError as error:
        return InstallationFault(error.what, error.hint)
    except MemoryError:
        return Failure("too large", f"{task.path} needs more memory than a decoder may take")
    except (BrokenPipeError, ConnectionError):
        raise
    except ImportError as error:
        # Without a name it comes from a decoder that was built without what this one file needs.
        return InstallationFault(str(error)) if error.name else Failure("damaged", "needs a decoder that is not here")
    except Exception as error:  # noqa: BLE001  a decoder's own bug must cost one file, not the run
        return Failure("damaged", f"its decoder failed ({type(error).__name__})")
    return End()


def _perform(task: Task, channel: Channel) -> Iterator[Any]:
    module, _, function = task.reader.partition(":")
    read, alive = getattr(import_module(module), function), partial(channel.send, None)
    with localized(task.path, alive) as path:
        yield from map(partial(_with_fingerprints, task), read(path, task.medium, task.spec, task.limits, alive))


def _with_fingerprints(task: Task, value: Any) -> Any:
    """A segment with the fingerprints of its model inputs; made here, since the host has no time to spare."""
    if not task.has_fingerprints or not isinstance(value, ExtractedSegment) or not value.views:
        return value
    from retrieval.media import fingerprint

    def of(view: ModelInput) -> bytes:
        if isinstance(task.spec, AudioSpec):
            return fingerprint.sound_fingerprint(view.array, task.spec.rate).astype("<u4").tobytes()
        return fingerprint.picture_fingerprint(view.array).tobytes()

    return replace(value, views=tuple(replace(view, fingerprint=of(view)) for view in value.views))


def identify(path: Path, medium: None, spec: None, limits: Limits, alive: Callable[[], None]) -> Iterator[Identity]:
    """The reader that gives a file's Identity and nothing else."""
    from retrieval.media.hashing import content_hash
    from retrieval.media.sniff import identify as sniffed

    found, form = sniffed(path)
    digest = b""
    for digest in content_hash(path):
        if not digest:
            alive()
    yield Identity(digest, found, form)


# ---------------------------------------------------------------- in the host


class ProcessWorker:
    """One child and the host's end of the line. Use from one thread."""

    def __init__(self, limits: Limits, nice: int = 0, begun_by: Executor | None = None) -> None:
        """begun_by: the threads that start the child, which lives no longer than they; None: the one that asks first."""
        self._limits = limits
        self._nice = nice
        self._begun_by = begun_by
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None

    def run(self, task: Task) -> Iterator[Any]:
        """See Worker.run."""
        channel = self._connect()
        end = time.monotonic() + task.limits.total_s
        try:
            channel.send(task)
            while not isinstance(value := channel.recv(self._wait(task, end)), End):
                if isinstance(value, InstallationFault):
                    raise InstallationError(f"the installation is incomplete: {value.detail}", value.hint)
                if isinstance(value, Failure):
                    raise MediaError(value.detail, reason=value.reason)
                if value is not None:
                    yield value
        except (EOFError, ConnectionError):
            raise MediaUnreadable(f"{task.path} {self._cause_of_death()}", reason="crashes its decoder") from None
        except TimeoutError as error:
            self.close()
            raise MediaUnreadable(f"{task.path} {error}", reason="too slow") from None
        except GeneratorExit:  # the host lost interest half way; what the child still sends is not for the next task
            self.close()
            raise

    def _wait(self, task: Task, end: float) -> Callable[[], None]:
        """A look at a silent child, for each end of the socket's time limit.

        Raises:
            TimeoutError: `end`, by time.monotonic(), is over; or, at a look, the child hangs.
        """
        began = time.monotonic()
        spent_before: float | None = None  # as of the first look: one at each value would cost as much as the value

        def look() -> None:
            nonlocal spent_before
            now, spent = time.monotonic(), _processor_time(self._process)
            spent_before = spent if spent_before is None else spent_before
            if now >= end:
                raise TimeoutError(f"takes longer than {task.limits.total_s:.0f} s")
            if is_hung(now - began, spent - spent_before, self._limits.progress_s):
                raise TimeoutError(f"gave nothing for {self._limits.progress_s:.0f} s")

        if began >= end:
            look()
        return look

    def _connect(self) -> Channel:
        if self._channel is None:
            ours, theirs = socket.socketpair()
            with theirs:
                begun = self._begun_by.submit(_begun, theirs) if self._begun_by else None
                self._process = begun.result() if begun else _begun(theirs)
            self._lower_priority()
            self._channel = Channel(ours, self._limits.progress_s / SLICES)
        return self._channel

    @property
    def is_alive(self) -> bool:
        """Whether its child runs."""
        return self._process is not None and self._process.poll() is None

    def _lower_priority(self) -> None:
        if self._nice and self._process:
            os.setpriority(os.PRIO_PROCESS, self._process.pid, self._nice)

    def _cause_of_death(self) -> str:
        process = self._process
        code = process.wait(5) if process else None
        self.close()
        return f"ended its decoder with signal {-code}" if code and code < 0 else f"ended its decoder ({code})"

    def abandon(self) -> None:
        """Kills the child; for other threads than the one that uses it."""
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """Ends the child, at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._channel is not None:
            self._channel.close()
        self._process = self._channel = None


def _begun(end: socket.socket) -> subprocess.Popen[bytes]:
    """A child at that end of the line. The kernel ends it with the thread that calls this."""
    with _ending_blocked():
        return subprocess.Popen(
            [sys.executable, "-c", f"from retrieval.media.worker import serve; serve({end.fileno()})"],
            pass_fds=[end.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # decoders chatter about every broken frame
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )


@contextmanager
def _ending_blocked() -> Iterator[None]:
    """A child that starts here keeps the signals blocked, so that none ends it before it ignores them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def is_hung(elapsed_s: float, processor_s: float, progress_s: float) -> bool:
    """Whether a child that gave nothing for `elapsed_s` by the clock is to be given up.

    Not by the clock alone: on a full machine a good file waits for its turn, and on a slow disk for its bytes.

    Args:
        elapsed_s: since its last sign of life.
        processor_s: what the child has spent of the processor in that time, in seconds.
        progress_s: what it may spend.
    """
    return min(elapsed_s, processor_s) >= progress_s or elapsed_s >= STARVED * progress_s


def _processor_time(process: subprocess.Popen[bytes] | None) -> float:
    """Seconds of processor time of a process so far, in all its threads; the clock's where there is no /proc."""
    try:
        with open(f"/proc/{process.pid if process else 0}/stat", encoding="utf-8", errors="replace") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
    except OSError:
        return time.monotonic()
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Workers:
    """The workers of one run: one for each thread that asks. lasting: children go on when their threads have ended."""

    def __init__(self, limits: Limits, nice: int = 0, *, lasting: bool = False) -> None:
        self._limits = limits
        self._nice = nice
        self._begun_by: Executor | None = None
        if lasting:
            from concurrent.futures import ThreadPoolExecutor  # not in the child, which imports this module too

            self._begun_by = ThreadPoolExecutor(1, "decoders")
        self._own = threading.local()
        self._all: list[ProcessWorker] = []
        self._idle: list[ProcessWorker] = []

    def mine(self) -> ProcessWorker:
        """The worker of the calling thread."""
        decoder = getattr(self._own, "decoder", None)
        if decoder is None:
            decoder = self._own.decoder = self._taken()
        return decoder

    def _taken(self) -> ProcessWorker:
        with suppress(IndexError):
            decoder = self._idle.pop()
            if not decoder.is_alive:  # ended while it was idle, which is no file's fault
                decoder.close()
            return decoder
        self._all.append(ProcessWorker(self._limits, self._nice, self._begun_by))
        return self._all[-1]

    def hand_back(self) -> None:
        """The calling thread needs its worker no more: the next one that asks has it, with its child if that may last."""
        if (decoder := self._own.__dict__.pop("decoder", None)) is not None:
            if not self._begun_by:
                decoder.close()  # the kernel ends a child with the thread that started it; better we do
            self._idle.append(decoder)

    def abandon(self) -> None:
        """Kills all children while their threads still wait for them; each thread then closes its own."""
        for decoder in [each for each in self._all if each not in self._idle]:
            decoder.abandon()

    def close(self) -> None:
        """Ends all children."""
        for decoder in self._all:
            decoder.close()
        remove_left()  # their copies of objects
        if self._begun_by:
            self._begun_by.shutdown()
