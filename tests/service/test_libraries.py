"""Several libraries in one service: which one answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from indexer import Options, Writer
from indexer.cli.service import names_of
from retrieval import Library
from retrieval.catalog import layout
from retrieval.cli import server
from retrieval.service.app import create_app
from retrieval.service.guard import Rules
from tests.service.test_serve import running


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of one text."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "media").mkdir()
    (folder / "media" / "harbour.txt").write_text("The ferry leaves the harbour at dawn.")
    Writer(folder / "boats", options=Options(workers=1)).index(folder / "media")
    return folder / "boats"


@pytest.fixture
def both(served: Library, other: Path) -> Iterator[TestClient]:
    """A client of a service of the samples and of the text."""
    with Library.open(other) as boats:
        app = create_app({"samples": served, "boats": boats}, Rules(frozenset({"localhost"})))
        with TestClient(app, base_url="http://localhost") as client:
            yield client


def found(client: TestClient, place: str, query: str) -> list[str]:
    """The names of the files that answer."""
    answer = client.post(place, json={"query": query, "reach": "all"})
    assert answer.status_code == 200, answer.text
    return [Path(each["path"]).name for each in answer.json()["hits"] + answer.json()["possible"]]


def test_each_request_may_name_its_library(both: TestClient) -> None:
    """The first where it names none; assets of one are not those of another."""
    assert [each["name"] for each in both.get("/v1/libraries").json()["libraries"]] == ["samples", "boats"]
    assert "harbour.txt" not in found(both, "/v1/search", "ferry at dawn")
    assert found(both, "/v1/search?library=boats", "ferry at dawn") == ["harbour.txt"]
    assert found(both, "/v1/search?library=samples", "a cat") == found(both, "/v1/search", "a cat")
    (text,) = both.post("/v1/search?library=boats", json={"query": "ferry at dawn", "reach": "all"}).json()["hits"]
    assert both.get(f"/v1/assets/{text['asset']}?library=boats").json()["paths"][0]["path"].endswith("harbour.txt")
    assert both.get(f"/v1/assets/{text['asset']}").status_code == 404
    assert both.get("/v1/stats?library=boats").json()["media"]["document"] == 1
    assert both.put("/v1/stats?library=boats").status_code == 405


@pytest.mark.parametrize("name", ["", "nothing", "../boats", "Boats"])
def test_a_library_that_is_not_there(both: TestClient, name: str) -> None:
    """404, whatever is asked of it."""
    answer = both.post("/v1/search", params={"library": name}, json={"query": "ferry at dawn"})
    assert answer.status_code == 404
    assert "no library of that name" in answer.json()["title"]


def test_names_of_libraries() -> None:
    """As their folders; each is another's name to nobody."""
    homes = [Path("/a/films"), Path("/b/films"), Path("/c/films-2"), Path("/d/films")]
    assert names_of(homes) == ["films", "films-2", "films-2-2", "films-3"]


def test_the_program_answers_by_the_socket_of_each(sample_library: Path, other: Path) -> None:
    """`crossmedia search` of a library that is not the first asks the same service."""
    with running(sample_library, other):
        asked = {"query": "ferry at dawn", "limit": 1, "reach": "all"}
        for home, is_there in ((other, True), (sample_library, False)):
            assert layout.socket(home).exists()
            answer = server.ask(home, asked)
            assert answer is not None
            told = str(answer)
            assert ("harbour.txt" in told) == is_there
