"""A reel of moments that were chosen."""

from __future__ import annotations

import io

import av
import pytest
from starlette.testclient import TestClient

from retrieval import Library
from retrieval.service import exports


def named(served: Library, name: str) -> str:
    """The hash of a sample."""
    return next(each.hash for each in served.seen().values() if each.path.name == name)


def test_moments_are_joined_in_their_order(client: TestClient, served: Library) -> None:
    """A shot of one video and the whole of another: as long as both, none longer than it may be."""
    shots = [each for each in served.show(named(served, "v3.mp4")).segments if each.segment.kind == "shot"]
    spans = [each.segment.span for each in shots if each.segment.span is not None]
    sent = {"segments": [shots[0].key, named(served, "v2.webm")]}
    answer = client.post("/v1/reel", json=sent)
    assert answer.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(answer.content)) as made:
        assert made.duration is not None
        assert made.duration / 1e6 == pytest.approx(spans[0].length / 1000 + 6, abs=0.6)


@pytest.mark.parametrize("case", ["photo", "unknown", "path", "none", "too long"])
def test_what_is_no_reel_is_refused(
    client: TestClient, served: Library, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """With a line that says why."""
    names = {"photo": [named(served, "photo1.jpg")], "unknown": ["0" * 64], "path": ["../v3.mp4"], "none": []}
    monkeypatch.setattr(exports, "LONGEST_MS", 1000)
    answer = client.post("/v1/reel", json={"segments": names.get(case, [named(served, "v3.mp4")])})
    assert answer.status_code in (400, 404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
