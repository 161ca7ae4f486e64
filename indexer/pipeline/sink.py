"""What came out of the pipeline -> the catalog: results written in batches, one transaction each.

Owns what is known of content while a run lasts: which is being read, which copies wait for it, which failed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import read as catalog_read
from indexer.catalog import results
from indexer.catalog import write as catalog_write
from indexer.catalog.results import Found, NewAsset, Seen
from indexer.catalog.write import StepState
from indexer.events import Event, Skipped
from indexer.pipeline.stages import Result
from indexer.pipeline.steps import STEPS, steps_of
from indexer.sources.base import Candidate
from retrieval.domain.media import Metadata, Step
from retrieval.domain.place import is_object
from retrieval.media.dates import name_date
from retrieval.media.hashing import LATER, VANISHED
from retrieval.media.objects import status
from retrieval.media.worker import Identity
from retrieval.protocols import Transcriber

if TYPE_CHECKING:
    from retrieval.catalog.engine import Connection, Engine


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job comes from: a candidate of a source, or an asset that the catalog holds."""

    source_id: int = 0
    candidate: Candidate | None = None
    asset_id: int = 0
    hash: bytes = b""


class Sink:
    """Takes in the results of one run. `indexed` counts files, `new` those whose content the library did not hold."""

    def __init__(self, engine: Engine, transcriber: Callable[[], Transcriber], emit: Callable[[Event], None]) -> None:
        self._engine = engine
        self._transcriber = transcriber
        self._emit = emit
        self.indexed = self.new = 0
        with engine.connect() as connection:
            self._known = catalog_read.known_hashes(connection)
        self._known_lock = threading.Lock()
        self._waiting: dict[bytes, list[Origin]] = {}  # copies of content that is being read right now
        self._failed: dict[bytes, tuple[str, str]] = {}
        self._unread: int | None = None  # files that were seen and not come to; None: nobody counts

    def known(self) -> frozenset[bytes]:
        """The hashes of the contents that the library and this run hold."""
        with self._known_lock:
            return frozenset(self._known)

    def is_new(self, identity: Identity) -> bool:
        """Whether this content is new to the library and to this run. Called from decoding threads."""
        with self._known_lock:
            if identity.hash in self._known:
                return False
            self._known.add(identity.hash)
            return True

    def write(self, batch: Sequence[Result]) -> None:
        """Writes results in one transaction, in few statements: all of them, or at an error none."""
        given = [*map(_as_gone, batch)]
        candidates = [each for each in given if not each.job.origin.asset_id]
        with catalog_write.transaction(self._engine) as connection:
            self._write_steps(connection, [each for each in given if each.job.origin.asset_id])
            self._write_candidates(connection, candidates)
            if self._unread and candidates:
                self.set_unread(connection, self._unread - len(candidates))
        for result in batch:
            if result.spool is not None:
                result.spool[0].remove()

    def set_unread(self, connection: Connection, count: int) -> None:
        """Notes how many candidates this run has not come to, so that they are known as pending if it is killed."""
        self._unread = max(count, 0)
        catalog_write.set_fact(connection, "unread", str(self._unread))

    # ------------------------------------------------------------ steps of assets that are there

    def _write_steps(self, connection: Connection, batch: Sequence[Result]) -> None:
        failed = [each for each in batch if each.failure is not None]
        read = [each for each in batch if each.failure is None]
        self._put_facts(connection, [each for each in read if each.facts is not None])
        results.replace_segments(
            connection,
            [Found(each.job.origin.asset_id, each.job.origin.hash, each.job.task.step, each.encoded) for each in read],
        )
        ends = [self._end(each.job.origin.asset_id, each, self._revision(each.job.task.step)) for each in read]
        catalog_write.put_steps(connection, [*ends, *filter(None, map(self._failed_step, failed))])

    def _failed_step(self, result: Result) -> StepState | None:
        """What is noted of a step that failed, which is told; nothing of a file that is gone."""
        failure, task = result.failure, result.job.task
        assert failure is not None
        self._emit(Skipped(task.path, failure.reason, failure.detail))
        if failure.reason in LATER:
            return None
        return StepState(result.job.origin.asset_id, task.step, "failed", failure.reason, failure.detail)

    def _end(self, asset: int, result: Result, revision: str | None = None) -> StepState:
        """That a step is done; or that it failed, though what it gave is kept, where a vector is missing."""
        task, failure = result.job.task, result.unencoded
        if failure is None:
            return StepState(asset, task.step, "done", revision=revision)
        self._emit(Skipped(task.path, failure.reason, failure.detail))
        return StepState(asset, task.step, "failed", failure.reason, failure.detail)

    def _revision(self, step: Step) -> str | None:
        return self._transcriber().revision if STEPS[step].is_transcribed else None

    # ------------------------------------------------------------ candidates of sources

    def _write_candidates(self, connection: Connection, batch: Sequence[Result]) -> None:
        """What failed, then new content, then what is known, since it may be a copy of either."""
        seen: list[Seen] = []
        for result in batch:
            if result.failure is not None:
                seen += self._fail_candidate(result)
        new = [each for each in batch if each.failure is None and each.facts is not None and each.identity is not None]
        known = [each for each in batch if each.failure is None and each.is_known and each.identity is not None]
        seen += self._write_new(connection, new)
        hashes = {each.identity.hash for each in known if each.identity is not None}
        there = results.with_hashes(connection, hashes)
        for each in known:
            assert each.identity is not None
            seen += self._link(each.job.origin, each.identity.hash, there.get(each.identity.hash))
        results.put_paths(connection, seen)

    def _write_new(self, connection: Connection, new: Sequence[Result]) -> list[Seen]:
        """Writes content that the library did not hold; where it, and copies that waited for it, were seen."""
        ids = self._put_facts(connection, new)
        whole = [
            (asset, each, each.identity.hash) for asset, each in zip(ids, new, strict=True) if each.identity is not None
        ]
        results.replace_segments(connection, [Found(asset, key, "read", each.encoded) for asset, each, key in whole])
        catalog_write.put_steps(connection, [self._end(asset, each) for asset, each, _ in whole])
        seen: list[Seen] = []
        for asset, each, key in whole:
            seen += [_place(origin, asset) for origin in (each.job.origin, *self._waiting.pop(key, []))]
        self.new += len(whole)
        self.indexed += len(seen)
        return seen

    def _put_facts(self, connection: Connection, read: Sequence[Result]) -> list[int]:
        """The assets' rows and the steps they need, as their facts say; their ids."""
        found = [_asset_of(each) for each in read]
        ids = results.put_assets(connection, found)
        results.want_steps(connection, {asset: steps_of(each.facts) for asset, each in zip(ids, found, strict=True)})
        return ids

    def _link(self, origin: Origin, digest: bytes, asset: int | None) -> list[Seen]:
        """One more place of known content; none yet of content that is being read."""
        if asset is not None:
            self.indexed += 1
            return [_place(origin, asset)]
        if digest in self._failed:
            return self._left_out(origin, *self._failed[digest])
        self._waiting.setdefault(digest, []).append(origin)
        return []

    def _fail_candidate(self, result: Result) -> list[Seen]:
        failure, identity = result.failure, result.identity
        assert failure is not None
        seen = self._left_out(result.job.origin, failure.reason, failure.detail, result.job.task.path)
        if identity is not None:
            self._failed[identity.hash] = (failure.reason, failure.detail)
            for copy in self._waiting.pop(identity.hash, []):
                seen += self._left_out(copy, failure.reason, failure.detail)
        return seen

    def skip(self, connection: Connection, origin: Origin, reason: str, detail: str) -> None:
        """Notes why a candidate is left out, and tells it."""
        results.put_paths(connection, self._left_out(origin, reason, detail))

    def _left_out(self, origin: Origin, reason: str, detail: str, path: Path | None = None) -> list[Seen]:
        """What is noted of a candidate that is left out, which is told; nothing of a file that is gone."""
        candidate = origin.candidate
        assert candidate is not None
        self._emit(Skipped(path or Path(os.fsdecode(candidate.relative)), reason, detail))
        if reason in LATER:
            return []
        return [Seen(origin.source_id, candidate.relative, candidate.fingerprint, skip=(reason, detail))]


