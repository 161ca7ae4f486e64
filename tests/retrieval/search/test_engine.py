"""Questions with operators, asked of a small library: what is found, in which order, and which moments are shown."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval import Library, Operand, Query, QueryError
from retrieval.domain.media import Metadata, Span
from retrieval.domain.result import Answer
from retrieval.errors import SyntaxRefused
from retrieval.query.build import parse
from retrieval.search import fusion
from tests.building import ROOT, Builder, Thing
from tests.fakes import FakeProfile, text_vector

DATA = Path(__file__).resolve().parents[3] / "data"
IMAGE, AUDIO, DOCUMENT = Metadata("image"), Metadata("audio", duration_ms=9000), Metadata("document", format="txt")
VIDEO = Metadata("video", duration_ms=9000)
PARIS, BERLIN = {"latitude": 48.8566, "longitude": 2.3522}, {"latitude": 52.52, "longitude": 13.405}
THINGS = (
    Thing("dog.jpg", Metadata("image", **PARIS), [("image", "brown dog")]),
    Thing("room.jpg", Metadata("image", **BERLIN), [("image", "brown dog indoor room")]),
    Thing("cat.jpg", IMAGE, [("image", "white cat"), ("text_line", "exit here")]),
    Thing("both.mp4", VIDEO, [("shot", "brown dog"), ("shot", "indoor room"), ("speech", "thank you")]),
    Thing("inside.mp4", VIDEO, [("shot", "brown dog indoor room"), ("shot", "indoor room")]),
    Thing("dogcat.mp4", VIDEO, [("shot", "brown dog"), ("shot", "grey wall"), ("shot", "white cat"), ("shot", "wall")]),
    Thing("catdog.mp4", VIDEO, [("shot", "white cat"), ("shot", "grey wall"), ("shot", "brown dog"), ("shot", "wall")]),
    Thing("later.mp4", VIDEO, [("shot", "brown dog"), *[("shot", "grey wall")] * 6, ("shot", "white cat")]),
    Thing("talk.mp3", AUDIO, [("speech", "taxes rise next year"), ("speech", "thank you for listening")]),
    Thing("notes.txt", DOCUMENT, [("passage", "the blue boat engine"), ("passage", "an engine of the red car")]),
    Thing("exit.txt", DOCUMENT, [("passage", "exit here")]),
    *(Thing(f"filler{n}.txt", DOCUMENT, [("passage", f"number {n} of the fillers")]) for n in range(20)),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of every medium."""
    built = Builder(tmp_path_factory.mktemp("operators") / "library")
    built.add(*THINGS)
    built.publish()
    built.close()
    with Library.open(built.home, profile=FakeProfile()) as opened:
        yield opened


def names(answer: Answer) -> list[str]:
    return [hit.path.name for hit in answer]


def sure(library: Library, question: str) -> dict[str, float]:
    """How sure each asset is, whatever the cut."""
    return {hit.path.name: hit.confidence for hit in library.search(question, limit=100, min_confidence=0.0)}


def test_what_is_excluded_is_lowered_where_it_is(library: Library) -> None:
    """A picture with both is lowered; a video that shows them apart is not; one that shows both at once is."""
    plain, without = sure(library, "brown dog"), sure(library, 'brown dog -"indoor room"')
    assert without["dog.jpg"] == pytest.approx(plain["dog.jpg"], abs=0.01)
    assert without["both.mp4"] == pytest.approx(plain["both.mp4"], abs=0.01)
    assert without["room.jpg"] < plain["room.jpg"] / 2
    assert without["inside.mp4"] < plain["inside.mp4"] / 2


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Callable[..., Answer]]:
    """Asks a library of documents, given by their texts, for everything that may answer."""
    with ExitStack() as opened:

        def ask(question: str, *texts: str, **options: Any) -> Answer:
            home = tmp_path / str(len(list(tmp_path.iterdir())))
            built = Builder(home)
            built.add(*(Thing(f"{number}.txt", DOCUMENT, [("passage", text)]) for number, text in enumerate(texts)))
            built.close()
            return opened.enter_context(Library.open(home, profile=FakeProfile())).search(question, **options)

        yield ask


QUOKKAS = ("quokka", "quokka wombat", "quokka numbat", "quokka wombat numbat")


def test_a_text_is_excluded_by_its_words(asked: Callable[..., Answer]) -> None:
    """Whatever it means, and however frequent they are."""
    assert names(asked("quokka -wombat", *QUOKKAS)) == ["0.txt", "2.txt"]
    assert names(asked("quokka -(wombat OR numbat)", *QUOKKAS)) == ["0.txt"]
    assert set(names(asked("quokka -koala", *QUOKKAS))) == {"0.txt", "1.txt", "2.txt", "3.txt"}
    many = [f"quokka wombat {number}" for number in range(40)]
    assert names(asked("quokka -wombat", "quokka", *many)) == ["0.txt"]


