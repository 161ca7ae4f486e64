"""Rows of tables as text: each cell with the name of its column."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.media.documents.passages import Block


def table(rows: Iterator[list[str]], page: int | None = None) -> Iterator[Block]:
    """A block for each row that is not empty: "name: value" under a header, else the values.

    The first row with two or more cells, all words, is the header; rows before it are titles.
    """
    header: list[str] | None = None
    for row in rows:
        cells = [cell.strip() for cell in row]
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        if header is None and len(filled) >= 2 and not any(_is_number(cell) for cell in filled):
            header = cells
            yield Block(" | ".join(filled), 0, page)
        elif header is not None and len(filled) >= 2:
            names = header + [""] * (len(cells) - len(header))
            yield Block(
                "; ".join(
                    f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell
                ),
                0,
                page,
            )
        else:
            yield Block(" | ".join(filled), 0, page)


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[\d.,:%/$€£¥ +-]+", cell))
