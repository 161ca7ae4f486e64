"""A tokenizer that holds only the pieces which one short text can be cut into: decision 0337.

A tokenizer of CLIP has 49,000 pieces and as many merges; reading them takes 0.1 s and 40 MiB, to cut one question. A merge
joins neighbours within a word, so whatever merges take part in cutting a word, the pieces that they make are parts of it.
Those alone are looked up, and the library `tokenizers` cuts by them, as by the whole file.

    CACHE/models/pieces/DIGEST.sqlite     DIGEST: of the tokenizer.json
      pieces (piece, id)
      merges (joined, rank, first)        first: characters of its left half
      shell (json)                        the file without both; none where it is of a kind that is read whole
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from retrieval.encoders.registry import models_dir
from retrieval.encoders.speech.weights import digest

LEAST_BYTES = 500_000  # of a tokenizer.json; a smaller one is read in no time
MOST_PARTS = 4_000  # of the words of a text; reading the whole file is as quick for more
# Kinds of byte-pair encoding whose pieces are not plain parts of words, or not always the same.
UNLIKE = ("dropout", "continuing_subword_prefix", "fuse_unk", "byte_fallback")


def tokenizer_for(path: Path, text: str, also: Sequence[str] = ()) -> Any | None:
    """A `tokenizers.Tokenizer` that cuts this text as the one in the file does; None where that one is to be read.

    also: pieces that it shall know besides, if the file has them.
    """
    try:
        if path.stat().st_size < LEAST_BYTES:
            return None
        table = _table(path)
        if not table.is_file():
            _make(path, table)
        with closing(sqlite3.connect(f"file:{quote(os.fsencode(table))}?mode=ro", uri=True)) as connection:
            return _few(connection, text, also)
    except (OSError, sqlite3.Error, ValueError, KeyError, TypeError):  # whatever is wrong, the file itself is there
        return None


def forget(folder: Path) -> int:
    """Deletes what was made of the tokenizers of a model's folder; returns the bytes that this frees."""
    tables = [table for path in folder.rglob("tokenizer.json") if (table := _table(path)).is_file()]
    freed = sum(table.stat().st_size for table in tables)
    for table in tables:
        table.unlink(missing_ok=True)
    return freed


def _table(path: Path) -> Path:
    return models_dir() / "pieces" / f"{digest(path)}.sqlite"


def _few(connection: sqlite3.Connection, text: str, also: Sequence[str]) -> Any | None:
    from tokenizers import Tokenizer

    shell = next(connection.execute("SELECT json FROM shell"), None)
    if shell is None:
        return None
    whole = json.loads(shell[0])
    model, added = whole["model"], {each["content"]: each["id"] for each in whole["added_tokens"]}
    if any(each in text for each in added):  # the text is cut at these first
        return None
    words = _words(Tokenizer.from_str(shell[0]), text)
    if sum(len(word) * (len(word) + 1) // 2 for word in words) > MOST_PARTS:
        return None
    parts = _parts(words, model["end_of_word_suffix"] or "")
    wanted = json.dumps([*parts, *also, *([model["unk_token"]] if model["unk_token"] else [])])
    known = "IN (SELECT value FROM json_each(?))"
    model["vocab"] = added | dict(connection.execute(f"SELECT piece, id FROM pieces WHERE piece {known}", (wanted,)))
    merges = connection.execute(f"SELECT joined, first FROM merges WHERE joined {known} ORDER BY rank", (wanted,))
    model["merges"] = [(joined[:first], joined[first:]) for joined, first in merges]
    return Tokenizer.from_str(json.dumps(whole))


def _words(shell: Any, text: str) -> set[str]:
    """What a text is split into before pieces are merged."""
    if shell.normalizer is not None:
        text = shell.normalizer.normalize_str(text)
    return {text} if shell.pre_tokenizer is None else {word for word, _ in shell.pre_tokenizer.pre_tokenize_str(text)}


def _parts(words: set[str], suffix: str) -> set[str]:
    """All that stands together in the words, and what stands at their ends also with the suffix that marks an end."""
    found: set[str] = set()
    for word in words:
        found |= {word[start:end] for end in range(1, len(word) + 1) for start in range(end)}
        found |= {word[start:] + suffix for start in range(len(word))}
    return found


def _make(path: Path, table: Path) -> None:
    """The table of a tokenizer; an empty one where it is of another kind. Raises: OSError, sqlite3.Error, ValueError."""
    whole = json.loads(path.read_text("utf-8"))
    model = whole["model"]
    table.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=table.parent, prefix=".new.") as place:
        new = Path(place) / "table"
        with closing(sqlite3.connect(new)) as connection, connection:
            connection.execute("CREATE TABLE pieces (piece TEXT PRIMARY KEY, id INTEGER) WITHOUT ROWID")
            connection.execute("CREATE TABLE merges (joined TEXT, rank INTEGER, first INTEGER)")
            connection.execute("CREATE TABLE shell (json TEXT)")
            if model.get("type") == "BPE" and not any(model.get(name) for name in UNLIKE):
                pairs = [each if isinstance(each, list) else each.split(" ") for each in model["merges"]]
                rows = [(left + right, rank, len(left)) for rank, (left, right) in enumerate(pairs)]
                connection.executemany("INSERT INTO pieces VALUES (?, ?)", model["vocab"].items())
                connection.executemany("INSERT INTO merges VALUES (?, ?, ?)", rows)
                connection.execute("CREATE INDEX by_joined ON merges (joined)")
                shell = whole | {"model": model | {"vocab": {}, "merges": []}}
                connection.execute("INSERT INTO shell VALUES (?)", (json.dumps(shell),))
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(table)
