"""The generated pages: docs/cli.md from the help texts, docs/errors.md from the classes, docs/lines.md from what the
sources print, the tree in docs/architecture.md from the
heads of the modules. `make docs` writes them.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from retrieval import errors
from tests.docs import formats, lines, model_pages

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
COMMANDS = (
    (), ("search",), ("show",), ("explain",), ("status",), ("duplicates",), ("clip",), ("evaluate",), ("index",), ("source",),
    ("source", "list"), ("source", "exclude"), ("source", "include"), ("source", "move"), ("source", "remove"), ("watch",), ("forget",), ("rebuild",), ("library",), ("library", "copy"),
    ("serve",), ("mcp",), ("keys",), ("keys", "list"), ("keys", "add"), ("keys", "revoke"), ("models",), ("models", "list"),
    ("models", "fetch"), ("models", "add"), ("models", "export"), ("models", "remove"), ("models", "profile"),
    ("models", "profile", "list"), ("models", "profile", "show"), ("models", "profile", "add"), ("models", "profile", "remove"),
    ("doctor",), ("demo",),
)  # fmt: skip

CLI_HEAD = """\
# The program `crossmedia`

Made from the program's own help by `make docs`; a test fails when it is out of date.

Answers go to standard output, progress and complaints to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage,
3 done but media could not be read, 130 stopped by Ctrl-C,
143 by SIGTERM. `search` follows grep: 0 something sure was found, 1 nothing sure, 2 an error.

## JSON

`crossmedia search --json` prints one object. Keys are added, never renamed or dropped, while `version` stays 1.

| key | what |
|---|---|
| `version` | 1 |
| `query` | the question as it was understood: `operands` (`sense`, `value`, `weight`), `filters`, `written` (the same as one text, docs/query.md), `limit`, `offset`, `sort`, `reach`, `min_confidence`; `search --from-json`, `query_from_dict` and `POST /v1/search` take it as a question; `more_like`, `less_like` where given |
| `took_ms` | time of the search itself |
| `best` | confidence of the best candidate, also where nothing is shown |
| `total` | hits in all, sure and possible; at least so many while `has_more` is true |
| `has_more` | whether hits follow behind this page |
| `reason` | why nothing is shown, where something else than the media says it (beyond the last hit, an empty range, no such medium), else null |
| `warnings` | lines that a person should see |
| `possible[]` | hits that stand out for the question but are not sure, as in `hits`; with `--all` every other candidate |
| `hits[]` | what is sure: `path` (first live one), `path_bytes` (base64, only where the path is not UTF-8), `link` (only of an object in a bucket: docs/buckets.md), `paths`, `asset` (content hash), `medium`, `score`, `confidence` (null where only filters asked), `taken_at` (null where nobody took or recorded anything), `date` (local, as precise as it is known), `date_from` (exif, iptc, xmp, gps, container, document, name, mtime; null where an older version read the file), `offline`, `alike` (further pictures that show the same, folded into this hit), `half` (the other half of a Live Photo, for which this hit stands too), `width`, `height` (pixels), `duration_ms`, `segments[]` |
| `segments[]` | `id`, `kind` (image, region, shot, speech, sound, passage, text_line), `start_ms`, `end_ms`, `at_ms` (best frame), `page`, `text`, `confidence`, `score`, `evidence` (the strongest that speaks for it: picture, sound, words, said, line, name, meaning, file; null where only filters asked), `lanes` (name: share), `marks` (`[start, end]` of the words of the question in `text`, in characters), `box` (`[left, top, right, bottom]` of a region or line of text, in ten-thousandths of its picture), `tags` (`name`, `confidence`; only with `--tags`, and of `show`) |

`--jsonl` prints the objects of `hits` and `possible`, one a line, each with `sure`. `--csv` prints one row for each hit of both
with the columns `path`, `medium`, `confidence`, `score`, `segment`, `kind`, `start_ms`, `end_ms`, `page`, `lane`, `text`,
`sure`, `evidence`, those of its best segment. `--paths` prints what is sure (with `--all` the rest too), in raw bytes, so that
every path survives; `-0` ends each by NUL for `xargs -0`.

`crossmedia duplicates --json` prints `version` and `groups[]`: `medium`, `keep` (path), `spare_bytes` (what the others take)
and `files[]` with `path`, `asset`, `same_bytes` (there is an exact copy), `links` (other names of the same file, which free nothing), `bytes`, `width`, `height`, `duration_ms`, the one
to keep first.

`crossmedia explain --json` prints `version`, `hit` (as above), `segment` (the one explained), `name_marks` (`[start, end]` of
the words of the question in the hit's `path`), `frame_ms`, `box` (left, top, right, bottom in ten-thousandths: where in the
picture the answer lies), `heat` (rows of 0 to 1 over the picture: how much of the answer is there; null where it is everywhere), `line_box`
(where a line of text stands in it) and `warnings`.

`crossmedia index --json-events` prints one object a line; `event` is one of `upgraded`, `opened`, `scanned`, `progress`, `skipped`,
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


HELP = """
import json, sys
from contextlib import redirect_stdout
from io import StringIO
from indexer.cli.program import app
told = []
for command in json.load(sys.stdin):
    with redirect_stdout(StringIO()) as out:
        try:
            app([*command, "--help"], prog_name="crossmedia")
        except SystemExit as done:
            assert not done.code, command
    told.append(out.getvalue().strip())
json.dump(told, sys.stdout)
"""


@cache
def help_of(commands: tuple[tuple[str, ...], ...]) -> list[str]:
    """What the program prints for `COMMAND --help` of each on a terminal of 100 columns; one process for all."""
    env = {**os.environ, "COLUMNS": "100", "TERM": "dumb", "TERMINAL_WIDTH": "100"}
    line = [sys.executable, "-c", HELP]
    done = subprocess.run(
        line, input=json.dumps(commands), stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, env=env
    )
    told: list[str] = json.loads(done.stdout)
    return told


