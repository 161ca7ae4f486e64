"""What people see: golden lines of answers, and the columns of other scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.domain.media import Span
from retrieval.domain.result import Answer, FoundSegment, Hit
from retrieval.render import answers, quotes
from retrieval.render import text as render_text
from retrieval.render.status import MEDIA_PLURALS

EVIDENCE = {"shows": "picture", "said": "said", "words": "words"}


def found(kind: str, lanes: dict, span: Span | None = None, text: str | None = None, **more) -> FoundSegment:
    sure, page = more.get("confidence", 0.9), more.get("page")
    evidence = more.get("evidence", EVIDENCE[next(iter(lanes))])
    return FoundSegment("abcdefghijklmnop", kind, span, page, text, sure, 0.3, lanes, evidence=evidence)


def hit(path: str, medium: str, confidence: float, *segments: FoundSegment, **more) -> Hit:
    return Hit(Path(path), (Path(path),), "00", medium, 0.3, confidence, segments, **more)


def lines(*hits: Hit, words: str = "", width: int | None = None, offset: int = 0) -> list[str]:
    return [line for each in answers.answer_lines(Answer(hits, 1.0, 0.9), words, offset, width) for line in each]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder that is the same on every machine."""
    monkeypatch.setenv("HOME", "/home/ada")


@pytest.mark.usefixtures("home")
def test_an_answer_looks_like_the_picture_in_the_readme() -> None:
    """Rank, confidence, place, medium, date and the reason, each in its column; times of clips under each other."""
    waves = "And then, before anyone could stop him, the dog ran into the waves and came back soaking wet."
    assert lines(
        hit("/home/ada/Pictures/2019/IMG_0412.jpg", "image", 0.93, found("image", {"shows": 1.0}), taken_at="2019-07-14T16:03:11"),
        hit("/home/ada/Videos/summer.mp4", "video", 0.88, found("shot", {"shows": 1.0}, Span(134_000, 151_000))),
        hit("/home/ada/Talks/walk.m4a", "audio", 0.81, found("speech", {"said": 1.0}, Span(665_000, 679_000), waves)),
        words="a dog running on the beach",
    ) == [
        " 1  0.93  ~/Pictures/2019/IMG_0412.jpg        image     2019-07-14  picture",
        " 2  0.88  ~/Videos/summer.mp4   02:14-02:31   video     picture",
        ' 3  0.81  ~/Talks/walk.m4a      11:05-11:19   audio     said "And then, before anyone could stop him, the dog ran into ..."',
    ]  # fmt: skip


@pytest.mark.usefixtures("home")
def test_wide_characters_take_two_columns() -> None:
    """A Chinese and an English file name leave the media in one column."""
    shown = lines(
        hit("/照片/海边的狗.jpg", "image", 0.9, found("image", {"shows": 1.0})),
        hit("/photos/dog-on-beach.jpg", "image", 0.8, found("image", {"shows": 1.0})),
    )
    assert len({render_text.columns(line[: line.index("image ")]) for line in shown}) == 1


def test_further_places_of_a_hit_follow_below_it() -> None:
    """The best speech of a video is listed under its best shot, when it is sure enough."""
    shot, said = (
        found("shot", {"shows": 1.0}, Span(1000, 2000)),
        found("speech", {"said": 1.0}, Span(60_000, 62_000), "hello"),
    )
    unsure = found("speech", {"said": 1.0}, Span(90_000, 92_000), "perhaps", confidence=0.2)
    shown = lines(hit("/v.mp4", "video", 0.9, shot, said, unsure))
    assert [line.split() for line in shown] == [
        ["1", "0.90", "/v.mp4", "00:01-00:02", "video", "picture"],
        ["01:00-01:02", "said", '"hello"'],
    ]
    assert shown[0].index("00:01") == shown[1].index("01:00")


def test_a_narrow_terminal_gets_no_line_that_wraps() -> None:
    """Long paths lose their beginning, long quotes their end."""
    text = "all work and no play makes a dull boy " * 5
    deep = "/very/long/path/that/goes/on/and/on/and/on/and/on/and/on/to/the/file.txt"
    shown = lines(hit(deep, "document", 0.9, found("passage", {"words": 1.0}, None, text, page=3)), width=80)
    assert all(render_text.columns(line) <= 80 for line in shown)
    assert "file.txt" in shown[0]


def test_control_characters_in_a_name_cannot_move_the_cursor() -> None:
    """New lines, escapes and bytes that are not UTF-8 are spelled out."""
    assert render_text.path_text("/a\nb\x1b[2J\udcff.jpg") == "/a\\nb\\x1b[2J\\xff.jpg"


