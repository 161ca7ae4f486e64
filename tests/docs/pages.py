"""The generated pages of docs/: cli.md from the help texts, errors.md from the classes. `make docs` writes them."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from retrieval import errors

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
COMMANDS = (
    (), ("search",), ("show",), ("status",), ("index",), ("source",), ("source", "list"), ("source", "move"),
    ("source", "remove"), ("forget",), ("rebuild",), ("models",), ("models", "list"), ("models", "fetch"),
    ("models", "add"), ("models", "export"), ("doctor",), ("demo",),
)  # fmt: skip

CLI_HEAD = """\
# The program `crossmedia`

Made from the program's own help by `make docs`; a test fails when it is out of date.

Answers go to standard output, progress and complaints to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage,
3 done but files were left out, 130 stopped by Ctrl-C. `search` follows grep: 0 found, 1 nothing matches, 2 an error.

## JSON

`crossmedia search --json` prints one object. Keys are added, never renamed or dropped, while `version` stays 1.

| key | what |
|---|---|
| `version` | 1 |
| `query` | the question as it was understood: `operands` (`sense`, `value`, `weight`), `filters`, `limit`, `offset`, `sort` |
| `took_ms` | time of the search itself |
| `best` | confidence of the best candidate, also where nothing was sure enough |
| `warnings` | lines that a person should see |
| `hits[]` | `path` (first live one), `path_bytes` (base64, only where the path is not UTF-8), `paths`, `asset` (content hash), `medium`, `score`, `confidence`, `taken_at`, `offline`, `segments[]` |
| `segments[]` | `id`, `kind` (image, shot, speech, sound, passage, text_line), `start_ms`, `end_ms`, `at_ms` (best frame), `page`, `text`, `confidence`, `score`, `lanes` (name: share) |

`--jsonl` prints the objects of `hits`, one a line. `--csv` prints one row for each hit with the columns `path`, `medium`,
`confidence`, `score`, `segment`, `kind`, `start_ms`, `end_ms`, `page`, `lane`, `text`, those of its best segment.
`--paths` prints raw bytes, so that every path survives; `-0` ends each by NUL for `xargs -0`.

`crossmedia index --json-events` prints one object a line; `event` is one of `opened`, `scanned`, `progress`, `skipped`,
`published`, `planned`, `finished`, and the other keys are the fields of `indexer/events.py`.
"""

ERRORS_HEAD = """\
# Errors

Made from `retrieval/errors.py` by `make docs`; a test fails when it is out of date. Every error carries `what` happened
to which object and a `hint` that says what to do. The program prints both on one line and ends with the code; `search`
ends with 2 on any error. A `MediaError` inside a run does not end it: the file becomes a Skip with the error's reason.

| error | is a | exit code | meaning |
|---|---|---|---|
"""


def help_of(command: tuple[str, ...]) -> str:
    """What the program prints for `COMMAND --help` on a terminal of 100 columns."""
    env = {**os.environ, "COLUMNS": "100", "TERM": "dumb", "TERMINAL_WIDTH": "100"}
    line = [sys.executable, "-m", "indexer.cli", *command, "--help"]
    return subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT, env=env).stdout.strip()


def cli_page() -> str:
    """docs/cli.md."""
    parts = [f"## `{' '.join(('crossmedia', *command))}`\n\n```\n{help_of(command)}\n```\n" for command in COMMANDS]
    return "\n".join([CLI_HEAD, *parts])


def error_classes() -> Iterator[type[errors.RetrievalError]]:
    """The family, each after the one it comes from."""
    yield from _family(errors.RetrievalError)


def _family(root: type[errors.RetrievalError]) -> Iterator[type[errors.RetrievalError]]:
    yield root
    for each in root.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from _family(each)


def errors_page() -> str:
    """docs/errors.md."""
    rows = []
    for each in error_classes():
        meaning = " ".join((inspect.getdoc(each) or "").split())
        rows.append(f"| `{each.__name__}` | `{each.__base__.__name__}` | {each.code} | {meaning} |\n")  # type: ignore[union-attr]
    return ERRORS_HEAD + "".join(rows)


def main() -> None:
    """Writes both pages."""
    (DOCS / "cli.md").write_text(cli_page(), encoding="utf-8")
    (DOCS / "errors.md").write_text(errors_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
