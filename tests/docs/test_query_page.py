"""The examples of docs/query.md are read, answered and refused as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from retrieval import Library
from retrieval.errors import SyntaxRefused
from retrieval.query import parser
from retrieval.query.build import parse
from retrieval.query.format import format_query

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "query.md").read_text("utf-8")


def examples(heading: str) -> list[tuple[str, str]]:
    """What is written and what is said of it, in the table below a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(.+?)` \| (.+) \|$", section, re.MULTILINE)


def test_every_example_is_answered(sample_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read, printed back to the same, and asked of the samples without an error."""
    monkeypatch.chdir(ROOT)
    asked = [text for text, _ in examples("Operators") + examples("Filters")]
    assert len(asked) > 20
    with Library.open(sample_library) as library:
        held = str(next(hit.path for hit in library.search("in:image", limit=100) if hit.path.name == "photo1.jpg"))
        for text in asked:
            query = parse(text)
            assert parse(format_query(query)).tree == query.tree
            library.search(text.replace("like:images/photo1.jpg", f"like:{held}"), files=True)


def test_every_operator_of_the_page_is_read_as_one() -> None:
    """All examples but the plain ones have a tree, a lane or filters."""
    plain = [text for text, _ in examples("Operators")[:2]]
    for text, _ in examples("Operators") + examples("Filters"):
        query = parse(text)
        is_read = query.tree is not None or bool(query.filters) or query.operands[0].value != text
        assert is_read != (text in plain), text


@pytest.mark.parametrize(("text", "why"), examples("What is refused"))
def test_what_is_refused_says_why_and_where(text: str, why: str) -> None:
    """As on the page, with the character."""
    with pytest.raises(SyntaxRefused) as caught:
        parse(text)
    assert caught.value.what == why


def test_the_grammar_of_the_page_is_the_grammar() -> None:
    """Rule by rule; only the names of tokens are left out."""
    printed = re.findall(r"```\n(start:.*?)```", PAGE, re.DOTALL)
    assert printed == [parser.GRAMMAR.split("%declare")[0].lstrip()]
