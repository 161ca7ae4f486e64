"""Answers over HTTP are those of the library, errors are problems, and only what the library follows is served."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library
from retrieval.query.build import parse
from retrieval.render.json import answer_report
from retrieval.service.app import create_app
from retrieval.service.guard import Rules
from tests.fakes import FakeProfile


def hits(client: TestClient, **body: object) -> list[dict[str, object]]:
    """The hits of a question."""
    answer = client.post("/v1/search", json=body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["hits"]
    return found


def test_an_answer_is_that_of_the_library(client: TestClient, served: Library) -> None:
    """The object of `search --json`, but for the time it took."""
    over_http = client.post("/v1/search", json={"query": "a cat in:image", "limit": 3}).json()
    query = parse("a cat in:image")
    own = answer_report(query, served.search(query, limit=3))
    assert [each["path"] for each in over_http["hits"]] == [each["path"] for each in own["hits"]]
    assert over_http["hits"]
    assert over_http.keys() - own.keys() == {"next", "notes"}
    assert own.keys() <= over_http.keys()


def test_pages_are_parts_of_one_list(client: TestClient) -> None:
    """Filters in the text, sizes beside it."""
    every = [each["path"] for each in hits(client, query="in:image", limit=6)]
    parts = [each["path"] for at in (0, 2, 4) for each in hits(client, query="in:image", limit=2, offset=at)]
    assert parts == every
    assert len(set(every)) == 6


def test_like_asks_by_what_is_there(client: TestClient) -> None:
    """An asset by its hash, and a segment by its id; both find others of the kind."""
    first = hits(client, query="a cat", limit=1)[0]
    similar = client.get(f"/v1/assets/{first['asset']}/similar", params={"limit": 3}).json()["hits"]
    assert similar
    segment = first["segments"][0]["id"]
    assert hits(client, like=segment, limit=3, min_confidence=0.0)


def test_what_is_known_of_an_asset_and_of_a_segment(client: TestClient) -> None:
    """By hash all segments, by id the one."""
    first = hits(client, query="a cat", limit=1)[0]
    segment = first["segments"][0]["id"]
    asset = client.get(f"/v1/assets/{first['asset']}").json()
    assert asset["asset"] == first["asset"]
    assert [each["id"] for each in client.get(f"/v1/segments/{segment}").json()["segments"]] == [segment]
    why = client.post(f"/v1/segments/{segment}/explain", json={"query": "a cat"}).json()
    assert why["hit"]["asset"] == first["asset"]


def test_the_file_is_served_whole_and_in_ranges(client: TestClient) -> None:
    """With its type, as an attachment: no page of it is shown in the service's name."""
    first = hits(client, query="a cat", limit=1)[0]
    content = Path(str(first["path"])).read_bytes()
    whole = client.get(f"/v1/assets/{first['asset']}/media")
    assert whole.content == content
    assert whole.headers["content-type"].startswith("image/")
    assert whole.headers["content-disposition"].startswith("attachment")
    part = client.get(f"/v1/assets/{first['asset']}/media", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])


def test_the_state_and_the_health(client: TestClient) -> None:
    """Numbers of the library, and two pages for those who watch over services."""
    stats = client.get("/v1/stats").json()
    assert stats["media"]["image"] > 5
    assert client.get("/healthz").json() == client.get("/readyz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"query": "dog AND"}, 400, "ends too early"),
        ({"query": ""}, 400, "empty"),
        ({"query": "image:/etc/passwd"}, 400, "names a file"),
        ({"query": "a cat", "limit": 0}, 422, "limit"),
        ({"query": "a cat", "files": True}, 422, "files"),
        ({"query": "x" * 10_001}, 422, "query"),
        ({"like": "/etc/passwd"}, 404, "nothing named"),
        ({"query": "a cat", "sort": "size"}, 422, "sort"),
        ([], 422, "form"),
    ],
)
def test_a_wrong_question_is_a_problem(client: TestClient, body: object, status: int, said: str) -> None:
    """application/problem+json with a line that says what is wrong."""
    answer = client.post("/v1/search", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.text
    assert answer.json()["status"] == status


def test_a_question_that_cannot_be_read_says_where(client: TestClient) -> None:
    """The character, as the page of a program wants to show it."""
    assert client.post("/v1/search", json={"query": "dog AND"}).json()["at"] == 7


@pytest.mark.parametrize(
    "name", ["..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "photo1.jpg", "0" * 64, "x" * 300, "日本"]
)
def test_names_are_hashes_and_ids_alone(client: TestClient, name: str) -> None:
    """No path is looked up, whatever it is written as."""
    for place in (f"/v1/assets/{name}", f"/v1/assets/{name}/media", f"/v1/segments/{name}"):
        answer = client.get(place)
        assert answer.status_code == 404
        assert "root:" not in answer.text


def test_a_link_out_of_the_folder_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that was replaced by a link to another place after it was indexed; nor is a smaller one made of it."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    secret, folder = tmp_path / "secret.png", tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(folder / "red.png")
    shutil.copy(folder / "red.png", secret)
    options = Options(profile=FakeProfile(), ocr=False)
    index_folders([folder], library=tmp_path / "library", options=options)
    (folder / "red.png").unlink()
    (folder / "red.png").symlink_to(secret)
    with (
        Library.open(tmp_path / "library", FakeProfile()) as library,
        TestClient(create_app(library, Rules(frozenset({"localhost"}))), base_url="http://localhost") as client,
    ):
        (asset,) = library.seen()
        assert client.get(f"/v1/assets/{asset}").status_code == 200
        for place in ("thumbnail", "frame", "media"):
            assert client.get(f"/v1/assets/{asset}/{place}").status_code == 404


def test_the_document_names_every_place(client: TestClient) -> None:
    """OpenAPI, for those who make clients of it."""
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/search", "/v1/assets/{name}", "/v1/assets/{name}/media", "/v1/stats"} <= set(paths)


def test_the_document_names_every_refusal(client: TestClient) -> None:
    """As application/problem+json, and the types of what is no JSON."""
    paths = client.get("/openapi.json").json()["paths"]
    for path in paths.values():
        for operation in path.values():
            assert "application/problem+json" in operation["responses"]["4XX"]["content"]
            assert "422" not in operation["responses"]
    drawn = paths["/v1/segments/{name}/explain.png"]["post"]["responses"]["200"]["content"]
    assert list(drawn) == ["image/png"]


def test_a_method_that_is_not_there_is_told_which_are(served: Library) -> None:
    """All of a path, whichever routes they are of."""
    app = create_app(served, Rules(frozenset({"localhost"})), ("false",))
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.request("PUT", "/v1/assets/x")
    assert answer.status_code == 405
    assert {"GET", "DELETE"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize("body", [{"query": "cat", "limit": True}, {"query": "cat", "filters": {"max_bytes": False}}])
def test_true_is_no_number(client: TestClient, body: object) -> None:
    assert client.post("/v1/search", json=body).status_code == 422
