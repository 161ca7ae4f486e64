"""Full, read-only and forbidden disks: one line that names the disk, nothing lost, and a way on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library
from tests.contents import contents
from tests.fakes import FakeProfile
from tests.mounts import ROOT, in_namespace

BEGINNING = """
import json, os, sys
from pathlib import Path
from indexer import doctor
from indexer.catalog.open import writing
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library
from retrieval.errors import RetrievalError
from tests.contents import contents
from tests.fakes import FakeProfile

media, home = Path({media!r}), Path({home!r})
profile = FakeProfile()

def index():
    try:
        index_folders([media], library=home, options=Options(profile=profile, workers=1))
    except RetrievalError as error:
        return [type(error).__name__, error.what, error.hint, error.code]

def shown():
    with Library.open(home, profile=profile) as library:
        answer = library.search("blue")
        return [hit.path.name for hit in answer], list(answer.warnings)
"""

FULL = """
from PIL import Image
index()
before = contents(home)
for at in range(400):
    (media / f"{at}.txt").write_text(f"Sentence {at} of a small document about lighthouses. " * 40)
filler = home.parent / "filler"
with filler.open("wb", buffering=0) as file:
    room = os.statvfs(home).f_bavail * os.statvfs(home).f_frsize
    file.write(bytes(max(room - 200_000, 0)))
error = index()
held, found = contents(home), [each.what for each in doctor.examine(home)]
lost = [name for name in before["assets"] if name not in held["assets"]]
filler.unlink()
again = index()
clean = home.parent.parent / "clean"
index_folders([media], library=clean, options=Options(profile=profile, workers=1))
equal = contents(home) == contents(clean)
print(json.dumps([error, found, lost, again, equal]))
"""

READ_ONLY = """
asked = shown()
with Library.open(home, profile=profile) as library:
    files = sum(library.status().media.values())
print(json.dumps([asked, files, index(), os.path.exists(home / "catalog.sqlite-shm")]))
"""


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Two pictures."""
    folder = tmp_path / "media"
    folder.mkdir()
    for name in ("red", "blue"):
        Image.new("RGB", (20 + len(name), 20), name).save(folder / f"{name}.png")
    return folder


def test_a_full_disk_is_named_and_nothing_is_lost(media: Path, tmp_path: Path) -> None:
    """The run fails with the disk and the room it needs; with room the next one ends in the library of a clean build."""
    disk = tmp_path / "disk"
    disk.mkdir()
    code = BEGINNING.format(media=str(media), home=str(disk / "library")) + FULL
    error, found, lost, again, equal = in_namespace(f"mount -t tmpfs -o size=80m small {disk}", code)
    assert error is not None
    kind, what, hint, exit_code = error
    assert (kind, exit_code) == ("LibraryError", 1)
    assert what.startswith(f"no space left on small ({disk}): ")
    assert what.endswith("MB needed")
    assert "nothing is lost" in hint
    assert any(each.startswith("no space left on small") for each in found)
    assert (lost, again, equal) == ([], None, True)


def test_a_library_on_a_read_only_disk_is_searched(media: Path, tmp_path: Path) -> None:
    """And it is said; a run is refused with the reason, and nothing is written."""
    home = tmp_path / "library"
    index_folders([media], library=home, options=Options(profile=FakeProfile(), workers=1))
    mounts = f"mount --bind {home} {home}\nmount -o remount,ro,bind {home}"
    asked, files, error, has_log = in_namespace(mounts, BEGINNING.format(media=str(media), home=str(home)) + READ_ONLY)
    assert asked[0] == ["blue.png"]
    assert asked[1] == [f"{home} cannot be written: what is asked is the library as it was last closed"]
    assert files == 2
    assert error[0] == "LibraryError"
    assert "is read-only" in error[1]
    assert "CROSSMEDIA_LIBRARY" in error[2]
    assert not has_log


def test_a_library_that_can_be_written_says_nothing_of_its_disk(media: Path, tmp_path: Path) -> None:
    """No warning where there is nothing to warn of."""
    home = tmp_path / "library"
    index_folders([media], library=home, options=Options(profile=FakeProfile(), workers=1))
    with Library.open(home, profile=FakeProfile()) as library:
        assert library.search("blue").warnings == ()
    assert contents(home)["skipped"] == []


CACHE = "import json; from retrieval.settings import cache_dir; print(json.dumps([str(cache_dir()), str(cache_dir())]))"


def test_an_unwritable_cache_gives_way_to_a_temporary_one(tmp_path: Path) -> None:
    """On a read-only disk, where modes do not matter."""
    cache = tmp_path / "cache"
    cache.mkdir()
    mounts = f"mount --bind {cache} {cache}\nmount -o remount,ro,bind {cache}"
    found = in_namespace(mounts, CACHE, CROSSMEDIA_CACHE=str(cache), TMPDIR=str(tmp_path))
    assert found == [str(tmp_path / f"crossmedia-cache-{os.getuid()}")] * 2


def test_a_home_that_is_no_folder_gives_way_and_the_variable_is_named(tmp_path: Path) -> None:
    """Said once, on standard error."""
    (tmp_path / "home").write_text("")
    variables = {**os.environ, "HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    for name in ("CROSSMEDIA_CACHE", "XDG_CACHE_HOME", "XDG_DATA_HOME", "CROSSMEDIA_LIBRARY"):
        variables.pop(name, None)
    done = subprocess.run([sys.executable, "-c", CACHE], capture_output=True, check=True, text=True, env=variables)
    other = tmp_path / f"crossmedia-cache-{os.getuid()}"
    assert json.loads(done.stdout) == [str(other)] * 2
    assert other.stat().st_mode & 0o077 == 0
    assert done.stderr.count("CROSSMEDIA_CACHE names another folder") == 1
    line = [sys.executable, "-m", "indexer.cli.app", "index", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, check=False, text=True, env=variables, cwd=ROOT)
    assert done.returncode == 1
    assert "CROSSMEDIA_LIBRARY or --library names another folder" in done.stderr