def cli_page() -> str:
    """docs/cli.md."""
    helps = zip(COMMANDS, help_of(COMMANDS), strict=True)
    parts = [f"## `{' '.join(('crossmedia', *command))}`\n\n```\n{told}\n```\n" for command, told in helps]
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
        rows.append(f"| `{each.__name__}` | `{each.__base__.__name__}` | {each.code} | {meaning} |\n")
    return ERRORS_HEAD + "".join(rows)


# ---------------------------------------------------------------- the tree in docs/architecture.md

TREE = re.compile(r"(<!-- tree, made by `make docs` -->\n```\n).*?(```\n)", re.DOTALL)
NO_DOCSTRING = {  # files and folders that are told as a whole, or cannot speak for themselves
    ".ci/": "what a build server runs on a clean clone",
    "alembic/": "migrations of the catalog",
    "benchmarks/": "speed, memory and quality, one command each",
    "data/": "what ships: the starter's weights, samples, questions, the vocabulary of tags",
    "deploy/": "an image, a compose file and an example for Kubernetes; README.md explains each setting",
    "docs/": "pages for users and engineers; decisions/ says why not the obvious way",
    "findings/": "surprises of libraries, tools and formats, each a script that runs them; outside CI",
    "tests/": "as the packages; beside them contracts, crash, golden, migrations, architecture, docs",
    "training/": "how the weights and samples were made; nothing at run time imports it",
    "indexer/py.typed": "says that the package has types",
    "retrieval/py.typed": "says that the package has types",
    "retrieval/encoders/profiles.toml": "models and profiles as data",
    "retrieval/encoders/speech/models.toml": "Whisper's models as data",
    "retrieval/service/page/": "the web page: static modules, styles, words; vendor/ holds libraries of others",
}


def tree() -> str:
    """One line for each tracked file, or for a folder that is told as a whole."""
    lines, folders = [], set()
    for path in _told():
        folder, _, name = path.rstrip("/").rpartition("/")
        parts = folder.split("/") if folder else []
        for depth in range(len(parts)):
            above = "/".join(parts[: depth + 1])
            if above not in folders:
                folders.add(above)
                lines.append(f"{'  ' * depth}{parts[depth]}/")
        name += "/" * path.endswith("/")
        lines.append(f"{'  ' * len(parts)}{name:<{26 - 2 * len(parts)}} {_about(path)}".rstrip())
    return "\n".join(lines) + "\n"


def _told() -> list[str]:
    """Tracked files and whole folders, those of the root first, hidden ones left out but for .ci."""
    done = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=ROOT)
    found = set()
    for path in filter(None, done.stdout.split("\0")):
        if "/" not in path:
            continue
        whole = next((name for name in NO_DOCSTRING if name.endswith("/") and path.startswith(name)), None)
        if (
            path.endswith("__init__.py")
            and path not in NO_DOCSTRING
            and not ast.get_docstring(ast.parse((ROOT / path).read_text()))
        ):
            continue  # an empty one only says that its folder is a package
        found.add(whole or path)
    return sorted(found, key=lambda path: ("/" in path, path.split("/")))


def _about(path: str) -> str:
    if path in NO_DOCSTRING:
        return NO_DOCSTRING[path]
    file = ROOT / path
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) if file.suffix == ".py" else None
    if not docstring:
        raise LookupError(f"{path} has no docstring; say in tests/docs/pages.py what it is")
    first = " ".join(docstring.split("\n\n")[0].split())
    sentence = re.split(r"\.(?: |$)|; ", first)[0]
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence


def architecture_page() -> str:
    """docs/architecture.md with the tree as it is now."""
    page = (DOCS / "architecture.md").read_text("utf-8")
    return TREE.sub(lambda found: found[1] + tree() + found[2], page)


# ---------------------------------------------------------------- docs/decisions/README.md

DECISIONS_HEAD = """# Decisions

Why not the obvious way, one page each. Made from the pages by `make docs`. A record is superseded, not rewritten.

| number | topic | date | status |
|---|---|---|---|
"""


def decisions_page() -> str:
    """docs/decisions/README.md: number, topic, date and status of each record, as its first lines state them."""
    rows = []
    for page in sorted((DOCS / "decisions").glob("0*.md")):
        head = page.read_text("utf-8").split("\n\n")[:2]
        topic = re.sub(r"^# *\d{1,4}[.:]? *", "", head[0]).strip()
        date = re.search(r"\d{4}-\d\d-\d\d|\d{1,2} [A-Z][a-z]+ \d{4}", head[1])
        status = re.search(r"(?:Status: )(.*)|(Accepted)", head[1].replace("\n", " "))
        told = (status[1] or "in force").rstrip(".") if status else "in force"
        rows.append(f"| [{page.name[:4]}]({page.name}) | {topic} | {date[0] if date else ''} | {told} |\n")
    return DECISIONS_HEAD + "".join(rows)


def main() -> None:
    """Writes all of them."""
    (DOCS / "architecture.md").write_text(architecture_page(), encoding="utf-8")
    (DOCS / "decisions" / "README.md").write_text(decisions_page(), encoding="utf-8")
    (DOCS / "cli.md").write_text(cli_page(), encoding="utf-8")
    (DOCS / "lines.md").write_text(lines.page(), encoding="utf-8")
    (DOCS / "errors.md").write_text(errors_page(), encoding="utf-8")
    (DOCS / "formats.md").write_text(formats.page(), encoding="utf-8")
    (DOCS / "models.md").write_text(model_pages.page(), encoding="utf-8")


if __name__ == "__main__":
    main()
