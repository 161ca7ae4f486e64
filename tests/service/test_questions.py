"""Questions over HTTP with files, pages, filters as JSON; counts, curves and reasons."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from retrieval import Library
from retrieval.service.requests import SearchRequest, next_cursor, offset_of

ALL = {"reach": "all", "limit": 200}


def found(client: TestClient, **body: object) -> list[str]:
    """The assets of an answer, sure and possible."""
    answer = client.post("/v1/search", json=body)
    assert answer.status_code == 200, answer.text
    return [each["asset"] for part in ("hits", "possible") for each in answer.json()[part]]


@pytest.mark.parametrize("part", ["image", "file"])
def test_a_file_asks(
    client: TestClient, samples: Path, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent as a part named by its medium, or by none; it is found itself, and nothing of it stays."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content = (samples / "images" / "photo1.jpg").read_bytes()
    answer = client.post("/v1/search", files={part: ("../../x.jpg", content, "image/jpeg")})
    assert answer.status_code == 200, answer.text
    assert answer.json()["hits"][0]["path"].endswith("photo1.jpg")
    assert answer.json()["query"]["operands"][0]["value"] == "upload1.jpg"
    assert tempfile.gettempdir() not in answer.text
    assert list(tmp_path.iterdir()) == []


def test_words_beside_a_file(client: TestClient, samples: Path) -> None:
    """The part `request` holds the JSON that is sent without a file."""
    content = (samples / "images" / "photo1.jpg").read_bytes()
    sent = {"request": json.dumps({"query": "in:image", "limit": 2})}
    answer = client.post("/v1/search", data=sent, files={"image": ("a.jpg", content)}).json()
    assert [each["sense"] for each in answer["query"]["operands"]] == ["image"]
    assert answer["query"]["limit"] == 2
    assert answer["query"]["filters"]["media"] == ["image"]


@pytest.mark.parametrize(
    ("files", "data", "status"),
    [
        ({"image": ("a.jpg", b"no picture at all")}, {}, 422),
        ({"audio": ("a.jpg", b"")}, {}, 422),
        ({"elephant": ("a.jpg", b"x")}, {}, 422),
        ({f"{name}": ("a", b"x") for name in "abcde"}, {}, 400),
        ({"image": ("a.jpg", b"x")}, {"request": "{"}, 422),
        ({"image": ("a.jpg", b"x")}, {"other": "{}"}, 422),
    ],
)
def test_a_file_that_cannot_ask_is_refused(
    client: TestClient, files: dict[str, tuple[str, bytes]], data: dict[str, str], status: int
) -> None:
    """As a problem that names no folder of this machine."""
    answer = client.post("/v1/search", files=files, data=data)
    assert answer.status_code == status, answer.text
    assert tempfile.gettempdir() not in answer.text


def test_other_forms_of_body_are_refused(client: TestClient) -> None:
    """What a form of another site can send without asking is not read."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = client.post("/v1/search", content=b'{"query": "a"}', headers={"Content-Type": kind})
        assert answer.status_code == 415


def test_pages_follow_by_cursor(client: TestClient) -> None:
    """Each page says what asks for the next; the last one says nothing; another question's cursor is refused."""
    every = found(client, query="in:image", limit=200)
    body: dict[str, object] = {"query": "in:image", "limit": 4}
    pages: list[str] = []
    while True:
        answer = client.post("/v1/search", json=body).json()
        pages += [each["asset"] for each in answer["hits"]]
        if answer["next"] is None:
            break
        body["cursor"] = answer["next"]
    assert pages == every
    assert len(every) > 8
    refused = client.post("/v1/search", json=body | {"query": "in:video"})
    assert (refused.status_code, "another question" in refused.text) == (400, True)


@pytest.mark.parametrize("cursor", ["", "x", "WyJhIl0", "bnVsbA", "WyJ4IiwgLTFd", "é"])
def test_a_cursor_that_is_none_is_refused(client: TestClient, cursor: str) -> None:
    """Whatever it decodes to."""
    assert client.post("/v1/search", json={"query": "in:image", "cursor": cursor}).status_code == 400


def test_a_cursor_keeps_the_place() -> None:
    """And nothing else of the page."""
    first = SearchRequest(query="cat", limit=5)
    behind = first.model_copy(update={"cursor": next_cursor(first, 5), "limit": 7})
    assert offset_of(behind) == 5
    assert offset_of(behind.model_copy(update={"cursor": next_cursor(behind, 7)})) == 12


