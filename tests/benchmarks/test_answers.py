"""The comparison of two trees' answers: its questions can be asked, and no change of an answer escapes it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import answers
from benchmarks.answers import Asker, read_questions, understood
from benchmarks.differences import Difference, differences, largest
from retrieval import Library

QUESTION = 'search "a dog"'


def segment(name: str, confidence: float) -> dict[str, Any]:
    return {
        "id": name,
        "kind": "shot",
        "page": None,
        "text": None,
        "confidence": confidence,
        "score": 0.5,
        "at_ms": 400,
        "span": [0, 1000],
        "lanes": {"shows": 0.75, "said": 0.25},
        "marks": [[0, 3]],
        "box": None,
    }


def hit(asset: str, confidence: float) -> dict[str, Any]:
    return {
        "asset": asset,
        "path": f"{asset}.mp4",
        "confidence": confidence,
        "score": 0.5,
        "alike": 0,
        "segments": [segment(f"{asset}-1", confidence), segment(f"{asset}-2", 0.3)],
    }


def answered() -> dict[str, Any]:
    hits = [hit("aa", 0.9), hit("bb", 0.8), hit("cc", 0.8)]
    return {QUESTION: {"hits": hits, "best": 0.9, "warnings": ["the index is old"]}}


def changed(change: Callable[[Any], object]) -> list[Difference]:
    after = copy.deepcopy(answered())
    change(after[QUESTION])
    return list(differences(answered(), after))


def test_questions_are_understood_and_each_is_asked_once() -> None:
    """Some hundreds, of every command; a line that a command refuses would end the program."""
    lines = read_questions()
    assert len(lines) == len(set(lines)) >= 300
    asked = [understood(line) for line in lines]
    assert {each.command for each in asked} == {"search", "curve", "explain", "program", "clip"}
    searches = [each for each in asked if each.command == "search"]
    unused = [name for name in answers.OPTIONS if all(getattr(each, name) is None for each in searches)]
    assert unused == []
    assert all(any(getattr(each, medium) for each in searches) for medium in answers.MEDIA)


def test_files_that_are_named_exist(media: Path, samples: Path) -> None:
    """But for the one that shall not."""
    folders = {"fixtures": media / "fixtures", "samples": samples}
    named = [path for line in read_questions() for path in _paths(line)]
    missing = [path for path in named if not (folders[path.split("/")[0]] / path.split("/", 1)[1]).exists()]
    assert set(missing) == {"fixtures/images/nothing.jpg"}
    assert len(named) > 80


def _paths(line: str) -> list[str]:
    asked = vars(understood(line))
    values = [str(each) for own in asked.values() for each in (own if isinstance(own, list | tuple) else [own])]
    files = [each.partition("@")[0] for each in values if each.startswith(("fixtures/", "samples/"))]
    return [each for each in files if "*" not in each]


def test_equal_answers_do_not_differ() -> None:
    """Neither does noise below the tolerance."""
    assert changed(lambda _: None) == []
    assert changed(lambda answer: answer["hits"][0].update(confidence=0.9 + 5e-7)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer["hits"][0].update(confidence=0.9 + 2e-6),
        lambda answer: answer["hits"][0].update(score=0.51),
        lambda answer: answer["hits"].pop(),
        lambda answer: answer["hits"].insert(0, answer["hits"].pop()),
        lambda answer: answer["hits"][1].update(alike=1),
        lambda answer: answer["hits"][1].update(path="other.mp4"),
        lambda answer: answer["hits"][1]["segments"].reverse(),
        lambda answer: answer["hits"][1]["segments"].pop(),
        lambda answer: answer["hits"][2]["segments"][1].update(span=[0, 1001]),
        lambda answer: answer["hits"][2]["segments"][1].update(span=None),
        lambda answer: answer["hits"][2]["segments"][0].update(kind="speech"),
        lambda answer: answer["hits"][2]["segments"][0].update(text="dog"),
        lambda answer: answer["hits"][2]["segments"][0]["lanes"].update(shows=0.7),
        lambda answer: answer["hits"][2]["segments"][0]["lanes"].pop("said"),
        lambda answer: answer["hits"][2]["segments"][0].update(marks=[]),
        lambda answer: answer["hits"][2]["segments"][0].update(at_ms=0),
        lambda answer: answer.update(best=0.8),
        lambda answer: answer.update(warnings=[]),
        lambda answer: answer.pop("hits"),
    ],
)
def test_every_change_of_an_answer_is_told(change: Callable[[Any], object]) -> None:
    """One value of a hit or of one of its segments is enough."""
    found = changed(change)
    assert found and not any(each.is_wording for each in found)


def test_another_wording_is_told_apart() -> None:
    """The same number of warnings in other words is no difference."""
    (found,) = changed(lambda answer: answer.update(warnings=["the index is not up to date"]))
    assert found.is_wording


def test_equal_confidences_in_another_order_are_a_tie() -> None:
    """Told as one difference of the order, not as one of each value."""
    (found,) = changed(lambda answer: answer["hits"].append(answer["hits"].pop(1)))
    assert found.place == "order of hits[1] (equal)"
    (found,) = changed(lambda answer: answer["hits"].insert(0, answer["hits"].pop(1)))
    assert found.place == "order of hits[0]"


def test_a_question_that_only_one_tree_was_asked_is_a_difference() -> None:
    """On either side."""
    assert len(list(differences(answered(), {}))) == len(list(differences({}, answered()))) == 1


def test_the_largest_difference_is_found_whatever_the_order() -> None:
    """Hits are compared by asset, segments by id, below the cut too."""
    after = answered()
    after[QUESTION]["hits"].reverse()
    after[QUESTION]["hits"][2]["segments"][1]["confidence"] = 0.31
    assert largest(answered(), after) == pytest.approx(0.01)
    below = [{QUESTION: {"hits": [], "below the cut": {"hits": [hit("aa", own)]}}} for own in (0.1, 0.15)]
    assert largest(*below) == pytest.approx(0.05)


def test_compare_ends_with_one_where_answers_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its last line is JSON with the number of differences."""
    for name, own in (("before", 0.9), ("after", 0.7)):
        told = {"tree": name, "answers": {QUESTION: {"hits": [hit("aa", own)], "best": 0.9, "warnings": []}}}
        (tmp_path / name).write_text(json.dumps(told))
    assert answers.compare(tmp_path / "before", tmp_path / "before", 1e-6) == 0
    capsys.readouterr()
    assert answers.compare(tmp_path / "before", tmp_path / "after", 1e-6) == 1
    assert json.loads(capsys.readouterr().out)["differences"] == 2  # of the hit, and of its best segment


def test_answers_are_recorded_as_they_are_given(
    sample_library: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are told from the folder of media, and what is recorded is what the library answers."""
    monkeypatch.chdir(samples.parent)
    with Library.open(sample_library) as library:
        asker = Asker(library, samples.parent)
        recorded = asker.record('search "a cat" --tags')
        answer = library.search("a cat")
        refused = asker.record('search "cat AND"')
        empty = asker.record("search qwertyuiop --min-duration-ms 3600000")
        curve = asker.record('curve "a sailing boat" --of samples/video/v1.mp4')["curve"]
    assert [each["asset"] for each in recorded["hits"]] == [each.asset for each in (*answer, *answer.possible)]
    assert recorded["hits"][0]["path"] == "samples/images/photo1.jpg"
    assert recorded["hits"][0]["confidence"] == answer[0].confidence
    assert recorded["tags"]
    assert refused["error"] == "QueryError"
    assert empty["hits"] == [] and "below the cut" in empty
    assert len({len(each) for each in curve}) == 1 and curve[0]
    assert json.loads(json.dumps(recorded)) == recorded
