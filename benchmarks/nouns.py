"""The most frequent nouns of captions: python -m benchmarks.nouns CAPTIONS.tsv

The fixed script behind judgements/words.tsv. A word is a noun where at least four in ten of its English occurrences end a
noun phrase: a determiner, at most four words, then a preposition, a verb in -ing or the end of the clause. Nouns are
counted in the photos of which two captions name them. Words that name nothing one sees, or a part of the photo, are left
out.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.speech import table
from benchmarks.truth import stem

DETERMINERS = frozenset(
    "a an the two three four five several some many his her its their this that these those".split()
)
ENDS = frozenset(
    "in on at by to from for with without into onto over under up down off out through near next and or as is are was be "
    "being been while who which that of".split()
)
UNSEEN = frozenset(
    "group air background camera picture top trick game couple side day front middle distance line edge way one "
    "other".split()
)
LONGEST = 4  # words of a noun phrase after its determiner
NOUN = 0.4  # share of occurrences at the end of a noun phrase
NAMING = 2  # captions of a photo


def phrase_ends(words: list[str]) -> list[str]:
    """The last word of each noun phrase of a clause."""
    ends, at = [], 0
    while at < len(words):
        end = at + 1
        if words[at] in DETERMINERS:
            while end < len(words) and end - at <= LONGEST and not closes(words[end]):
                end += 1
            if end > at + 1:
                ends.append(words[end - 1])
        at = end
    return ends


def closes(word: str) -> bool:
    """Whether a word ends the noun phrase before it."""
    return word in ENDS or word in DETERMINERS or word.endswith("ing")


def frequent(captions: Path, count: int) -> list[str]:
    """That many nouns, each in its most frequent form, the most frequent first."""
    ends, forms = Counter[str](), defaultdict[str, Counter[str]](Counter)
    named: dict[str, Counter[str]] = defaultdict(Counter)
    for row in table(captions):
        if row["lang"] != "en":
            continue
        clauses = [re.findall("[a-z]+", clause) for clause in re.split("[.,;:!?]", row["caption"].lower())]
        said = [word for clause in clauses for word in clause]
        for word in said:
            forms[stem(word)][word] += 1
        ends.update(stem(word) for clause in clauses for word in phrase_ends(clause))
        named[row["file"]].update({stem(word) for word in said})
    photos = Counter(each for counts in named.values() for each, n in counts.items() if n >= NAMING)
    unseen = {stem(word) for word in UNSEEN}
    nouns = [each for each in photos if each not in unseen and ends[each] >= NOUN * forms[each].total()]
    nouns.sort(key=lambda each: (-photos[each], -forms[each].total(), each))
    found = [max(forms[each], key=lambda form: (forms[each][form], form)) for each in nouns]
    return [word for word in found if not word.endswith(("ed", "ing"))][:count]


if __name__ == "__main__":
    print("\n".join(frequent(Path(sys.argv[1]), 40)))
