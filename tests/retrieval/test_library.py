"""A library opened for questions: text search, filters, masks, fresh parts, damage."""

from __future__ import annotations

import gc
import json
import os
import shutil
import sqlite3
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer import Options, index_folders
from indexer.catalog import write as catalog_write
from retrieval import Library, LibraryError, LibraryNotFound, MediaError, Operand, Query, QueryError, as_dict
from retrieval.catalog.engine import READERS
from retrieval.domain.media import MEDIA, Metadata, Modality
from retrieval.domain.result import Answer
from retrieval.query.encode import EncodedQuery
from retrieval.search import context, executor, fusion
from retrieval.settings import POSSIBLE, SURE, questions_at_once
from retrieval.vectors.space import SpaceSnapshot
from tests.building import ROOT, Builder, Thing
from tests.fakes import FakeEncoder, FakeProfile

IMAGE, VIDEO, AUDIO, DOCUMENT = (
    Metadata("image"),
    Metadata("video"),
    Metadata("audio"),
    Metadata("document", format="txt"),
)
THINGS = (
    Thing(
        "red.jpg",
        Metadata("image", format="jpeg", date="2019-07-14T10:00:00", camera="Canon EOS"),
        [("image", "red apple table")],
    ),
    Thing("green.jpg", Metadata("image", format="jpeg", date="2021-01-01T10:00:00"), [("image", "green apple tree")]),
    Thing(
        "trip/clip.mp4",
        Metadata("video", format="mp4", duration_ms=9000, date="2020-05-05T00:00:00"),
        [("shot", "blue sea boat"), ("shot", "red car street"), ("speech", "we sail to the island")],
    ),
    Thing(
        "talk.mp3",
        Metadata("audio", format="mp3", duration_ms=60000, lang="en"),
        [("speech", "taxes rise next year"), ("sound", "high")],
    ),
    Thing(
        "notes.txt",
        DOCUMENT,
        [("passage", "invoice EST-1008 for the blue boat engine"), ("passage", "warranty void after ninety days")],
    ),
    Thing("菜谱.txt", Metadata("document", format="txt", lang="zh"), [("passage", "半熟鸡蛋的做法")]),
    *(
        Thing(f"filler{n}.txt", DOCUMENT, [("passage", f"number {n} of the fillers speaks about nothing")])
        for n in range(30)
    ),
)


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[Builder]:
    """A library with a handful of every medium, not yet published."""
    built = Builder(tmp_path / "library")
    built.add(*THINGS)
    yield built
    built.close()


@pytest.fixture
def library(builder: Builder) -> Iterator[Library]:
    """The same, opened."""
    with Library.open(builder.home, profile=FakeProfile()) as opened:
        yield opened


def names(answer: Answer) -> list[str]:
    return [hit.path.name for hit in answer]


def ranking(answer: Answer) -> list[tuple[str, float, list[str]]]:
    """All of an answer that must not depend on where vectors lie."""
    return [(hit.asset, hit.score, [segment.id for segment in hit.segments]) for hit in answer]


QUESTIONS = ["red apple table", "blue boat", "EST-1008", "半熟鸡蛋", "taxes rise next year", "apple"]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("red apple table", "red.jpg"),
        ("red car street", "clip.mp4"),
        ("taxes rise next year", "talk.mp3"),
        ("EST-1008", "notes.txt"),
        ("雞蛋", "菜谱.txt"),
        ("mandarin unknownword 菜谱", "菜谱.txt"),
    ],
)
def test_words_find_their_asset_first(library: Library, question: str, first: str) -> None:
    """By picture, frame, speech, exact word and file name, in either Chinese script."""
    assert names(library.search(question, min_confidence=0.0))[0] == first


def test_nothing_above_the_cut_is_an_empty_answer(library: Library) -> None:
    """A question that nothing matches gives no hits, and says how near the best one was."""
    answer = library.search("unicorn chess")
    assert list(answer) == []
    assert 0 < answer.best < 0.5


