"""The page of formats, docs/formats.md: which files are read, how each is known, and what is taken of it.

Formats come from the tables and answers of `retrieval.media.sniff` and `containers` themselves; a new one without a line in
TAKEN fails the page.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

from retrieval.domain.media import MEDIA, Medium
from retrieval.media import containers, sidecars, sniff


def known() -> dict[Medium, list[str]]:
    """Medium -> the names of its formats, in the order of the alphabet."""
    found: dict[Medium, set[str]] = {medium: set() for medium in MEDIA}
    for _, _, medium, name in sniff.MAGIC:
        found[medium].add(name)
    found["image"] |= set(sniff.NETPBM.values())
    found["document"] |= {*sniff.TEXT_SUFFIXES.values(), "code", *containers.OFFICE_PARTS.values()}
    found["document"] |= set(containers.ODF.values()) - set(containers.DRAWINGS)
    for module in (sniff, containers):
        for medium, name in _answers(ast.parse(inspect.getsource(module))):
            found[medium].add(name)
    return {medium: sorted(names) for medium, names in found.items()}


def _answers(tree: ast.AST) -> Iterator[tuple[Medium, str]]:
    """Each ("image", "tiff") that a module may answer, also where a condition chooses between two names or media."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            media, names = (_constants(each) for each in node.elts)
            yield from ((medium, name) for medium in MEDIA if medium in media for name in names)


