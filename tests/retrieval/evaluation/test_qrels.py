"""Where judged questions come from: tables, qrels, and what files are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.domain.media import Medium, Metadata, Span
from retrieval.domain.records import SeenAsset
from retrieval.errors import QueryError
from retrieval.evaluation import qrels
from retrieval.evaluation.topics import AssetTable, asset_table
from retrieval.library import Library
from tests.building import Builder, Thing

FILES: dict[str, Medium] = {"photos/a/dog.jpg": "image", "photos/b/dog.jpg": "image", "clips/beach.mp4": "video"}

TAGGED = {"a": "海", "b": "海", "c": "dog"}


@pytest.fixture
def assets() -> AssetTable:
    """Three files, two of one name."""
    return AssetTable({name: SeenAsset(name, medium, (Path("/m") / name,)) for name, medium in FILES.items()})


def table(folder: Path, text: str, name: str = "t.tsv") -> Path:
    """A file with that text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_one_question_are_one_judgement(tmp_path: Path, assets: AssetTable) -> None:
    """Gains, spans, media and groups of all its rows; a gain of nothing is no answer."""
    text = (
        "query\tfile\tgain\tstart\tend\tin\tlang\n"
        "the sea\tbeach.mp4\t2\t1.5\t3\t\ten\n"
        "the sea\tbeach.mp4\t1\t7\t8\t\ten\n"
        "the sea\ta/dog.jpg\t1\t\t\t\ten\n"
        "the sea\tb/dog.jpg\t0\t\t\t\ten\n"
        "海\tclips/beach.mp4\t\t\t\tvideo\tzh\n"
    )
    one, other = qrels.read(table(tmp_path, text), assets).questions
    assert one.right == {"clips/beach.mp4": 2.0, "photos/a/dog.jpg": 1.0}
    assert one.spans == {"clips/beach.mp4": (Span(1500, 3000), Span(7000, 8000))}
    assert (one.media, one.group, other.operand.value, other.group) == (frozenset(), "en", "海", "zh")
    assert other.media == {"video"}


def test_a_file_beside_the_table_can_ask(tmp_path: Path, assets: AssetTable) -> None:
    """`by` names its medium; its path counts from the table's folder."""
    (found,) = qrels.read(table(tmp_path, "question\tby\tfile\nq/cat.jpg\timage\tbeach.mp4\n"), assets).questions
    assert (found.operand.sense, found.operand.value) == ("image", tmp_path / "q/cat.jpg")


def test_commas_and_quotes_hold_in_a_csv(tmp_path: Path, assets: AssetTable) -> None:
    """A caption with a comma stays whole; in tab-separated tables a quote is a character."""
    (found,) = qrels.read(table(tmp_path, 'image,caption\nbeach.mp4,"sand, and sea"\n', "t.csv"), assets).questions
    assert found.operand.value == "sand, and sea"
    (found,) = qrels.read(table(tmp_path, 'image\tcaption\nbeach.mp4\t"sand\n'), assets).questions
    assert found.operand.value == '"sand'


def test_qrels_take_their_questions_from_a_second_table(tmp_path: Path, assets: AssetTable) -> None:
    """The four columns of TREC; what is judged 0 is no answer."""
    judged = table(tmp_path, "q1 0 beach.mp4 3\nq1 0 a/dog.jpg 0\n", "qrels")
    queries = table(tmp_path, "q1\twaves on sand\n", "queries")
    (found,) = qrels.read(judged, assets, queries).questions
    assert (found.operand.value, found.right) == ("waves on sand", {"clips/beach.mp4": 3.0})
    with pytest.raises(QueryError, match="--queries"):
        qrels.read(judged, assets)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question\tanswer\nx\ty\n", "no column file"),
        ("", "no column question"),
        ("question\tfile\nx\tdog.jpg\n", "line 2: 2 files are called dog.jpg"),
        ("question\tfile\tgain\nx\tbeach.mp4\tvery\n", "line 2: invalid number: very"),
        ("question\tfile\tstart\tend\nx\tbeach.mp4\t5\t2\n", "line 2: invalid span: 5 to 2 s"),
        ("question\tfile\tin\nx\tbeach.mp4\tfilm\n", "line 2: invalid medium in film"),
        ("question\tfile\tby\nx\tbeach.mp4\tsmell\n", "line 2: invalid medium of a question: smell"),
    ],
)
def test_a_broken_table_is_told_by_its_line(tmp_path: Path, assets: AssetTable, text: str, message: str) -> None:
    """One line says which line, and what is wrong with it."""
    with pytest.raises(QueryError, match=message):
        qrels.read(table(tmp_path, text), assets)


