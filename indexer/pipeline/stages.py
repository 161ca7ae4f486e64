"""Decode -> encode: stages joined by a bounded queue, so that memory does not grow with the files or their length.

    jobs -> decoding threads (a child process each) -> queue of views and texts -> one encoding thread -> results

Results come in about the order of the jobs; each is whole: every segment of one step of one file with its vectors.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from indexer.catalog.vectors import Encoded
from indexer.pipeline.cost import likely_views
from indexer.pipeline.spool import Half, Spool, digest
from indexer.pipeline.steps import STEPS
from retrieval.domain.media import ExtractedSegment, Metadata, Modality, Segment, Vectors
from retrieval.errors import MediaError
from retrieval.kinds import KINDS, has_meaning, space_among
from retrieval.media.worker import Failure, Identity, Task, Workers
from retrieval.protocols import BatchTranscriber, Encoder, Expecting, SpaceName, Transcriber

BATCH = max(32, 16 * (os.cpu_count() or 1))  # items encoded at once: enough for a stream on each core
WAITING_BYTES = 48 << 20  # of views and texts that may wait for the encoder, however large each is
ITEM_BYTES = 200  # of one beside what it holds
TICK_S = 0.2  # longest silence of `results`
LINGER_S = 0.02  # an incomplete batch waits so long for more
NO_NUMBERS = Failure("not encoded", "the encoder gave values that are not finite")


Place: TypeAlias = tuple[SpaceName, Modality]
"""What tells which encoder sees a segment: the space and the modality of its kind."""


@dataclass(frozen=True, slots=True)
class Tower:
    """An encoder and the catalog's id of its space."""

    space_id: int
    encoder: Encoder


@dataclass(frozen=True, slots=True)
class Job:
    """One step of one file. medium None: to be identified first. origin: the caller's own."""

    task: Task
    origin: Any = None
    weight: float = 1.0  # share of the work, for the estimate of time


@dataclass(slots=True)
class Result:
    """What a job gave. identity is set when the job identified its file; facts only by the `read` step.

    failure: why nothing more is known of the file. is_known: the library holds the content, so it was not read.
    unencoded: why segments lack vectors; all else that was read stands. spool: where vectors of its texts lie until it is
    written, and what an earlier run left there.
    """

    job: Job
    identity: Identity | None = None
    facts: Metadata | None = None
    encoded: list[Encoded] = field(default_factory=list)
    failure: Failure | None = None
    unencoded: Failure | None = None
    is_known: bool = False
    spool: tuple[Spool, dict[bytes, Half]] | None = None


class _Stopped(Exception):
    """The pass was stopped, so what was read of a recording is not heard any more."""


@dataclass(slots=True)
class _Item:
    """Something to encode, or, with `ends`, the end of its result."""

    result: Result
    encoded: Encoded | None = None
    place: Place = ("sentence", "text")
    at_ms: int | None = None
    value: Any = None
    ends: bool = False