def _constants(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*_constants(node.body), *_constants(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


MORE: dict[Medium, tuple[str, ...]] = {"video": ("mkv", "webm", "ts", "m2ts")}  # answered through a variable
TITLES: dict[Medium, str] = {"image": "Pictures", "video": "Films", "audio": "Sound", "document": "Documents"}
OF_ALL: dict[Medium, str] = {
    "image": "Taken of every picture: what it shows, upright; text in it (extra `ocr`); date, camera, place with the names of the nearest "
    "town, region and country; title, author, captions, keywords, people and rating from EXIF, IPTC, XMP and comments, and from an "
    "`.xmp` file beside it. The still and the film of a Live Photo are tied by the identifier in both.",
    "video": "Taken of every film: its shots, what is said (Whisper) or what its subtitles say, sounds, text in key frames, names of chapters; "
    "length, date, place, camera, title, tags, XMP inside MP4 and QuickTime or beside it. Turned, mirrored, anamorphic and HDR films "
    "are seen as players show them. Of several soundtracks the default one is heard, or the first that is not silent; the others are named.",
    "audio": "Taken of every recording: what is said, or what subtitles and lyrics beside it say, sounds, names of chapters; length, date, title, "
    "artist, album and other tags.",
    "document": "Taken of every document: its text as passages in reading order, pictures inside and, with the extra `ocr`, the text of scanned "
    "pages; title, author, date, keywords, language. Texts without a mark are read in the code page that reads most like a language.",
}
TAKEN = {
    "avif": "HDR (PQ, HLG) is mapped to a common screen", "blp": "", "bmp": "", "cur": "", "dcx": "first page", "dds": "", "fits": "",
    "fli": "as an animation", "ftex": "", "gbr": "", "gif": "frames of an animation, comments", "icns": "", "ico": "the largest picture",
    "heic": "HDR; the film of a motion photo (`mpvd`)", "im": "",
    "jpeg": "also gain maps (MPO), files cut short (marked incomplete); the film inside a motion photo", "jpeg xr": "named, not decoded",
    "jpeg2000": "XMP", "jxl": "extra `jxl`, else left out with what to install", "msp": "", "pbm": "", "pcx": "", "pfm": "", "pgm": "",
    "png": "texts; frames of an animation", "ppm": "", "psd": "the flat picture, 8 to 32 bits", "qoi": "",
    "raw": "camera RAW: the largest preview, EXIF", "sgi": "", "sun": "", "tga": "", "tiff": "each page; float, 16 bits",
    "webp": "frames of an animation", "xbm": "", "xpm": "",
    "3gp": "", "avi": "", "flv": "", "ivf": "", "m2ts": "", "mj2": "", "mkv": "subtitle tracks, chapters", "mov": "subtitle tracks, chapters",
    "mp4": "subtitle tracks, chapters", "mpeg": "also joined recordings and DVDs (`.vob`)", "mxf": "", "ogv": "", "rm": "",
    "ts": "also joined recordings; sound alone is sound", "webm": "", "wmv": "", "y4m": "",
    "aac": "length counted", "ac3": "", "aiff": "", "amr": "", "ape": "", "au": "", "caf": "", "dsf": "", "dts": "", "flac": "lyrics",
    "m4a": "chapters of audio books (`.m4b`), lyrics", "mka": "", "mp3": "length counted where it is not told; lyrics", "musepack": "",
    "ogg": "", "opus": "", "tta": "", "w64": "", "wav": "also RIFX, and 24 bits kept in 32", "wavpack": "", "wma": "",
    "ass": "subtitles beside no film: a document", "code": "source code, not inside a program's folder unless a pattern asks for it",
    "csv": "each row with the names of its columns", "docx": "text boxes, notes, comments, moved and deleted text as shown",
    "eml": "headers, body, attachments as pages of their own", "emlx": "as eml", "epub": "chapters, notes, pictures",
    "html": "what a reader sees; author and dates of articles", "ics": "events", "ipynb": "cells and their outputs",
    "json": "names and values, one object a row", "lrc": "lyrics", "mbox": "mail by mail", "md": "", "mhtml": "the page and its pictures",
    "odp": "slides and notes", "ods": "sheets", "odt": "frames, notes; tracked deletions left out",
    "pdf": "form fields, remarks, columns, vertical text; pages whose letters are wrong are read as pictures",
    "pptx": "slides, notes, comments, tables, charts, diagrams", "rst": "", "rtf": "", "srt": "beside a film: its speech; else a document",
    "svg": "its text", "tex": "", "txt": "", "vtt": "as srt", "xlsx": "cells as shown, remarks, boxes, charts",
}  # fmt: skip
HEAD = """\
# Formats

Made from the tables by which files are known, by `make docs`; a test fails when it is out of date. A file is known by its content,
not by its name; only text is known by its ending as well. `crossmedia status --skipped` names what is left out, and why;
`crossmedia show FILE` names the format that was read.
"""


def page() -> str:
    """The whole page."""
    endings: dict[str, list[str]] = {}
    for ending, name in sniff.TEXT_SUFFIXES.items():
        endings.setdefault(name, []).append(f"`{ending}`" if ending else "no ending")
    endings["code"] = [f"`{ending}`" for ending in sorted(sniff.CODE_SUFFIXES)]
    lines = [HEAD]
    for medium, names in known().items():
        lines += [f"## {TITLES[medium]}", "", OF_ALL[medium], "", "| format | known by | beside that |", "|---|---|---|"]
        for name in sorted({*names, *MORE.get(medium, ())}):
            by = ", ".join(endings.get(name, [])) if medium == "document" else ""
            lines.append(f"| {name} | {by or 'content'} | {TAKEN[name]} |")
        lines.append("")
    subtitles = ", ".join(f"`{each}`" for each in sorted(sidecars.SUBTITLES))
    told = {what for _, _, what in sniff.FOREIGN} | {*containers.IWORK.values(), *containers.DRAWINGS.values()}
    lines += [
        "## Beside other files",
        "",
        f"Subtitles ({subtitles}) belong to a film or recording of the same name, with languages and words as `forced` between name and",
        "ending; `.xmp` belongs to the picture or film of its name.",
        "",
        "## Known and left out",
        "",
        f"{'; '.join(sorted(told))}; Office files of before 2007; whatever needs a password.",
        "",
    ]
    return "\n".join(lines)
