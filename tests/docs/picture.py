"""docs/picture.svg: a terminal session, drawn. `python -m tests.docs.picture < SESSION > docs/picture.svg`."""

from __future__ import annotations

import sys
from html import escape

from retrieval.render.text import columns

LINE, COLUMN, MARGIN = 19, 7.85, 16  # pixels


def draw(session: str) -> str:
    """The lines of a session, commands brighter than what they print; wide characters keep their columns."""
    lines = session.rstrip("\n").split("\n")
    width = round(max(map(columns, lines)) * COLUMN + 2 * MARGIN)
    height = LINE * len(lines) + 2 * MARGIN
    rows = [
        f'<text x="{MARGIN}" y="{MARGIN + LINE * (at + 0.75):.0f}" textLength="{columns(line) * COLUMN:.0f}"'
        f' class="{"c" if line.startswith("$") else "o"}">{escape(line)}</text>'
        for at, line in enumerate(lines)
        if line.strip()
    ]
    style = "text{font:13px monospace;white-space:pre}.c{fill:#fff;font-weight:bold}.o{fill:#b8c4d0}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" xml:space="preserve">'
    ground = f'<style>{style}</style><rect width="100%" height="100%" rx="8" fill="#1d2430"/>'
    return "\n".join([head, ground, *rows, "</svg>"]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(draw(sys.stdin.read()))