def test_one_rule_whether_media_are_named_or_not(library: Library) -> None:
    """What is sure of a medium is sure of it among all; so is what is possible, and nothing else is shown of either."""
    for question in ("sea plane car", "red apple table", "red car street", "blue boat"):
        whole = library.search(question, limit=100)
        for medium in MEDIA:
            named = library.search(question, media={medium}, limit=100)
            assert names(named) == [hit.path.name for hit in whole if hit.medium == medium]
            assert {hit.path for hit in named.possible} == {hit.path for hit in whole.possible if hit.medium == medium}


def test_what_is_not_sure_but_stands_out_is_possible(library: Library) -> None:
    """It is no hit, so an answer of it alone is empty; below the level of what is possible nothing is shown."""
    answer = library.search("sea plane car")
    assert not answer and [hit.path.name for hit in answer.possible] == ["clip.mp4"]
    assert POSSIBLE <= answer.possible[0].confidence < SURE
    assert answer.shown == answer.possible and answer.total == 1 and not answer.has_more
    assert answer.best == answer.possible[0].confidence
    assert not library.search("sea plane car", reach="sure").shown


def test_all_shows_every_candidate_and_a_least_confidence_replaces_the_rule(library: Library) -> None:
    """In two parts as ever, or in one."""
    whole = library.search("sea plane car", reach="all", limit=100)
    assert not whole.hits and {hit.medium for hit in whole.possible} == {"image", "video", "audio", "document"}
    flat = library.search("sea plane car", min_confidence=0.0, limit=100)
    assert set(names(flat)) == {hit.path.name for hit in whole.possible} and not flat.possible
    assert names(library.search("sea plane car", min_confidence=POSSIBLE)) == ["clip.mp4"]


@pytest.mark.parametrize("sort", ["confidence", "date"])
@pytest.mark.parametrize("reach", ["possible", "all"])
def test_pages_go_over_what_is_sure_then_over_what_is_possible(library: Library, sort: str, reach: str) -> None:
    """Pages join to the whole answer, and each tells how many there are in all and whether more follow."""
    whole = library.search("red street apple tree car", limit=50, sort=sort, reach=reach)
    assert whole.hits and whole.possible and whole.total == len(whole.shown) and not whole.has_more
    joined: list[str] = []
    for offset in range(whole.total):
        page = library.search("red street apple tree car", limit=1, offset=offset, sort=sort, reach="all")
        assert page.has_more == (offset + 1 < page.total)
        joined += [hit.path.name for hit in page.shown]
    if reach == "all":
        assert joined == [hit.path.name for hit in whole.shown]
    assert joined[: len(whole.hits)] == names(whole)
    if sort == "date":
        dates = [hit.date or "" for hit in whole.possible]
        assert dates == sorted(dates, reverse=True)


def test_no_more_is_possible_than_fits_on_a_page(library: Library) -> None:
    """What is sure takes its places first."""
    asked = [library.search("red street apple tree car", limit=limit) for limit in (1, 2, 50)]
    assert [len(each.shown) for each in asked[:2]] == [1, 2]
    assert all(len(each.possible) <= limit for each, limit in zip(asked, (1, 2, 50), strict=True))


@pytest.mark.parametrize(
    ("question", "asked", "reason"),
    [
        ("red apple table", {"offset": 90}, "beyond the last hit"),
        ("", {"media": "audio", "offset": 49}, "beyond the last hit (1 in all)"),
        ("apple", {"after": "2020", "before": "2019"}, "the range is empty: after 2020, before 2019"),
        ("apple", {"min_duration_ms": 9, "max_duration_ms": 8}, "the range is empty: at least 9 ms"),
        ("apple", {"after": "2999"}, "nothing in this library fulfils the filters"),
        ("", {"path": "nowhere/*"}, "no file of this library lies at nowhere/*"),
    ],
)
def test_an_empty_answer_says_why(library: Library, question: str, asked: dict, reason: str) -> None:
    """Where it is not the media that say so; a page that holds something gives no reason."""
    found = library.search(question, **asked)
    assert not found.shown and found.reason is not None and found.reason.startswith(reason)
    assert library.search("red apple table").reason is None
    assert library.search("unicorn chess").reason is None


