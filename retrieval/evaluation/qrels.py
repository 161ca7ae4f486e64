"""Where judged questions come from: a table, TREC qrels, or what the library's own files are called and tagged.

A table has a header; these columns are known, the first of each row is the name to use:

    question  query, caption, label     the question: words, or a file beside the table where `by` names a medium
    file      path, image               a right answer: its path, the last parts of it, or its name alone
    by                                  text (default), image, audio, video, document
    in                                  the media asked for, with commas (default: all)
    gain      relevance                 how right, > 0 (default 1); 0 and less: wrong, as if it were not there
    start     end                       when the answer is, in seconds
    group     lang, kind                what figures are added up by

Rows of one question, `by` and `in` belong together. Tabs part columns and a quote is a character like any other; in a
.csv commas do, and quotes hold. TREC qrels are lines of four columns without a header; their questions come from a table
of id and question.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.domain.media import MEDIA, Medium, Span
from retrieval.domain.query import Operand
from retrieval.domain.records import SeenAsset
from retrieval.errors import QueryError
from retrieval.evaluation.topics import AssetTable, Topic
from retrieval.media.text_encoding import read_text
from retrieval.query.build import as_media

COLUMNS = {
    "question": ("question", "query", "caption", "label"),
    "file": ("file", "path", "image"),
    "by": ("by",),
    "in": ("in",),
    "gain": ("gain", "relevance"),
    "start": ("start",),
    "end": ("end",),
    "group": ("group", "lang", "kind"),
}
CAMERA = re.compile(
    r"(?i)^(img|dsc[nf]?|pict?|mvi|vid|pxl|wp|scan|screenshot|image|photo|video|untitled|file)?[\W\d_]*$"
)


@dataclass(frozen=True, slots=True)
class Qrels:
    """Judged questions, and the names in their table that the library does not hold."""

    questions: tuple[Topic, ...]
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class _Gathered:
    """What the rows of one question say."""

    operand: Operand
    media: frozenset[Medium]
    group: str
    right: dict[str, float] = field(default_factory=dict)
    spans: dict[str, list[Span]] = field(default_factory=dict)

    def judged(self) -> Topic:
        return Topic(
            self.operand, self.right, self.media, {asset: tuple(own) for asset, own in self.spans.items()}, self.group
        )


def read(path: Path, assets: AssetTable, queries: Path | None = None) -> Qrels:
    """The judged questions of a table or of qrels.

    Raises:
        QueryError: it is neither, a value in it cannot be understood, or a name fits several files.
        MediaUnreadable: it cannot be read.
    """
    lines = read_text(path).text.splitlines()
    rows = _qrels(lines, path, queries) if _is_qrels(lines) else _table(lines, path)
    gathered: dict[tuple[str, str, str], _Gathered] = {}
    unknown: dict[str, None] = {}
    for number, row in rows:
        try:
            asset = _asset(row["file"], assets)
            if asset is None:
                unknown[row["file"]] = None
                continue
            _add(gathered, row, asset, path.parent)
        except QueryError as error:
            raise QueryError(f"{path.name}, line {number}: {error.what}", error.hint) from None
    return Qrels(tuple(each.judged() for each in gathered.values() if each.right), tuple(unknown))


def _is_qrels(lines: Sequence[str]) -> bool:
    first = lines[0].split() if lines else []
    return len(first) == 4 and first[3].lstrip("-").isdigit() and first[1].isdigit()


def _qrels(lines: Sequence[str], path: Path, queries: Path | None) -> Iterable[tuple[int, dict[str, str]]]:
    if queries is None:
        raise QueryError(f"{path.name} holds ids of questions, not the questions", "--queries FILE: id, tab, question")
    texts = dict(line.split("\t", 1) for line in read_text(queries).text.splitlines() if "\t" in line)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        parts = line.split()
        if len(parts) != 4 or parts[0] not in texts:
            raise QueryError(
                f"{path.name}, line {number}: invalid judgement: {line[:60]}",
                "expected: id 0 file relevance, with the id of a question",
            )
        yield number, {"question": texts[parts[0]], "file": parts[2], "gain": parts[3]}


def _table(lines: Sequence[str], path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    comma = path.suffix.lower() == ".csv"
    table = csv.reader(
        lines, delimiter="," if comma else "\t", quoting=csv.QUOTE_MINIMAL if comma else csv.QUOTE_NONE, strict=False
    )
    head = [name.strip().lower() for name in next(table, [])]
    places = {
        column: next((head.index(name) for name in names if name in head), None) for column, names in COLUMNS.items()
    }
    for column in ("question", "file"):
        if places[column] is None:
            raise QueryError(
                f"{path.name} has no column {' or '.join(COLUMNS[column])}", "its first line names the columns"
            )
    for row in table:
        known = {
            column: row[at].strip() for column, at in places.items() if at is not None and at < len(row) and row[at]
        }
        if known.get("question") and known.get("file"):
            yield table.line_num, known


def _asset(name: str, assets: AssetTable) -> str | None:
    found = assets.find(name)
    if len(found) > 1:
        raise QueryError(f"{len(found)} files are called {name}", "name the folder as well")
    return next(iter(found), None)


def _add(gathered: dict[tuple[str, str, str], _Gathered], row: Mapping[str, str], asset: str, folder: Path) -> None:
    key = (row["question"], row.get("by", ""), row.get("in", ""))
    if key not in gathered:
        gathered[key] = _Gathered(
            _operand(row, folder),
            as_media(names.split(",")) if (names := row.get("in", "")) else frozenset(),
            row.get("group", ""),
        )
    one, gain = gathered[key], _number(row.get("gain", "1"))
    if gain > 0:
        one.right[asset] = max(gain, one.right.get(asset, 0.0))
        if "start" in row and "end" in row:
            start, end = (round(1000 * _number(row[name])) for name in ("start", "end"))
            if not 0 <= start < end:
                raise QueryError(f"invalid span: {row['start']} to {row['end']} s", "start comes before end")
            one.spans.setdefault(asset, []).append(Span(start, end))


def _operand(row: Mapping[str, str], folder: Path) -> Operand:
    by = row.get("by", "text").lower()
    if by == "text":
        return Operand("text", row["question"])
    if by not in MEDIA:
        raise QueryError(f"invalid medium of a question: {by}", f"expected text, {', '.join(MEDIA)}")
    return Operand(by, folder / row["question"])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise QueryError(f"invalid number: {text}", "expected a number like 1 or 2.5") from None


# ---------------------------------------------------------------- what the library says of itself


def own(way: str, assets: AssetTable) -> Qrels:
    """Questions out of the files' `names`, the `folders`' names, or the `keywords` in EXIF, IPTC and XMP.

    Right is what is called so. A folder or keyword that all files share, or a name that a camera gave, asks nothing.
    """
    called: dict[str, set[str]] = {}
    for asset, each in assets.assets.items():
        for name in _called(way, each):
            called.setdefault(name, set()).add(asset)
    kept = {name: right for name, right in called.items() if len(right) < max(2, len(assets.assets))}
    return Qrels(
        tuple(Topic(Operand("text", name), dict.fromkeys(sorted(right), 1.0)) for name, right in sorted(kept.items()))
    )


def _called(way: str, asset: SeenAsset) -> Iterable[str]:
    if way == "keywords":
        return asset.keywords
    names = [path.stem if way == "names" else path.parent.name for path in asset.paths]
    return [spoken(name) for name in names if not CAMERA.match(name)]


def spoken(name: str) -> str:
    """A file's name as one would say it: "DogOnBeach_02" is "Dog On Beach"."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = [word for word in re.split(r"[\W_]+", parted) if word and not word.isdigit()]
    return " ".join(words)
