"""Small and read-only disks for tests: Python in a mount namespace of its own, as file modes do not bind root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@cache
def _refusal() -> str:
    """Why no namespace can be made here; empty where it can."""
    line = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"]
    try:
        done = subprocess.run(line, capture_output=True, check=False, text=True)
    except FileNotFoundError:
        return "unshare is not installed"
    return done.stderr.strip() if done.returncode else ""


def in_namespace(mounts: str, code: str, **environment: str) -> Any:
    """What Python code prints as its last line, JSON, after `mounts` was run by a shell; skips where that is not allowed.

    The code sees HERE, the checkout, as its working folder.
    """
    if reason := _refusal():
        pytest.skip(f"no mount namespace here: {reason}")
    line = ["unshare", "-m", "sh", "-c", f'set -e\n{mounts}\nexec "$0" -c "$1"', sys.executable, code]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(line, capture_output=True, check=False, text=True, cwd=ROOT, env=variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
