"""How every benchmark tells its figures: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path


def report(name: str, figures: Mapping[str, float | str], out: Path | None = None) -> None:
    """Prints a table on stderr and one JSON object on stdout; writes it to `out` as well if given."""
    width = max(map(len, figures), default=0)
    for key, value in figures.items():
        print(
            f"{key:<{width}}  {value:>12.4g}" if isinstance(value, float) else f"{key:<{width}}  {value:>12}",
            file=sys.stderr,
        )
    line = json.dumps({"benchmark": name, **figures})
    print(line)
    if out is not None:
        out.write_text(line + "\n", encoding="utf-8")
