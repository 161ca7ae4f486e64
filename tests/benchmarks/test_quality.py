"""The judgements that come with the benchmark of quality, held against the tables of truth."""

from pathlib import Path

import pytest

from benchmarks import truth
from benchmarks.quality import JUDGEMENTS
from benchmarks.speech import table


def test_two_hundred_different_things_are_asked_for_in_vain() -> None:
    """The list is whole, and no question stands in it twice."""
    questions = [row["question"] for row in table(JUDGEMENTS / "absent.tsv")]
    assert len(questions) == len(set(questions)) == 200


def test_what_is_absent_is_named_nowhere(media: Path) -> None:
    """No label, caption or transcript names what an absent question is about."""
    told: dict[str, frozenset[str]] = {}
    for name, text in truth.tables(media / "fixtures"):
        told[name] = told.get(name, frozenset()) | truth.stems(text)
    named = {row["absent"]: truth.naming(told, row["absent"]) for row in table(JUDGEMENTS / "absent.tsv")}
    assert {absent: names for absent, names in named.items() if names} == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dogs", "dog"),
        ("running", "run"),
        ("women", "woman"),
        ("branches", "branch"),
        ("puppies", "puppy"),
        ("skiing", "ski"),
        ("rides", "riding"),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    """What a caption calls by another form of the word is named."""
    assert truth.stems(one) == truth.stems(other)


@pytest.mark.parametrize(("one", "other"), [("car", "cat"), ("bus", "bun"), ("grass", "gras"), ("ring", "r")])
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    """Cutting endings makes no two short words one."""
    assert truth.stems(one) != truth.stems(other)


def test_a_question_is_named_only_whole() -> None:
    """A photo of a park is not one of a park bench, and a question without a telling word is about nothing."""
    told = {"a": truth.stems("two dogs run through the park"), "b": truth.stems("someone sleeps on a park bench")}
    assert truth.naming(told, "park bench") == {"b"}
    assert truth.naming(told, "the park") == {"a", "b"}
    assert truth.naming(told, "of the") == set()