def test_a_medium_that_the_library_lacks_is_named(builder: Builder) -> None:
    """Whatever else is asked."""
    builder.forget("talk.mp3")
    with Library.open(builder.home, profile=FakeProfile()) as library:
        assert library.search("taxes", media={"audio"}).reason == "no such medium in this library: audio"
        assert library.search("", media={"audio"}, after="2999").reason == "no such medium in this library: audio"


def test_evidence_is_told_from_lanes(library: Library) -> None:
    """By words, by the name, by meaning and by the picture; where only filters ask there is none, and no confidence."""
    told = {"EST-1008": "words", "taxes": "said", "red apple table": "picture", "菜谱": "name"}
    assert {text: library.search(text)[0].segments[0].evidence for text in told} == told
    vectors = library.encode("invoice EST-1008 for the blue boat engine")
    unspoken = replace(vectors, operands=tuple(replace(each, words="") for each in vectors.operands))
    assert library.search(unspoken)[0].segments[0].evidence == "meaning"
    (listed,) = library.search("", media={"audio"})
    assert not listed.is_judged and [(each.evidence, each.lanes) for each in listed.segments] == [(None, {})]


def test_media_are_kept(library: Library) -> None:
    """`media` is a filter: set, single name and list mean the same."""
    for media in ({"video"}, "video", ["video"]):
        found = library.search("red", media=media, min_confidence=0.0)
        assert {hit.medium for hit in found} == {"video"}


