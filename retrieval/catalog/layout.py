"""Where everything lies: file names inside a library, and the parts that ship with the program.

LIBRARY/
  catalog.sqlite          the truth (and its -wal, -shm)
  writer.lock             held by the one writer; names the holder
  run.json                how far the run is that is under way, or was killed
  tags.txt                the owner's own tags, if there are any
  service.sock            where a running service is asked by programs of the same user
  added/HASH/NAME         files whose bytes a program has handed over; a source like any other
  partial/HASH-SPACE      vectors of a document that is not yet read to its end
  generations/NNNNNN/     one published index: KIND.faiss, KIND.ids.npy, ... never edited in place
"""

from __future__ import annotations

from pathlib import Path

FORMAT = 1  # of the library as a whole; a reader refuses a greater one

WORDS = "2"  # how texts were folded for the full-text tables, as the fact `words` has it

CATALOG = "catalog.sqlite"

LOCK = "writer.lock"

RUN_NOTE = "run.json"

GENERATIONS = "generations"

TAGS = "tags.txt"

ADDED = "added"

PARTIAL = "partial"

SOCKET = "service.sock"


def catalog(library: Path) -> Path:
    return library / CATALOG


def lock(library: Path) -> Path:
    return library / LOCK


def run_note(library: Path) -> Path:
    return library / RUN_NOTE


def partial(library: Path) -> Path:
    return library / PARTIAL


def generation(library: Path, folder: str) -> Path:
    return library / GENERATIONS / folder


def index_file(generation: Path, kind: str) -> Path:
    """The FAISS index of one kind of segment."""
    return generation / f"{kind}.faiss"


def rows_file(generation: Path, kind: str) -> Path:
    """Structured array beside it, one entry a row: vector id, segment id, medium. See nearest/generation.py."""
    return generation / f"{kind}.rows.npy"


def tags(library: Path) -> Path:
    """What the owner of a library wants its media to be tagged with, beside the vocabulary that ships."""
    return library / TAGS


def added(library: Path) -> Path:
    """Files whose bytes a program has handed over: a source of the library's own."""
    return library / ADDED


def socket(library: Path) -> Path:
    """Where a running service is asked by programs of the same user."""
    return library / SOCKET
