"""What a stranger's program may import."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

PAGES = "".join(
    (Path(__file__).resolve().parents[1] / "docs" / name).read_text()
    for name in ("glossary.md", "python.md", "errors.md")
)


@pytest.mark.parametrize("package", ["retrieval", "indexer"])
def test_every_exported_name_is_there(package: str) -> None:
    """`from retrieval import NAME` works for each name of __all__, and dir() lists it."""
    module = importlib.import_module(package)
    assert all(hasattr(module, name) for name in module.__all__)
    assert sorted(module.__all__) == module.__all__


@pytest.mark.parametrize("package", ["retrieval", "indexer"])
def test_every_exported_name_is_explained(package: str) -> None:
    """In the glossary, the guide for Python or the list of errors; and there are few of them."""
    names = importlib.import_module(package).__all__
    assert [name for name in names if not re.search(rf"\b{name}\b", PAGES)] == []
    assert len(names) < 30


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """Loading names late must not hide a slip."""
    with pytest.raises(AttributeError, match="nonsense"):
        importlib.import_module("retrieval").nonsense  # noqa: B018
