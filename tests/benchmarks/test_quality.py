"""The judgements that come with the benchmark of quality, held against the tables of truth."""

from pathlib import Path

import pytest

from benchmarks import truth
from benchmarks.first_page import by_lines, first_phrase, presence
from benchmarks.nouns import frequent, phrase_ends
from benchmarks.quality import GAINS, JUDGEMENTS, concepts, confidence, nothing, present, shares, useful
from benchmarks.speech import table
from retrieval import Library, Operand
from retrieval.domain.media import MEDIA, Medium
from retrieval.domain.records import SeenAsset
from retrieval.evaluation.runner import Ranked, Ranking, run_topics
from retrieval.evaluation.topics import AssetTable, Topic, asset_table


def test_two_hundred_different_things_are_asked_for_in_vain() -> None:
    """The list is whole, and no question stands in it twice."""
    questions = [row["question"] for row in table(JUDGEMENTS / "absent.tsv")]
    assert len(questions) == len(set(questions)) == 200


def test_the_words_are_the_most_frequent_nouns_of_the_captions(media: Path) -> None:
    """The list is the script's; every everyday word has a photo to be found, in every language a word of its own."""
    rows = table(JUDGEMENTS / "words.tsv")
    assert [row["word"] for row in rows] == frequent(media / "fixtures/images/captions.tsv", 40)
    assert all(row["zh"] for row in rows)
    everyday = table(JUDGEMENTS / "everyday_words.tsv")
    assert len({row["lang"] for row in everyday}) == 13
    assert set(everyday[0]) - {"lang"} <= {row["word"] for row in rows}
    assert all(value for row in everyday for value in row.values())


def test_phrases_end_with_their_noun() -> None:
    """A verb in -ing, a preposition or the next determiner ends a noun phrase."""
    assert phrase_ends("a small black dog running in the deep snow".split()) == ["dog", "snow"]


def test_a_word_is_useful_with_three_right_of_five() -> None:
    """Photos that nobody described are passed over; two pictures are too few."""
    judged = Topic(Operand("text", "dog"), {"a": 1.0, "b": 1.0, "c": 1.0})

    def ranking(assets: str) -> Ranking:
        return Ranking(judged, tuple(Ranked(asset, Path(asset), "image", 0.9) for asset in assets))

    assert useful(ranking("axxbcx"), set("abcx"))
    assert useful(ranking("uuuabc"), set("abcx"))
    assert not useful(ranking("ab"), set("abcx"))
    assert not useful(ranking("axxbxc"), set("abcx"))


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


def files(names: dict[str, Medium]) -> AssetTable:
    """A library of files that are called so."""
    return AssetTable({name: SeenAsset(name, medium, (Path(name),)) for name, medium in names.items()})


def test_every_concept_is_in_two_media_and_judged_once(media: Path) -> None:
    """Each file that is named exists, is named once for a concept, and no concept is in one medium alone."""
    folders: dict[str, Medium] = {"images": "image", "videos": "video", "audio": "audio", "documents": "document"}
    there = {
        path.stem: folders[path.relative_to(media / "fixtures").parts[0]]
        for path in (media / "fixtures").rglob("*")
        if path.is_file() and path.suffix not in (".tsv", "") and path.name != "README.md"
    }
    for row in table(JUDGEMENTS / "concepts.tsv"):
        named = [stem for column in GAINS for stem in row[column].split()]
        assert len(named) == len(set(named)), row["concept"]
        assert set(named) <= set(there), row["concept"]
        assert len({there[stem] for stem in named}) >= 2, row["concept"]


def test_judgements_are_read_with_their_gains() -> None:
    """What a file is about counts twice; files that the library does not hold count nothing."""
    found = {each.group: each for each in concepts(files({"v_04.mkv": "video", "img_0406.jpg": "image"}))}
    assert found["pancake"].right == {"v_04.mkv": 2.0, "img_0406.jpg": 1.0}
    assert found["pancake"].operand.value == "a pancake"
    assert found.keys() == {"baby", "pancake", "kitchen", "eating"}
    assert len(table(JUDGEMENTS / "concepts.tsv")) >= 40