def test_hits_are_grouped_by_asset_with_lanes(library: Library) -> None:
    """A clip is one hit; its segments carry spans and shares of lanes that sum to one."""
    (hit,) = library.search("red car street", media={"video"}, limit=1)
    assert hit.segments[0].kind == "shot"
    assert (hit.segments[0].span.start, hit.segments[0].span.end) == (1000, 2000)
    assert hit.segments[0].lanes == {"shows": 1.0}
    for segment in hit.segments:
        assert sum(segment.lanes.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("question", QUESTIONS)
def test_fresh_generation_and_exact_answer_alike(builder: Builder, question: str) -> None:
    """Before publishing, after it, with a fresh part beside it, and with its files gone: one ranking."""
    rankings = []
    extra = Thing("later.txt", DOCUMENT, [("passage", "boat"), ("passage", "apple 鸡蛋")])
    builder.add(extra)
    for change in (lambda: None, builder.publish, lambda: shutil.rmtree(builder.home / "generations")):
        change()
        with Library.open(builder.home, profile=FakeProfile()) as library:
            rankings.append(ranking(library.search(question, min_confidence=0.0, limit=50)))
    builder.forget("later.txt")
    builder.publish()
    builder.add(extra)
    with Library.open(builder.home, profile=FakeProfile()) as library:
        mixed = library.search(question, min_confidence=0.0, limit=50)
    assert rankings[0] == rankings[1] == rankings[2]
    assert [(hit.asset, hit.score) for hit in mixed] == [row[:2] for row in rankings[0]]


@pytest.mark.parametrize("damage", ["missing", "truncated", "garbage", "other rows"])
def test_a_damaged_index_costs_a_warning_and_no_answer(builder: Builder, damage: str) -> None:
    """The answer comes exactly from the catalog, whatever happened to a file."""
    builder.publish()
    with Library.open(builder.home, profile=FakeProfile()) as library:
        sound = library.search("red apple table", min_confidence=0.0)
    (file,) = (builder.home / "generations").glob("*/image.faiss")
    content = bytearray(file.read_bytes())
    if damage == "missing":
        file.unlink()
    elif damage == "truncated":
        file.write_bytes(content[:-10])
    elif damage == "garbage":
        file.write_bytes(os.urandom(len(content)))
    else:
        content[-64:] = bytes(64)
        file.write_bytes(content)
    with Library.open(builder.home, profile=FakeProfile()) as library:
        answer = library.search("red apple table", min_confidence=0.0)
    assert sound.warnings == ()
    assert ranking(answer) == ranking(sound)
    assert len(answer.warnings) == 1
    assert "rebuild" in answer.warnings[0]


def test_an_open_library_sees_what_is_written(builder: Builder, library: Library) -> None:
    """New assets are found and deleted ones are gone without opening the library again."""
    builder.publish()
    assert names(library.search("purple zebra")) == []
    builder.add(Thing("zebra.jpg", IMAGE, [("image", "purple zebra")]))
    assert names(library.search("purple zebra")) == ["zebra.jpg"]
    builder.publish()
    assert names(library.search("purple zebra")) == ["zebra.jpg"]
    builder.forget("zebra.jpg")
    assert names(library.search("purple zebra")) == []


def test_index_files_that_a_publish_deletes_under_a_search_are_not_missed(
    builder: Builder, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publish between reading which files are live and opening them: the search reads the newer state."""
    builder.publish()
    open_space = context.open_space
    published: list[bool] = []

    def late(*known: Any, **options: Any) -> SpaceSnapshot:
        if not published:
            published.append(True)
            builder.publish()
        return open_space(*known, **options)

    monkeypatch.setattr(context, "open_space", late)
    answer = library.search("red apple table", min_confidence=0.0)
    assert published
    assert names(answer)[0] == "red.jpg"
    assert answer.warnings == ()


def test_filters_hold_and_alone_list_by_date(library: Library) -> None:
    """Dates, camera, path, length and language restrict; without a question they list, newest first."""
    assert names(library.search("", after="2019", media={"image", "video"})) == ["green.jpg", "clip.mp4", "red.jpg"]
    assert names(library.search("", camera="canon")) == ["red.jpg"]
    assert names(library.search("", path="trip/*")) == ["clip.mp4"]
    assert names(library.search("", path="trip")) == ["clip.mp4"]
    assert names(library.search("", min_duration_ms=10000)) == ["talk.mp3"]
    assert names(library.search("", lang="zh")) == ["菜谱.txt"]
    assert names(library.search("apple", before="2020", min_confidence=0.0)) == ["red.jpg"]
    assert names(library.search("boat", path="*.txt", min_confidence=0.0))[0] == "notes.txt"


def test_a_hit_is_shown_at_the_path_that_was_asked_for(builder: Builder, library: Library) -> None:
    """Not at a copy of it that was seen first."""
    for folder in ("old", "new"):
        builder.add(Thing(f"{folder}/zebra.jpg", IMAGE, [("image", "purple zebra")], digest=b"z" * 32))
    for question in ("", "purple zebra"):
        shown = {glob: library.search(question, path=glob)[0].path.parent.name for glob in ("old/*", "new", "*/new/*")}
        assert shown == {"old/*": "old", "new": "new", "*/new/*": "new"}


def test_filters_do_not_switch_relevance_off(library: Library) -> None:
    """With words and a filter the order is by confidence, not by date."""
    found = names(library.search("red apple table", after="2019", min_confidence=0.0))
    assert found[0] == "red.jpg"


def test_pages_follow_each_other(library: Library) -> None:
    """limit and offset cut one ranking: pages put together are the whole."""
    whole = names(library.search("apple", min_confidence=0.0, limit=12))
    parts = [
        name for at in (0, 4, 8) for name in names(library.search("apple", min_confidence=0.0, limit=4, offset=at))
    ]
    assert parts == whole
    assert len(set(whole)) == 12


def test_several_operands_must_all_fit(library: Library) -> None:
    """Red and car: the red car comes before the red apple."""
    both = [Operand("text", "red"), Operand("text", "car")]
    assert names(library.search(both, media={"image", "video"}, min_confidence=0.0))[0] == "clip.mp4"


def test_like_asks_with_stored_vectors(library: Library) -> None:
    """A path of the library, or a segment's id, finds itself and then its like."""
    found = names(library.search(Operand("like", str(ROOT / "red.jpg")), media={"image"}, min_confidence=0.0))
    assert found == ["red.jpg", "green.jpg"]
    segment = library.show(ROOT / "trip/clip.mp4").segments[1].key
    assert names(library.search(Operand("like", segment), min_confidence=0.0))[0] == "clip.mp4"


def test_an_exact_copy_comes_first(tmp_path: Path, media: Path) -> None:
    """The very file that asks is the first answer, with certainty."""
    from retrieval.media.hashing import whole_hash

    photo = next((media / "fixtures/images").glob("*.jpg"))
    built = Builder(tmp_path / "library")
    built.add(
        Thing("twin.jpg", IMAGE, [("image", "nothing alike")], digest=whole_hash(photo)),
        *(Thing(f"{colour}.jpg", IMAGE, [("image", colour)]) for colour in ("red", "green", "blue", "black", "white")),
    )
    with Library.open(built.home, profile=FakeProfile()) as library:
        answer = library.search(Operand("image", photo))
        elsewhere = library.search(Operand("image", photo), media={"video"})
    built.close()
    assert names(elsewhere) == []
    assert names(answer)[0] == "twin.jpg"
    assert answer[0].confidence > 0.999


@pytest.mark.parametrize(
    "question", ['"', "'", "a OR", "NEAR(", "*", "col:x", "\x00", "\\", "^", "-", "(((", "'; DROP TABLE assets", "   x"]
)
def test_no_punctuation_breaks_a_search(library: Library, question: str) -> None:
    """Whatever is typed is looked for as words; only an operator without its part is refused where texts are read."""
    library.search(Query.plain(question))
    if question != "a OR":
        library.search(question)


def test_bad_questions_are_refused_in_one_line(library: Library) -> None:
    """Each says what was wrong."""
    for bad in (lambda: library.search("  "), lambda: library.search("x", media={"smell"}),
                lambda: library.search("x", limit=0), lambda: library.search("x", colour="red"),
                lambda: library.search(Operand("like", "/nowhere")), lambda: library.search(Operand("text", 3)),
                lambda: library.search(Query((Operand("text", "x", weight=0.0),)))):  # fmt: skip
        with pytest.raises(QueryError) as caught:
            bad()
        assert "\n" not in str(caught.value)


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    """Before the first index run there is a clear error, and nothing is made."""
    with pytest.raises(LibraryNotFound, match="no library"):
        Library.open(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_an_encoder_that_is_not_here_costs_its_lane(builder: Builder) -> None:
    """Vectors of another revision are never compared: keywords go on, with a warning."""
    with Library.open(builder.home, profile=FakeProfile(revision="2")) as library:
        answer = library.search("EST-1008")
    assert names(answer) == ["notes.txt"]
    assert any("rebuild" in line for line in answer.warnings)


def test_a_library_of_older_weights_answers_by_words_and_says_what_to_do(builder: Builder) -> None:
    """Vectors of another revision are never asked; one line for each space names both and the command."""
    with Library.open(builder.home, FakeProfile(revision="2")) as library:
        answer = library.search("sailing")
    assert len(answer.warnings) == 2
    assert all("fake 1, and here is fake 2" in line and "rebuild --profile fake" in line for line in answer.warnings)
    assert "images, regions, shots, sounds are found by words alone" in answer.warnings[0]
    assert all(set(segment.lanes) <= {"words", "said", "reads"} for hit in answer for segment in hit.segments)


def test_show_tells_all_of_an_asset(library: Library) -> None:
    """By path, by hash and by a segment's id."""
    shown = library.show(ROOT / "trip/clip.mp4")
    assert [each.segment.kind for each in shown.segments] == ["shot", "shot", "speech"]
    assert library.show(shown.asset.hash).asset == shown.asset
    one = library.show(shown.segments[2].key)
    assert [each.segment.text for each in one.segments] == ["we sail to the island"]


def test_a_file_is_shown_by_a_path_through_a_link(tmp_path: Path, builder: Builder, library: Library) -> None:
    """Sources are kept by where they really are."""
    with catalog_write.transaction(builder.engine) as connection:
        catalog_write.move_source(connection, ROOT, tmp_path / "media")
    (tmp_path / "media" / "album").mkdir(parents=True)
    builder.add(Thing("album/zebra.jpg", IMAGE, [("image", "purple zebra")]))
    (tmp_path / "link").symlink_to(tmp_path / "media" / "album")
    assert library.show(tmp_path / "link" / "zebra.jpg").asset.paths == (tmp_path / "media/album/zebra.jpg",)


def test_status_counts(library: Library) -> None:
    """Assets by medium, segments by kind, nothing pending."""
    state = library.status()
    assert state.media == {"image": 2, "video": 1, "audio": 1, "document": 32}
    assert state.segments["shot"] == 2
    assert state.pending == {}
    assert state.spaces[0].vectors == 5


def test_status_counts_as_published_what_is_there(builder: Builder, library: Library) -> None:
    """Vectors that were deleted since lie in the files still, but no search sees them."""
    builder.publish()
    builder.forget("red.jpg")
    assert [each.published for each in library.status().spaces] == [each.vectors for each in library.status().spaces]
    builder.add(Thing("zebra.jpg", IMAGE, [("image", "purple zebra")]))
    shared = next(each for each in library.status().spaces if each.name == builder.profile.space("shared").name)
    assert shared.vectors == shared.published + 1


def test_threads_search_at_once(library: Library) -> None:
    """The same answers from eight threads."""
    from concurrent.futures import ThreadPoolExecutor

    alone = [ranking(library.search(q, min_confidence=0.0)) for q in QUESTIONS]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda q: ranking(library.search(q, min_confidence=0.0)), QUESTIONS * 8))
    assert together == alone * 8


def test_few_questions_are_worked_on_at_once(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twelve threads, one more than there are processors; the others wait their turn, and are answered."""
    inside, seen, lock = 0, [], threading.Lock()
    pair = threading.Barrier(2)  # two are in it at once
    answer = executor.answer

    def counted(encoded: EncodedQuery, own: context.SearchContext) -> Answer:
        nonlocal inside
        with lock:
            inside += 1
            seen.append(inside)
        pair.wait(60)
        found = answer(encoded, own)
        with lock:
            inside -= 1
        return found

    monkeypatch.setattr(executor, "answer", counted)
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda _: names(library.search("red apple table"))[0], range(12)))
    assert found == ["red.jpg"] * 12
    assert 2 <= max(seen) <= questions_at_once()


def test_a_closed_library_says_so(builder: Builder) -> None:
    """Closing twice is fine; searching afterwards is a clear error."""
    library = Library.open(builder.home, profile=FakeProfile())
    library.close()
    library.close()
    with pytest.raises(Exception, match="closed"):
        library.search("x")


def test_a_curve_says_when_a_clip_answers(library: Library) -> None:
    """Shots and speech of one clip, joined: sure where the words are shown or said, unsure elsewhere."""
    clip = ROOT / "trip/clip.mp4"
    shown = library.curve("red car street", clip).at(np.array([500, 1500, 2500, 5000]))
    assert shown[1] > 0 > max(shown[0], shown[2]) and shown[3] == fusion.LEAST
    said = library.curve("we sail to the island", clip).at(np.array([500, 1500, 2500]))
    assert said[2] > 0 > max(said[:2])


def test_a_picture_has_no_curve(library: Library) -> None:
    """What has no time has no curve, and what is not there is named."""
    assert len(library.curve("red apple", ROOT / "red.jpg")) == 0
    with pytest.raises(QueryError, match="nothing named"):
        library.curve("red apple", ROOT / "gone.mp4")


@pytest.mark.parametrize("field", ["image", "audio", "video", "document"])
def test_a_text_opens_no_file_unless_it_may(library: Library, tmp_path: Path, field: str) -> None:
    """One refusal for what is there and what is not, before anything is opened; words beside it change nothing."""
    there = tmp_path / "there.jpg"
    there.write_bytes(b"secret")
    opened: list[str] = []
    watches = [True]
    sys.addaudithook(lambda name, given: opened.append(str(given[0])) if watches and name == "open" else None)
    told = set()
    for path in (there, tmp_path / "gone.jpg"):
        for ask in (library.search, library.encode):
            with pytest.raises(QueryError) as caught:
                ask(f'apple {field}:"{path}"')
            told.add(str(caught.value))
    watches.clear()  # a hook stays for good
    assert len(told) == 1
    assert not any(str(tmp_path / "there") in each or str(tmp_path / "gone") in each for each in opened)
    with pytest.raises(QueryError, match="files=True"):
        library.explain(f"-{field}:{there} apple", "red.jpg")
    with pytest.raises(MediaError):
        library.search(f"{field}:{tmp_path / 'gone.jpg'}", files=True)


def test_the_end_of_a_path_names_a_file_that_is_alone(builder: Builder) -> None:
    """A bare name or the last parts of a path; of several files all are told, of none nothing is guessed."""
    builder.add(*(Thing(f"{folder}/cat.jpg", IMAGE, [("image", f"cat {folder}")]) for folder in ("here", "there")))
    with Library.open(builder.home, profile=FakeProfile()) as library:
        assert library.show("red.jpg").asset.paths[0].name == "red.jpg"
        assert library.show("here/cat.jpg").asset.paths[0].parent.name == "here"
        assert library.explain("apple", "red.jpg") is not None
        assert names(library.search(Operand("like", "red.jpg"), min_confidence=0.0))[0] == "red.jpg"
        with pytest.raises(QueryError, match=r"2 files are called cat\.jpg.*here/cat\.jpg, .*there/cat\.jpg"):
            library.show("cat.jpg")
        for name in ("ed.jpg", "at.jpg", "", ".", "/", None, 7):
            with pytest.raises(QueryError):
                library.show(name)


def test_what_was_left_out_is_told_with_its_reason(tmp_path: Path) -> None:
    """By path and by bare name, with the time of the file that was read."""
    (tmp_path / "media").mkdir()
    broken = tmp_path / "media" / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 50)
    os.utime(broken, (1_500_000_000, 1_500_000_000))
    index_folders([tmp_path / "media"], library=tmp_path / "library", options=Options(profile=FakeProfile(), workers=1))
    with Library.open(tmp_path / "library", profile=FakeProfile()) as library:
        (skip,) = library.skips()
        for name in (broken, "broken.jpg", "media/broken.jpg"):
            with pytest.raises(MediaError, match=r"broken\.jpg was left out: .*as of 2017-07-14") as caught:
                library.show(name)
            assert caught.value.reason == skip.reason


@pytest.mark.parametrize(
    "question", [None, 7, b"cat", ["cat"], [Operand("text", "cat"), "dog"], {"text": "cat"}, object()]
)
def test_what_is_no_question_is_refused(library: Library, question: object) -> None:
    """In our own words, whatever a program passes on."""
    with pytest.raises(QueryError):
        library.search(question)


def test_any_number_of_threads_ask_one_library(library: Library) -> None:
    """More than there are connections: each waits its turn, as long as that takes, and gets its answer."""
    held, release = threading.Barrier(READERS + 1), threading.Event()

    def hold() -> None:
        with library._open_catalog().snapshot():
            held.wait()
            release.wait()

    def ask(number: int) -> object:
        forms = (
            lambda: names(library.search("red apple table"))[0],
            library.status,
            library.skips,
            lambda: library.show("red.jpg"),
        )
        return forms[number % len(forms)]()

    with ThreadPoolExecutor(100) as pool:
        holding = [pool.submit(hold) for _ in range(READERS)]
        held.wait()
        asking = [pool.submit(ask, number) for number in range(80)]
        early = wait(asking, timeout=2.5).done  # longer than the pool of connections would wait
        release.set()
        assert not early
        answers = [each.result() for each in asking]
        assert [each.result() for each in holding] == [None] * READERS
    assert answers[0] == "red.jpg"


def test_a_catalog_that_goes_bad_is_an_error_of_the_family(library: Library) -> None:
    """Whatever is asked."""
    library._catalog._watch.close()
    with pytest.raises(LibraryError, match="catalog cannot be read"):
        library.search("red")
    with closing(sqlite3.connect(library.path / "catalog.sqlite")) as connection:
        connection.execute("DROP TABLE paths")
        connection.commit()
    for ask in (library.status, library.skips, library.seen, lambda: library.show("red.jpg")):
        with pytest.raises(LibraryError, match="catalog cannot be read"):
            ask()
    library._closed = True
    with pytest.raises(LibraryError, match="is closed"):
        library.status()


@pytest.mark.parametrize(
    "glob",
    ["Straße", "STRASSE", "cafe\u0301", "Caf\u00e9/*", "CAF\u00c9", "IMG_1.JPG", "img_1.jpg", "*/Img_?.jpg", "caf*/[I]MG_1*"],
)  # fmt: skip
def test_a_path_is_found_in_any_case_and_normal_form(builder: Builder, glob: str) -> None:
    """As file systems of other machines write it; what is not at such a path is not found."""
    builder.add(Thing("Cafe\u0301/Stra\u00dfe/IMG_1.JPG", IMAGE, [("image", "red apple")]))
    with Library.open(builder.home, profile=FakeProfile()) as library:
        assert names(library.search("", path=glob)) == ["IMG_1.JPG"]
        assert names(library.search("apple", path=glob, min_confidence=0.0)) == ["IMG_1.JPG"]
        assert names(library.search("", path="Cafe/*")) == []


def test_answers_become_plain_data(library: Library) -> None:
    """Ready for JSON, with the keys of the program's own; an answer without its question."""
    answer = library.search("red apple table", min_confidence=0.0)
    report = json.loads(json.dumps(as_dict(answer)))
    assert "query" not in report and report["version"] == 1
    assert report["hits"][0] == json.loads(json.dumps(as_dict(answer[0])))
    assert report["hits"][0]["path"].endswith("red.jpg")
    assert as_dict(library.show("red.jpg"))["medium"] == "image"
    assert as_dict(library.status())["media"]["image"] == 2
    assert as_dict(Query.plain("red"))["written"] == "red"
    with pytest.raises(QueryError):
        as_dict({"a": 1})


def test_an_empty_place_is_told_with_the_nearest_names(library: Library) -> None:
    """Of a filter and of a name; a place with files that do not answer is not called empty."""
    for question in ("", "apple"):
        answer = library.search(question, path="tripp")
        assert not answer.warnings
        assert answer.reason == "no file of this library lies at tripp; near to it in name: trip"
    assert library.search("", path="/elsewhere/*").reason == "no file of this library lies at /elsewhere/*"
    assert "lies at" not in (library.search("unicorn chess", path="trip").reason or "")
    with pytest.raises(QueryError, match=r"nothing named Redd\.jpg \(near to it: red\.jpg"):
        library.show("Redd.jpg")


class WatchingProfile(FakeProfile):
    """Notes whether garbage is collected while a question is encoded."""

    def __init__(self) -> None:
        super().__init__()
        self.collected: list[bool] = []

    def encoder(self, role: str, modality: Modality) -> FakeEncoder:
        self.collected.append(gc.isenabled())
        return super().encoder(role, modality)


@pytest.mark.parametrize("is_on", [True, False])
def test_no_garbage_is_collected_while_a_first_question_loads(builder: Builder, is_on: bool) -> None:
    """Later ones go on as before; whoever switched the collector off finds it off, also after an error."""
    profile = WatchingProfile()
    try:
        (gc.enable if is_on else gc.disable)()
        with Library.open(builder.home, profile=profile) as library:
            with pytest.raises(QueryError):
                library.search("apple", nothing="x")
            assert gc.isenabled() == is_on
            library.search("red apple")
            first = len(profile.collected)
            library.search("blue boat")
        assert set(profile.collected[:first]) == {False}
        assert set(profile.collected[first:]) == {is_on}
        assert gc.isenabled() == is_on
    finally:
        gc.enable()
