"""indexer.sources.changes: what changed since the catalog was written."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.sources import changes
from indexer.sources.base import Known, Source
from indexer.sources.bucket import Object
from indexer.sources.changes import Changes, compare, compare_all
from indexer.sources.local import Walk
from retrieval.media.objects import Status


def known_files(root: Path) -> dict[bytes, Known]:
    """The catalog's view of the folder as it is now."""
    candidates = Walk(os.fsencode(root)).candidates()
    return {c.relative: Known(n, c.fingerprint, 100 + n, c.sidecars) for n, c in enumerate(candidates, 1)}


def scan(root: Path, known: dict[bytes, Known], device: int | None = None) -> Changes:
    source = Source(1, root, device, (), (), offline=False)
    return compare(source, known, [], root.parent / "library")


def test_untouched_files_are_neither_changed_nor_gone(tmp_path: Path) -> None:
    """A second look finds nothing to do."""
    (tmp_path / "a.jpg").write_bytes(b"a")
    changes = scan(tmp_path, known_files(tmp_path))
    assert (changes.files, changes.changed, changes.gone) == (1, [], [])


def test_new_and_rewritten_files_are_changed(tmp_path: Path) -> None:
    """Size or time of a known file differs, or the file is new."""
    (tmp_path / "a.jpg").write_bytes(b"a")
    known = known_files(tmp_path)
    (tmp_path / "a.jpg").write_bytes(b"other")
    (tmp_path / "b.jpg").write_bytes(b"b")
    assert [each.relative for each in scan(tmp_path, known).changed] == [b"a.jpg", b"b.jpg"]


def test_a_file_system_that_gives_no_ctime_gives_other_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There a file of the same length and inode with another mtime is changed as well, unlike an object in a bucket."""
    (tmp_path / "a.jpg").write_bytes(b"a")
    (known,) = known_files(tmp_path).values()
    older, newer = (replace(known.fingerprint, ctime_ns=0, mtime_ns=each) for each in (1, 2))
    entry = Object(b"a.jpg", bytes(tmp_path / "a.jpg"), Status(0o100644, newer.bytes, 2, newer.inode))
    monkeypatch.setattr(changes, "scan", lambda _: [entry])
    found = scan(tmp_path, {b"a.jpg": replace(known, fingerprint=older)})
    assert [each.fingerprint for each in found.changed] == [newer]


def test_deleted_files_are_gone(tmp_path: Path) -> None:
    """Their folder can be listed and does not hold them; so can the parent of a deleted folder."""
    (tmp_path / "x").mkdir()
    for name in ("a.jpg", "b.jpg", "x/c.jpg"):
        (tmp_path / name).write_bytes(b"a")
    known = known_files(tmp_path)
    (tmp_path / "a.jpg").unlink()
    (tmp_path / "x" / "c.jpg").unlink()
    (tmp_path / "x").rmdir()
    assert sorted(scan(tmp_path, known).gone) == sorted([known[b"a.jpg"].id, known[b"x/c.jpg"].id])


def test_a_missing_root_is_offline_and_nothing_is_gone(tmp_path: Path) -> None:
    """An unplugged disk deletes nothing."""
    root = tmp_path / "disk"
    root.mkdir()
    (root / "a.jpg").write_bytes(b"a")
    known = known_files(root)
    (root / "a.jpg").unlink()
    root.rmdir()
    changes = scan(root, known)
    assert (changes.offline, changes.gone) == (True, [])


def test_a_suddenly_empty_root_is_offline(tmp_path: Path) -> None:
    """An empty mount point is not a library whose files were all deleted."""
    (tmp_path / "a.jpg").write_bytes(b"a")
    known = known_files(tmp_path)
    (tmp_path / "a.jpg").unlink()
    changes = scan(tmp_path, known)
    assert (changes.offline, changes.gone) == (True, [])


def test_another_device_without_any_known_file_is_offline(tmp_path: Path) -> None:
    """Another disk was mounted there; with the known files on it, it is the same one renumbered."""
    (tmp_path / "a.jpg").write_bytes(b"a")
    known = known_files(tmp_path)
    other = os.stat(tmp_path).st_dev + 1
    assert not scan(tmp_path, known, other).offline
    (tmp_path / "a.jpg").rename(tmp_path / "b.jpg")
    assert scan(tmp_path, known, other).offline


def test_new_subtitles_beside_a_known_video_are_noticed(tmp_path: Path) -> None:
    """The video itself is untouched, but is to be read again."""
    (tmp_path / "film.mp4").write_bytes(b"film")
    known = known_files(tmp_path)
    (tmp_path / "film.srt").write_bytes(b"text")
    changes = scan(tmp_path, known)
    assert [asset for _, asset in changes.resubtitled] == [known[b"film.mp4"].asset_id]
    assert changes.changed == []


def test_pictures_come_before_videos(tmp_path: Path) -> None:
    """Search is useful early."""
    for name in ("a.mp4", "b.jpg", "c.mp3", "d.pdf"):
        (tmp_path / name).write_bytes(b"x")
    assert [each.relative for each in scan(tmp_path, {}).changed] == [b"b.jpg", b"d.pdf", b"a.mp4", b"c.mp3"]


def test_a_folder_linked_elsewhere_is_named_and_not_entered(tmp_path: Path) -> None:
    """Where it leads to is told; one that leads into a followed folder is only another way there."""
    media, elsewhere = tmp_path / "media", tmp_path / "elsewhere"
    (media / "in").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "a.jpg").write_bytes(b"a")
    (media / "out").symlink_to(elsewhere)
    (media / "again").symlink_to(media / "in")
    changes = scan(media, {})
    assert [(each.relative, each.problem) for each in changes.changed] == [(b"out", "linked folder")]
    assert str(elsewhere) in changes.changed[0].detail
    assert changes.files == 0
    source = Source(1, media, None, (), (), offline=False)
    assert compare(source, {}, [elsewhere], tmp_path / "library").changed == []


def test_files_that_are_still_written_stay_as_they_are_known(tmp_path: Path) -> None:
    """Neither changed nor gone, until a later run is told otherwise."""
    (tmp_path / "known.jpg").write_bytes(b"a")
    known = known_files(tmp_path)
    (tmp_path / "known.jpg").write_bytes(b"longer")
    (tmp_path / "new.jpg").write_bytes(b"a")
    (tmp_path / "other.jpg").write_bytes(b"a")
    source = Source(1, tmp_path, None, (), (), offline=False)
    written = frozenset(bytes(tmp_path / name) for name in ("known.jpg", "new.jpg"))
    (found,), told = compare_all([source], lambda _: known, tmp_path.parent / "library", unfinished=written)
    assert ([each.relative for each in found.changed], found.gone) == ([b"other.jpg"], [])
    assert told.changed == 1
