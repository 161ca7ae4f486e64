"""One PostgreSQL server for all tests of this folder; without one they skip."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scale.postgresql import ABSENT, Server, is_installed


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Running; a test that stops it starts it again."""
    if not is_installed():
        pytest.skip(ABSENT)
    own = Server()
    try:
        own.start()
        yield own
    finally:
        own.remove()
