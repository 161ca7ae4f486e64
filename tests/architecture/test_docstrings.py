"""Public functions that take or give arrays say of what shape, dtype and range."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHAPE = re.compile(
    r"\((?:any shape|(?:at most )?[a-z0-9]+ ?,|[a-z0-9]+(?:, ?(?:[a-z0-9]+|\.\.\.|[A-Z]+))+|[A-Z_]+)", re.IGNORECASE
)
DTYPE = re.compile(r"u?int\d+|float\d+|bool|dtype|mask")
RANGE = re.compile(
    r"-?\d\.\.\d|0\.\.255|unit|log-odds|scores?|cosines?|ids?\b|ms\b|times?|mask|numbers|bytes|words|rows|pixels|uint8|None|"
    r"frames?|assets|vectors|probabilit|fingerprints?|greys|samples|places|colour",
    re.IGNORECASE,
)


def array_functions() -> Iterator[tuple[str, str, str]]:
    """Name, annotations and docstring of each public function whose signature holds an NDArray."""
    for file in sorted([*ROOT.glob("retrieval/**/*.py"), *ROOT.glob("indexer/**/*.py")]):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            annotated = [each.annotation for each in (*node.args.args, *node.args.kwonlyargs)] + [node.returns]
            told = " ".join(ast.unparse(each) for each in annotated if each is not None)
            if "NDArray" in told:
                yield f"{file.relative_to(ROOT)}:{node.name}", told, ast.get_docstring(node) or ""


@pytest.mark.parametrize(
    ("name", "annotations", "docstring"), list(array_functions()), ids=lambda each: each if ":" in each else ""
)
def test_arrays_are_described(name: str, annotations: str, docstring: str) -> None:
    """A shape in brackets; a dtype in the annotation or the text; a range or what the numbers are."""
    assert SHAPE.search(docstring), f"{name} states no shape: {docstring!r}"
    assert "NDArray[Any]" not in annotations or DTYPE.search(docstring), f"{name} states no dtype: {docstring!r}"
    assert RANGE.search(docstring), f"{name} states no range or unit: {docstring!r}"
