"""The OpenAPI document: every answer in JSON has an example, and the examples have the keys of real answers."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from retrieval import Library
from retrieval.service.app import create_app
from retrieval.service.examples import ANSWERS
from retrieval.service.guard import Rules

QUESTION = {"query": "a cat", "limit": 2}


@pytest.fixture(scope="module")
def writing(served: Library) -> Any:
    """A service with jobs, which all fail at once."""
    with TestClient(
        create_app(served, Rules(frozenset({"localhost"})), ("false",)), base_url="http://localhost"
    ) as own:
        yield own


def keys(value: Any) -> Any:
    """The keys of an object and of the objects in it; lists by their first item. Names that are data have none."""
    if isinstance(value, dict):
        return {name: keys(each) for name, each in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def test_every_answer_in_json_has_an_example(writing: TestClient) -> None:
    """And every body that is sent in JSON."""
    document = writing.get("/openapi.json").json()
    lacking = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                told = answer.get("content", {}).get("application/json")
                if status.startswith("2") and told is not None and "example" not in told:
                    lacking.append(f"{method.upper()} {path}")
    assert lacking == []
    sent = [
        name for name in document["components"]["schemas"] if name.endswith(("Request", "Registration", "SavedSearch"))
    ]
    assert len(sent) >= 6
    assert [name for name in sent if not document["components"]["schemas"][name].get("examples")] == []


@pytest.mark.parametrize("place", [each for each in ANSWERS if each.split()[0] == "GET" and "jobs/" not in each])
def test_examples_have_the_keys_of_real_answers(writing: TestClient, served: Library, place: str) -> None:
    """Of those that only read, asked of the samples."""
    medium = "audio" if "waveform" in place else "image"
    asset = next(name for name, each in served.seen().items() if each.medium == medium)
    answer = writing.get(place.split()[1].format(name=asset), params={"tags": True} if "facets" in place else {})
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == set(ANSWERS[place])


@pytest.mark.parametrize(
    "place", ["POST /v1/search", "POST /v1/assets/{name}/curve", "POST /v1/segments/{name}/explain"]
)
def test_examples_of_questions(writing: TestClient, served: Library, place: str) -> None:
    """With the hits and segments in them."""
    asset = next(
        name for name, each in served.seen().items() if each.medium == ("video" if "curve" in place else "image")
    )
    answer = writing.post(place.split()[1].format(name=asset), json=QUESTION).json()
    wanted = ANSWERS[place]
    assert set(answer) == set(wanted)
    for name in ("query", "hit", "segment"):
        if name in wanted:
            assert set(answer[name]) == set(wanted[name])
    for hit in answer.get("hits", ()):
        assert keys(hit)["segments"][0].keys() == keys(wanted["hits"][0])["segments"][0].keys()
        assert set(hit) == set(wanted["hits"][0])


def test_examples_of_jobs(writing: TestClient) -> None:
    """As one is told."""
    job = writing.post("/v1/index", json={}).json()
    assert set(job) == set(ANSWERS["POST /v1/index"])
