"""The counters of encoder calls and SQL statements."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.counts import callables, counting, program
from retrieval import Library, Operand


def test_encoders_are_found_and_tokenizers_are_not() -> None:
    """By what they do, so that a module may be moved."""
    names = {f"{owner.__name__}.{name}" for owner, name in callables()}
    assert {"StarterText.encode", "StarterImage.encode", "StarterSound.encode", "SentenceText.encode"} <= names
    assert "SpeechTranscriber.transcribe" in names
    assert "Tokenizer.encode" not in names


def test_statements_are_counted_inside_only() -> None:
    """Of any engine, and no longer when counting has ended."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        with counting() as counts:
            connection.execute(text("SELECT 1"))
            connection.execute(text("SELECT 2"))
        connection.execute(text("SELECT 3"))
    assert counts["sql"] == 2


def test_an_encoder_inside_another_is_not_counted_again(sample_library: Path, samples: Path) -> None:
    """The text tower of the shared space asks that of sentences: one call of each, though the latter works twice."""
    with Library.open(sample_library) as library:
        with counting() as counts:
            assert library.search("a cat")
        assert (counts["StarterText.encode"], counts["SentenceText.encode"]) == (1, 1)
        assert counts["sql"] > 0
        with counting() as counts:
            library.search(Operand("audio", samples / "questions" / "ticking.wav"))
    assert counts["StarterSound.encode"] == 1
    assert counts["open ticking.wav"] > 0


def test_the_program_runs_in_this_process(tmp_path: Path) -> None:
    """So that what it asks is counted; a command that fails tells so."""
    assert program("--version") == 0
    assert program("status", "--library", str(tmp_path / "none")) == 1
