"""What programs read: answers, assets and status as plain data for JSON and CSV. A kept promise, see docs/cli.md.

Keys are added, never renamed or dropped, while `version` stays.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.domain.media import Segment, Skip
from retrieval.domain.place import is_object, place_bytes
from retrieval.domain.query import Filters, Operand, Query
from retrieval.domain.result import Answer, FoundSegment, Hit
from retrieval.errors import QueryError
from retrieval.query.format import format_query
from retrieval.search import fusion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retrieval.domain.media import Box
    from retrieval.domain.records import Facets, Status, StoredSegment
    from retrieval.domain.result import Tag
    from retrieval.library import AssetDetails
    from retrieval.search.duplicates import Copy, Group
    from retrieval.search.explain import Explanation
    from retrieval.search.moments import Curve, Moment

    Tags = Mapping[str, Sequence[Tag]]  # of segments by their ids

VERSION = 1
CSV_HEAD = (
    "path",
    "medium",
    "confidence",
    "score",
    "segment",
    "kind",
    "start_ms",
    "end_ms",
    "page",
    "lane",
    "text",
    "sure",
    "evidence",
)


def path_fields(path: Path) -> dict[str, str]:
    """`path`; for one that is not UTF-8 also `path_bytes` (base64), and U+FFFD in `path` for what cannot be written."""
    raw = place_bytes(path)
    try:
        return {"path": raw.decode()}
    except UnicodeDecodeError:
        return {"path": raw.decode(errors="replace"), "path_bytes": base64.b64encode(raw).decode()}


def place_fields(path: Path) -> dict[str, str]:
    """`path_fields`; of an object in a bucket also `link`, which it can be read by for an hour, by whoever has it."""
    if not is_object(path):
        return path_fields(path)
    from retrieval.media.objects import link

    made = link(path)
    return path_fields(path) | ({"link": made} if made else {})


def as_dict(value: Answer | Hit | Query | AssetDetails | Explanation | Status) -> dict[str, Any]:
    """Plain data of an answer or a part of it, of what `show`, `explain` or `status` give: the keys of `--json`.

    An answer does not know its question: give the Query to as_dict as well where it is wanted.

    Raises:
        QueryError: it is nothing of these.
    """
    if isinstance(value, Answer):
        report = answer_report(Query(), value)
        del report["query"]
        return report
    makers = {"Hit": hit_report, "Query": query_report, "AssetDetails": asset_report, "Explanation": explanation_report}
    makers["Status"] = status_report
    maker: Any = makers.get(type(value).__name__)
    if maker is None:
        raise QueryError(
            f"a {type(value).__name__} has no form as plain data", "give an Answer, a Hit, a Status or what show gives"
        )
    found: dict[str, Any] = maker(value)
    return found


def answer_report(query: Query, answer: Answer, tags: Tags | None = None) -> dict[str, Any]:
    """The whole answer; with `tags` of segments by their ids, those as well."""
    return {
        "version": VERSION,
        "query": query_report(query),
        "took_ms": round(answer.took_ms, 1),
        "best": round(answer.best, 4),
        "warnings": list(answer.warnings),
        "total": answer.total,
        "has_more": answer.has_more,
        "reason": answer.reason,
        "hits": [hit_report(hit, tags) for hit in answer.hits],
        "possible": [hit_report(hit, tags) for hit in answer.possible],
    }


def line_reports(answer: Answer, tags: Tags | None = None) -> Iterator[dict[str, Any]]:
    """Each hit of both parts as it stands in the answer, and whether it is sure."""
    for part, sure in ((answer.hits, True), (answer.possible, False)):
        yield from (hit_report(hit, tags) | {"sure": sure} for hit in part)


def query_report(query: Query) -> dict[str, Any]:
    """The question as it was understood."""
    return {
        "operands": [_operand(each) for each in query.operands],
        "filters": _filters(query.filters),
        **{name: list(names) for name in ("more_like", "less_like") if (names := getattr(query, name))},
        "written": format_query(query).encode(errors="replace").decode(),
        "limit": query.limit,
        "offset": query.offset,
        "sort": query.sort,
        "reach": query.reach,
        "min_confidence": query.min_confidence,
    }


def _operand(operand: Operand) -> dict[str, Any]:
    value = path_fields(operand.value)["path"] if isinstance(operand.value, Path) else str(operand.value)
    return {"sense": operand.sense, "value": value.encode(errors="replace").decode(), "weight": operand.weight}


def _filters(filters: Filters) -> dict[str, Any]:
    values = {name: getattr(filters, name) for name in Filters.__dataclass_fields__}
    values["media"] = sorted(filters.media)
    return {name: value for name, value in values.items() if value not in (None, [])}


def hit_report(hit: Hit, tags: Tags | None = None) -> dict[str, Any]:
    """One hit with its best segments, best first."""
    return {
        **place_fields(hit.path),
        "paths": [path_fields(each)["path"] for each in hit.paths],
        "asset": hit.asset,
        "medium": hit.medium,
        "score": round(float(hit.score), 4),
        "confidence": round(float(hit.confidence), 4) if hit.is_judged else None,
        "taken_at": hit.taken_at,
        "date": hit.date,
        "date_from": hit.date_from,
        "offline": hit.offline,
        "alike": hit.alike,
        "width": hit.width,
        "height": hit.height,
        "duration_ms": hit.duration_ms,
        "half": path_fields(hit.half)["path"] if hit.half is not None else None,
        "segments": [_found(each, is_judged=hit.is_judged) | _tags(each.id, tags) for each in hit.segments],
    }


def _tags(segment: str, tags: Tags | None) -> dict[str, Any]:
    """The key `tags`, where tags were asked for."""
    if tags is None:
        return {}
    return {"tags": [{"name": each.name, "confidence": round(each.confidence, 4)} for each in tags.get(segment, ())]}


def _found(segment: FoundSegment, *, is_judged: bool = True) -> dict[str, Any]:
    return {
        "id": segment.id,
        "kind": segment.kind,
        "start_ms": segment.span.start if segment.span else None,
        "end_ms": segment.span.end if segment.span else None,
        "at_ms": segment.at_ms,
        "page": segment.page,
        "text": segment.text,
        "confidence": round(float(segment.confidence), 4) if is_judged else None,
        "score": round(float(segment.score), 4),
        "evidence": segment.evidence,
        "lanes": {lane: round(float(share), 4) for lane, share in segment.lanes.items()},
        "marks": [[each.start, each.end] for each in segment.marks],
        "box": _box(segment.box) if segment.box is not None else None,
    }


def csv_rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    """One row for each hit of both parts, in the columns of CSV_HEAD: its best segment, and the lane that found it."""
    for report in line_reports(answer):
        best = report["segments"][0] if report["segments"] else {}
        lanes: dict[str, float] = best.get("lanes", {})
        lane = max(lanes, key=lambda name: lanes[name]) if lanes else None
        head = (report[key] for key in ("path", "medium", "confidence", "score"))
        where = (best.get(key) for key in ("id", "kind", "start_ms", "end_ms", "page"))
        yield (*head, *where, lane, best.get("text"), report["sure"], best.get("evidence"))


def asset_report(shown: AssetDetails, tags: Tags | None = None) -> dict[str, Any]:
    """An asset with all its segments (or the one that was named)."""
    asset = shown.asset
    return {
        "version": VERSION,
        "asset": asset.hash,
        "medium": asset.medium,
        "paths": [place_fields(path) for path in asset.paths],
        "offline": asset.offline,
        "facts": {**asset.facts, "taken_at": asset.taken_at},
        "segments": [_stored(each) | _tags(each.key, tags) for each in shown.segments],
    }


def _stored(stored: StoredSegment) -> dict[str, Any]:
    segment: Segment = stored.segment
    return {
        "id": stored.key,
        "kind": segment.kind,
        "start_ms": segment.span.start if segment.span else None,
        "end_ms": segment.span.end if segment.span else None,
        "start_char": segment.chars.start if segment.chars else None,
        "end_char": segment.chars.end if segment.chars else None,
        "page": segment.page,
        "text": segment.text,
        "lang": segment.lang,
        "box": _box(segment.box) if segment.box is not None else None,
    }


def explanation_report(explanation: Explanation) -> dict[str, Any]:
    """Why one asset answers: its hit, the segment that is explained, marked words, and where in its picture."""
    heat = explanation.heat
    return {
        "version": VERSION,
        "hit": hit_report(explanation.hit),
        "segment": _found(explanation.segment) if explanation.segment is not None else None,
        "name_marks": [[each.start, each.end] for each in explanation.name_marks],
        "frame_ms": explanation.at_ms,
        "box": _box(heat.box) if heat is not None else None,
        "heat": None
        if heat is None or heat.everywhere
        else [[round(each, 2) for each in row] for row in heat.values.tolist()],
        "line_box": _box(explanation.box) if explanation.box is not None else None,
        "warnings": list(explanation.warnings),
    }


def _box(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]


def duplicates_report(groups: Sequence[Group]) -> dict[str, Any]:
    """Groups of files that are one; `same_bytes` where the copy is exact, `spare_bytes` what the others take."""
    return {"version": VERSION, "groups": [_group(each) for each in groups]}


def _group(group: Group) -> dict[str, Any]:
    return {
        "medium": group.medium,
        "keep": path_fields(group.keep.path)["path"],
        "spare_bytes": sum(each.asset.facts["bytes"] or 0 for each in group.copies[1:]),
        "files": [_copy(each) for each in group.copies],
    }


def _copy(copy: Copy) -> dict[str, Any]:
    facts = {name: copy.asset.facts[name] for name in ("bytes", "width", "height", "duration_ms")}
    links = [path_fields(each)["path"] for each in copy.links]
    return {**path_fields(copy.path), "asset": copy.asset.hash, "same_bytes": copy.same, "links": links, **facts}


def status_report(status: Status, skips: list[Skip] | None = None) -> dict[str, Any]:
    """What is in a library; with `skips`, every file that was left out."""
    report: dict[str, Any] = {
        "version": VERSION,
        "library": path_fields(status.home)["path"],
        "profile": status.profile,
        "created_at": status.created_at,
        "media": dict(status.media),
        "segments": dict(status.segments),
        "pending": dict(status.pending),
        "skipped": status.skipped,
        "not_media": status.not_media,
        "sources": [
            {**path_fields(each.root), "offline": each.offline, "scanned_at": each.scanned_at, "files": each.files}
            for each in status.sources
        ],
        "spaces": [{name: getattr(each, name) for name in each.__dataclass_fields__} for each in status.spaces],
        "bytes": dict(status.bytes),
        "run": None
        if status.run is None
        else {name: getattr(status.run, name) for name in status.run.__dataclass_fields__},
    }
    if skips is not None:
        report["skips"] = [{**path_fields(s.path), "reason": s.reason, "detail": plain_text(s.detail)} for s in skips]
    return report


def facets_report(facets: Facets) -> dict[str, Any]:
    """Counts by what can be filtered; `years` are the months taken together."""
    years: Counter[str] = Counter()
    for month, count in facets.months.items():
        years[month[:4]] += count
    report: dict[str, Any] = {"version": VERSION, "total": facets.total, "years": dict(years)}
    for name in ("media", "months", "cameras", "languages"):
        report[name] = dict(getattr(facets, name))
    report["folders"] = {plain_text(folder): count for folder, count in facets.folders.items()}
    names = ("latitude", "longitude", "assets")
    report["places"] = [dict(zip(names, place, strict=True)) for place in facets.places]
    return report if facets.tags is None else report | {"tags": dict(facets.tags)}


def curve_report(asset: str, curve: Curve, moments: Sequence[Moment]) -> dict[str, Any]:
    """How sure a question is of one video or recording: `steps` of [start_ms, end_ms, confidence], and its moments."""
    rows = zip(curve.starts.tolist(), curve.ends.tolist(), curve.odds.tolist(), strict=True)
    return {
        "version": VERSION,
        "asset": asset,
        "steps": [[start, end, _sure(odds)] for start, end, odds in rows],
        "moments": [
            {"start_ms": each.span.start, "end_ms": each.span.end, "at_ms": each.at_ms, "confidence": _sure(each.odds)}
            for each in moments
        ],
    }


def _sure(odds: float) -> float:
    return round(fusion.confidence(odds), 4)


def plain_text(text: str) -> str:
    """The text with U+FFFD for what cannot be written as UTF-8."""
    return text.encode(errors="replace").decode()
