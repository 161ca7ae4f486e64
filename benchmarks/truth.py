"""What the tables of truth beside labelled media tell of each file: the words that name what is in it.

An asset is right for a question where labels, captions or transcripts, all that is told of it together, name every word
of the question that means something. Words meet by their stems. What nothing is told of is not judged.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.speech import table
from retrieval import Library
from retrieval.evaluation.topics import AssetTable

Told = Mapping[str, frozenset[str]]  # stems of all that is told of an asset, by its content hash

EMPTY = frozenset(  # words that name nothing
    "a an the this that these those some any one of in on at by to from for with without into onto over under up down off "
    "out through near next and or as is are was be being been it its his her their there while who which what where "
    "s t i you he she they them him two three four several another other".split()
)
IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "geese": "goose", "mice": "mouse",
    "feet": "foot", "teeth": "tooth", "leaves": "leaf", "wolves": "wolf", "ran": "run", "sat": "sit", "stood": "stand",
    "hotdog": "hot dog",
}  # fmt: skip


def stem(word: str) -> str:
    """An English word without its endings, cut as one cuts it on both sides; not always a word."""
    word = IRREGULAR.get(word, word)
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", "")):
        if word.endswith(ending) and not word.endswith("ss") and len(word) > len(ending) + 2:
            word = word[: -len(ending)] + instead
            break
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            word = word[: -len(ending)]
            word = word[:-1] if word[-1] == word[-2] and word[-1] not in "ls" else word
            break
    return word.removesuffix("e") if len(word) > 3 else word


def stems(text: str) -> frozenset[str]:
    """Stems of the words of a text that name something."""
    words = [part for word in re.findall(r"\w+", text.lower()) for part in IRREGULAR.get(word, word).split()]
    return frozenset(stem(word) for word in words if word not in EMPTY)


def tables(media: Path) -> Iterable[tuple[str, str]]:
    """File name and text of every row that tells something in English."""
    for row in table(media / "images/captions.tsv"):
        if row["lang"] == "en":
            yield row["file"], row["caption"]
    for row in table(media / "images/labels.tsv"):
        yield row["file"], row["label"]
    for row in table(media / "videos/clips.tsv"):
        yield row["file"], f"{row['seen']} {row['said']} {row['note'].partition('(')[0]}"
    for row in table(media / "audio/sounds.tsv"):
        yield row["file"], f"{row['label']} {row['description']}"
    for row in table(media / "audio/transcripts.tsv"):
        yield row["file"], row["transcript"]
    for row in table(media / "documents/documents.tsv"):
        yield row["file"], row["about"]


def told(media: Path, library: Library, assets: AssetTable) -> Told:
    """All that is told of each asset; of a document also what is written in it, as the library read it."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, text in tables(media):
        for asset in assets.find(name):
            found[asset] |= stems(text)
    for asset, hit in assets.assets.items():
        if hit.medium == "document":
            written = " ".join(each.segment.text or "" for each in library.show(hit.path).segments)
            found[asset] |= stems(written)
    return {asset: frozenset(words) for asset, words in found.items() if words}


def naming(truth: Told, question: str) -> set[str]:
    """Assets of which all words of the question are told; none for a question that names nothing."""
    asked = stems(question)
    return {asset for asset, words in truth.items() if asked <= words} if asked else set()
