"""The SQL statements of a question: their number does not grow with what it finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from retrieval import Library

MOST = 12  # of a later question, with those that begin and end the transaction and look for changes
OTHER_FORMS = 2  # more, of a question with a word that no text holds: it is asked by the words of the library


def statements(library: Library, question: str, least: float | None) -> list[str]:
    """The statements that one search sends to the database, and that it finds anything. least: confidence."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        answer = library.search(question, min_confidence=least)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert answer or answer.possible
    return seen


@pytest.mark.parametrize(
    ("question", "least", "most"),
    [
        ("cat", None, MOST),
        ("cat", 0.0, MOST),
        ("海上的帆船", None, MOST),
        ("海上的帆船", 0.0, MOST),
        ("a dog on the beach", None, MOST),
        ("the art of printing books", None, MOST + OTHER_FORMS),
        ("the art of printing books", 0.0, MOST + OTHER_FORMS),
        ("a bird sings in the morning", 0.0, MOST + OTHER_FORMS),
    ],
)
def test_a_plain_question_takes_few_statements(
    sample_library: Path, question: str, least: float | None, most: int
) -> None:
    """Pictures, sounds, videos and documents answer, by vectors, by words and by moments."""
    with Library.open(sample_library) as library:
        library.search("music with drums")
        assert len(statements(library, question, least)) <= most
