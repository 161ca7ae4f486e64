"""Examples of what is answered and sent, for the OpenAPI document; a test compares their keys with real answers."""

from __future__ import annotations

from typing import Any

ASSET = "b407a763338fc1c6c0213ff327568a46e1460a2dcfffb164b739b06142f54be5"
PATH = "/photos/2019/beach.jpg"
SEGMENT: dict[str, Any] = {
    "id": "iqad2cuxeer6x4xl",
    "kind": "image",
    "start_ms": None,
    "end_ms": None,
    "at_ms": None,
    "page": None,
    "text": None,
    "confidence": 0.96,
    "score": 0.7585,
    "evidence": "picture",
    "lanes": {"shows": 1.0},
    "marks": [],
    "box": None,
}
HIT: dict[str, Any] = {
    "path": PATH,
    "paths": [PATH],
    "asset": ASSET,
    "medium": "image",
    "score": 0.7585,
    "confidence": 0.96,
    "taken_at": "2019-07-14T16:03:11",
    "date": "2019-07-14T16:03:11",
    "date_from": "exif",
    "offline": False,
    "alike": 0,
    "width": 4000,
    "height": 3000,
    "duration_ms": None,
    "half": None,
    "segments": [SEGMENT],
}
QUERY: dict[str, Any] = {
    "operands": [{"sense": "text", "value": "a dog on the beach", "weight": 1.0}],
    "filters": {},
    "written": "a dog on the beach",
    "limit": 20,
    "offset": 0,
    "sort": "confidence",
    "reach": "possible",
    "min_confidence": None,
}
ANSWER: dict[str, Any] = {
    "version": 1,
    "query": QUERY,
    "took_ms": 14.2,
    "best": 0.96,
    "warnings": [],
    "total": 1,
    "has_more": False,
    "reason": None,
    "hits": [HIT],
    "possible": [],
}
STORED: dict[str, Any] = {
    "id": "iqad2cuxeer6x4xl",
    "kind": "image",
    "start_ms": None,
    "end_ms": None,
    "start_char": None,
    "end_char": None,
    "page": None,
    "text": None,
    "lang": None,
    "box": None,
}
FACTS: dict[str, Any] = {
    "format": "jpeg",
    "bytes": 2345678,
    "width": 4000,
    "height": 3000,
    "duration_ms": None,
    "pages": None,
    "date": "2019-07-14T16:03:11",
    "date_from": "exif",
    "camera": "Canon EOS 80D",
    "latitude": 60.39,
    "longitude": 5.32,
    "lang": None,
    "title": None,
    "artist": None,
    "keywords": [],
    "has_sound": None,
    "has_subtitles": None,
    "place": "Bergen, Norway",
    "taken_at": "2019-07-14T16:03:11",
}
SHOWN: dict[str, Any] = {
    "version": 1,
    "asset": ASSET,
    "medium": "image",
    "paths": [{"path": PATH}],
    "offline": False,
    "facts": FACTS,
    "segments": [STORED],
}
TAGS: dict[str, Any] = {
    "version": 1,
    "asset": ASSET,
    "segments": {"iqad2cuxeer6x4xl": [{"name": "dog", "confidence": 0.91}]},
}
FACETS: dict[str, Any] = {
    "version": 1,
    "total": 2,
    "years": {"2019": 2},
    "media": {"image": 2},
    "months": {"2019-07": 2},
    "cameras": {"Canon EOS 80D": 2},
    "languages": {"en": 1},
    "folders": {"/photos/2019": 2},
    "places": [],
    "tags": {"dog": 1},
}
CURVE: dict[str, Any] = {
    "version": 1,
    "asset": ASSET,
    "steps": [[0, 375, 0.0008], [375, 750, 0.91]],
    "moments": [{"start_ms": 375, "end_ms": 750, "at_ms": 500, "confidence": 0.91}],
}
EXPLANATION: dict[str, Any] = {
    "version": 1,
    "hit": HIT,
    "segment": SEGMENT,
    "name_marks": [],
    "frame_ms": None,
    "box": [5125, 125, 8625, 3625],
    "heat": [[0.12, 1.0], [0.04, 0.31]],
    "line_box": None,
    "warnings": [],
}
COPY: dict[str, Any] = {
    "path": PATH,
    "asset": ASSET,
    "same_bytes": False,
    "links": [],
    "bytes": 2345678,
    "width": 4000,
    "height": 3000,
    "duration_ms": None,
}
DUPLICATES: dict[str, Any] = {
    "version": 1,
    "groups": [
        {"medium": "image", "keep": PATH, "spare_bytes": 81234, "files": [COPY, COPY | {"path": "/photos/copy.jpg"}]}
    ],
}
SOURCE: dict[str, Any] = {"path": "/photos", "offline": False, "scanned_at": "2026-11-29T15:21:44", "files": 2}
STATS: dict[str, Any] = {
    "version": 1,
    "library": "/home/ann/.local/share/crossmedia",
    "profile": "starter",
    "created_at": "2026-11-29T15:21:44",
    "media": {"image": 2},
    "segments": {"image": 2},
    "pending": {},
    "skipped": 0,
    "not_media": 0,
    "sources": [SOURCE],
    "spaces": [
        {
            "name": "shared",
            "encoder": "starter",
            "revision": "1",
            "dimension": 256,
            "live": True,
            "vectors": 2,
            "published": 2,
        }
    ],
    "bytes": {"catalog": 1032192, "generations": 3169888},
    "run": None,
}
JOB: dict[str, Any] = {
    "version": 1,
    "task": {"do": "index", "folders": [], "workers": 1},
    "id": "9e8c0a42f76c4877",
    "state": "running",
    "created_at": "2026-11-29T16:24:22",
    "ended_at": None,
    "progress": {"step": "read", "done": 1, "total": 2},
    "result": None,
    "problem": None,
    "skipped": 0,
}
OK: dict[str, Any] = {"status": "ok"}