def test_a_path_is_as_short_as_it_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative below the current folder, else from the home folder; never taken for an option or a home folder."""
    home = tmp_path / "home"
    (home / "here").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "here")
    expected = {
        home / "here" / "a" / "b.jpg": "a/b.jpg",
        home / "here" / "-rf": "./-rf",
        home / "here" / "~": "./~",
        home / "here": "~/here",
        home / "hereafter.jpg": "~/hereafter.jpg",
        tmp_path / "c.jpg": str(tmp_path / "c.jpg"),
    }
    assert {path: render_text.path_text(path) for path in expected} == expected
    assert render_text.path_from_home(home / "here" / "a.jpg") == "~/here/a.jpg"
    monkeypatch.chdir("/")
    assert render_text.path_text("/etc/hosts") == "/etc/hosts"


def test_a_path_is_whole_where_the_current_folder_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else may have deleted it."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert render_text.path_text("/etc/hosts") == "/etc/hosts"


def test_one_thing_is_not_counted_as_many() -> None:
    """Counts agree with their nouns."""
    assert render_text.listing({"document": 1, "image": 1200}, MEDIA_PLURALS) == "1,200 images, 1 document"
    assert render_text.listing({"text_line": 1}, {"text_line": "lines in pictures"}) == "1 line in pictures"
    assert render_text.listing({"too large": 1}) == "1 too large"


def test_an_offline_hit_is_marked() -> None:
    """A person sees that the file cannot be opened now."""
    assert "/a.jpg  (offline)" in lines(hit("/a.jpg", "image", 0.9, found("image", {"shows": 1.0}), offline=True))[0]


def test_ranks_go_on_behind_an_offset() -> None:
    """The second page begins with its own number."""
    assert lines(hit("/a.jpg", "image", 0.9, found("image", {"shows": 1.0})), offset=20)[0].startswith(" 21  0.90")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (Answer((), 1.0, 0.04), "Nothing in this library matches (nearest 0.04; --all shows it)."),
        (Answer((), 1.0, 0.4999), "Nothing in this library matches (nearest 0.49; --all shows it)."),
        (Answer((), 1.0, 0.0), "Nothing in this library matches."),
        (Answer((), 1.0, 0.9, total=49, reason="beyond the last hit (49 in all)"), "Beyond the last hit (49 in all)."),
    ],
)
def test_an_empty_answer_says_why_or_how_near_it_was(answer: Answer, line: str) -> None:
    """The honest empty answer; nothing below the level of what is sure is rounded up to it."""
    assert answers.nothing_line(answer) == line


def test_a_line_parts_what_is_sure_from_what_is_not() -> None:
    """Ranks go on below it, columns are the same; where nothing is sure the line says so."""
    picture = found("image", {"shows": 1.0})
    sure, other = hit("/photos/sure.jpg", "image", 0.9, picture), hit("/b.jpg", "image", 0.4999, picture)
    both = Answer((sure,), 1.0, 0.9, possible=(other,), total=2)
    first, second = (lines for (lines,) in answers.answer_lines(both))
    assert second.startswith(" 2  0.49  /b.jpg") and first.index("image ") == second.index("image ")
    assert answers.rule_line(both) == answers.rule_line(Answer((), 1.0, possible=(other,)), 20) == "── less sure ──"
    assert answers.rule_line(Answer((), 1.0, possible=(other,))) == "Nothing sure; nearest:"


def test_what_only_filters_asked_for_has_no_confidence_and_no_evidence() -> None:
    """Rank, path, medium and date are left."""
    listed = hit("/a.jpg", "image", 1.0, found("image", {"shows": 1.0}), taken_at="2019-07-14", is_judged=False)
    assert lines(listed)[0].split() == ["1", "/a.jpg", "image", "2019-07-14"]


@pytest.mark.parametrize("evidence", ["words", "meaning", "name"])
def test_the_label_of_a_text_is_the_evidence(evidence: str) -> None:
    """A text that was found by its meaning is not said to hold the words; of a name nothing is quoted."""
    passage = found("passage", {"words": 1.0}, None, "a text", evidence=evidence)
    quoted = "" if evidence == "name" else ' "a text"'
    assert lines(hit("/a.txt", "document", 0.9, passage))[0].endswith(f"document  {evidence}{quoted}")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("puncture", "... and a pump. A puncture is easily found."),
        ("", "First take the wheel out of the frame. You need a repair ..."),
    ],
)
def test_a_quote_is_cut_around_what_was_asked(words: str, expected: str) -> None:
    """The words of the question are in sight, else the beginning is."""
    text = "First take the wheel out of the frame. You need a repair kit, tyre levers and a pump. A puncture is easily found."
    assert quotes.quote(text, words, 60) == expected


def test_a_quote_is_cut_around_the_first_mark_and_shows_all_marks() -> None:
    """What matched is in sight and bold; the same letters inside a longer word are not."""
    text = "The wheelhouse is empty. " * 4 + "A wheel  with a wheel beside it."
    at = text.index("A wheel") + 2
    quoted = quotes.quote(text, "", 40, [Span(at, at + 5)], bold=True)
    assert quoted.count("\x1b[1mwheel\x1b[22m") == 2
    assert "\x1b[1mwheel\x1b[22mhouse" not in quotes.quote(text, "", 200, [Span(at, at + 5)], bold=True)
    assert quotes.quote("沙滩上的狗", "", 40, [Span(0, 2)], bold=True) == "\x1b[1m沙滩\x1b[22m上的狗"
    assert "\x1b" not in quotes.quote(text, "", 40, [Span(at, at + 5)])


def test_a_chinese_quote_is_cut_by_columns() -> None:
    """No more columns than there are, though each character takes two."""
    assert render_text.columns(quotes.quote("怎样泡一壶好绿茶绿茶不能用刚烧开的水来泡" * 3, "绿茶", 40)) <= 40


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.14, "3.1 s"), (42, "42 s"), (540, "9 min"), (6720, "1 h 52"), (3599, "1 h 00")]
)
def test_lengths_of_time_for_people(seconds: float, text: str) -> None:
    """Rounded to what a person wants to know."""
    assert render_text.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(12, "12 bytes"), (3_100_000, "3.1 MB"), (145e6, "145 MB"), (5e12, "5.0 TB")]
)
def test_sizes_for_people(count: float, text: str) -> None:
    """Decimal units, as file managers have them."""
    assert render_text.size(count) == text
