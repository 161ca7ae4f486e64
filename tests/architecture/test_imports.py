"""The import contracts of pyproject.toml hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_import_contract_is_kept() -> None:
    """Layers, no circles, and heavy libraries at their addresses only."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=None)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alembic_is_no_package() -> None:
    """With an __init__.py the folder would hide the library of that name from the root."""
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_sql_is_spoken_in_the_catalogs_alone() -> None:
    """Nothing outside of them imports SQLAlchemy, not for its types either, which import contracts leave out."""
    speakers = {
        file.relative_to(ROOT).parent.as_posix()
        for package in ("retrieval", "indexer")
        for file in (ROOT / package).rglob("*.py")
        if any(name.split(".")[0] == "sqlalchemy" for name in imported(file))
    }
    assert speakers == {"retrieval/catalog", "retrieval/catalog/dialect", "indexer/catalog"}


def imported(file: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
    return names