class Pipeline:
    """The stages of one run. `towers`: the encoder of each space and modality; what has none is not encoded."""

    def __init__(
        self,
        decoders: Workers,
        towers: dict[Place, Tower],
        transcriber: Callable[[], Transcriber],
        is_new: Callable[[Identity], bool],
        workers: int,
        partial: Path | None = None,
    ) -> None:
        """partial: the folder of what is known of documents that are not read to their end."""
        self._partial = partial
        self._decoders = decoders
        self._towers = towers
        self._spaces = {space for space, _ in towers}
        self._transcriber = transcriber
        self._is_new = is_new
        self._workers = workers
        self.encoding_s = 0.0  # seconds that the encoder has worked

    def results(self, jobs: Sequence[Job]) -> Iterator[Result | None]:
        """One Result for each job; None at least every TICK_S seconds while there is nothing to tell.

        Raises: whatever an encoder or the transcriber raised; a bad file is a Result with a failure.
        """
        self._announce(jobs)
        flow = _Flow(iter(jobs))
        threads = [threading.Thread(target=self._decode_all, args=(flow,), daemon=True) for _ in range(self._workers)]
        threads.append(threading.Thread(target=self._encode_all, args=(flow,), daemon=True))
        for thread in threads:
            thread.start()
        try:
            yield from flow.finished_results()
        finally:
            flow.stop()
            while any(thread.is_alive() for thread in threads):
                self._decoders.abandon()  # a decoder may be long at a file that nobody waits for any more
                for thread in threads:
                    thread.join(TICK_S)

    def _announce(self, jobs: Sequence[Job]) -> None:
        """Tells encoders of pictures how many come, which may choose a runtime that pays for many."""
        count = sum(likely_views(job.task.step, job.task.path, job.weight) for job in jobs)
        for (_, modality), tower in self._towers.items():
            if modality == "image" and count and isinstance(tower.encoder, Expecting):
                tower.encoder.expect(int(count))

    # ------------------------------------------------------------ decoding threads

    def _decode_all(self, flow: _Flow) -> None:
        with flow.reporting_errors():
            while (job := flow.next_job()) is not None:
                if STEPS[job.task.step].is_transcribed:
                    self._transcribe(chain([job], iter(flow.next_job, None)), flow)
                    break
                result = Result(job)
                self._decode(result, flow)
                flow.put(_Item(result, ends=True))
        self._decoders.hand_back()
        flow.put(None)

    def _decode(self, result: Result, flow: _Flow) -> None:
        task, worker = result.job.task, self._decoders.mine()
        try:
            if task.medium is None:
                (identity,) = worker.run(task.identifying)
                result.identity = identity
                if not self._is_new(identity):
                    result.is_known = True
                    return
                task = replace(task, medium=identity.medium)
                result.spool = self._spool(identity)
            for value in worker.run(task):
                if flow.is_stopped:
                    return
                self._accept(result, value, flow)
        except MediaError as error:
            result.failure = Failure(error.reason, error.what)

    def _transcribe(self, jobs: Iterable[Job], flow: _Flow) -> None:
        """All that are left, for the transcriber hears several short recordings together."""
        begun: deque[Result] = deque()

        def recordings() -> Iterator[Iterator[Any]]:
            for job in jobs:
                begun.append(Result(job))
                yield self._samples(begun[-1], flow)

        transcriber = self._transcriber()
        if isinstance(transcriber, BatchTranscriber):
            found: Iterable[Iterable[Segment]] = transcriber.transcribe_each(recordings())
        else:
            found = map(transcriber.transcribe, recordings())
        with suppress(_Stopped):
            for segments in found:
                for segment in segments:  # before the result is taken off: reading them may begin it
                    self._accept(begun[0], ExtractedSegment(segment), flow)
                flow.put(_Item(begun.popleft(), ends=True))

    def _samples(self, result: Result, flow: _Flow) -> Iterator[NDArray[np.float32]]:
        """Samples (n,) in -1..1 as of `extract.samples`, up to where they cannot be decoded any more. Raises: _Stopped."""
        try:
            for value in self._decoders.mine().run(result.job.task):
                yield value
                if flow.is_stopped:
                    raise _Stopped
        except MediaError as error:
            if flow.is_stopped:  # and the decoder abandoned
                raise _Stopped from error
            result.failure = Failure(error.reason, error.what)

    def _spool(self, identity: Identity) -> tuple[Spool, dict[bytes, Half]] | None:
        tower = self._towers.get(("sentence", "text"))
        if self._partial is None or tower is None or identity.medium != "document":
            return None
        spool = Spool(self._partial, identity.hash, tower.space_id, tower.encoder.space.dimension)
        return spool, spool.known()

    def _accept(self, result: Result, value: Metadata | ExtractedSegment, flow: _Flow) -> None:
        if isinstance(value, Metadata):
            result.facts = value
            return
        encoded = Encoded(value.segment)
        result.encoded.append(encoded)
        encoded.fingerprints += [(view.at_ms, view.fingerprint) for view in value.views]
        kind = KINDS[value.segment.kind]
        place = (space_among(kind, self._spaces), kind.modality)
        if place in self._towers:
            for at_ms, content in _contents(value):
                if result.spool and isinstance(content, str):
                    row = result.spool[1].get(digest(content))
                    if row is not None:
                        encoded.vectors.append((self._towers[place].space_id, at_ms, row))
                        continue
                flow.put(_Item(result, encoded, place, at_ms, content))

    # ------------------------------------------------------------ encoding thread

    def _encode_all(self, flow: _Flow) -> None:
        batch: list[_Item] = []
        running = self._workers
        with flow.reporting_errors():
            while running and not flow.is_stopped:
                items = flow.take(BATCH - _count(batch), wait=LINGER_S if batch else TICK_S)
                running -= items.count(None)
                batch += filter(None, items)
                if batch and not flow.is_stopped and (not items or not running or _is_full(batch)):
                    self._encode(batch)
                    flow.finish([each.result for each in batch if each.ends])
                    batch = []
        flow.finish([None])

    def _encode(self, batch: list[_Item]) -> None:
        start = time.perf_counter()
        for place, tower in self._towers.items():
            items = [each for each in batch if each.encoded is not None and each.place == place]
            if not items:
                continue
            rows, are_numbers = halved(tower.encoder.encode([each.value for each in items]))
            for each, row, is_number in zip(items, rows, are_numbers, strict=True):
                assert each.encoded is not None
                if is_number:
                    each.encoded.vectors.append((tower.space_id, each.at_ms, row))
                    if each.result.spool and isinstance(each.value, str):
                        each.result.spool[0].add([(digest(each.value), row)])
                else:
                    each.result.unencoded = NO_NUMBERS
        self.encoding_s += time.perf_counter() - start


