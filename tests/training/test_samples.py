"""data/samples: complete, small, free, and as its tables say."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

MEDIA = ("image", "video", "audio", "document")


def _truth(samples: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads((samples / "truth.toml").read_text("utf-8"))["sample"]
    return rows


def _queries(samples: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads((samples.parent / "queries.toml").read_text("utf-8"))["query"]
    return rows


def test_samples_are_small(samples: Path) -> None:
    """Under 6 MB in all."""
    assert sum(path.stat().st_size for path in samples.rglob("*") if path.is_file()) < 6_000_000


def test_truth_names_every_file(samples: Path) -> None:
    """Each medium has samples; truth and folders agree (a sidecar belongs to its video)."""
    rows = _truth(samples)
    files = {
        path.relative_to(samples).as_posix()
        for folder in ("images", "audio", "video", "documents")
        for path in (samples / folder).iterdir()
        if path.suffix != ".srt"
    }
    assert {row["file"] for row in rows} == files
    assert {row["medium"] for row in rows} == set(MEDIA)


def test_origins_name_every_file(samples: Path) -> None:
    """ORIGINS.md has a line for each file."""
    text = (samples / "ORIGINS.md").read_text("utf-8")
    assert all(f"| {row['file']} |" in text for row in _truth(samples))


def test_queries_cover_all_directions(samples: Path) -> None:
    """Five kinds of question, four media: twenty directions, and at least one that needs no transcriber in each."""
    asked = {(row["question"], row["in"]) for row in _queries(samples) if not row.get("speech")}
    assert asked == {(kind, medium) for kind in ("text", *MEDIA) for medium in MEDIA}


def test_the_demo_asks_a_dozen_of_all_kinds(samples: Path) -> None:
    """At least twelve demo questions, all five kinds, all four media, two languages."""
    demo = [row for row in _queries(samples) if row.get("demo")]
    assert len(demo) >= 12
    assert {row["question"] for row in demo} == {"text", *MEDIA}
    assert {row["in"] for row in demo} == set(MEDIA)
    assert {row["lang"] for row in demo if "lang" in row} == {"en", "zh"}


def test_questions_and_answers_exist(samples: Path) -> None:
    """Files of questions lie apart from the indexed ones, and no question is a copy of a sample."""
    rows = _queries(samples)
    asked = {samples.parent / row["file"] for row in rows if "file" in row}
    assert all(path.parent == samples / "questions" and path.is_file() for path in asked)
    found = {samples / name for row in rows for name in row["expected"]}
    assert all(path.is_file() for path in found)
    assert not {path.read_bytes() for path in asked} & {path.read_bytes() for path in found}


@pytest.mark.parametrize("name", ["v1.mp4", "v2.webm", "v3.mp4", "v4.mp4", "v5.mkv"])
def test_cuts_are_where_truth_says(samples: Path, name: str) -> None:
    """The largest changes between frames lie at the cuts, to a frame."""
    cuts = next(row["cuts_ms"] for row in _truth(samples) if row["file"] == f"video/{name}")
    with av.open(str(samples / "video" / name)) as container:
        frames = [(float(f.time), f.to_ndarray(format="gray").astype(float)) for f in container.decode(video=0)]
    changes = np.array([np.abs(b - a).mean() for (_, a), (_, b) in itertools.pairwise(frames)])
    times = sorted(round(1_000 * frames[n + 1][0]) for n in changes.argsort()[::-1][: len(cuts)])
    assert np.allclose(times, cuts, atol=90)


def test_chinese_words_by_sidecar_and_inside(samples: Path) -> None:
    """v4 has an .srt beside it, v5 a subtitle stream."""
    assert "茶壶" in (samples / "video" / "v4.zh.srt").read_text("utf-8")
    with av.open(str(samples / "video" / "v5.mkv")) as container:
        words = b"".join(bytes(packet) for packet in container.demux(container.streams.subtitles[0]))
    assert "竹子" in words.decode("utf-8")