def test_a_slip_of_a_letter_finds_and_is_told_in_one_line(asked: Callable[..., Answer]) -> None:
    answer = asked("lihgthouse", "up the lighthouse", "down the cellar", min_confidence=0.0)
    assert names(answer)[0] == "0.txt"
    assert answer.warnings == (
        "did you mean lihgthouse: lighthouse? (no text holds what was written, so this was asked)",
    )
    assert asked("lighthouse", "up the lighthouse").warnings == ()


@pytest.mark.parametrize("question", ["DOG", "dog,", "(dog)", " dog ", "“dog”", "[dog]", "Dog."])
def test_how_a_word_is_typed_changes_no_answer(library: Library, question: str) -> None:
    """Capitals, brackets that do not operate, punctuation, blanks."""
    assert sure(library, question) == sure(library, "dog")


def test_what_is_excluded_brings_nothing(library: Library) -> None:
    """A picture of the excluded thing alone is no candidate by it, and "not" is not embedded."""
    assert "both.mp4" not in names(library.search("white cat -indoor"))
    assert set(sure(library, "engine -boat in:document")) == set(sure(library, "engine in:document"))


def test_a_moment_is_shown_where_nothing_excluded_is(library: Library) -> None:
    """The first second of the video that shows the dog without the room."""
    (hit,) = [hit for hit in library.search("brown dog -indoor") if hit.path.name == "both.mp4"]
    assert hit.segments[0].span == Span(0, 1000)
    assert hit.segments[0].confidence == pytest.approx(hit.confidence, abs=0.01)


def test_passages_are_lowered_each_by_itself(library: Library) -> None:
    """The document is found by its other passage, which comes first."""
    (hit, *_) = library.search("engine -boat", media="document")
    assert hit.path.name == "notes.txt"
    assert hit.segments[0].text == "an engine of the red car"


def test_or_finds_either_and_and_both(library: Library) -> None:
    """Each alternative brings its own; AND needs each, at whatever place of the asset."""
    assert {"dog.jpg", "cat.jpg"} <= set(names(library.search("brown dog OR white cat")))
    both = names(library.search("brown dog AND white cat"))
    assert {"dogcat.mp4", "catdog.mp4", "later.mp4"} == set(both)


def test_a_plus_is_needed(library: Library) -> None:
    """What the plus names must be there, however sure the rest is."""
    assert sure(library, "brown dog +cat")["dog.jpg"] <= sure(library, "cat").get("dog.jpg", 0.0) + 1e-6
    assert set(names(library.search('"white cat" +"brown dog"'))) <= {"dogcat.mp4", "catdog.mp4", "later.mp4"}


def test_an_order_finds_only_that_order(library: Library) -> None:
    """Within the pause, with both moments as its segments in their order."""
    (hit,) = library.search("brown dog then white cat within 2s")
    assert hit.path.name == "dogcat.mp4"
    assert [each.span for each in hit.segments] == [Span(0, 1000), Span(2000, 3000)]
    assert names(library.search("white cat then brown dog within 2s")) == ["catdog.mp4"]
    assert set(names(library.search("brown dog THEN white cat"))) == {"dogcat.mp4", "later.mp4"}
    assert names(library.search("brown dog then white cat within 500ms")) == []


def test_lane_words_restrict_what_is_asked(library: Library) -> None:
    """`said:` is speech, `reads:` text in pictures, `shows:` pictures; names and passages are not asked."""
    said = library.search('said:"thank you"')
    assert set(names(said)) == {"both.mp4", "talk.mp3"}
    assert {segment.kind for hit in said for segment in hit.segments} == {"speech"}
    reads = library.search("reads:exit")
    assert names(reads) == ["cat.jpg"]
    assert reads[0].segments[0].lanes == {"reads": 1.0}
    assert names(library.search("shows:exit")) == []
    assert names(library.search('said:"thank you" +shows:"brown dog"')) == ["both.mp4"]


def test_filters_in_the_text_are_the_filters(library: Library) -> None:
    """Also without words; arguments replace those of the text."""
    assert set(names(library.search("brown dog in:image"))) >= {"dog.jpg", "room.jpg"}
    assert all(hit.medium == "image" for hit in library.search("brown dog in:image"))
    assert names(library.search("in:audio")) == ["talk.mp3"]
    assert names(library.search("in:audio", media="image", path="dog.jpg")) == ["dog.jpg"]


def test_places_and_sizes_are_filters(library: Library) -> None:
    """Kilometres around a place, and bytes of the file."""
    assert names(library.search("near:48.85,2.35,5km")) == ["dog.jpg"]
    assert set(names(library.search("near:50.5,8,500km"))) == {"dog.jpg", "room.jpg"}
    assert names(library.search("near:48.85,2.35,300m")) == []
    assert len(library.search("size:>99B", limit=100)) == len(THINGS)
    assert names(library.search("size:<99B")) == []


