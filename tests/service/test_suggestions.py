"""What is suggested while somebody types."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient


def suggested(client: TestClient, text: str, **more: object) -> list[tuple[str, str, int]]:
    """Kind, text and the character from which on it stands."""
    answer = client.post("/v1/suggest", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    return [(each["kind"], each["text"], each["start"]) for each in answer.json()["items"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("photo1", ("name", "photo1.jpg", 0)),
        ("a dog PHOTO1.J", ("name", "photo1.jpg", 6)),
        ("imag", ("folder", "images", 0)),
        ("dog path:vid", ("folder", "video", 4)),
        ("船", ("name", "帆船.docx", 0)),
        ("flat ty", ("name", "flat-tyre.html", 0)),
    ],
)
def test_what_goes_on_as_the_text_ends(client: TestClient, text: str, expected: tuple[str, str, int]) -> None:
    """Names by any of their words, in any case; folders; a field asks for its kind alone."""
    found = suggested(client, text)
    assert expected in found
    if ":" in text:
        assert {kind for kind, _, _ in found} == {expected[0]}


def test_a_tag_is_suggested_first_with_the_number_of_its_files(client: TestClient) -> None:
    """It filters as it stands, and as many files answer."""
    item = client.post("/v1/suggest", json={"text": "a tag:ca"}).json()["items"][0]
    asked = {"query": "", "filters": {"tag": item["value"]}, "reach": "all"}
    assert client.post("/v1/search", json=asked).json()["total"] == item["files"]


@pytest.mark.parametrize("text", ["", "   ", "-photo1", '"photo1', "zzzz", "path:zzzz"])
def test_nothing_is_suggested_for_nothing(client: TestClient, text: str) -> None:
    """Nor behind a sign, which belongs to a word."""
    assert suggested(client, text) == []


def test_no_more_than_asked_for(client: TestClient) -> None:
    """Kinds stand beside each other before there are more of one."""
    assert len(suggested(client, "p", limit=2)) == 2
    assert client.post("/v1/suggest", json={"text": "p", "limit": 0}).status_code == 422
