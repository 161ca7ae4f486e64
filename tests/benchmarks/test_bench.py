"""The table of speed says what was asked, what came and what was not measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import bench


def test_the_table_says_met_missed_and_not_measured() -> None:
    """At most and at least are told apart; a figure beside the asked one is kept."""
    rows = [
        bench.Row("fast", "a", "ratio", 0.5, beside=("cpu", "absent")),
        bench.Row("slow", "a", "slow", 0.5),
        bench.Row("high", "a", "slow", 0.5, most=False),
        bench.Row("gone", "b", "ratio", 0.5),
    ]
    lines = bench.table(rows, {"a": {"ratio": 0.25, "slow": 1.0, "cpu": 0.125}}).splitlines()[2:]
    assert "0.25, met | ■■■■■ | cpu 0.125 |" in lines[0]
    assert "at most 0.5 | 1, missed" in lines[1] and "at least 0.5 | 1, met" in lines[2]
    assert "not measured" in lines[3]


def test_figures_of_an_earlier_run_are_read(tmp_path: Path) -> None:
    """Lines of one benchmark, measured in parts, are put together."""
    for number, figures in enumerate(({"index wall_s least ratio": 0.4}, {"cold wall_s ratio": 0.7})):
        (tmp_path / f"{number}.json").write_text(json.dumps({"benchmark": "peers", **figures}), "utf-8")
    found = bench.read(sorted(tmp_path.glob("*.json")))
    commands = {
        row.command: row.figure for row in bench.ROWS if row.figure in ("index wall_s least ratio", "cold wall_s ratio")
    }
    assert len(commands) == 2 and all(figure in found[command] for command, figure in commands.items())
    assert not any(command.startswith("pipeline") for command in found)


@pytest.mark.parametrize("only", [[], ["--only", "peers"]])
def test_a_part_leaves_the_page_as_it_is(only: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that were measured before are not lost."""
    page, line = tmp_path / "page.md", tmp_path / "line.json"
    page.write_text("before", "utf-8")
    line.write_text(json.dumps({"benchmark": "peers", "cold wall_s ratio": 0.7}), "utf-8")
    monkeypatch.setattr(bench, "PAGE", page)
    monkeypatch.setattr("sys.argv", ["bench", str(tmp_path / "work"), "--read", str(line), *only])
    bench.main()
    assert (page.read_text("utf-8") == "before") == bool(only)
    assert "cold wall_s ratio" in (tmp_path / "work/bench.json").read_text("utf-8")
