"""Words and noun phrases of captions, with the photos that show what they name.

A term is learned with all photos that are told to show it, not with one as a caption is. English nouns are those of
`benchmarks.nouns`, phrases are a word and the noun that it stands before. A word of another language is a noun where the
photos whose captions hold it are nearly those of an English noun; nobody has to know its grammar. The CLDR's names of
emoji (npm package cldr-annotations-full, Unicode licence) add words of the languages without captions.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.nouns import NOUN, UNSEEN, phrase_ends
from benchmarks.truth import EMPTY, stem
from training import data
from training.data import CaptionRow

LANGUAGES = ("ar", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
FEW = 4  # photos of a term
FORM = 0.1  # share of the forms of a word that one must have
UNTELLING = frozenset("see there has have image bottom object right left view photo part center someone".split())
ALIKE = 0.25  # Dice coefficient of the photos of a foreign word and of an English noun
SAME = 0.6  # Jaccard index of the emoji of two words that are taken for translations
COMMON = 0.5  # share of photos above which a foreign word is one of grammar


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase. sure: photos of which two captions name it; told: those of which one does."""

    lang: str
    text: str
    sure: frozenset[str]
    told: frozenset[str]


def _clauses(caption: str) -> Iterator[list[str]]:
    for clause in re.split(r"[.,;:!?|]", caption.lower()):
        yield re.findall(r"[a-z]+(?:-[a-z]+)*", clause)


def nouns(captions: Iterable[str]) -> dict[str, list[str]]:
    """The stems of English nouns, each with its frequent forms, the most frequent first."""
    ends, forms = Counter[str](), defaultdict[str, Counter[str]](Counter)
    for caption in captions:
        for words in _clauses(caption):
            ends.update(stem(word) for word in phrase_ends(words))
            for word in words:
                forms[stem(word)][word] += 1
    unseen = {stem(word) for word in UNSEEN | UNTELLING}
    return {
        each: [
            form for form, n in count.most_common(2) if n >= FORM * count.total() and not form.endswith(("ed", "ing"))
        ]
        for each, count in forms.items()
        if ends[each] >= NOUN * count.total() and len(each) > 1 and each not in unseen
    }


def _counted(told: Mapping[str, Counter[str]], lang: str, shown: Callable[[str], Iterable[str]]) -> Iterator[Term]:
    """Terms for each key, as it is shown: with the photos where it was counted twice, and once."""
    for each, counts in told.items():
        if len(counts) >= FEW:
            sure = frozenset(file for file, n in counts.items() if n > 1)
            for text in shown(each):
                yield Term(lang, text, sure, frozenset(counts))


def english(captions: Sequence[CaptionRow]) -> list[Term]:
    """English nouns, and words before them together with them. A caption of a kind names its broader terms as well."""
    known, broader = nouns(row.caption for row in captions), kinds()
    single: dict[str, Counter[str]] = defaultdict(Counter)
    double: dict[str, Counter[str]] = defaultdict(Counter)
    for row in captions:
        found: set[str] = set()
        pairs: set[str] = set()
        for words in _clauses(row.caption):
            stems = [stem(word) for word in words]
            found.update(each for each in stems if each in known)
            follows = [*(each in known for each in stems[1:]), False]
            pairs.update(
                f"{one} {words[n + 1]}"
                for n, one in enumerate(words[:-1])
                if stems[n + 1] in known
                and not follows[n + 1]
                and (one not in EMPTY or one in NUMBERS)
                and stems[n] != stems[n + 1]
            )
        found.update(wide for each in list(found) for wide in broader.get(each, ()))
        for each in found:
            single[each][row.file] += 1
        for pair in pairs:
            double[pair][row.file] += 1
    names = {key(wide): [wide] for wide in broad()}
    return [
        *_counted(single, "en", lambda each: known.get(each) or names.get(each, [])),
        *_counted(double, "en", lambda pair: [pair]),
    ]


NUMBERS = ("two", "three", "four", "several")


def key(words: str) -> str:
    """The stems of a term, as `kinds` and terms are compared."""
    return " ".join(stem(word) for word in words.split())


def broad() -> list[str]:
    """The broader terms."""
    with Path(__file__).with_name("kinds.tsv").open(encoding="utf-8") as file:
        return [row["broader"] for row in csv.DictReader(file, delimiter="\t")]


