"""How good and how honest answers over labelled media are: python -m benchmarks.quality MEDIA [--work DIR] [--reuse]

MEDIA is laid out like the fixtures, each folder with its tables of truth. A copy without tables and READMEs is indexed;
--reuse asks the library that an earlier call left in --work.

    gallery_*    concepts that occur in two media or more (judgements/concepts.tsv), all media asked: nDCG@10 of the fused
                 answer, of each lane alone and of their reciprocal ranks, and by how much the fused one is better, with
                 95 % intervals of a paired bootstrap
    share_*      where two media have five right files or more: each medium's share of the first ten and the share due,
                 that among what is right; in how many cases they differ by at most a third of it, or half a hit
    absent_*     questions about what is not there (judgements/absent.tsv) to which anything is sure
    present_*    labels and captions: the answer is in the first ten of all candidates; of those, the share to whose answer
                 it is sure (kept), and that whose first ten hits, sure or possible, hold it (shown)
    shown_*      every caption, no medium named: its photo is among the first ten, sure or possible; every question to
                 documents in other words: the document is among the first five. alone_*: of one medium, all candidates
    lines_*      the first noun phrases of a hundred English captions whose first hit is a line of text in a wrong picture
    typed_*      eight everyday words that answer otherwise in capitals, with punctuation or in brackets
    there_*      captions, words and what is absent, each medium asked alone: expected calibration error of the confidence
                 of the best candidate against whether the medium holds the thing, in ten bins of equal mass
    words_*      the most frequent nouns of the captions (judgements/words.tsv, by benchmarks.nouns) in English and Chinese
    everyday_*   eight everyday words in thirteen more languages (judgements/everyday_words.tsv); as in words_*, a photo is
                 right where two of its English captions name the thing, photos without captions are passed over.
                 useful: three pictures or more are sure, and of the first five three in five are right;
                 first_five: of the first five of all candidates, pictures asked only, the share that is right
    confidence_* the first ten candidates of those questions: expected calibration error in ten bins of equal mass, Brier
                 score, and that of always answering the share of right ones
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

# As `crossmedia search` does it for a question in words: threads that wait for each other cost more than they save.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks import first_page, truth
from benchmarks.fixtures import Figures, miss, prepare, share
from benchmarks.nouns import NAMING
from benchmarks.report import report
from benchmarks.speech import table
from retrieval import Library, Operand
from retrieval.domain.media import MEDIA
from retrieval.evaluation import measures
from retrieval.evaluation.report import build
from retrieval.evaluation.runner import LANES, Ranking, Setting, found_right, run_topics
from retrieval.evaluation.topics import AssetTable, Topic, asset_table

JUDGEMENTS = Path(__file__).parent / "judgements"
CUT = Setting("search", cut=True)
GAINS = {"shown": 1.0, "about": 2.0}  # of the columns of concepts.tsv
MANY = 5  # right assets of a medium from which on its share counts
HALF_A_HIT = 0.05  # of ten: no share can be nearer than that to one that is due
FIRST = 10  # hits of a question that count
# Captions that are asked: one by somebody who saw the photo, and human translations.
CAPTIONS = {("en", "written", "1"), ("zh", "translated", "6"), ("de", "translated", "1")}
LANGUAGES = ("en", "zh", "de")


# ---------------------------------------------------------------- confidence


def labels(media: Path, told: truth.Told) -> Iterator[Topic]:
    """Every label of a photo or sound as a question; right is what labels or captions name so."""
    named = [row["label"] for row in (*table(media / "images/labels.tsv"), *table(media / "audio/sounds.tsv"))]
    for label in dict.fromkeys(named):
        yield Topic(Operand("text", label), dict.fromkeys(truth.naming(told, label), 1.0), group="label")


def captions(media: Path, told: truth.Told, assets: AssetTable) -> Iterator[Topic]:
    """One caption of each photo, its languages in turn; right is its photo, and what names all that the English one does."""
    by_photo: dict[str, dict[str, str]] = {}
    for row in table(media / "images/captions.tsv"):
        if (row["lang"], row["kind"], row["n"]) in CAPTIONS:
            by_photo.setdefault(row["file"], {})[row["lang"]] = row["caption"]
    for at, (file, texts) in enumerate(by_photo.items()):
        lang = LANGUAGES[at % len(LANGUAGES)]
        lang = lang if lang in texts else "en"
        right = assets.find(file) | truth.naming(told, texts["en"])
        yield Topic(Operand("text", texts[lang]), dict.fromkeys(right, 1.0), group=f"caption_{lang}")


def absent(told: truth.Told) -> list[str]:
    """The questions about what is not there; one that names what something is told of is told, and left out."""
    kept = []
    for row in table(JUDGEMENTS / "absent.tsv"):
        named = truth.naming(told, row["absent"])
        if named or not truth.stems(row["absent"]):
            miss(f"not absent: {row['question']} ({len(named)} assets)")
        else:
            kept.append(row["question"])
    return kept


def confidence(rankings: Sequence[Ranking], told: truth.Told) -> Figures:
    """Confidences of the first hits against the truth; hits that nothing is told of are not judged."""
    hits = [
        (each, hit.medium, hit.confidence, hit.asset in each.judged.right)
        for each in rankings
        for hit in each.hits[:FIRST]
        if hit.asset in told
    ]
    groups = {"": hits}
    for name in ("label", "caption"):
        groups[f"_{name}"] = [row for row in hits if row[0].judged.group.startswith(name)]
    for medium in MEDIA:
        groups[f"_{medium}"] = [row for row in hits if row[1] == medium]
    figures: Figures = {}
    for name, rows in groups.items():
        found = measures.calibration([row[2] for row in rows], [row[3] for row in rows])
        figures[f"confidence_hits{name}"] = float(len(rows))
        figures[f"confidence_error{name}"] = found.error
        figures[f"confidence_brier{name}"] = found.brier
        figures[f"confidence_brier_base{name}"] = found.base
        if not name:
            for each in found.bins:
                miss(f"{each.count} hits: confidence {each.confidence:.3f}, right {each.right:.3f}")
    return figures


def present(library: Library, rankings: Sequence[Ranking]) -> Figures:
    """What of the answers that are there the default cut leaves."""
    asked = [each.judged for each in rankings]
    ways = zip(
        rankings,
        run_topics(library, asked, CUT, depth=FIRST),
        run_topics(library, asked, first_page.PAGE, depth=FIRST),
        strict=True,
    )
    rows = list(ways)
    figures: Figures = {}
    groups = {"": "", "_label": "label", "_caption": "caption"}
    groups |= {f"_caption_{lang}": f"caption_{lang}" for lang in LANGUAGES}
    for name, group in groups.items():
        own = [row for row in rows if row[0].judged.group.startswith(group)]
        answered = [row for row in own if found_right(row[0], FIRST)]
        figures[f"present_asked{name}"] = float(len(own))
        figures[f"present_in_first_ten{name}"] = 100 * len(answered) / max(len(own), 1)
        figures[f"present_kept{name}"] = share([found_right(cut, FIRST) for _, cut, _ in answered])
        figures[f"present_shown{name}"] = share([found_right(page, FIRST) for *_, page in answered])
    return figures


def nothing(library: Library, questions: Iterable[str]) -> Figures:
    """What returns something though nothing is there."""
    asked = [Topic(Operand("text", text), {}) for text in questions]
    answers = list(run_topics(library, asked, CUT, depth=FIRST))
    shown = [each for each in answers if each.hits]
    for each in sorted(shown, key=lambda one: -one.hits[0].confidence):
        miss(f"absent, yet {each.hits[0].confidence:.2f} {each.hits[0].medium}: {each.judged.operand.value}")
    return {
        "absent_asked": float(len(answers)),
        "absent_answered": share([bool(each.hits) for each in answers]),
    }


def honesty(library: Library, media: Path, assets: AssetTable) -> Figures:
    """What confidences are worth."""
    told = truth.told(media, library, assets)
    questions = [each for each in (*labels(media, told), *captions(media, told, assets)) if each.right]
    rankings = list(run_topics(library, questions, depth=FIRST))
    return {**nothing(library, absent(told)), **present(library, rankings), **confidence(rankings, told)}


# ---------------------------------------------------------------- a mixed gallery


def concepts(assets: AssetTable) -> list[Topic]:
    """The judged concepts of which the library holds something: what a file is about counts twice what is in it too."""
    by_stem: dict[str, set[str]] = {}
    for asset, hit in assets.assets.items():
        for path in hit.paths:
            by_stem.setdefault(path.stem, set()).add(asset)
    found = []
    for row in table(JUDGEMENTS / "concepts.tsv"):
        gains = {stem: gain for column, gain in GAINS.items() for stem in row[column].split()}
        right = {asset: gain for stem, gain in gains.items() for asset in by_stem.get(stem, ())}
        if right:
            found.append(Topic(Operand("text", row["question"]), right, group=row["concept"]))
    return found


def gallery(library: Library, media: Path, assets: AssetTable) -> Figures:
    """The fused answer against each lane alone and against their reciprocal ranks."""
    questions = concepts(assets)
    settings = [Setting(), *(Setting(lane, (lane,)) for lane in LANES), Setting("ranks", LANES, by_rank=True)]
    told = build([(each, list(run_topics(library, questions, each))) for each in settings], assets)
    fused = told.measured[0].values["nDCG@10"]
    figures: Figures = {"gallery_concepts": float(len(questions))}
    for each in told.measured:
        name = "fused" if each.setting.name == "search" else each.setting.name
        figures[f"gallery_ndcg10_{name}"] = each.whole.measures["nDCG@10"].mean
        if each is not told.measured[0]:
            gain = measures.difference(fused, each.values["nDCG@10"])
            figures[f"gallery_over_{name}"] = f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
    for at in told.worst(8):
        ranking = told.measured[0].rankings[at]
        best = ", ".join(f"{hit.path.stem} {hit.confidence:.2f}" for hit in ranking.hits[:5])
        miss(f"{ranking.judged.group} {fused[at]:.2f}: {best}")
    return {**figures, **shares(told.measured[0].rankings, assets)}


def shares(rankings: Sequence[Ranking], assets: AssetTable) -> Figures:
    """Whether media are in the first ten as they are among what is right, where two have MANY right assets or more."""
    figures: Figures = {}
    kept = []
    for each in rankings:
        right = Counter(assets.assets[asset].medium for asset in each.judged.right)
        many = [medium for medium in MEDIA if right[medium] >= MANY]
        if len(many) < 2:
            continue
        shown = Counter(hit.medium for hit in each.hits[:FIRST])
        for medium in many:
            due, got = right[medium] / right.total(), shown[medium] / FIRST
            kept.append(abs(got - due) <= max(due / 3, HALF_A_HIT))
            figures[f"share_{each.judged.group}_{medium}"] = f"{got:.2f} of {due:.2f} due"
    return {**figures, "share_cases": float(len(kept)), "share_within_a_third": share(kept)}


# ---------------------------------------------------------------- words

USEFUL, LEAST, FIVE = 0.6, 3, 5  # share of right pictures, and fewest of them, among the first


def captioned(media: Path, assets: AssetTable) -> dict[str, list[frozenset[str]]]:
    """For each captioned photo the stems of each of its English captions."""
    found: dict[str, list[frozenset[str]]] = defaultdict(list)
    for row in table(media / "images/captions.tsv"):
        if row["lang"] == "en":
            for asset in assets.find(row["file"]):
                found[asset].append(truth.stems(row["caption"]))
    return found


def words(media: Path, assets: AssetTable) -> list[Topic]:
    """Every word in every language, with the photos of which NAMING captions name its thing."""
    rows = table(JUDGEMENTS / "words.tsv")
    told = captioned(media, assets).items()
    right: dict[str, dict[str, float]] = {}
    for row in rows:
        names = {truth.stem(name) for name in (row["word"], *row["named"].split())}
        found = {asset: sum(not names.isdisjoint(each) for each in captions) for asset, captions in told}
        right[row["word"]] = {asset: 1.0 for asset, count in found.items() if count >= NAMING}
    asked = [
        (f"words_{lang}", row["word" if lang == "en" else lang], row["word"]) for lang in ("en", "zh") for row in rows
    ]
    for row in table(JUDGEMENTS / "everyday_words.tsv"):
        asked += [(f"everyday_{row['lang']}", text, word) for word, text in row.items() if word != "lang"]
    return [Topic(Operand("text", text), right[word], group=group) for group, text, word in asked]


def useful(ranking: Ranking, judged: Collection[str]) -> bool:
    """Whether LEAST judged pictures or more are there and USEFUL of the first FIVE are right."""
    first = [asset for asset in ranking.assets if asset in judged][:FIVE]
    return len(first) >= LEAST and sum(asset in ranking.judged.right for asset in first) >= USEFUL * len(first)


def everyday(library: Library, media: Path, assets: AssetTable) -> Figures:
    """What words find among the captioned photos."""
    questions, judged = words(media, assets), captioned(media, assets).keys()
    sure = list(run_topics(library, questions, CUT))
    pictures = [replace(each, media=frozenset({"image"})) for each in questions]
    nearest = list(run_topics(library, pictures, Setting()))
    figures: Figures = {}
    for group in ("words_en", "words_zh", "everyday"):
        rows = [pair for pair in zip(sure, nearest, strict=True) if pair[0].judged.group.startswith(group)]
        figures[f"{group}_asked"] = float(len(rows))
        figures[f"{group}_useful"] = share([useful(cut, judged) for cut, _ in rows])
        firsts = [[asset for asset in each.assets if asset in judged][:FIVE] for _, each in rows]
        rights = [asset in each.judged.right for (_, each), first in zip(rows, firsts, strict=True) for asset in first]
        figures[f"{group}_first_five"] = share(rights)
        for (cut, each), first in zip(rows, firsts, strict=True):
            hits = sum(asset in each.judged.right for asset in first)
            if hits < USEFUL * FIVE or not useful(cut, judged):
                miss(f"{each.judged.group} {each.judged.operand.value}: {hits} of the first five, {len(cut.hits)} sure")
    return figures


# ---------------------------------------------------------------- the first page


def every_caption(media: Path) -> list[tuple[str, str, str]]:
    """File, language and text of every caption that is asked, by language."""
    rows = table(media / "images/captions.tsv")
    kept = [row for row in rows if (row["lang"], row["kind"], row["n"]) in CAPTIONS]
    found = [(row["file"], row["lang"], row["caption"]) for row in kept]
    return sorted(found, key=lambda each: LANGUAGES.index(each[1]))


def pages(library: Library, media: Path, assets: AssetTable) -> Figures:
    """What first pages show, and whether their confidences are earned."""
    told = truth.told(media, library, assets)
    asked = [*captions(media, told, assets)]
    asked += [each for each in words(media, assets) if each.group.startswith("words") and each.right]
    asked = [replace(each, right=dict(each.right) | _named(told, each)) for each in asked]
    asked += [Topic(Operand("text", text), {}) for text in absent(told)]
    english = [(file, text) for file, lang, text in every_caption(media) if lang == "en"]
    typed = [name for name in table(JUDGEMENTS / "everyday_words.tsv")[0] if name != "lang"]
    return {
        **first_page.shown(library, media, assets, every_caption(media)),
        **first_page.by_lines(library, assets, english, typed),
        **first_page.presence(library, asked, assets),
    }


def _named(told: truth.Told, topic: Topic) -> dict[str, float]:
    """What a word names in media that nobody captioned."""
    english = {row["zh"]: row["word"] for row in table(JUDGEMENTS / "words.tsv")}
    text = str(topic.operand.value)
    return dict.fromkeys(truth.naming(told, english.get(text, text)), 1.0) if topic.group.startswith("words") else {}


PARTS: dict[str, Callable[[Library, Path, AssetTable], Figures]] = {
    "gallery": gallery,
    "honesty": honesty,
    "words": everyday,
    "pages": pages,
}


def measure(media: Path, work: Path, parts: Sequence[str] = tuple(PARTS), *, reuse: bool = False) -> Figures:
    """All figures of the head of this module, or those of some parts."""
    prepare(media, work, reuse=reuse)
    figures: Figures = {}
    with Library.open(work / "library") as library:
        assets = asset_table(library)
        for part in parts:
            figures |= PARTS[part](library, media, assets)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__.splitlines()[0])
    parser.add_argument("media", type=Path, help="folder with the tables of truth")
    parser.add_argument("--work", type=Path, help="where the copy and the library lie, and stay")
    parser.add_argument("--reuse", action="store_true", help="ask the library that is there, index nothing")
    parser.add_argument(
        "--only",
        choices=PARTS,
        help="one part: gallery_, share_; absent_, present_, confidence_; words_, everyday_; or shown_, lines_, there_",
    )
    parser.add_argument("--out", type=Path, help="file for the JSON line")
    options = parser.parse_args()
    if options.reuse and (options.work is None or not (options.work / "library").is_dir()):
        parser.error("--reuse needs --work with the library of an earlier call")
    with tempfile.TemporaryDirectory() as scratch:
        work = (options.work or Path(scratch)).resolve()
        parts = [options.only] if options.only else list(PARTS)
        report("quality", measure(options.media.resolve(), work, parts, reuse=options.reuse), options.out)


if __name__ == "__main__":
    main()
