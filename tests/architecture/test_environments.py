"""`make test` runs every test in the environment that has what it needs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_tests_of_torch_lie_where_make_looks_for_them() -> None:
    """It looks through some folders alone, since reading all tests takes torch's processes as long as some of theirs."""
    found = re.search(r"^TORCH_TESTS = (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert found is not None
    folders = [ROOT / name for name in found[1].split()]
    marked = [path for path in (ROOT / "tests").rglob("test_*.py") if "mark.torch" in path.read_text("utf-8")]
    marked.remove(Path(__file__))
    assert len(marked) > 5
    assert [path for path in marked if not any(path.is_relative_to(folder) for folder in folders)] == []
    assert [folder for folder in folders if not any(path.is_relative_to(folder) for path in marked)] == []