def kinds() -> dict[str, list[str]]:
    """Stems of kinds with the stems of the broader terms that they belong to."""
    found: dict[str, list[str]] = defaultdict(list)
    with Path(__file__).with_name("kinds.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            for kind in row["kinds"].split(","):
                found[key(kind)].append(key(row["broader"]))
    return found


_SPLIT: dict[str, Callable[[str], Iterable[str]]] = {
    "de": lambda text: re.findall(r"\b[A-ZÄÖÜ][a-zäöüß]{2,}", text),
    "fr": lambda text: re.findall(r"[a-zà-ÿœ]{3,}", text.lower()),
    "ar": lambda text: (re.sub(r"^(?:[وبلفك]?ال)", "", word) for word in re.findall(r"[ء-ي]{2,}", text)),
}


def _held(text: str, wanted: frozenset[str]) -> set[str]:
    """Those of the words, of at most four letters, that stand in a text without spaces."""
    return {text[at : at + n] for at in range(len(text)) for n in (1, 2, 3, 4)} & wanted


def foreign(captions: Sequence[CaptionRow], lang: str, known: Sequence[Term], words: Iterable[str] = ()) -> list[Term]:
    """Words of a language whose photos are nearly those of an English noun. words: looked for in texts without spaces."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    wanted = frozenset(words)
    for row in captions:
        if row.lang == lang:
            found = set(_SPLIT[lang](row.caption)) if lang in _SPLIT else _held(row.caption, wanted)
            for word in found:
                told[word][row.file] += 1
    photos = {row.file for row in captions if row.lang == lang}
    single = [term for term in known if " " not in term.text]
    by_photo: dict[str, list[int]] = defaultdict(list)
    for n, term in enumerate(single):
        for file in term.told & photos:
            by_photo[file].append(n)
    sizes = [len(term.told & photos) for term in single]
    kept = {}
    for word, counts in told.items():
        if FEW <= len(counts) <= COMMON * len(photos):
            shared = Counter(n for file in counts for n in by_photo.get(file, ()))
            dice = max((2 * count / (len(counts) + sizes[n]) for n, count in shared.items()), default=0.0)
            if dice >= ALIKE:
                kept[word] = counts
    return list(_counted(kept, lang, lambda word: [word]))


def cldr(folder: Path) -> dict[str, dict[str, list[str]]]:
    """By language and English word, the words that name the same emoji. folder: node_modules/cldr-annotations-full."""

    def read(lang: str) -> tuple[dict[str, str], dict[str, set[str]]]:
        text = (folder / "annotations" / lang / "annotations.json").read_text("utf-8")
        rows = json.loads(text)["annotations"]["annotations"]
        names = {sign: row["tts"][0] for sign, row in rows.items() if "tts" in row}
        of: dict[str, set[str]] = defaultdict(set)
        for sign, row in rows.items():
            for word in {*row.get("default", ()), *row.get("tts", ())}:
                of[word].add(sign)
        return names, of

    names, of = read("en")
    found: dict[str, dict[str, list[str]]] = {}
    for lang in LANGUAGES:
        own, signs = read(lang)
        pairs: dict[str, list[str]] = defaultdict(list)
        for sign, name in names.items():
            if sign in own and name.isascii():
                pairs[name].append(own[sign])
        by_sign: dict[str, list[str]] = defaultdict(list)
        for word, each in signs.items():
            for sign in each:
                by_sign[sign].append(word)
        for word, each in of.items():
            likely = {other for sign in each for other in by_sign[sign]}
            for other in likely:
                if len(each & signs[other]) >= SAME * len(each | signs[other]) and len(each) > 1:
                    pairs[word].append(other)
        found[lang] = {word: sorted(set(others) - {word}) for word, others in pairs.items()}
    return found


def translated(known: Sequence[Term], words: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[Term]:
    """Terms of other languages that mean an English one, with its photos."""
    for term in known:
        for lang, of in words.items():
            for text in of.get(term.text, ()):
                yield Term(lang, text, term.sure, term.told)


def terms(captions: Sequence[CaptionRow], annotations: Path | None = None) -> list[Term]:
    """All terms of the captions, in every language of theirs and, with the CLDR's names, in all others."""
    spoken = [row for row in captions if row.lang == "en"]
    known = english(spoken)
    chinese = [word for english_, word in data.dictionary() if len(word) > 1 or english_ in {t.text for t in known}]
    found = list(known)
    for lang in ("zh", "de", "fr", "ar"):
        found += foreign(captions, lang, known, chinese if lang == "zh" else ())
    if annotations:
        found += translated(known, cldr(annotations))
    return found
