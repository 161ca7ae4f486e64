"""Folders as people have them: what is walked, and what is left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.pipeline.progress import scanned_line
from indexer.sources.base import Source
from indexer.sources.changes import compare_all
from indexer.sources.local import Walk


def walked(root: Path, *, hidden: bool = False, include: tuple[str, ...] = ()) -> set[str]:
    return {os.fsdecode(one.relative) for one in Walk(os.fsencode(root), include, hidden=hidden).candidates()}


@pytest.mark.parametrize(
    "name",
    [
        "#snapshot/a.jpg", "#recycle/a.jpg", "@Recycle/a.jpg", "@Recently-Snapshot/a.jpg", "@eaDir/a.jpg", ".Trash/a.jpg",
        "My.lrdata/a.jpg", "Pictures.photoslibrary/resources/a.jpg", "Pictures.photoslibrary/database/a.jpg",
        "SYNOFILE_THUMB_M.jpg", "GH010001.LRV", "GH010001.THM", "film.mp4.part", "film.mp4.crdownload", "Thumbs.db",
        "$RECYCLE.BIN/a.jpg", "__MACOSX/a.jpg", "._a.jpg",
    ],
)  # fmt: skip
def test_the_rest_of_programs_is_left_out_unless_asked_for(tmp_path: Path, name: str) -> None:
    """Trash, snapshots, caches, copies and downloads under way are not the user's."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    (tmp_path / "mine.jpg").touch()
    assert walked(tmp_path) == {"mine.jpg"}


@pytest.mark.parametrize(
    "name", ["My.lrdata/a.jpg", "SYNOFILE_THUMB_M.jpg", "GH010001.LRV", "film.mp4.part", "._a.jpg"]
)
def test_copies_and_caches_are_walked_where_all_is_asked_for(tmp_path: Path, name: str) -> None:
    """--hidden is the switch."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    assert walked(tmp_path, hidden=True) == {name}


@pytest.mark.parametrize(
    "name", ["Pictures.photoslibrary/originals/1/a.jpg", "a.photolibrary/Masters/a.jpg", "originals/a.jpg"]
)
def test_originals_of_a_photo_library_are_walked(tmp_path: Path, name: str) -> None:
    """The photos themselves lie in one of its folders."""
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    assert walked(tmp_path) == {name}


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    """Once, in the line of the scan."""
    for name in (
        "#recycle/a.jpg",
        "@eaDir/a.jpg",
        "GH010001.LRV",
        "b/Thumbs.db",
        "secret/.nomedia",
        ".hidden/a.jpg",
        "c.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    source = Source(1, tmp_path, None, (), (), offline=False)
    _, scanned = compare_all([source], lambda source: {}, tmp_path / "library")
    assert (scanned.files, scanned.passed) == (1, 5)
    assert scanned_line(scanned).endswith("1 new or changed   5 of systems and programs left out")


def test_a_folder_that_says_so_is_left_out(tmp_path: Path) -> None:
    """.nomedia speaks for its folder and those inside."""
    for name in ("a/.nomedia", "a/one.jpg", "a/b/two.jpg", "three.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert walked(tmp_path) == {"three.jpg"}
    assert walked(tmp_path, hidden=True) == {"a/.nomedia", "a/one.jpg", "a/b/two.jpg", "three.jpg"}


@pytest.mark.parametrize("mark", ["package.json", "pyproject.toml", "Makefile", "go.mod"])
def test_code_is_left_out_where_the_folder_is_a_programs(tmp_path: Path, mark: str) -> None:
    """Its documents are walked, its code and data are not, unless a pattern asks for them."""
    for name in (
        f"app/{mark}",
        "app/src/main.py",
        "app/data.json",
        "app/README.md",
        "notes/tide.py",
        "notes/tide.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = walked(tmp_path)
    assert {"app/README.md", "notes/tide.py", "notes/tide.json"} <= found
    assert found.isdisjoint({"app/src/main.py", "app/data.json"})
    assert "app/src/main.py" in walked(tmp_path, include=("*.py",))


@pytest.mark.parametrize("sidecar", ["a.xmp", "a.jpg.xmp", "A.XMP"])
def test_sidecars_of_a_photo_belong_to_it(tmp_path: Path, sidecar: str) -> None:
    """They are no candidates, and a change of one is a change of its photo."""
    (tmp_path / "a.jpg").touch()
    (tmp_path / sidecar).write_text("one")
    [before] = Walk(os.fsencode(tmp_path)).candidates()
    (tmp_path / sidecar).write_text("another")
    [after] = Walk(os.fsencode(tmp_path)).candidates()
    assert before.relative == b"a.jpg"
    assert before.sidecars != after.sidecars
