"""Folders are opened for this machine's own page alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from retrieval import Library
from retrieval.service import desktop
from retrieval.service.app import create_app
from retrieval.service.guard import Rules
from retrieval.service.keys import add_key, list_keys

HOSTS = frozenset({"127.0.0.1", "photos.example"})
HERE = ("127.0.0.1", 50000)


def token_of(client: TestClient) -> str:
    """The token that the page was served with, or nothing."""
    found = re.search(r'name="page-token" content="([^"]+)"', client.get("/").text)
    return found[1] if found else ""


def revealed(client: TestClient, served: Library, token: str) -> int:
    """The status of asking for the folder of a photo."""
    name = next(each.hash for each in served.seen().values() if each.path.name == "photo1.jpg")
    return client.post(f"/v1/assets/{name}/reveal", headers={desktop.HEADER: token}).status_code


def test_the_page_opens_the_folder_of_a_file(served: Library) -> None:
    """With its token; without, with another or for what is not there nothing is opened."""
    opened: list[Path] = []
    with TestClient(
        create_app(served, Rules(HOSTS), opener=opened.append), base_url="http://127.0.0.1", client=HERE
    ) as client:
        token = token_of(client)
        assert revealed(client, served, "") == revealed(client, served, token[:-1]) == 403
        gone = client.post(f"/v1/assets/{'0' * 64}/reveal", headers={desktop.HEADER: token})
        assert gone.status_code == 404
        assert opened == []
        assert revealed(client, served, token) == 204
        assert [each.name for each in opened] == ["photo1.jpg"]
        assert client.get(f"/v1/assets/{'0' * 64}/reveal").status_code == 405


@pytest.mark.parametrize("case", ["elsewhere", "proxy", "keys", "no desktop"])
def test_nobody_else_has_a_token(served: Library, tmp_path: Path, case: str) -> None:
    """Another machine, a proxy that calls this one by another name, a service with keys, one without a desktop."""
    opened: list[Path] = []
    rules = Rules(HOSTS)
    if case == "keys":
        add_key(tmp_path, "own")
        rules = Rules(HOSTS, lambda: list_keys(tmp_path))
    app = create_app(served, rules, opener=None if case == "no desktop" else opened.append)
    host = "http://photos.example" if case == "proxy" else "http://127.0.0.1"
    with TestClient(app, base_url=host, client=("192.0.2.7", 50000) if case == "elsewhere" else HERE) as client:
        assert token_of(client) == ""
        assert revealed(client, served, "") in (401, 403, 404)
    assert opened == []


def test_a_desktop_needs_a_display(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the program that opens folders."""
    monkeypatch.setattr(desktop.sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":0")
    assert desktop.file_manager() is None
    program = tmp_path / "xdg-open"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert desktop.file_manager() is not None
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert desktop.file_manager() is None
