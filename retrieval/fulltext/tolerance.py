"""Words that no text holds, and those of the library that may be meant: other forms of them, else slips of one letter.

Pure. The words of a library are those of its full-text tables, so nothing is proposed that finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

SHORTEST = 4  # letters of a word that other forms are looked for
SHORTEST_SLIP = 7  # ... that may hold a slip
LONGEST_ENDING = 3  # letters that a form may have less than the word; or more, if the word is not long
LONG = 7  # letters of a word that may begin a longer one, as Kartoffel in Kartoffelsalat
SAME = 2  # first letters that a slip leaves as they are
MOST = 8  # forms of one word that are asked


def is_open(word: str) -> bool:
    """Whether a word that no text holds may be meant otherwise: letters of an alphabet, not too few."""
    return len(word) >= SHORTEST and word.isalpha() and word < "\u0e00"


def beginning(word: str) -> str:
    """The letters that a word shares with all that it may be meant for."""
    return word[:SAME] if len(word) >= SHORTEST_SLIP else word[:3]


def forms(word: str, vocabulary: Iterable[str]) -> list[str]:
    """Words of a vocabulary that are the word with another ending, those nearest in length first; at most MOST.

    The word goes on (Kartoffel, Kartoffeln; a long one to any length), or ends before its last letters (grasshoppers,
    grasshopper); -y and -ies are one ending (city, cities).
    """
    bare = word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("y") + "ies"
    found = [
        each
        for each in vocabulary
        if each != word
        and (
            (each.startswith(word) and (len(word) >= LONG or len(each) <= len(word) + LONGEST_ENDING))
            or (word.startswith(each) and len(each) >= max(SHORTEST, len(word) - LONGEST_ENDING))
            or (each == bare and word[-1] in "ys")
        )
    ]
    return sorted(found, key=lambda each: (abs(len(each) - len(word)), each))[:MOST]


def slips(word: str, vocabulary: Iterable[str]) -> list[str]:
    """Words of a vocabulary that are one letter away from a long word: one more, one less, another, or two exchanged.

    Source: the restricted edit distance of Damerau 1964, at 1.
    """
    if len(word) < SHORTEST_SLIP:
        return []
    near = (each for each in vocabulary if abs(len(each) - len(word)) <= 1 and each[:SAME] == word[:SAME])
    return sorted(each for each in near if _is_slip(word, each))[:MOST]


def _is_slip(word: str, other: str) -> bool:
    if len(word) > len(other):
        word, other = other, word
    at = next((place for place, pair in enumerate(zip(word, other, strict=False)) if pair[0] != pair[1]), len(word))
    if len(word) < len(other):
        return word[at:] == other[at + 1 :]
    swapped = word[at + 1 : at + 2] + word[at : at + 1]
    return word != other and (word[at + 1 :] == other[at + 1 :] or swapped + word[at + 2 :] == other[at:])
