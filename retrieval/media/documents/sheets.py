"""Cells, remarks, boxes and pictures of workbooks (xlsx); cells by openpyxl, whatever the charts are."""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from retrieval.errors import MediaError, MediaUnreadable
from retrieval.media.documents.archive import Archive, natural
from retrieval.media.documents.parts import Parts
from retrieval.media.documents.passages import Block
from retrieval.media.documents.slides import chart_words
from retrieval.media.documents.tables import table
from retrieval.media.documents.word import run_text
from retrieval.media.markup import local
from retrieval.settings import Limits

ROWS: Final = 200_000  # of one sheet
COLUMNS: Final = 500
ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")  # a character that XML does not take; ISO/IEC 29500-1, 22.9.2.19
# A formula that its program saved without the value that it gives.
UNCOUNTED: Final = re.compile(rb"</f>\s*(?:<v>\s*</v>\s*|<v\s*/>\s*)?</c>|<f[^>]*/>\s*(?:<v\s*/>\s*)?</c>")
HYPERLINK: Final = re.compile(r'=HYPERLINK\(.*?[,;]\s*"((?:[^"]|"")*)"\s*\)', re.IGNORECASE | re.DOTALL)
PERCENT: Final = re.compile(r"0(?:\.(0+))?%")


def read_sheets(path: Path, archive: Archive, parts: Parts, limits: Limits) -> None:
    """Rows with the names of their columns, then remarks and boxes; pages are sheet numbers.

    Raises:
        MediaUnreadable: damaged.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book, formulas = _book(path, archive, values=True), None
        parts.pages = len(book.worksheets)
        left = limits.text_chars
        for page, sheet in enumerate(book.worksheets, 1):
            part = _part(sheet)
            if archive.matches(part, UNCOUNTED):
                formulas = formulas or _book(path, archive, values=False)
            shown = formulas.worksheets[page - 1] if formulas else None
            for number, block in enumerate(table(_rows(sheet, shown), page)):
                if number == 0:
                    parts.blocks.append(Block(str(sheet.title), 1, page))
                left -= len(block.text)
                if left < 0:
                    parts.notes = ", incomplete"
                    return
                parts.blocks.append(block)
            parts.blocks += [Block(text, 0, page) for text in _laid_on(archive, part)]
        book.close()
    media = [one for one in archive.names if one.startswith("xl/media/")]
    parts.pictures += archive.pictures(sorted(media, key=natural))


def _book(path: Path, archive: Archive, *, values: bool) -> Any:
    from openpyxl.reader.excel import SHARED_STRINGS, ExcelReader

    class Reader(ExcelReader):  # type: ignore[misc]
        """Without charts, many of which it does not know, and with the strings as they were written."""

        def read_chartsheet(self, sheet: Any, rel: Any) -> None:
            pass

        def read_strings(self) -> None:
            part = self.package.find(SHARED_STRINGS)
            if part is not None:
                root = archive.xml(part.PartName[1:])
                self.shared_strings = [_string(one) for one in root] if root is not None else []

    try:
        source = _renamed(path) if any("\\" in name for name in _raw_names(path)) else path
        reader = Reader(source, read_only=True, data_only=values, keep_links=False)
        reader.read()
    except MediaError:
        raise
    except Exception as error:
        raise MediaUnreadable(f"{path.name} is damaged", reason="damaged") from error
    for sheet in reader.wb.worksheets:
        sheet.reset_dimensions()  # some programs write a wrong one; a bomb claims a million rows
    return reader.wb


def _raw_names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as file:
        return [info.orig_filename for info in file.infolist()]


def _renamed(path: Path) -> io.BytesIO:
    """The archive with slashes in its names."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for info in given.infolist():
            file.writestr(info.filename.replace("\\", "/"), given.read(info))
    made.seek(0)
    return made


def _part(sheet: Any) -> str:
    return str(sheet._worksheet_path).lstrip("/")


def _string(item: Any) -> str:
    """A shared string without its phonetic readings."""
    texts = [one.text or "" for one in item.iter() if local(one) == "t" and local(one.getparent()) != "rPh"]
    return "".join(texts)


def _rows(sheet: Any, formulas: Any | None) -> Iterator[list[str]]:
    given = formulas.iter_rows(values_only=True) if formulas is not None else ()
    for number, (row, shown) in enumerate(zip_longest(sheet.iter_rows(), given, fillvalue=())):
        if number >= ROWS:
            return
        cells = [_cell(cell.value, cell) for cell in row[:COLUMNS]]
        said = shown[: len(cells)]
        yield [cell or _formula(value) for cell, value in zip_longest(cells, said, fillvalue="")]


def _formula(value: Any) -> str:
    """What is shown of a formula whose value is not known: the words of a link, else the formula."""
    text = str(getattr(value, "text", value))
    if not text.startswith("="):
        return ""
    link = HYPERLINK.search(text)
    return link[1].replace('""', '"') if link else text


def _cell(value: Any, cell: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    if isinstance(value, float | int) and not isinstance(value, bool):
        percent = PERCENT.search(cell.number_format or "") if cell.has_style else None
        return (
            f"{100 * value:.{len(percent[1] or '')}f}%"
            if percent
            else f"{value:.10g}"
            if isinstance(value, float)
            else str(value)
        )
    return " ".join(ESCAPED.sub(lambda match: chr(int(match[1], 16)), str(value)).split())


def _laid_on(archive: Archive, part: str) -> Iterator[str]:
    """Remarks of a sheet, the words in boxes laid on it, and those of its charts."""
    for target in dict.fromkeys(archive.links(part).values()):
        root = archive.xml(target) if re.search(r"comment|drawing", target) and target.endswith(".xml") else None
        for one in root.iter() if root is not None else ():
            if local(one) in ("comment", "threadedComment"):
                yield " ".join("".join(t.text or "" for t in one.iter() if local(t) in ("t", "text")).split())
            elif local(one) == "p":
                yield run_text(one)
        for chart in archive.links(target).values() if "drawings/" in target else ():
            chart_root = archive.xml(chart) if "charts/chart" in chart else None
            yield " | ".join(chart_words(chart_root)) if chart_root is not None else ""