ANSWERS: dict[str, Any] = {
    "POST /v1/search": ANSWER | {"next": None, "notes": []},
    "POST /v1/suggest": {
        "version": 1,
        "items": [{"kind": "tag", "value": "kitten", "text": "kitten", "files": 3, "start": 6}],
    },
    "GET /v1/facets": FACETS,
    "POST /v1/facets": FACETS,
    "GET /v1/assets/{name}": SHOWN,
    "GET /v1/segments/{name}": SHOWN,
    "GET /v1/assets/{name}/similar": ANSWER,
    "GET /v1/segments/{name}/similar": ANSWER,
    "GET /v1/assets/{name}/tags": TAGS,
    "GET /v1/segments/{name}/tags": TAGS,
    "GET /v1/assets/{name}/waveform": {"version": 1, "peaks": [0.736, 0.771, 0.911, 0.681]},
    "POST /v1/assets/{name}/curve": CURVE,
    "POST /v1/segments/{name}/explain": EXPLANATION,
    "GET /v1/duplicates": DUPLICATES,
    "GET /v1/stats": STATS,
    "GET /v1/sources": {"version": 1, "sources": [SOURCE]},
    "GET /v1/jobs": {"version": 1, "jobs": [JOB]},
    "GET /v1/jobs/{name}": JOB,
    "DELETE /v1/jobs/{name}": JOB | {"state": "cancelled"},
    "POST /v1/assets": JOB,
    "DELETE /v1/assets/{name}": JOB,
    "POST /v1/index": JOB,
    "POST /v1/rebuild": JOB,
    "DELETE /v1/sources": JOB,
    "GET /v1/libraries": {"version": 1, "libraries": [{"name": "photos", "media": {"image": 2}}]},
    "GET /healthz": OK,
    "GET /readyz": OK,
}
"""What a request is answered where it is fulfilled, by its method and place."""
BODIES: dict[str, list[dict[str, Any]]] = {
    "Registration": [{"path": PATH, "text": "Bergen, the old harbour", "keywords": ["harbour"]}],
    "ReelRequest": [{"segments": ["iqad2cuxeer6x4xl"]}],
    "IndexRequest": [{"folders": ["/photos"], "workers": 1}],
    "RebuildRequest": [{}, {"profile": "starter"}],
}
"""What is sent, by the name of its schema."""
