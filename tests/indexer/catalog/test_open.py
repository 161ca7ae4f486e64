"""indexer.catalog.open: libraries that can be written, and those that are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.catalog.open import writing
from retrieval.catalog.engine import open_engine
from retrieval.errors import LibraryError


def test_a_library_whose_path_is_not_utf8_is_refused_in_one_line(tmp_path: Path) -> None:
    """Before anything is made, with what to do; the line can be printed anywhere."""
    home = Path(os.fsdecode(os.fsencode(tmp_path) + b"/lib\xff/inner"))
    with pytest.raises(LibraryError, match=r"lib\\xff/inner is not UTF-8") as refused, writing(home, "test"):
        pass
    assert str(refused.value).isprintable()
    assert "--library" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_was_moved_to_such_a_path_is_refused_by_readers(tmp_path: Path) -> None:
    """The same line as for the writer; a name that is UTF-8 and not ASCII is as good as any."""
    home = tmp_path / "Bücher"
    with writing(home, "test"):
        pass
    open_engine(home).dispose()
    moved = home.rename(os.fsdecode(os.fsencode(tmp_path) + b"/B\xfccher"))
    with pytest.raises(LibraryError, match=r"B\\xfccher is not UTF-8"):
        open_engine(moved)
