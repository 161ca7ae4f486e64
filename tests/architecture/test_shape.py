"""The house stays small: modules, layers, files, functions and their parameters within stated numbers."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("retrieval", "indexer")
MODULES = 8  # directly under retrieval/
LEVELS = 12  # of one import contract
FILE_LINES = 400
FUNCTION_LINES = 50  # without the docstring
PARAMETERS = 7  # besides commands, whose parameters are the options of the program
LONG = {  # function -> why it is longer
    "retrieval/cli/search.py:search": "thirty options, each with its help",
    "indexer/cli/index.py:index": "fifteen options, each with its help",
    "retrieval/query/parser.py:_parser": "one grammar, read as a whole",
}


def sources() -> list[Path]:
    """The files of both packages."""
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods of a file, nested ones as well."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without those of the docstring."""
    first = function.body[0]
    has_docstring = ast.get_docstring(function) is not None
    docstring = first.end_lineno - first.lineno + 1 if has_docstring else 0  # type: ignore[operator]
    return function.end_lineno - function.lineno + 1 - docstring  # type: ignore[operator]


def parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Names of the parameters without self and cls."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def test_few_modules_lie_outside_of_a_folder() -> None:
    """A newcomer reads the folders first."""
    modules = [path.name for path in (ROOT / "retrieval").glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MODULES, modules


def test_import_contracts_have_few_levels() -> None:
    """The order of the folders can be kept in mind."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    levels = {each["name"]: len(each["layers"]) for each in contracts if each["type"] == "layers"}
    assert levels
    assert {name: count for name, count in levels.items() if count > LEVELS} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_has_a_level(package: str) -> None:
    """A contract that leaves a folder out would say nothing of it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    named = {
        part.strip()
        for each in contracts
        if each["type"] == "layers" and each.get("containers") == [package]
        for layer in each["layers"]
        for part in layer.split("|")
    }
    present = {
        path.stem for path in (ROOT / package).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert named == present - {"__init__"}


def test_files_are_short() -> None:
    """A file is read in one sitting; those that are still to be split are named above."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in sources()
        if (count := len(path.read_text("utf-8").splitlines())) > FILE_LINES
    }
    assert not long


def test_functions_fit_a_screen() -> None:
    """Those that do not are named above, each with its reason."""
    long = {
        f"{path.relative_to(ROOT)}:{each.name}"
        for path in sources()
        for each in functions(path)
        if lines_of(each) > FUNCTION_LINES
    }
    assert long == set(LONG)


def test_functions_take_few_parameters() -> None:
    """More of them are one value."""
    many = {
        f"{path.relative_to(ROOT)}:{each.name}": names
        for path in sources()
        if path.parent.name != "cli"
        for each in functions(path)
        if len(names := parameters_of(each)) > PARAMETERS
    }
    assert many == {}


def test_only_commands_take_many_parameters() -> None:
    """In the folders of the program, a function of many parameters is registered as a command."""
    from indexer.cli.program import app

    commands = {each.callback for each in app.registered_commands}
    names = {(each.__module__, each.__name__) for each in commands if each is not None}
    for path in sources():
        if path.parent.name == "cli":
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            many = [each.name for each in functions(path) if len(parameters_of(each)) > PARAMETERS]
            assert [name for name in many if (module, name) not in names] == []
