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
from indexer.catalog import write as catalog_write
from indexer.events import Event, Skipped
from indexer.pipeline.stages import Result
from indexer.pipeline.steps import STEPS, steps_of
from indexer.sources.base import Candidate
from retrieval.domain.media import Metadata, Step
from retrieval.media.dates import name_date
from retrieval.media.hashing import VANISHED
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

    def is_new(self, identity: Identity) -> bool:
        """Whether this content is new to the library and to this run. Called from decoding threads."""
        with self._known_lock:
            if identity.hash in self._known:
                return False
            self._known.add(identity.hash)
            return True

    def write(self, batch: Sequence[Result]) -> None:
        """Writes results in one transaction: all of them, or at an error none."""
        with catalog_write.transaction(self._engine) as connection:
            for result in map(_as_gone, batch):
                if result.job.origin.asset_id:
                    self._write_step(connection, result)
                else:
                    self._write_candidate(connection, result)
            if self._unread and (read := sum(not result.job.origin.asset_id for result in batch)):
                self.set_unread(connection, self._unread - read)
        for result in batch:
            if result.spool is not None:
                result.spool[0].remove()

    def set_unread(self, connection: Connection, count: int) -> None:
        """Notes how many candidates this run has not come to, so that they are known as pending if it is killed."""
        self._unread = max(count, 0)
        catalog_write.set_fact(connection, "unread", str(self._unread))

    def _write_step(self, connection: Connection, result: Result) -> None:
        origin, step = result.job.origin, result.job.task.step
        if result.failure is not None:
            if result.failure.reason != VANISHED:
                catalog_write.fail_step(connection, origin.asset_id, step, result.failure.reason, result.failure.detail)
            self._emit(Skipped(result.job.task.path, result.failure.reason, result.failure.detail))
            return
        if result.facts is not None:
            self._put_facts(connection, origin, result.job.task.path, result.facts, origin.hash)
        catalog_write.replace_segments(connection, origin.asset_id, origin.hash, step, result.encoded)
        self._end_step(connection, origin.asset_id, result, self._revision(step))

    def _end_step(self, connection: Connection, asset: int, result: Result, revision: str | None = None) -> None:
        """Notes that a step is done; or that it failed, though what it gave is kept, where a vector is missing."""
        task, failure = result.job.task, result.unencoded
        if failure is None:
            catalog_write.finish_step(connection, asset, task.step, revision)
            return
        catalog_write.fail_step(connection, asset, task.step, failure.reason, failure.detail)
        self._emit(Skipped(task.path, failure.reason, failure.detail))

    def _revision(self, step: Step) -> str | None:
        return self._transcriber().revision if STEPS[step].is_transcribed else None

    def _write_candidate(self, connection: Connection, result: Result) -> None:
        origin, identity = result.job.origin, result.identity
        if result.failure is not None:
            self._fail_candidate(connection, result)
        elif identity is not None and result.is_known:
            self._link(connection, origin, identity.hash)
        elif identity is not None and result.facts is not None:
            asset = self._put_facts(connection, origin, result.job.task.path, result.facts, identity.hash)
            catalog_write.replace_segments(connection, asset, identity.hash, "read", result.encoded)
            self._end_step(connection, asset, result)
            catalog_write.put_path(
                connection, origin.source_id, origin.candidate.relative, origin.candidate.fingerprint, asset=asset
            )
            self.indexed += 1
            self.new += 1
            for copy in self._waiting.pop(identity.hash, []):
                self._link(connection, copy, identity.hash)

    def _put_facts(self, connection: Connection, origin: Origin, path: Path, facts: Metadata, digest: bytes) -> int:
        """The asset's row and the steps it needs, as its facts say."""
        candidate = origin.candidate
        if candidate is None:  # read again, after a repair
            size, mtime_ns = path.stat().st_size, path.stat().st_mtime_ns
        else:
            size, mtime_ns = candidate.fingerprint.bytes, candidate.fingerprint.mtime_ns
        if facts.date is None:
            facts = dated(facts, path.name if candidate is None else os.fsdecode(candidate.relative), mtime_ns)
        asset = catalog_write.put_asset(connection, digest, size, facts, candidate.sidecars if candidate else b"")
        catalog_write.want_steps(connection, asset, steps_of(facts))
        return asset

    def _link(self, connection: Connection, origin: Origin, digest: bytes) -> None:
        """Notes one more place of known content."""
        assert origin.candidate is not None
        asset = catalog_read.asset_with_hash(connection, digest)
        if asset is not None:
            catalog_write.put_path(
                connection, origin.source_id, origin.candidate.relative, origin.candidate.fingerprint, asset=asset
            )
            self.indexed += 1
        elif digest in self._failed:
            self.skip(connection, origin, *self._failed[digest])
        else:
            self._waiting.setdefault(digest, []).append(origin)

    def _fail_candidate(self, connection: Connection, result: Result) -> None:
        failure, identity = result.failure, result.identity
        assert failure is not None
        self.skip(connection, result.job.origin, failure.reason, failure.detail, result.job.task.path)
        if identity is not None:
            self._failed[identity.hash] = (failure.reason, failure.detail)
            for copy in self._waiting.pop(identity.hash, []):
                self.skip(connection, copy, failure.reason, failure.detail)

    def skip(self, connection: Connection, origin: Origin, reason: str, detail: str, path: Path | None = None) -> None:
        """Notes why a candidate is left out, and tells it."""
        candidate = origin.candidate
        assert candidate is not None
        if reason != VANISHED:  # there is nothing to remember of a file that is gone
            catalog_write.put_path(
                connection, origin.source_id, candidate.relative, candidate.fingerprint, skip=(reason, detail)
            )
        self._emit(Skipped(path or Path(os.fsdecode(candidate.relative)), reason, detail))


def _as_gone(result: Result) -> Result:
    """The result; of a file that went away meanwhile, which is no fault of it, as one that vanished."""
    if result.failure is None or not _is_gone(result.job.task.path):
        return result
    return replace(result, failure=replace(result.failure, reason=VANISHED))


def _is_gone(path: Path) -> bool:
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
