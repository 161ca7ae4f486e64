"""The samples as a service, asked without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra server")

from starlette.testclient import TestClient

from retrieval import Library
from retrieval.service.app import create_app
from retrieval.service.guard import Rules

HOST = "localhost"


@pytest.fixture(scope="session")
def served(sample_library: Path) -> Iterator[Library]:
    """The samples' library, open."""
    with Library.open(sample_library) as library:
        yield library


@pytest.fixture(scope="session")
def client(served: Library) -> Iterator[TestClient]:
    """A client of a service on loopback."""
    with TestClient(create_app(served, Rules(frozenset({HOST}))), base_url=f"http://{HOST}:8765") as client:
        yield client
