"""What the first page of an answer shows, what lines of text and typing do to it, and whether confidences are earned.

Parts of benchmarks.quality, whose head says what the figures are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.fixtures import Figures, miss, share
from benchmarks.nouns import DETERMINERS, LONGEST, closes
from benchmarks.speech import table
from retrieval import Library, Operand
from retrieval.domain.media import MEDIA
from retrieval.domain.records import SeenAsset
from retrieval.evaluation import measures
from retrieval.evaluation.runner import Ranking, Setting, found_right, run_topics
from retrieval.evaluation.topics import AssetTable, Topic

PAGE = Setting("page", cut=True, possible=True)
TEN, FIVE = 10, 5
READ = 100  # captions whose first noun phrase is asked
TYPED = ("{}", "{},", "({})", "{}.", "  {} ")  # ways to type a word, beside capitals


def shown(library: Library, media: Path, assets: AssetTable, captions: Iterable[tuple[str, str, str]]) -> Figures:
    """Captions (file, language, text), and questions to documents in other words: on the first page, of one medium alone."""
    asked = [
        Topic(Operand("text", text), dict.fromkeys(assets.find(file), 1.0), group=f"caption_{lang}")
        for file, lang, text in captions
    ]
    figures: Figures = {}
    for lang in dict.fromkeys(each.group for each in asked):
        own = [each for each in asked if each.group == lang]
        figures[f"shown_{lang}"] = share([found_right(each, TEN) for each in run_topics(library, own, PAGE, depth=TEN)])
        pictures = [replace(each, media=frozenset({"image"})) for each in own]
        figures[f"alone_{lang}"] = share([found_right(each, TEN) for each in run_topics(library, pictures, depth=TEN)])
    rows = [row for row in table(media / "documents/queries.tsv") if row["kind"] == "paraphrase"]
    texts = [Topic(Operand("text", row["query"]), dict.fromkeys(assets.find(row["file"]), 1.0)) for row in rows]
    alone = [replace(each, media=frozenset({"document"})) for each in texts]
    figures["shown_paraphrase"] = share(
        [found_right(each, FIVE) for each in run_topics(library, texts, PAGE, depth=FIVE)]
    )
    figures["alone_paraphrase"] = share([found_right(each, FIVE) for each in run_topics(library, alone, depth=FIVE)])
    return figures


def first_phrase(caption: str) -> str:
    """The first noun phrase of a caption, with its determiner; the caption where it has none."""
    words = re.findall(r"[\w'-]+", caption)
    for at, word in enumerate(words):
        if word.lower() in DETERMINERS:
            end = at + 1
            while end < len(words) and end - at <= LONGEST and not closes(words[end].lower()):
                end += 1
            if end > at + 1:
                return " ".join(words[at:end])
    return caption


def by_lines(
    library: Library, assets: AssetTable, captions: Iterable[tuple[str, str]], words: Sequence[str]
) -> Figures:
    """Wrong first hits that a line of text in a picture made, and words that answer otherwise when typed otherwise."""
    wrong, asked = 0, list(captions)[:READ]
    for file, caption in asked:
        answer = library.search(first_phrase(caption), limit=1)
        first = next(iter(answer.shown), None)
        if first and first.segments and first.segments[0].kind == "text_line" and first.asset not in assets.find(file):
            wrong += 1
            miss(f"a line answers {first_phrase(caption)}: {first.path.name} {first.segments[0].text}")
    return {
        "lines_asked": float(len(asked)),
        "lines_wrong_first": float(wrong),
        "typed_asked": float(len(words)),
        "typed_otherwise": float(sum(_differs(library, word) for word in words)),
    }


def _differs(library: Library, word: str) -> bool:
    found = {
        tuple((hit.asset, hit.confidence) for hit in library.search(text, limit=TEN).shown)
        for text in (word.upper(), *(form.format(word) for form in TYPED))
    }
    if len(found) > 1:
        miss(f"typed otherwise, answered otherwise: {word}")
    return len(found) > 1


def presence(library: Library, questions: Sequence[Topic], assets: AssetTable) -> Figures:
    """Confidence of the best of each medium against whether the medium holds what is asked for.

    questions: with all that is right; nothing for what is absent.
    """
    held = {medium for medium in MEDIA if any(each.medium == medium for each in assets.assets.values())}
    rows: dict[str, list[tuple[float, bool]]] = {}
    for medium in MEDIA:
        if medium not in held:
            continue
        asked = [replace(each, media=frozenset({medium})) for each in questions]
        own = [_row(each, assets.assets) for each in run_topics(library, asked, depth=1)]
        rows[medium] = own
        rows[""] = rows.get("", []) + own
    figures: Figures = {}
    for name, found in rows.items():
        told = measures.calibration([sure for sure, _ in found], [is_there for _, is_there in found])
        suffix = f"_{name}" if name else ""
        figures[f"there_asked{suffix}"] = float(len(found))
        figures[f"there_share{suffix}"] = share([is_there for _, is_there in found])
        figures[f"there_error{suffix}"] = told.error
        for each in told.bins if name else ():
            miss(f"{name}: confidence {each.confidence:.2f}, there {each.right:.2f}")
    return figures


def _row(ranking: Ranking, assets: Mapping[str, SeenAsset]) -> tuple[float, bool]:
    (medium,) = ranking.judged.media
    is_there = any(assets[asset].medium == medium for asset in ranking.judged.right if asset in assets)
    return (ranking.hits[0].confidence if ranking.hits else 0.0), is_there
