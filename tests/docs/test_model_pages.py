"""docs/models.md is what the sources say, and every error behind `crossmedia models` says what happened to what, and what to do."""

from __future__ import annotations

import re

import pytest

from tests.docs import model_pages

NAMED = {"no Whisper weights are on this machine, so speech cannot be read"}  # whichever would do
RAISED = [each for each in model_pages.raised() if each.file != "retrieval/errors.py"]


def test_the_page_of_models_is_current() -> None:
    """`make docs` writes it."""
    assert model_pages.page() == (model_pages.ROOT / "docs" / "models.md").read_text("utf-8")


def test_many_errors_are_seen() -> None:
    """The sources are read: else the tests below would pass on nothing."""
    assert len(RAISED) > 40


@pytest.mark.parametrize("error", RAISED, ids=lambda each: f"{each.file.rpartition('/')[2]}:{each.line}")
def test_an_error_names_its_object_and_the_next_step(error: model_pages.Raised) -> None:
    """Something is put into what it says, and there is a hint."""
    assert "…" in error.what or error.what in NAMED, error
    assert error.hint.strip("\"'… "), error


def test_every_profile_and_model_is_in_the_tables() -> None:
    """By name, with a licence and its languages."""
    page = (model_pages.ROOT / "docs" / "models.md").read_text("utf-8")
    data = model_pages.shipped()
    for name in (*data["profiles"], *data["models"]):
        assert re.search(rf"^\| `{re.escape(name)}` \|", page, re.MULTILINE), name