def _place(origin: Origin, asset: int) -> Seen:
    assert origin.candidate is not None
    return Seen(origin.source_id, origin.candidate.relative, origin.candidate.fingerprint, asset)


def _asset_of(result: Result) -> NewAsset:
    """What was read of a file as the catalog has it, dated."""
    origin, facts, path = result.job.origin, result.facts, result.job.task.path
    candidate = origin.candidate
    digest = result.identity.hash if result.identity is not None else origin.hash
    assert facts is not None
    if candidate is None:  # read again, after a repair
        now = status(path)
        size, mtime_ns = now.st_size, now.st_mtime_ns
    else:
        size, mtime_ns = candidate.fingerprint.bytes, candidate.fingerprint.mtime_ns
    if facts.date is None:
        facts = dated(facts, path.name if candidate is None else os.fsdecode(candidate.relative), mtime_ns)
    return NewAsset(digest, size, facts, candidate.sidecars if candidate else b"")


def _as_gone(result: Result) -> Result:
    """The result; of a file that went away meanwhile, which is no fault of it, as one that vanished."""
    if result.failure is None or not _is_gone(result.job.task.path):
        return result
    return replace(result, failure=replace(result.failure, reason=VANISHED))


def _is_gone(path: Path) -> bool:
    if is_object(path):  # the worker that asked for it has said it
        return False
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # it is there, and not ours to see
        return False
    return False


def dated(facts: Metadata, name: str, mtime_ns: int) -> Metadata:
    """The facts with the date that the file's name tells, else with the time of its last change."""
    if date := name_date(name.rpartition("/")[2]):
        return replace(facts, date=date, date_from="name")
    changed = datetime.fromtimestamp(mtime_ns / 1e9).isoformat(timespec="seconds")
    return replace(facts, date=changed, date_from="mtime")