def halved(vectors: Vectors) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    """Vectors (n, dimension) as the catalog keeps them, and a mask (n,) of those whose numbers are all finite."""
    with np.errstate(over="ignore", invalid="ignore"):  # beyond float16: infinite, which the mask tells
        rows = vectors.astype(np.float16)
    return rows, np.asarray(np.isfinite(rows).all(axis=1))


def _contents(found: ExtractedSegment) -> Iterator[tuple[int | None, Any]]:
    """What an encoder sees of a segment: the time of a frame, if it has one, and the text or array."""
    if KINDS[found.segment.kind].modality == "text" and has_meaning(found.segment.kind, found.segment.text or ""):
        yield None, found.segment.text or ""
    for view in found.views:
        yield view.at_ms, view.array


def _to_encode(item: _Item | None) -> bool:
    return item is not None and not item.ends


def _count(batch: list[_Item]) -> int:
    """How many are to be encoded; with ends, parts of batches would have ever other sizes, which some runtimes compile."""
    return sum(map(_to_encode, batch))


def _is_full(batch: list[_Item]) -> bool:
    return _count(batch) >= BATCH or len(batch) >= 4 * BATCH  # results of what is known or fails must not pile up


def _bytes_of(item: _Item | None) -> int:
    """About what an item takes in memory."""
    value = None if item is None else item.value
    return ITEM_BYTES + (value.nbytes if isinstance(value, np.ndarray) else len(value or ""))


class _Flow:
    """The queues of one pass, their end and their errors."""

    def __init__(self, jobs: Iterator[Job]) -> None:
        self._jobs = jobs
        self._jobs_lock = threading.Lock()
        self._waiting: deque[_Item | None] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._finished: queue.SimpleQueue[Result | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._error: BaseException | None = None

    def next_job(self) -> Job | None:
        with self._jobs_lock:
            return None if self._stopped.is_set() else next(self._jobs, None)

    def put(self, item: _Item | None) -> None:
        """Waits for room, unless the pass was stopped. None: a decoding thread has ended."""
        size = _bytes_of(item)
        with self._changed:
            self._changed.wait_for(
                lambda: self.is_stopped or not self._waiting or self._waiting_bytes + size <= WAITING_BYTES
            )
            self._waiting.append(item)
            self._waiting_bytes += size
            self._changed.notify_all()

    def take(self, most: int, wait: float) -> list[_Item | None]:
        """The next items, in order, `most` of them to encode and the ends between and behind them.

        None where nothing came in so many seconds, or the pass was stopped.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.is_stopped or self._waiting, wait)
            if self.is_stopped:
                return []
            taken: list[_Item | None] = []
            while self._waiting and (most or not _to_encode(self._waiting[0])):
                taken.append(self._waiting.popleft())
                most -= _to_encode(taken[-1])
            self._waiting_bytes -= sum(map(_bytes_of, taken))
            self._changed.notify_all()
            return taken

    def finish(self, results: list[Any]) -> None:
        for result in results:
            self._finished.put(result)

    def finished_results(self) -> Iterator[Result | None]:
        while True:
            try:
                result = self._finished.get(timeout=TICK_S)
            except queue.Empty:
                yield None
                continue
            if self._error is not None:
                raise self._error
            if result is None:
                return
            yield result

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    def reporting_errors(self) -> _Reporting:
        return _Reporting(self)

    def fail(self, error: BaseException) -> None:
        self._error = self._error or error
        self.stop()
        self._finished.put(None)


class _Reporting:
    """A thread's error ends the pass and is raised where the results are read."""

    def __init__(self, flow: _Flow) -> None:
        self._flow = flow

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is not None:
            self._flow.fail(error)
        return True
