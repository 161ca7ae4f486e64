"""Long text cut into overlapping passages."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.media.documents.passages import Block, cut, sentences, weight

ENGLISH = [f"Sentence number {n} tells of a fox and of {n} geese. " for n in range(60)]
JAPANESE = [f"これは{n}番目の文で、狐と鴨の話です。" for n in range(60)]
THAI = [f"ประโยคที่ {n} เล่าเรื่องสุนัขจิ้งจอกกับห่าน " for n in range(60)]


def test_short_text_is_one_passage() -> None:
    """A note stays whole; no text gives nothing."""
    assert [one.text for one in cut([Block("A short note. Two sentences.")])] == ["A short note. Two sentences."]
    assert list(cut([Block("  ")])) == []


def test_passages_end_at_sentence_ends_and_overlap() -> None:
    """English and Japanese are cut behind their full stops; each passage begins with the end of the one before."""
    for words, mark in ((ENGLISH, "."), (JAPANESE, "。")):
        passages = list(cut([Block("".join(words))]))
        assert len(passages) > 3
        assert all(one.text.endswith(mark) for one in passages)
        assert all(after.chars.start < before.chars.end for before, after in itertools.pairwise(passages))


def test_text_without_marks_is_cut_at_spaces() -> None:
    """Thai has no full stop: passages end between words, none is far beyond the target."""
    passages = list(cut([Block("".join(THAI))]))
    assert len(passages) > 3
    assert max(weight(one.text) for one in passages) <= 700


def test_abbreviations_of_numbers_do_not_matter_to_positions() -> None:
    """`chars` points at the passage's own words in the joined text."""
    blocks = [Block("".join(ENGLISH[:20])), Block("".join(JAPANESE[:20])), Block("end")]
    whole = "\n".join(block.text.strip() for block in blocks)
    for one in cut(blocks):
        assert whole[one.chars.start : one.chars.end].split() == one.text.split()


def test_a_passage_knows_its_headings() -> None:
    """A passage that does not begin with its heading has it as its first line."""
    blocks = [Block("Birds", 1), Block("Geese", 2), Block("".join(ENGLISH))]
    passages = list(cut(blocks))
    assert passages[0].text.startswith("Birds\nGeese\n")
    assert all(one.text.startswith("Birds › Geese\n") for one in passages[1:])


def test_a_heading_goes_with_what_follows_it() -> None:
    """No passage ends with a heading."""
    blocks = [block for n in range(30) for block in (Block(f"Heading {n}", 1), Block(ENGLISH[n] * 3))]
    assert not any(one.text.splitlines()[-1].startswith("Heading") for one in cut(blocks))


def test_pages_are_not_crossed() -> None:
    """Text of two pages is never in one passage."""
    passages = list(cut([Block("One page.", 0, 1), Block("Another page.", 0, 2)]))
    assert [(one.text, one.page) for one in passages] == [("One page.", 1), ("Another page.", 2)]


def test_text_without_a_single_space_is_cut_too() -> None:
    """Ten thousand letters in a row give bounded passages."""
    assert max(len(one.text) for one in cut([Block("x" * 10_000)])) <= 600


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=400), max_size=12))
@settings(max_examples=150, deadline=None)
def test_nothing_is_lost(texts: list[str]) -> None:
    """Every character that is not white space stands in some passage, in order."""
    blocks = [Block(text) for text in texts]
    whole = "\n".join(text.strip() for text in texts if text.strip())
    covered = [False] * len(whole)
    for one in cut(blocks):
        covered[one.chars.start : one.chars.end] = [True] * one.chars.length
    assert all(done or char.isspace() for done, char in zip(covered, whole, strict=True))


@given(st.text(max_size=2000))
@settings(max_examples=150, deadline=None)
def test_sentences_follow_each_other(text: str) -> None:
    """Sentences are in order, apart, and leave out white space only."""
    at = 0
    for start, end in sentences(text):
        assert not text[at:start].strip()
        assert start < end
        at = end
    assert not text[at:].strip()