def test_names_that_nothing_answers_to_are_told(tmp_path: Path, assets: AssetTable) -> None:
    """They are no right answers, and a question without any other is left out."""
    found = qrels.read(table(tmp_path, "question\tfile\nx\tno.jpg\ny\tbeach.mp4\ny\tno.jpg\n"), assets)
    assert [each.operand.value for each in found.questions] == ["y"]
    assert found.unknown == ("no.jpg",)


@pytest.mark.parametrize(
    ("name", "words"), [("DogOnBeach_02", "Dog On Beach"), ("海边的狗", "海边的狗"), ("red-car (3)", "red car")]
)
def test_names_are_said_as_words(name: str, words: str) -> None:
    """Capitals, signs and numbers part the words."""
    assert qrels.spoken(name) == words


def test_a_library_is_asked_by_what_its_files_are_called(sample_library: Path) -> None:
    """Folders hold several right answers; a name that a camera gives asks nothing."""
    with Library.open(sample_library) as library:
        assets = asset_table(library)
        folders = qrels.own("folders", assets).questions
        names = qrels.own("names", assets).questions
    images = next(each for each in folders if each.operand.value == "images")
    assert len(images.right) > 1
    assert all(assets.assets[asset].path.parent.name == "images" for asset in images.right)
    assert names
    assert not qrels.CAMERA.match("holiday")
    assert qrels.CAMERA.match("IMG_2031")
    assert qrels.CAMERA.match("20190714_160311")


def test_keywords_ask_for_all_that_carry_them() -> None:
    """One that all files share asks nothing."""
    tagged = {name: SeenAsset(name, "image", (Path(f"/m/{name}"),), ("me", word)) for name, word in TAGGED.items()}
    asked = qrels.own("keywords", AssetTable(tagged)).questions
    assert {each.operand.value: set(each.right) for each in asked} == {"海": {"a", "b"}, "dog": {"c"}}


def test_what_a_library_has_seen_is_all_of_its_files_with_their_copies(tmp_path: Path) -> None:
    """Each content once, with every path and its keywords; what was left out is not there."""
    builder = Builder(tmp_path / "library")
    builder.add(
        Thing("a.jpg", Metadata("image", keywords=("dog", "sea")), digest=b"1" * 32),
        Thing("copy of a.jpg", Metadata("image", keywords=("dog", "sea")), digest=b"1" * 32),
        Thing("b.mp4", Metadata("video")),
    )
    builder.forget("b.mp4")
    builder.close()
    with Library.open(tmp_path / "library", builder.profile) as library:
        (one,) = library.seen().values()
    assert (one.medium, one.keywords) == ("image", ("dog", "sea"))
    assert [path.name for path in one.paths] == ["a.jpg", "copy of a.jpg"]


def test_files_are_found_by_any_end_of_their_path(sample_library: Path) -> None:
    """The name alone, a folder and a name, or the whole path."""
    with Library.open(sample_library) as library:
        assets = asset_table(library)
    hit = next(iter(assets.assets.values()))
    for name in (hit.path.name, "/".join(hit.path.parts[-2:]), hit.path):
        assert hit.hash in assets.find(name)
    assert assets.find("no such file") == frozenset()
