"""Files that a person names to be written: named when they cannot be, never replaced by mistake, and proven to open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer import Options, index_folders
from retrieval import Library, RetrievalError
from retrieval.domain.media import Span
from retrieval.domain.records import StoredAsset, StoredSegment
from retrieval.export.cut import save
from retrieval.export.target import written
from retrieval.library import AssetDetails
from tests.fakes import FakeProfile


@pytest.fixture(scope="module")
def library(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo, a video and a recording."""
    home = tmp_path_factory.mktemp("target")
    (home / "media").mkdir()
    for name in ("images/d1.jpg", "video/v1.mp4", "audio/a1.ogg", "documents/lighthouse.txt"):
        os.link(samples / name, home / "media" / Path(name).name)
    options = Options(profile=FakeProfile(), workers=1, speech=False, ocr=False)
    index_folders([home / "media"], library=home / "library", options=options)
    return home / "library"


def shown(library: Path, name: str) -> AssetDetails:
    with Library.open(library, profile=FakeProfile()) as opened:
        return opened.show(name)


FORMS = [
    ("d1.jpg", ".png"), ("d1.jpg", ".jpg"), ("v1.mp4", ".png"), ("v1.mp4", ".mkv"), ("v1.mp4", ".mp4"), ("a1.ogg", ".wav"),
    ("a1.ogg", ".mp3"), ("lighthouse.txt", ".txt"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "suffix"), FORMS)
def test_what_is_there_stays_unless_it_may_be_replaced(library: Path, tmp_path: Path, name: str, suffix: str) -> None:
    """Byte for byte; with leave it is written, opens, and nothing lies beside it."""
    target = tmp_path / f"out{suffix}"
    target.write_bytes(b"mine")
    with pytest.raises(RetrievalError, match=rf"out\{suffix} is there already \(--force"):
        save(shown(library, name), target)
    assert target.read_bytes() == b"mine"
    save(shown(library, name), target, replace=True)
    assert target.stat().st_size > 4
    assert [each.name for each in tmp_path.iterdir()] == [target.name]


@pytest.mark.parametrize(("name", "suffix"), FORMS)
def test_a_missing_folder_is_named_and_not_the_source(library: Path, tmp_path: Path, name: str, suffix: str) -> None:
    """One error for every form."""
    target = tmp_path / "nowhere" / f"out{suffix}"
    with pytest.raises(RetrievalError) as caught:
        save(shown(library, name), target)
    assert caught.value.what == f"there is no folder {target.parent} to write {target.name} to"


def test_the_file_itself_is_never_written_over(library: Path, samples: Path) -> None:
    """Not by its own name, and not by leave."""
    known = shown(library, "d1.jpg")
    before = known.asset.paths[0].read_bytes()
    for replace in (False, True):
        with pytest.raises(RetrievalError, match="is the file itself"):
            save(known, known.asset.paths[0], replace=replace)
    assert known.asset.paths[0].read_bytes() == before


def test_a_cut_that_holds_nothing_is_an_error_and_no_file(library: Path, tmp_path: Path) -> None:
    """A time behind the end, as of a file that has become shorter."""
    known = shown(library, "v1.mp4")
    shot = next(each for each in known.segments if each.segment.kind == "shot")
    late = type(shot.segment)("shot", span=Span(10_000_000, 10_001_000))
    one = StoredSegment(shot.id, shot.asset_id, shot.key, late)
    for suffix in (".mp4", ".wav", ".mkv"):
        with pytest.raises(RetrievalError, match="holds nothing from 10000000"):
            save(AssetDetails(known.asset, (one,)), tmp_path / f"cut{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_open_is_not_called_written(tmp_path: Path) -> None:
    """A file of the right name with nothing in it, and what was there before stays."""
    target = tmp_path / "a.png"
    target.write_bytes(b"before")
    with pytest.raises(RetrievalError, match=r"a\.png was not written"), written(target, replace=True) as part:
        part.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert target.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]


def test_a_source_that_is_gone_is_offline(library: Path, tmp_path: Path) -> None:
    """Named, with what to do."""
    known = shown(library, "d1.jpg")
    asset = known.asset
    away = StoredAsset(asset.id, asset.hash, asset.medium, (tmp_path / "gone.jpg",), offline=True, facts=asset.facts)
    with pytest.raises(RetrievalError, match=r"gone\.jpg is offline"):
        save(AssetDetails(away, known.segments), tmp_path / "out.jpg")
