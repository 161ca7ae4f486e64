"""indexer.sources.local: which files of a folder are candidates."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from indexer.sources.base import Candidate
from indexer.sources.local import Entry, Walk, scan


def found(root: Path, **options: object) -> dict[bytes, Candidate]:
    """Relative path -> candidate."""
    walk = Walk(os.fsencode(root), **options)
    return {each.relative: each for each in walk.candidates()}


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_of_all_depths_are_found_by_relative_path(tmp_path: Path) -> None:
    """Nested files come with their path below the root."""
    touch(tmp_path / "a.jpg")
    touch(tmp_path / "b" / "c" / "d.jpg")
    assert set(found(tmp_path)) == {b"a.jpg", b"b/c/d.jpg"}


def test_hidden_and_system_folders_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    """Dot files count as hidden; system folders never appear."""
    touch(tmp_path / ".hidden" / "a.jpg")
    touch(tmp_path / ".b.jpg")
    touch(tmp_path / "$RECYCLE.BIN" / "c.jpg")
    assert set(found(tmp_path)) == set()
    assert set(found(tmp_path, hidden=True)) == {b".hidden/a.jpg", b".b.jpg"}


def test_names_that_are_not_utf8_or_hold_newlines_survive(tmp_path: Path) -> None:
    """Paths are bytes, whatever they hold."""
    names = {b"\xff\xfe.jpg", b"two\nlines.jpg", "雪.jpg".encode()}
    for name in names:
        touch(Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))))
    assert set(found(tmp_path)) == names


def test_symlinked_folders_are_not_entered_and_loops_end(tmp_path: Path) -> None:
    """A link to a parent does not lead to endless paths; a link to a file is that file."""
    touch(tmp_path / "a" / "b.jpg")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a" / "b.jpg")
    assert set(found(tmp_path)) == {b"a/b.jpg", b"a/loop", b"link.jpg"}
    assert found(tmp_path)[b"a/loop"].problem == "linked folder"


def test_links_that_lead_nowhere_and_fifos_and_sockets_have_a_problem(tmp_path: Path) -> None:
    """They are candidates that can never be read."""
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "sock"))
        problems = {name: each.problem for name, each in found(tmp_path).items()}
    expected = {b"dangling": "broken link", b"circle": "broken link", b"fifo": "not a file", b"sock": "not a file"}
    assert problems == expected


def test_subtitles_beside_a_video_belong_to_it(tmp_path: Path) -> None:
    """Same stem, a language tag allowed: no candidate of its own, but part of the video's."""
    for name in ("film.mp4", "film.srt", "film.de.vtt", "alone.srt"):
        touch(tmp_path / name)
    files = found(tmp_path)
    assert set(files) == {b"film.mp4", b"alone.srt"}
    assert b"film.srt" in files[b"film.mp4"].sidecars
    assert b"film.de.vtt" in files[b"film.mp4"].sidecars


def test_a_changed_subtitle_changes_the_sidecars_of_its_video(tmp_path: Path) -> None:
    """So that the video is read again."""
    touch(tmp_path / "film.mp4")
    touch(tmp_path / "film.srt", b"one")
    before = found(tmp_path)[b"film.mp4"].sidecars
    touch(tmp_path / "film.srt", b"longer")
    assert found(tmp_path)[b"film.mp4"].sidecars != before


def test_patterns_include_and_exclude_by_path_and_by_name(tmp_path: Path) -> None:
    """Globs fit the whole relative path or the last name; an excluded folder is not entered."""
    for name in ("a.jpg", "b.png", "raw/c.jpg", "out/d.jpg"):
        touch(tmp_path / name)
    assert set(found(tmp_path, include=("*.jpg",))) == {b"a.jpg", b"raw/c.jpg", b"out/d.jpg"}
    assert set(found(tmp_path, exclude=("out", "*.png"))) == {b"a.jpg", b"raw/c.jpg"}


def test_other_sources_and_the_library_itself_are_left_out(tmp_path: Path) -> None:
    """Folders named by `leave_out` are not entered."""
    touch(tmp_path / "a.jpg")
    touch(tmp_path / "library" / "thumb.jpg")
    inner = frozenset({os.fsencode(tmp_path / "library")})
    assert set(found(tmp_path, leave_out=inner)) == {b"a.jpg"}


def test_a_folder_that_cannot_be_listed_is_noted(tmp_path: Path) -> None:
    """What was in it is unknown, not gone."""
    walk = Walk(os.fsencode(tmp_path / "absent"))
    assert list(walk.candidates()) == []
    assert walk.unreadable == {b""}


def test_a_folder_inside_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    """Beside what can be; also one that answers with an error of the disk."""
    for name in ("a/a.jpg", "b/b.jpg"):
        touch(tmp_path / name)

    def refusing(folder: bytes) -> Sequence[Entry]:
        if folder.endswith(b"/b"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scan(folder)

    walk = Walk(os.fsencode(tmp_path), scan=refusing)
    said = {each.relative: (each.problem, each.detail) for each in walk.candidates()}
    assert said == {b"a/a.jpg": (None, ""), b"b": ("unreadable", "this folder cannot be listed: Permission denied")}
