"""A huge table goes on in its middle: what was encoded of it before a run was ended is not encoded again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.pipeline import spool
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from indexer.pipeline.spool import Spool, digest
from retrieval import Library
from retrieval.catalog import layout
from retrieval.domain.media import Modality, Vectors
from tests.fakes import FakeEncoder, FakeProfile

ROWS, LEAST = 400, 64


class Ended(Exception):
    """The power went."""


class Counting(FakeProfile):
    """Counts the passages that are encoded; gives up behind `most`."""

    def __init__(self, most: int = 10**9) -> None:
        super().__init__()
        self.count, self.most = 0, most

    def encoder(self, role: str, modality: Modality) -> FakeEncoder:
        profile, plain = self, super().encoder(role, modality)
        if role != "sentence":
            return plain

        class Counted(FakeEncoder):
            def encode(self, items: Sequence[Any]) -> Vectors:
                profile.count += len(items)
                if profile.count > profile.most:
                    raise Ended
                return super().encode(items)

        return Counted(plain.space, modality, None)


def vectors(home: Path) -> list[bytes]:
    import sqlite3

    with sqlite3.connect(layout.catalog(home)) as catalog:
        return [row[0] for row in catalog.execute("SELECT data FROM vectors ORDER BY segment_id")]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less is written at once, so that a small table does."""
    monkeypatch.setattr(spool, "LEAST", LEAST)


def test_a_table_goes_on_where_a_run_ended(tmp_path: Path) -> None:
    """The second run encodes the rest; the library is as one that was made at once, and nothing is left over."""
    media, home = tmp_path / "media", tmp_path / "home"
    media.mkdir()
    rows = [f"{n};{'The keeper of the lighthouse wrote down tide number ' * 8}{n}" for n in range(ROWS)]
    (media / "tides.csv").write_text("nr;note\n" + "\n".join(rows))
    whole = Counting()
    index_folders([media], library=tmp_path / "at once", options=Options(profile=whole, workers=1))
    assert whole.count > 3 * LEAST
    first = Counting(most=whole.count - LEAST)
    with pytest.raises(Ended):
        index_folders([media], library=home, options=Options(profile=first, workers=1))
    assert [*layout.partial(home).iterdir()]
    second = Counting()
    index_folders([media], library=home, options=Options(profile=second, workers=1))
    assert 0 < second.count <= 2 * LEAST + 64
    assert vectors(home) == vectors(tmp_path / "at once")
    assert not layout.partial(home).exists()
    with Library.open(home, profile=FakeProfile()) as library:
        assert library.search("tide", limit=1)


def test_a_row_that_was_cut_off_is_written_over(tmp_path: Path) -> None:
    """By a disk that was full, or a machine that stopped."""
    rows = [(digest(str(n)), np.full(8, n, np.float16)) for n in range(2 * LEAST)]
    Spool(tmp_path, b"content", 1, 8).add(rows[:LEAST])
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-7])
    assert len(Spool(tmp_path, b"content", 1, 8).known()) == LEAST - 1
    Spool(tmp_path, b"content", 1, 8).add(rows[LEAST:])
    found = Spool(tmp_path, b"content", 1, 8).known()
    assert len(found) == 2 * LEAST - 1
    assert all((found[key] == row).all() for key, row in rows if key in found)
    assert not Spool(tmp_path, b"content", 2, 8).known()
