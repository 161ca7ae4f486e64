"""The files of the page themselves: what is served and how, its size, its words, its licences. Needs no browser."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra server")

from starlette.testclient import TestClient

from retrieval import Library
from retrieval.service.app import create_app
from retrieval.service.guard import Rules
from retrieval.service.keys import add_key, list_keys
from retrieval.service.web import FOLDER, read_page

MOST_SCRIPT = 150_000  # bytes, compressed
SCRIPTS = sorted(FOLDER.rglob("*.js"))
WORD = re.compile(r"""\bt\(\s*(?:[^"`(),]*\?\s*)?"([^"]+)"(?:\s*:\s*"([^"]+)")?""")


def words(name: str) -> dict[str, object]:
    """The words of a language."""
    strings: dict[str, object] = json.loads((FOLDER / "lang" / f"{name}.json").read_text("utf-8"))["strings"]
    return strings


@pytest.fixture(scope="module")
def client(sample_library: Path) -> Iterator[TestClient]:
    """The service without a socket."""
    app = create_app(Library.open(sample_library), Rules(frozenset({"localhost"})))
    with TestClient(app, base_url="http://localhost:8765") as client:
        yield client


def test_the_page_is_served_under_a_strict_policy(client: TestClient) -> None:
    """Nothing from elsewhere, no script or style in the markup, no frame around it; unchanged files are not sent again."""
    for name in ("", "page/js/app.js", "page/style.css", "page/lang/zh.json", "page/icon.svg"):
        answer = client.get(f"/{name}")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        again = client.get(f"/{name}", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["page/", "page/../app.py", "page/%2e%2e/app.py", "page/js", "page/..%2fkeys.py", "page//etc/passwd"]
)
def test_only_its_own_files_are_served(client: TestClient, name: str) -> None:
    """No name leads out of the folder."""
    assert client.get(f"/{name}").status_code == 404


def test_the_page_needs_no_key_but_its_answers_do(sample_library: Path, tmp_path: Path) -> None:
    """So that it can ask for one."""
    add_key(tmp_path, "phone")
    rules = Rules(frozenset({"localhost"}), lambda: list_keys(tmp_path))
    with Library.open(sample_library) as library:
        client = TestClient(create_app(library, rules), base_url="http://localhost:8765")
        assert client.get("/").status_code == client.get("/page/js/app.js").status_code == 200
        assert client.get("/v1/stats").status_code == 401


def imported(start: Path) -> set[Path]:
    """A module with all that it imports, but for what it loads later."""
    found, left = {start}, [start]
    while left:
        module = left.pop()
        for name in re.findall(r'^(?:import|export) .*?from "([^"]+)";', module.read_text("utf-8"), re.MULTILINE):
            each = (module.parent / name).resolve()
            if each not in found:
                found.add(each)
                left.append(each)
    return found


def test_markup_holds_no_script_and_all_files_exist() -> None:
    """What index.html names is there, and each module that the page starts with is loaded ahead."""
    markup = (FOLDER / "index.html").read_text("utf-8")
    named = re.findall(r'(?:href|src)="page/([^"]+)"', markup)
    assert set(named) <= set(read_page())
    assert not re.search(r"<script>|\son\w+=|style=", markup)
    ahead = {each for each in named if each.endswith(".js")} - {"js/theme.js"}
    wanted = imported(FOLDER / "js" / "app.js") | imported(FOLDER / "js" / "early.js")
    assert ahead == {each.relative_to(FOLDER).as_posix() for each in wanted}


def test_the_script_is_small() -> None:
    """Compressed one by one, as a server would send them."""
    assert sum(len(gzip.compress(each.read_bytes())) for each in SCRIPTS) < MOST_SCRIPT


def test_languages_have_the_same_words() -> None:
    """All that a module asks for is there, in both, with the same places to fill; and no language says more."""
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    for key, value in english.items():
        places = set(re.findall(r"\{\w+\}", json.dumps(value)))
        assert places == set(re.findall(r"\{\w+\}", json.dumps(chinese[key], ensure_ascii=False))), key
    asked = {key for each in SCRIPTS for pair in WORD.findall(each.read_text("utf-8")) for key in pair if key}
    assert asked
    assert asked <= english.keys()


def test_libraries_bring_their_licences() -> None:
    """Each file of others is named with its version."""
    told = (FOLDER / "vendor" / "LICENSES.txt").read_text("utf-8")
    for each in (FOLDER / "vendor").glob("*.js"):
        assert re.search(rf"\b{re.escape(each.name)}\b.*\d+\.\d+\.\d+", told)
    assert "MIT" in told
    assert "Apache" in told


def test_nothing_is_fetched_from_elsewhere() -> None:
    """No address of another host in what runs."""
    for each in (*SCRIPTS, FOLDER / "style.css", FOLDER / "index.html"):
        assert not re.search(
            r"(?:https?:)?//(?!\s)[a-z0-9-]+\.[a-z]{2,}", each.read_text("utf-8").replace("http://www.w3.org", "")
        ), each
