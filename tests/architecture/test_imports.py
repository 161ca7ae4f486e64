"""The import contracts of pyproject.toml hold."""

from __future__ import annotations

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