def test_a_plain_text_asks_what_it_asked(library: Library) -> None:
    """Signs that are no operators change nothing; Query.plain takes any text."""
    for text in ("brown dog", "exit here", "thank you", 'T-shirt: a 5" pipe', "engine - boat"):
        assert as_ranking(library.search(text)) == as_ranking(library.search(Query.plain(text)))
    assert as_ranking(library.search(Query.plain("brown dog -indoor"))) != as_ranking(
        library.search("brown dog -indoor")
    )


def test_plain_texts_find_the_same_in_the_samples(sample_library: Path) -> None:
    """Every question in words that comes with the samples, read by the query language and not."""
    rows = tomllib.loads((DATA / "queries.toml").read_text("utf-8"))["query"]
    texts = sorted({row["text"] for row in rows if row.get("text")})
    assert len(texts) > 10
    with Library.open(sample_library) as opened:
        for text in texts:
            assert as_ranking(opened.search(text)) == as_ranking(opened.search(Query.plain(text)))


def as_ranking(answer: Answer) -> list[tuple[object, ...]]:
    return [(hit.asset, hit.score, hit.confidence, hit.segments) for hit in answer]


def test_operands_beside_a_text_with_operators_all_count(library: Library) -> None:
    """As with `--like` beside words: both must fit."""
    written = library.search("dog -indoor")
    read = parse("dog -indoor")
    query = replace(read, operands=(*read.operands, Operand("like", str(ROOT / "dog.jpg"))))
    assert names(library.search(query))[0] == "dog.jpg"
    assert names(written)[0] == "dog.jpg"


def test_right_and_wrong_answers_move_the_question(library: Library) -> None:
    """More like the room lifts what shows it and lowers what does not; less like it lowers it."""
    room = str(ROOT / "room.jpg")
    plain = sure(library, "brown dog in:image")
    more = {hit.path.name: hit.confidence for hit in library.search("brown dog in:image", more_like=room)}
    less = {hit.path.name: hit.confidence for hit in library.search("brown dog in:image", less_like=[room])}
    assert more["room.jpg"] > plain["room.jpg"] and more["dog.jpg"] < plain["dog.jpg"]
    assert less["room.jpg"] < plain["room.jpg"] and less["dog.jpg"] > less["room.jpg"]


def test_feedback_is_the_sum_of_rocchio(library: Library) -> None:
    """Where all directions are calibrated alike, the moved question is q + 0.75 mean(right) of that length."""
    question, room, dog = map(text_vector, ("brown dog", "brown dog indoor room", "brown dog"))
    (hit,) = [hit for hit in library.search("brown dog", more_like=ROOT / "room.jpg") if hit.path.name == "dog.jpg"]
    cosine = float((question + 0.75 * room) @ dog) / 1.75
    assert hit.confidence == pytest.approx(fusion.confidence(12 * (cosine - 0.5)), abs=0.01)


def test_right_answers_alone_are_the_question(library: Library) -> None:
    """Without words they ask as `like` does; wrong ones alone are refused, unknown ones as well."""
    assert names(library.search("", more_like=[ROOT / "cat.jpg"]))[0] == "cat.jpg"
    with pytest.raises(QueryError, match="wrong answers alone"):
        library.search("", less_like=[ROOT / "cat.jpg"])
    with pytest.raises(QueryError, match="holds nothing named"):
        library.search("dog", more_like="nothing.jpg")


def test_feedback_moves_what_is_sought_alone(library: Library) -> None:
    """What a minus excludes is excluded as before."""
    found = library.search("brown dog -indoor", more_like=ROOT / "dog.jpg", min_confidence=0.0)
    sure_of = {hit.path.name: hit.confidence for hit in found}
    assert sure_of["dog.jpg"] > 0.9 > sure_of["room.jpg"]


def test_errors_say_where(library: Library) -> None:
    """One line with the character and what was expected; what is only excluded is refused."""
    with pytest.raises(SyntaxRefused, match="at character 8"):
        library.search("dog AND")
    with pytest.raises(SyntaxRefused, match="only what must not be"):
        library.search("-dog")
    with pytest.raises(QueryError, match="holds nothing named"):
        library.search("dog -like:nothing.jpg")


