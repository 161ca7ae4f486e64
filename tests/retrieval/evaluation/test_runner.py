"""Judged questions put to a real library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.cli.program import app
from retrieval import Operand
from retrieval.errors import QueryError
from retrieval.evaluation.runner import (
    LANES,
    WITHOUT_NAMES,
    Ranked,
    Setting,
    by_confidence,
    by_rank,
    rankings,
    run_topics,
    settings_named,
)
from retrieval.evaluation.topics import Topic, asset_table
from retrieval.library import Library


def ranked(asset: str, confidence: float) -> Ranked:
    return Ranked(asset, Path(asset), "image", confidence)


def test_the_lane_with_the_highest_confidence_decides() -> None:
    """Each asset once, by its best hit."""
    lists = [[ranked("a", 0.9), ranked("b", 0.3)], [ranked("b", 0.95), ranked("c", 0.1)], []]
    assert [(hit.asset, hit.confidence) for hit in by_confidence(lists)] == [("b", 0.95), ("a", 0.9), ("c", 0.1)]


def test_ranks_count_what_several_lanes_found() -> None:
    """1/61 + 1/62 is more than 1/61: plain reciprocal ranks, whatever the confidences."""
    lists = [[ranked("a", 0.9), ranked("b", 0.1)], [ranked("b", 0.2), ranked("c", 0.1)]]
    assert [hit.asset for hit in by_rank(lists)] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("text", "count"),
    [("lanes", len(LANES)), ("lane:said", 1), ("exact", 1), ("cut", 1), ("ranks", 1), ("profile:clip", 1)],
)
def test_settings_have_names(text: str, count: int) -> None:
    """Each differs from a plain search, and they differ from each other."""
    found = settings_named(text)
    assert len({each.name for each in found} | {"search"}) == count + 1
    assert Setting() not in found


def test_an_unknown_setting_names_those_that_are() -> None:
    """One line that says what there is."""
    with pytest.raises(QueryError, match="lane:said"):
        settings_named("lane:smell")


def test_a_lane_alone_finds_nothing_of_the_others(sample_library: Path) -> None:
    """What is shown is never in a recording; all lanes together are what they find."""
    asked = [Topic(Operand("text", "a cat"), {"x": 1.0})]
    with Library.open(sample_library) as library:
        (seen,) = run_topics(library, asked, Setting("shows", ("shows",)))
        (all_lanes,) = run_topics(library, asked, Setting("lanes", LANES))
        (plain,) = run_topics(library, asked)
    assert seen.hits
    assert "audio" not in {hit.medium for hit in seen.hits}
    assert "audio" in {hit.medium for hit in all_lanes.hits}
    assert set(seen.assets) <= set(all_lanes.assets)
    assert plain.assets[0] == all_lanes.assets[0]


def test_exact_search_answers_without_an_index(sample_library: Path) -> None:
    """The same hits and confidences as by the index, from the catalog alone."""
    asked = [Topic(Operand("text", text), {"x": 1.0}) for text in ("a cat", "海上的帆船", "a puncture")]
    by_index = rankings(sample_library, asked, Setting())
    exact = rankings(sample_library, asked, Setting("exact", exact=True))
    assert [each.assets for each in by_index] == [each.assets for each in exact]
    with Library.open(sample_library, exact=True) as library:
        library.search("a cat")
        assert library._index is not None
        assert all(each.generation is None for each in library._index.spaces.values())


@pytest.fixture
def judged_table(sample_library: Path, tmp_path: Path) -> Path:
    """Two questions in words and one by a picture, each with its right answer."""
    with Library.open(sample_library) as library:
        paths = [hit.path for hit in asset_table(library).assets.values() if hit.path.name == "photo1.jpg"]
    rows = ["question\tby\tfile\tgroup", "a cat\t\timages/photo1.jpg\teasy", "a piano lesson\t\timages/d1.jpg\thard"]
    rows.append(f"{paths[0]}\timage\timages/photo1.jpg\teasy")
    path = tmp_path / "judged.tsv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_the_command_measures_a_library(sample_library: Path, judged_table: Path, tmp_path: Path) -> None:
    """A table, JSON, a page with pictures in it, and the rankings; each setting among them."""
    html, run = tmp_path / "page.html", tmp_path / "run"
    line = ["evaluate", str(judged_table), "--library", str(sample_library), "--compare", "exact", "--json"]
    done = CliRunner().invoke(app, [*line, "--html", str(html), "--run", str(run)])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [each["name"] for each in told["settings"]] == ["search", "exact"]
    assert told["questions"] == 3
    assert told["settings"][0]["by"]["direction"].keys() == {"text-image", "image-image"}
    assert told["settings"][0]["by"]["direction"]["image-image"]["measures"]["R@1"]["mean"] == 1.0
    assert told["settings"][1]["agreement"] == 1.0
    assert "data:image/jpeg;base64," in html.read_text(encoding="utf-8")
    assert {row.split()[5] for row in run.read_text().splitlines()} == {"search", "exact"}


def test_a_profile_without_vectors_here_is_no_silent_zero(sample_library: Path, judged_table: Path) -> None:
    """Another profile, whose vectors or model are not here, is measured with a warning that says what to do."""
    line = [
        "evaluate",
        str(judged_table),
        "--library",
        str(sample_library),
        "--sample",
        "1",
        "--compare",
        "profile:clip",
    ]
    done = CliRunner().invoke(app, line)
    assert "crossmedia rebuild --profile" in done.stderr or "crossmedia models fetch" in done.stderr


def test_the_command_says_what_is_wrong(sample_library: Path, tmp_path: Path) -> None:
    """A table that is not there, or judges nothing here, is one line and exit code 1 or 2."""
    missing = CliRunner().invoke(app, ["evaluate", "no.tsv", "--library", str(sample_library)])
    empty = tmp_path / "empty.tsv"
    empty.write_text("question\tfile\nx\tnowhere.jpg\n", encoding="utf-8")
    nothing = CliRunner().invoke(app, ["evaluate", str(empty), "--library", str(sample_library)])
    assert missing.exit_code != 0
    assert "no.tsv" in missing.stderr
    assert nothing.exit_code != 0
    assert "judges no file of this library" in nothing.stderr


def test_without_its_extra_the_command_says_what_to_install() -> None:
    """An interpreter that cannot import ir-measures asks nothing and names the extra."""
    code = "import sys; sys.modules['ir_measures'] = None; sys.argv = ['crossmedia', 'evaluate', 'names']\n"
    line = [sys.executable, "-c", code + "from indexer.cli.app import main; main()"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'crossmedia[evaluate]'" in done.stderr


def test_a_name_does_not_answer_for_itself(sample_library: Path) -> None:
    """A file's name finds it in a search, and not where names are measured."""
    with Library.open(sample_library) as library:
        assets = asset_table(library).assets
        name, asset = next((hit.path.stem, asset) for asset, hit in assets.items() if hit.path.name == "photo1.jpg")
        asked = [Topic(Operand("text", f'"{name}"'), {asset: 1.0})]
        (plain,) = run_topics(library, asked)
        (without,) = run_topics(library, asked, WITHOUT_NAMES)
    assert plain.assets[0] == asset
    assert plain.hits[0].confidence > 0.9
    assert all(hit.confidence < 0.9 for hit in without.hits if hit.asset == asset)
