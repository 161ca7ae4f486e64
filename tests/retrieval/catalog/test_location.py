"""A library's settings file: understood whole or refused with what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval import Library
from retrieval.catalog.location import IN_FOLDER, Location, location
from retrieval.errors import InstallationError, LibraryError
from retrieval.settings import library_folder

URL = "postgresql+psycopg://somebody@/none?host=/nowhere"


@pytest.mark.sqlite
def test_a_folder_without_settings_holds_all(tmp_path: Path) -> None:
    """Also one that is not there, and a file."""
    (tmp_path / "file").touch()
    assert location(tmp_path) == location(tmp_path / "none") == location(tmp_path / "file") == IN_FOLDER


def test_a_library_is_named_by_its_folder_or_by_its_settings(tmp_path: Path) -> None:
    """The settings file stands in the folder, whatever the name of that."""
    assert library_folder(tmp_path / "crossmedia.toml") == library_folder(tmp_path) == tmp_path


def test_settings_name_the_database(tmp_path: Path) -> None:
    """With the local indexes said or not."""
    (tmp_path / "crossmedia.toml").write_text(f'catalog = "{URL}"\n')
    assert location(tmp_path) == Location(URL)
    (tmp_path / "crossmedia.toml").write_text(f'vectors = "local"\ncatalog = "{URL}"\n')
    assert location(tmp_path) == Location(URL, "local")


@pytest.mark.parametrize("vectors", ["pgvector", "milvus://localhost:19530/photos", "milvus:///srv/photos.db"])
def test_settings_name_where_vectors_lie(tmp_path: Path, vectors: str) -> None:
    """Beside the catalog, on a Milvus server, in a file of milvus-lite."""
    (tmp_path / "crossmedia.toml").write_text(f'catalog = "{URL}"\nvectors = "{vectors}"\n')
    assert location(tmp_path) == Location(URL, vectors)


@pytest.mark.parametrize("workers", ["local", "ray", "ray://head:10001"])
def test_settings_name_who_works(tmp_path: Path, workers: str) -> None:
    """This machine, the cluster that it is in, another cluster."""
    (tmp_path / "crossmedia.toml").write_text(f'workers = "{workers}"\n')
    assert location(tmp_path) == Location(workers=workers)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"catalog = ", "cannot be understood"),
        (b"\xff", "cannot be understood"),
        (b'katalog = "x"', "unknown setting: katalog"),
        (b'catalog = "mysql://x"', "catalog must begin with"),
        (b"catalog = 1", "catalog must begin with"),
        (b'vectors = "elsewhere"', "vectors is 'elsewhere'"),
        (b"vectors = 1", "vectors is 1"),
        (b'workers = "many"', "workers is 'many'"),
        (b"workers = 2", "workers is 2"),
        (b'vectors = "pgvector"', "needs a catalog on a server"),
    ],
)
def test_settings_that_are_wrong_are_refused(tmp_path: Path, content: bytes, says: str) -> None:
    """By the name of the file, with an example."""
    (tmp_path / "crossmedia.toml").write_bytes(content)
    with pytest.raises(LibraryError, match=says) as caught:
        location(tmp_path)
    assert str(tmp_path / "crossmedia.toml") in caught.value.what
    assert caught.value.hint


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Or its driver, where that is missing."""
    (tmp_path / "crossmedia.toml").write_text(f'catalog = "{URL}"\n')
    with pytest.raises((LibraryError, InstallationError), match=r"cannot be reached|psycopg") as caught:
        Library.open(tmp_path / "crossmedia.toml")
    assert caught.value.hint