PIECES = (
    "dog", "cat", "indoor", "exit", '"brown dog"', "-", "+", " AND ", " OR ", " NOT ", " then ", " THEN ", " within 2s", "(", ")",
    "^2", " in:video", " said:", "shows:", "reads:", "size:>1B", " near:48.8,2.3,9km", "like:/media/test/dog.jpg", " ", " ", "狗",
)  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_whatever_is_read_is_answered(library: Library, text: str) -> None:
    """Every question that the language reads gets an answer in order of confidence; the others are refused."""
    try:
        found = library.search(text, limit=5, min_confidence=0.0)
    except QueryError as refused:
        assert refused.what  # noqa: PT017  not every text is refused
        return
    confidences = [hit.confidence for hit in found]
    assert confidences == sorted(confidences, reverse=True) and all(0 <= each <= 1 for each in confidences)


def test_pages_of_a_tree_join(library: Library) -> None:
    """Two pages of five are one of ten, whatever was only bounded."""
    whole = [hit.asset for hit in library.search("(dog OR cat) -indoor", limit=10, min_confidence=0.0)]
    parts = [
        hit.asset
        for offset in (0, 5)
        for hit in library.search("(dog OR cat) -indoor", limit=5, offset=offset, min_confidence=0.0)
    ]
    assert parts == whole


@pytest.mark.parametrize("question", ["dog -indoor", "cat OR dog", "dog AND cat", "dog then cat", "+dog cat"])
def test_where_nothing_can_answer_operators_find_nothing(library: Library, tmp_path: Path, question: str) -> None:
    """An empty library, or filters that nothing fulfils, give an empty answer."""
    assert names(library.search(question, path="nowhere/*")) == []
    built = Builder(tmp_path / "library")
    built.close()
    with Library.open(built.home, profile=FakeProfile()) as empty:
        assert names(empty.search(question, min_confidence=0.0)) == []


@pytest.mark.parametrize(
    "question",
    ["{} dog", "said:{}", "dog path:{}*", "dog tag:{}", "dog camera:{}", 'dog -"{}"', "dog OR {}"],
)
def test_half_a_character_in_a_question_is_no_failure(library: Library, question: str) -> None:
    """JSON hands on half a pair of surrogates."""
    assert library.search(question.format("\ud83d"), min_confidence=0.0).took_ms >= 0


@pytest.mark.parametrize("question", ["{} dog", "said:{}", 'dog -"{}"', "dog OR {}"])
def test_words_of_bytes_that_are_no_text_are_refused_in_one_line(library: Library, question: str) -> None:
    """Terminals hand on any bytes."""
    with pytest.raises(QueryError, match=r"not UTF-8 at character \d+ \("):
        library.search(question.format("caf\udce9"))


@pytest.mark.parametrize("question", ["dog path:{}*", "dog tag:{}", "dog camera:{}"])
def test_filters_take_any_bytes(library: Library, question: str) -> None:
    """Names of files need not be UTF-8."""
    assert library.search(question.format("caf\udce9"), min_confidence=0.0).took_ms >= 0


def test_bytes_of_a_path_that_are_not_utf_8_fit_a_glob_and_a_name(tmp_path: Path) -> None:
    """A file whose name is in Latin 1 is found by its path, shown and explained."""
    name = os.fsdecode(b"caf\xe9.jpg")
    built = Builder(tmp_path / "library")
    built.add(Thing(name, IMAGE, [("image", "brown dog")]), Thing("tea.jpg", IMAGE, [("image", "brown dog")]))
    built.close()
    with Library.open(built.home, profile=FakeProfile()) as opened:
        assert names(opened.search("dog", path=f"*{name}")) == [name]
        assert opened.show(ROOT / name).asset.paths[0].name == name
        assert opened.search([Operand("like", str(ROOT / name))])[0].path.name in (name, "tea.jpg")
        assert opened.explain("dog", ROOT / name) is not None
        with pytest.raises(QueryError, match="holds nothing"):
            opened.show(os.fsdecode(b"th\xe9"))


def test_a_curve_follows_the_tree(library: Library) -> None:
    """What is excluded lowers the steps where it is, and an order lifts only its events."""
    place = ROOT / "both.mp4"
    plain, without = library.curve("brown dog", place), library.curve("brown dog -indoor", place)
    assert without.odds[0] > 4 and plain.odds[0] > 4
    assert library.curve("indoor room -dog", place).odds[0] < 0
    events = library.curve("brown dog then white cat within 2s", ROOT / "dogcat.mp4")
    assert [odds > 0 for odds in events.odds.tolist()] == [True, False, True, False]


def test_files_in_a_text_lie_in_the_working_folder(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`image:red.png` is that file, and its absence is an error of one line."""
    from PIL import Image

    from retrieval import MediaError

    Image.new("RGB", (32, 32), (220, 30, 30)).save(tmp_path / "red.png")
    monkeypatch.chdir(tmp_path)
    assert library.search("image:red.png +dog", files=True, min_confidence=0.0)
    with pytest.raises(MediaError, match="no file"):
        library.search("image:blue.png +dog", files=True)
