"""Facts, counts and skips of the whole library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, func, select

from retrieval.catalog import dialect, layout
from retrieval.catalog.rows import path_of
from retrieval.catalog.run_note import run_state
from retrieval.catalog.schema import assets, generations, library, paths, segments, sources, spaces, steps, vectors
from retrieval.domain.media import NOT_MEDIA, Skip
from retrieval.domain.records import SourceState, SpaceState, Status


class StatusReader:
    """State of the library as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def facts(self) -> dict[str, str]:
        """Facts about the library itself: profile, created_at, ..."""
        return dict(self._connection.execute(select(library.c.key, library.c.value)).all())

    def roots(self) -> list[Path]:
        """The folders that the library follows."""
        return [
            Path(os.fsdecode(root)) for root in self._connection.scalars(select(sources.c.root).order_by(sources.c.id))
        ]

    def report(self, home: Path) -> Status:
        """Counts of everything."""
        known, left_out = self.facts(), self.skips()
        waiting = select(steps.c.step, func.count()).where(steps.c.state == "pending").group_by(steps.c.step)
        return Status(
            home=home,
            profile=known.get("profile", ""),
            created_at=known.get("created_at", ""),
            media=self._counts(select(assets.c.medium, func.count()).group_by(assets.c.medium)),
            segments=self._counts(select(segments.c.kind, func.count()).group_by(segments.c.kind)),
            pending=_with_unread(self._counts(waiting), known),
            skipped=len(left_out),
            not_media=sum(each.reason in NOT_MEDIA for each in left_out),
            sources=tuple(self._sources()),
            spaces=tuple(self._spaces()),
            bytes=_bytes(home, dialect.stored_bytes(self._connection)),
            run=run_state(home),
        )

    def skips(self) -> list[Skip]:
        """Files that were left out, and steps of assets that failed, with their reasons; by path."""
        joined = paths.join(sources, sources.c.id == paths.c.source_id)
        place = (sources.c.root, paths.c.relative, paths.c.mtime_ns)
        left_out = select(*place, paths.c.skip_reason, paths.c.skip_detail)
        left_out = left_out.select_from(joined).where(paths.c.skip_reason.is_not(None))
        failed = select(*place, steps.c.reason, steps.c.detail)
        failed = failed.select_from(joined.join(steps, steps.c.asset_id == paths.c.asset_id)).where(
            steps.c.state == "failed"
        )
        rows = [*self._connection.execute(left_out), *self._connection.execute(failed)]
        found = [
            Skip(path_of(root, relative), reason or "", detail or "", _local(mtime_ns))
            for root, relative, mtime_ns, reason, detail in rows
        ]
        return sorted(found, key=lambda each: os.fsencode(each.path))

    def _counts(self, query: Select[Any]) -> dict[Any, int]:
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def _sources(self) -> Iterator[SourceState]:
        files = select(func.count()).where(paths.c.source_id == sources.c.id).scalar_subquery()
        for row in self._connection.execute(select(sources, files.label("files")).order_by(sources.c.id)):
            yield SourceState(Path(os.fsdecode(row.root)), row.offline, row.scanned_at, row.files)

    def _spaces(self) -> Iterator[SpaceState]:
        total = select(func.count()).where(vectors.c.space_id == spaces.c.id).scalar_subquery()
        last = func.coalesce(generations.c.last_commit, 0)
        there = (vectors.c.space_id == spaces.c.id) & (vectors.c.commit_number <= last)
        published = (
            select(func.count()).select_from(vectors).where(there).correlate(spaces, generations).scalar_subquery()
        )
        joined = spaces.outerjoin(generations, generations.c.id == spaces.c.generation_id)
        query = (
            select(spaces, published.label("published"), total.label("total")).select_from(joined).order_by(spaces.c.id)
        )
        for row in self._connection.execute(query):
            yield SpaceState(row.name, row.encoder, row.revision, row.dimension, row.live, row.total, row.published)


def _with_unread(pending: dict[str, int], facts: dict[str, str]) -> dict[str, int]:
    """Files by step, of `read` also those that a run has seen and not come to."""
    unread = int(facts.get("unread", 0))
    return pending | {"read": pending.get("read", 0) + unread} if unread else pending


def _local(mtime_ns: int) -> str:
    """A file's time as local ISO time; empty where the file system told none."""
    return datetime.fromtimestamp(mtime_ns / 1e9).isoformat(timespec="seconds") if mtime_ns > 0 else ""


def _bytes(home: Path, elsewhere: int) -> dict[str, int]:
    catalog = layout.catalog(home)
    parts = [catalog.with_name(catalog.name + end) for end in ("", "-wal", "-shm")]
    published = [each for each in (home / layout.GENERATIONS).rglob("*") if each.is_file()]
    return {
        "catalog": elsewhere + sum(each.stat().st_size for each in parts if each.exists()),
        "generations": sum(each.stat().st_size for each in published),
    }