def test_filters_as_json_are_those_of_the_answer(client: TestClient) -> None:
    """What `query.filters` of an answer says may be sent back, and means the same."""
    filters = {"media": ["image"], "after": "2000", "min_bytes": 1000}
    first = client.post("/v1/search", json={"query": "a cat", "filters": filters} | ALL).json()
    assert first["query"]["filters"] == filters
    assert found(client, query=first["query"]["written"], **ALL) == found(client, query="a cat", filters=filters, **ALL)


@pytest.mark.parametrize("filters", [{"after": "soon"}, {"lang": "1"}, {"media": ["smell"]}, {"near": [1]}, {"x": 1}])
def test_filters_of_another_form_are_refused(client: TestClient, filters: dict[str, object]) -> None:
    """Before anything is asked."""
    assert client.post("/v1/search", json={"query": "a", "filters": filters}).status_code == 422


def test_like_takes_the_address_of_a_segment(client: TestClient) -> None:
    """As a page has it at hand."""
    first = client.post("/v1/search", json={"query": "a cat", "limit": 1}).json()["hits"][0]["segments"][0]["id"]
    by_id = found(client, like=first, **ALL)
    assert by_id == found(client, like=f"http://localhost:8765/v1/segments/{first}", **ALL)
    assert by_id == found(client, like=[f"/v1/segments/{first}/thumbnail"], **ALL)


def test_tags_beside_hits(client: TestClient) -> None:
    """Where they are asked for."""
    plain = client.post("/v1/search", json={"query": "a cat", "limit": 1}).json()
    tagged = client.post("/v1/search", json={"query": "a cat", "limit": 1, "tags": True}).json()
    assert "tags" not in plain["hits"][0]["segments"][0]
    assert "tags" in tagged["hits"][0]["segments"][0]


def test_facets_count_the_library_and_an_answer(client: TestClient, served: Library) -> None:
    """Every asset once by its medium; an answer's are those of its hits."""
    whole = client.get("/v1/facets", params={"tags": True}).json()
    assert whole["media"] == {name: count for name, count in served.status().media.items() if count}
    assert whole["total"] == sum(whole["media"].values()) == sum(whole["folders"].values())
    assert sum(whole["years"].values()) == sum(whole["months"].values()) > 0
    assert max(whole["tags"].values()) > 0
    some = client.post("/v1/facets", json={"query": "in:video"}).json()
    assert some["media"] == {"video": whole["media"]["video"]}
    assert "tags" not in some
    none = client.post("/v1/facets", json={"query": "in:video after:2100"}).json()
    assert (none["total"], none["folders"], none["places"]) == (0, {}, [])


def test_the_curve_of_a_video(client: TestClient, served: Library) -> None:
    """Steps that ascend, and moments on them."""
    video = next(name for name, each in served.seen().items() if each.medium == "video")
    report = client.post(f"/v1/assets/{video}/curve", json={"query": "a person"}).json()
    starts = [step[0] for step in report["steps"]]
    assert starts == sorted(starts)
    assert all(0 <= step[2] <= 1 for step in report["steps"])
    assert report["moments"][0]["start_ms"] < report["moments"][0]["end_ms"]
    assert client.post(f"/v1/assets/{video}/curve", json={"query": "in:video"}).status_code == 400


def test_why_as_json_and_as_a_picture(client: TestClient) -> None:
    """Both of one question; 404 for what answers nothing, 400 for none."""
    first = client.post("/v1/search", json={"query": "a cat", "limit": 1}).json()["hits"][0]["segments"][0]["id"]
    drawn = client.post(f"/v1/segments/{first}/explain.png", json={"query": "a cat"})
    assert drawn.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(drawn.content)).width == 1200
    assert client.post(f"/v1/segments/{first}/explain", json={"query": ""}).status_code == 400


def test_duplicates_and_what_was_left_out(client: TestClient) -> None:
    """The objects of `duplicates --json` and `status --json`."""
    groups = client.get("/v1/duplicates").json()["groups"]
    assert groups == client.get("/v1/duplicates").json()["groups"]
    assert client.get("/v1/duplicates", params={"media": "image"}).json()["version"] == 1
    assert client.get("/v1/duplicates", params={"media": "document"}).status_code == 400
    assert "skips" in client.get("/v1/stats", params={"skips": True}).json()


@pytest.mark.parametrize("text", ["a dog -snow in:image", "meeting^2 place:Berlin", 'said:"thank you" OR cat'])
def test_the_question_of_an_answer_is_asked_again(client: TestClient, text: str) -> None:
    """As it is told: one schema for what comes in and what goes out."""
    first = client.post("/v1/search", json={"query": text, "limit": 3}).json()
    again = client.post("/v1/search", json=first["query"]).json()
    assert again["query"] == first["query"]
    assert [each["asset"] for each in again["hits"]] == [each["asset"] for each in first["hits"]]
