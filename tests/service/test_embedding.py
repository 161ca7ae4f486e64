"""The programs of docs/service.md run as they stand, and a program that mounts the service keeps no question in its traces."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from retrieval import Library
from retrieval.service.app import create_app
from retrieval.service.guard import Rules
from tests.service.test_serve import running

PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text("utf-8")
OWN = "http://127.0.0.1:8765/"


def program(language: str, holding: str) -> str:
    """The block of the page in that language that holds a text."""
    found = [each for each in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if holding in each]
    assert len(found) == 1
    assert len(found[0].splitlines()) <= 25
    return str(found[0])


@pytest.fixture(scope="module")
def place(sample_library: Path) -> Iterator[str]:
    """Where the program `crossmedia serve` answers."""
    with running(sample_library) as place:
        yield place


def test_python(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Against a service of the samples, at another port."""
    exec(compile(program("python", "urlopen").replace(OWN, place), "docs/service.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) in (1, 2, 3)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript(place: str) -> None:
    text = program("javascript", "fetch").replace(OWN, place)
    done = subprocess.run(
        ["node", "--input-type=module", "-e", text], capture_output=True, text=True, check=True, timeout=300
    )
    assert all(re.match(r"[01](\.\d+)? /", line) for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) in (1, 2, 3)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(place: str, samples: Path, tmp_path: Path) -> None:
    """Both lines: in words, and by a photo."""
    shutil.copy(samples / "images" / "photo1.jpg", tmp_path / "photo.jpg")
    lines = [each for each in re.findall(r"^curl .*$", PAGE, re.MULTILINE) if "/v1/search" in each]
    assert len(lines) == 2
    for line in lines:
        command = shlex.split(line.replace(OWN, place))
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300)
        assert "hits" in json.loads(done.stdout)


def test_mounted_in_a_program_of_ones_own(sample_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole API below the path, its page as well."""
    monkeypatch.setenv("CROSSMEDIA_LIBRARY", str(sample_library))
    names: dict[str, Any] = {}
    exec(compile(program("python", "mount"), "docs/service.md", "exec"), names)
    with TestClient(names["app"], base_url="http://localhost:8000") as client:
        answer = client.post("/media/v1/search", json={"query": "a cat in:image", "limit": 1})
        assert answer.status_code == 200, answer.text
        asset = answer.json()["hits"][0]["asset"]
        assert client.get(f"/media/v1/assets/{asset}/thumbnail").headers["content-type"] == "image/webp"
        assert "crossmedia" in client.get("/media/").text
        assert client.get("/media/v1/stats", headers={"Host": "evil.example"}).status_code == 421
    names["library"].close()


@pytest.fixture(scope="module")
def spans() -> InMemorySpanExporter:
    """What a tracer of this process has seen."""
    seen = InMemorySpanExporter()
    tracing = TracerProvider()
    tracing.add_span_processor(SimpleSpanProcessor(seen))
    trace.set_tracer_provider(tracing)
    return seen


def ask(client: TestClient, below: str) -> None:
    """Questions of every kind, understood and not; all hold one word."""
    for body in (
        {"query": "a quokka"},
        {"query": "quokka AND"},
        {"query": "a quokka", "limit": "quokka"},
        {"quokka": 1},
    ):
        client.post(f"{below}/v1/search", json=body)
        client.post(f"{below}/v1/facets", json=body)
    client.post(
        f"{below}/v1/search", data={"request": json.dumps({"query": "quokka"})}, files={"file": ("quokka", b"")}
    )


def test_a_tracer_of_the_host_program_sees_no_question(served: Library, spans: InMemorySpanExporter) -> None:
    """FastAPI reports to any tracer provider of the process; spans would hold what is asked."""
    spans.clear()
    with TestClient(create_app(served, Rules(frozenset({"localhost"}))), base_url="http://localhost") as client:
        client.post("/v1/search?secret=quokka", json={"query": "a quokka"})
        ask(client, "")
    assert not any("quokka" in span.to_json() for span in spans.get_finished_spans())


def test_a_tracer_sees_no_question_where_the_service_is_mounted(served: Library, spans: InMemorySpanExporter) -> None:
    """The program's own spans are there, with the paths that were asked, and no word of a question."""
    spans.clear()
    host = FastAPI()
    host.mount("/media", create_app(served, Rules(frozenset({"localhost"}))))
    with TestClient(host, base_url="http://localhost") as client:
        ask(client, "/media")
    seen = [span.to_json() for span in spans.get_finished_spans()]
    assert any("/media/v1/search" in each for each in seen)
    assert not any("quokka" in each for each in seen)
