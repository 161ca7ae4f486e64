"""The promise to programs: keys of the JSON, columns of the CSV."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

from retrieval.domain.media import Span
from retrieval.domain.query import Filters, Operand, Query
from retrieval.domain.result import Answer, FoundSegment, Hit
from retrieval.render import json as render_json

SEGMENT = FoundSegment("abcdefghijklmnop", "speech", Span(1500, 2500), None, "hello", 0.9, 0.31, {"said": 1.0}, None)


def hit(path: str = "/v.mp4", *segments: FoundSegment) -> Hit:
    return Hit(Path(path), (Path(path),), "00ff", "video", 0.31, 0.9, segments or (SEGMENT,), "2019-07-14T16:03:11")


def test_an_answer_keeps_the_promised_keys() -> None:
    """The keys that issue and manual promise, at their places."""
    query = Query((Operand("text", "hello"),), Filters(media=frozenset({"video"})))
    report = render_json.answer_report(query, Answer((hit(),), 1.26, 0.9))
    assert list(report)[:3] == ["version", "query", "took_ms"]
    assert report["version"] == 1
    assert report["query"]["filters"] == {"media": ["video"]}
    assert report["query"]["written"] == "hello in:video"
    moved = render_json.query_report(replace(query, more_like=("ab12",)))
    assert moved["more_like"] == ["ab12"] and "less_like" not in moved
    assert {"path", "paths", "asset", "medium", "score", "confidence", "segments"} <= set(report["hits"][0])
    promised = {"id", "kind", "start_ms", "end_ms", "page", "text", "lanes", "marks"}
    assert promised <= set(report["hits"][0]["segments"][0])


def test_times_are_integer_milliseconds() -> None:
    """Half-open spans as they are."""
    segment = render_json.hit_report(hit())["segments"][0]
    assert (segment["start_ms"], segment["end_ms"]) == (1500, 2500)


def test_a_path_that_is_not_utf_8_survives_as_bytes() -> None:
    """`path` can be printed, `path_bytes` can be opened."""
    report = render_json.hit_report(hit(os.fsdecode(b"/caf\xe9.mp4")))
    assert report["path"] == "/caf\ufffd.mp4"
    assert base64.b64decode(report["path_bytes"]) == b"/caf\xe9.mp4"
    json.dumps(report, ensure_ascii=False).encode()


def test_a_utf_8_path_has_no_bytes_beside_it() -> None:
    """Nobody has to decode what can be read."""
    assert "path_bytes" not in render_json.hit_report(hit("/照片.mp4"))


def test_csv_rows_have_as_many_cells_as_the_head() -> None:
    """Hits without segments too."""
    found_by_name = Hit(Path("/a.jpg"), (Path("/a.jpg"),), "00", "image", 1.0, 0.8, ())
    rows = list(render_json.csv_rows(Answer((hit(), found_by_name), 1.0)))
    assert [len(row) for row in rows] == [len(render_json.CSV_HEAD)] * 2
    assert rows[0][0] == "/v.mp4"
    first = dict(zip(render_json.CSV_HEAD, rows[0], strict=True))
    assert (first["lane"], first["text"], first["sure"]) == ("said", "hello", True)


def test_both_parts_are_told_apart() -> None:
    """Two lists in one object; in lines and rows a field tells them apart."""
    answer = Answer((hit("/sure.mp4"),), 1.0, 0.9, possible=(hit("/perhaps.mp4"),), total=7, has_more=True)
    report = render_json.answer_report(Query((Operand("text", "hello"),)), answer)
    assert [each["path"] for each in report["hits"]] == ["/sure.mp4"]
    assert [each["path"] for each in report["possible"]] == ["/perhaps.mp4"]
    assert (report["total"], report["has_more"], report["reason"]) == (7, True, None)
    told = [("/sure.mp4", True), ("/perhaps.mp4", False)]
    assert [(each["path"], each["sure"]) for each in render_json.line_reports(answer)] == told
    sure = render_json.CSV_HEAD.index("sure")
    assert [(row[0], row[sure]) for row in render_json.csv_rows(answer)] == told


def test_where_only_filters_asked_there_is_no_confidence() -> None:
    """Neither of the hit nor of its segments."""
    report = render_json.hit_report(replace(hit(), is_judged=False))
    assert report["confidence"] is None and report["segments"][0]["confidence"] is None
