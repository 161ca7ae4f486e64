"""docs/lines.md: every line that the program prints of itself, taken from the sources, so that they can be read as a whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ERRORS = re.compile(r"(Error|Unavailable|Refused|Unreadable|Unsupported|TooLarge|TooNew|NotFound|Damaged|Mismatch|Locked)$")
TELLING = ("Failure", "Finding", "refused", "complain", "say", "importing")  # functions that take a line for a person
PRINTING = ("retrieval/cli/", "indexer/cli/", "retrieval/render/", "indexer/pipeline/progress.py", "indexer/demo.py")
SILENT = ("retrieval/render/fonts.py", "retrieval/render/json.py", "retrieval/render/terminal_images.py")

HEAD = """\
# Lines

Every line that the program prints of itself besides its help (docs/cli.md), taken from the sources by `make docs`: to be read as
a whole. `…` stands for what is put in. Of an error the part in brackets says what to do.

"""


def page() -> str:
    """docs/lines.md: the lines of each module, in the order of the source."""
    parts = [HEAD]
    for path in _sources():
        lines = list(dict.fromkeys(lines_of(path)))
        if lines:
            parts.append(f"## {path.relative_to(ROOT)}\n\n" + "".join(f"- {line}\n" for line in lines) + "\n")
    return "".join(parts).rstrip() + "\n"


def _sources() -> list[Path]:
    return sorted(path for package in ("retrieval", "indexer") for path in (ROOT / package).rglob("*.py"))


def lines_of(path: Path) -> Iterator[str]:
    """The lines of one module: what errors and skips say, and in modules that print every text with a blank in it."""
    tree = ast.parse(path.read_text("utf-8"))
    name = str(path.relative_to(ROOT))
    if name.startswith(PRINTING) and name not in SILENT:
        helps = {id(part) for call in _calls(tree, ("Option", "Argument", "Typer")) for part in ast.walk(call)}
        skipped = helps | _docstrings(tree) | {id(part) for node in ast.walk(tree) for part in _inside_text(node)}
        for node in ast.walk(tree):
            text = text_of(node) if id(node) not in skipped else None
            if text and re.search(r"\w\w", text.replace("…", "")) and (" " in text.strip()):
                yield _shown(text)
        return
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and (ERRORS.search(_name(call.func)) or _name(call.func) in TELLING):
            what, *rest = [*filter(None, map(text_of, call.args[:2]))] or [""]
            if " " in what:
                yield _shown(what + (f" ({rest[0]})" if rest else ""))


def _calls(tree: ast.AST, names: tuple[str, ...]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in names:
            yield node


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""


def _docstrings(tree: ast.AST) -> set[int]:
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, owners) and node.body]
    return {id(body[0].value) for body in bodies if isinstance(body[0], ast.Expr)}


def _inside_text(node: ast.AST) -> Iterator[ast.AST]:
    """The pieces of a text with values in it, or of a choice of texts, which stand in it already."""
    if isinstance(node, ast.JoinedStr):
        yield from node.values
    elif isinstance(node, ast.IfExp) and text_of(node):
        yield from (node.body, node.orelse)


def text_of(node: ast.AST) -> str | None:
    """A text of the source, … for each value in it; of a choice between two texts both. None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(each.value if isinstance(each, ast.Constant) else "…" for each in node.values)
    if isinstance(node, ast.IfExp):
        texts = [text_of(node.body), text_of(node.orelse)]
        return " | ".join(filter(None, texts)) or None
    return None


def _shown(text: str) -> str:
    return "`" + text.strip("\n").replace("\n", "⏎").replace("`", "'") + "`"