def test_shares_are_counted_where_two_media_have_many() -> None:
    """Ten pictures and five recordings are due six or seven and three or four of ten hits; a third off is too far."""
    names: dict[str, Medium] = {f"p{at}": "image" for at in range(10)} | {f"s{at}": "audio" for at in range(5)}
    judged = Topic(Operand("text", "bird"), dict.fromkeys(names, 1.0), group="bird")

    def shown(pictures: int) -> Ranking:
        chosen = [*[f"p{at}" for at in range(pictures)], *[f"s{at % 5}" for at in range(10 - pictures)]]
        return Ranking(judged, tuple(Ranked(name, Path(name), names[name], 0.5) for name in chosen))

    assert shares([shown(7)], files(names))["share_within_a_third"] == 100
    assert shares([shown(7)], files(names))["share_bird_image"] == "0.70 of 0.67 due"
    assert shares([shown(10)], files(names))["share_within_a_third"] == 0
    alone = Topic(judged.operand, dict.fromkeys(list(names)[:12], 1.0))
    assert shares([Ranking(alone, ())], files(names))["share_cases"] == 0
    assert set(names.values()) < set(MEDIA)


WORDS = ("a cat", "a horse", "three red circles", "a train on a bridge", "四个黄色的五角星", "a puncture")


def test_figures_of_honesty_are_those_of_the_answers(sample_library: Path) -> None:
    """Shares, error and Brier score once more, from what a search returns with and without its cut."""
    with Library.open(sample_library) as library:
        assets = asset_table(library).assets
        even = {asset for asset in assets if int(asset[:2], 16) % 2 == 0}  # any truth will do
        asked = [Topic(Operand("text", text), dict.fromkeys(even, 1.0), group="label") for text in WORDS]
        rankings = list(run_topics(library, asked, depth=10))
        figures = {
            **present(library, rankings),
            **nothing(library, WORDS),
            **confidence(rankings, dict.fromkeys(list(assets)[::2], frozenset({"x"}))),
        }
        cut = [[hit.asset for hit in library.search(text, limit=10)] for text in WORDS]
        whole = [library.search(text, limit=10, min_confidence=0.0) for text in WORDS]
    there = [bool(even & {hit.asset for hit in answer}) for answer in whole]
    kept = [bool(even & set(found)) for found in cut]
    assert figures["present_in_first_ten"] == pytest.approx(100 * sum(there) / len(WORDS))
    assert figures["present_kept"] == pytest.approx(
        100 * sum(k for k, t in zip(kept, there, strict=True) if t) / sum(there)
    )
    assert figures["absent_answered"] == pytest.approx(100 * sum(map(bool, cut)) / len(WORDS))
    judged = list(assets)[::2]
    rows = [(hit.confidence, hit.asset in even) for answer in whole for hit in answer if hit.asset in judged]
    hits = sorted(rows, key=lambda row: row[0])
    assert figures["confidence_hits"] == len(hits)
    assert figures["confidence_brier"] == pytest.approx(sum((p - y) ** 2 for p, y in hits) / len(hits))
    sizes = [len(hits) // 10 + (at < len(hits) % 10) for at in range(10)]
    parts = [hits[sum(sizes[:at]) : sum(sizes[: at + 1])] for at in range(10)]
    error = sum(abs(sum(p - y for p, y in part)) for part in parts) / len(hits)
    assert figures["confidence_error"] == pytest.approx(error, abs=1e-6)


@pytest.mark.parametrize(
    ("caption", "phrase"),
    [
        ("A small black dog running in the deep snow .", "A small black dog"),
        ("Kids play near the old red barn", "the old red barn"),
        ("Snow falls", "Snow falls"),
    ],
)
def test_a_caption_is_cut_to_its_first_noun_phrase(caption: str, phrase: str) -> None:
    """With its determiner; without a phrase it stays whole."""
    assert first_phrase(caption) == phrase


def test_figures_of_the_first_page_are_those_of_the_answers(sample_library: Path) -> None:
    """Whether a medium holds a thing against the confidence of its best, and whether typing changes an answer."""
    with Library.open(sample_library) as library:
        assets = asset_table(library)
        pictures = {asset: 1.0 for asset, each in assets.assets.items() if each.medium == "image"}
        asked = [Topic(Operand("text", text), pictures if "cat" in text else {}) for text in WORDS]
        figures = presence(library, asked, assets)
        best = {
            medium: [library.search(text, media=medium, min_confidence=0.0).best for text in WORDS] for medium in MEDIA
        }
        assert by_lines(library, assets, [], ["cat", "train"])["typed_otherwise"] == 0
    assert figures["there_share_image"] == pytest.approx(100 / len(WORDS)) and figures["there_share_video"] == 0
    assert figures["there_error_video"] == pytest.approx(sum(best["video"]) / len(WORDS))
    assert figures["there_asked"] == 4 * len(WORDS)
