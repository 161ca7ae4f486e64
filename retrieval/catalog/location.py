"""Where the parts of a library are: in its folder, or where the settings file in that folder says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import LibraryError
from retrieval.settings import LIBRARY_SETTINGS

SERVER, MILVUS, RAY = "postgresql+psycopg://", "milvus://", "ray://"
LOCAL, PGVECTOR, CLUSTER = "local", "pgvector", "ray"
EXAMPLE = (
    'crossmedia.toml holds lines such as catalog = "postgresql+psycopg://user@host/database" and vectors = "local"'
)


@dataclass(frozen=True, slots=True)
class Location:
    """catalog: the URL of a database; None: the file in the folder. vectors: LOCAL, indexes in the folder; PGVECTOR, in that
    database; or the URL of a Milvus server or file. workers: LOCAL, processes of this machine; CLUSTER, the Ray cluster that
    it is in; or the ray:// address of one. sources: folders, absolute or below the settings file, and s3://bucket/prefix,
    which every index run follows."""

    catalog: str | None = None
    vectors: str = LOCAL
    workers: str = LOCAL
    sources: tuple[str, ...] = ()


IN_FOLDER = Location()


def location(home: Path) -> Location:
    """Where the library in folder `home` keeps its parts.

    Raises:
        LibraryError: its settings file cannot be understood.
    """
    file = home / LIBRARY_SETTINGS
    try:
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return IN_FOLDER
    except OSError as error:
        raise LibraryError(f"{file} cannot be read: {error.strerror}", "make it readable for this user") from None
    import tomllib

    try:
        settings: dict[str, Any] = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LibraryError(f"{file} cannot be understood: {error}", EXAMPLE) from None
    if unknown := settings.keys() - {"catalog", "vectors", "workers", "sources"}:
        raise LibraryError(f"{file} has an unknown setting: {', '.join(sorted(unknown))}", EXAMPLE)
    catalog = settings.get("catalog")
    if catalog is not None and (not isinstance(catalog, str) or not catalog.startswith(SERVER)):
        raise LibraryError(f"{file}: catalog must begin with {SERVER}", EXAMPLE)
    vectors = settings.get("vectors", LOCAL)
    if not isinstance(vectors, str) or not (vectors in (LOCAL, PGVECTOR) or vectors.startswith(MILVUS)):
        raise LibraryError(
            f"{file}: vectors is {vectors!r}", f'it may be "{LOCAL}", "{PGVECTOR}" or begin with {MILVUS}'
        )
    if vectors == PGVECTOR and catalog is None:
        raise LibraryError(f'{file}: vectors = "{PGVECTOR}" needs a catalog on a server', EXAMPLE)
    workers = settings.get("workers", LOCAL)
    if not isinstance(workers, str) or not (workers in {LOCAL, CLUSTER} or workers.startswith(RAY)):
        raise LibraryError(f"{file}: workers is {workers!r}", f'it may be "{LOCAL}", "{CLUSTER}" or begin with {RAY}')
    sources = settings.get("sources", [])
    if not isinstance(sources, list) or not all(isinstance(each, str) for each in sources):
        raise LibraryError(f"{file}: sources must be a list of folders", 'sources = ["/photos", "s3://bucket/prefix"]')
    return Location(catalog, vectors, workers, tuple(sources))
