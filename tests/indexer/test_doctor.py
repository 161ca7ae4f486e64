"""indexer.doctor: what is broken is found, mended where the catalog can, and hidden nowhere."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer import doctor
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval.catalog import layout
from retrieval.vectors import faiss_index
from tests.contents import contents
from tests.fakes import FakeProfile

ROOT = Path(__file__).resolve().parents[2]
NAN = np.array([np.nan], "<f2").tobytes()
OPTIONS = Options(profile=FakeProfile(), workers=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A library of two pictures and a text."""
    media = tmp_path / "media"
    media.mkdir()
    for name in ("red", "blue"):
        Image.new("RGB", (20 + len(name), 20), name).save(media / f"{name}.png")
    (media / "note.txt").write_text("The lighthouse keeper counts ships.", "utf-8")
    index_folders([media], library=tmp_path / "library", options=OPTIONS)
    return tmp_path / "library"


def findings(home: Path, *, repair: bool = False) -> list[doctor.Finding]:
    """What is wrong with the library; the installation is not asked about here."""
    return [each for each in doctor.examine(home, repair=repair) if "FAISS" not in each.what]


def execute(home: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(layout.catalog(home)) as connection:
        connection.execute(statement, values)
    connection.close()


def cut_short(home: Path) -> None:
    execute(home, "UPDATE vectors SET data = substr(data, 1, 10) WHERE id = (SELECT min(id) FROM vectors)")


def make_long(home: Path) -> None:
    long = np.full(64, 2.0, "<f2").tobytes()
    execute(home, "UPDATE vectors SET data = CAST(?1 || substr(data, length(?1) + 1) AS BLOB) WHERE id = 1", long)


def make_no_number(home: Path) -> None:
    execute(home, "UPDATE vectors SET data = CAST(? || substr(data, 3) AS BLOB) WHERE id = 2", NAN)


@pytest.mark.parametrize("spoil", [cut_short, make_long, make_no_number])
def test_a_broken_vector_is_found_and_encoded_again(home: Path, spoil: Callable[[Path], None]) -> None:
    """The repair deletes it and marks its file as pending; the next run gives the library that was."""
    before = contents(home)
    spoil(home)
    assert [(each.what[:9], each.hint) for each in findings(home)] == [("1 vector ", doctor.MEND)]
    assert [(each.repaired, each.hint) for each in findings(home, repair=True)] == [
        (True, "crossmedia index encodes those files again")
    ]
    assert index_folders(library=home, options=OPTIONS).pending == {}
    assert findings(home) == []
    assert contents(home) == before


def test_sound_vectors_of_many_rows_are_left_alone(home: Path) -> None:
    """The check goes by blocks; none of them is dropped or blamed."""
    one = np.zeros(32, "<f2")
    one[0] = 1
    execute(
        home,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) "
        "INSERT INTO vectors(space_id, segment_id, data, commit_number) "
        "SELECT v.space_id, v.segment_id, v.data, v.commit_number FROM n, "
        "(SELECT * FROM vectors LIMIT 1) v",
    )
    assert findings(home) == []


def lose_files(home: Path) -> None:
    shutil.rmtree(home / layout.GENERATIONS)


def spoil_files(home: Path) -> None:
    for file in (home / layout.GENERATIONS).rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:-7])


@pytest.mark.skipif(not faiss_index.has_faiss(), reason="nothing is published without FAISS")
@pytest.mark.parametrize("spoil", [lose_files, spoil_files])
def test_lost_and_damaged_indexes_are_found_and_made_again(home: Path, spoil: Callable[[Path], None]) -> None:
    """Each space that answers has an index of its own."""
    spoil(home)
    assert {each.hint for each in findings(home)} == {doctor.MEND}
    assert all(each.repaired for each in findings(home, repair=True))
    assert findings(home) == []


def test_words_that_do_not_fit_are_indexed_anew(home: Path) -> None:
    """Missing entries and left-over ones."""
    execute(home, "DELETE FROM segment_words")
    assert [each.what for each in findings(home)] == ["keyword index: 1 row out of step with the catalog"]
    findings(home, repair=True)
    assert findings(home) == []


def test_what_cannot_be_mended_says_what_to_do(home: Path) -> None:
    """A folder that is away is nobody's to repair; the command that helps is named."""
    shutil.move(home.with_name("media"), home.with_name("away"))
    for repair in (False, True):
        found = findings(home, repair=repair)
        assert [each.repaired for each in found] == [False]
        assert "crossmedia source move" in found[0].hint


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`crossmedia doctor` in a process and home of its own: what other programs left in this user's is no finding of ours."""
    line = [sys.executable, "-m", "indexer.cli.app", "doctor", *arguments]
    home = os.environ["XDG_CACHE_HOME"]
    return subprocess.run(line, check=False, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "HOME": home})


def test_without_a_library_the_installation_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No library yet is no fault; one that was named and is not there is told, after the installation."""
    monkeypatch.setattr(doctor, "_owners", lambda package: {"faiss-cpu", "faiss-gpu"} if package == "faiss" else set())
    assert [each.what for each in doctor.examine(tmp_path)] == [
        "faiss-cpu and faiss-gpu are both installed and overwrite each other"
    ]
    monkeypatch.undo()
    monkeypatch.setenv("CROSSMEDIA_LIBRARY", str(tmp_path / "none"))
    done = program("--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"version": 1, "library": None, "findings": []}
    folder = Path(os.environ["XDG_CACHE_HOME"]) / "intel" / "stats"
    folder.mkdir(parents=True)
    done = program()
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [
            f"{folder} holds usage records that a Python package wrote (crossmedia doctor --repair removes it)",
            f"No library is at {tmp_path / 'none'}: only the installation was checked.",
        ],
    )
    folder.rmdir()
    done = program("--library", str(tmp_path / "none"))
    assert (done.returncode, "there is no library at" in done.stderr) == (1, True)


@pytest.mark.parametrize("left", [b"no catalog at all, but rather a text" * 100, b""])
def test_a_ruined_catalog_is_told_with_the_way_back(home: Path, left: bytes) -> None:
    """To restore it or to index again; the doctor does not send anybody to the doctor."""
    layout.catalog(home).write_bytes(left)
    for found in (doctor.examine(home), doctor.examine(home, repair=True)):
        told = [each for each in found if str(home) in each.what]
        assert len(told) == 1 or not left
        for each in told:
            assert "no media file was touched" in each.hint
            assert "doctor" not in each.hint


def test_pages_of_a_catalog_that_are_damaged_are_told_with_the_way_back(home: Path) -> None:
    """Half of the file is noise."""
    file = layout.catalog(home)
    content = file.read_bytes()
    half = len(content) // 2
    file.write_bytes(content[:half] + bytes(range(256)) * ((len(content) - half) // 256 + 1))
    found = doctor.examine(home)
    assert [each.hint for each in found if "no media file was touched" in each.hint]
    assert not [each for each in found if "crossmedia doctor" in each.hint and str(home) in each.what]
    done = program("--json", "--library", str(home))
    assert done.returncode == 1
    assert {each["repaired"] for each in json.loads(done.stdout)["findings"]} == {False}
