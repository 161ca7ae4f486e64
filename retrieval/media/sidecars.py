"""Files that belong to another one beside them, by their names: subtitles of films and recordings, XMP of pictures.

One rule for both sides: what is taken from the documents of a folder is read with the file that it belongs to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

SUBTITLES: Final = frozenset((".srt", ".vtt", ".ass", ".ssa", ".lrc"))
XMP: Final = ".xmp"
TIMED: Final = frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .m2ts .mts .wmv .flv .ogv .3gp .vob .mp3 .m4a .m4b .ogg .opus .flac "
    ".wav .aac .wma .mka .mxf".split()
)  # what subtitles belong to
# Words that players and people put between the name of a film and .srt, in any order.
TAGS: Final = frozenset(
    "forced sdh cc hi default foreign full signs songs commentary captions sub subs auto orig".split()
)
MOST_TAGS: Final = 4
# ISO 639-2 codes, terminological and bibliographic, to primary BCP 47 tags.
THREE_LETTERS: Final = {
    "eng": "en", "ger": "de", "deu": "de", "fre": "fr", "fra": "fr", "spa": "es", "ita": "it", "por": "pt", "dut": "nl",
    "nld": "nl", "pol": "pl", "rus": "ru", "tur": "tr", "ara": "ar", "jpn": "ja", "kor": "ko", "chi": "zh", "zho": "zh",
    "tha": "th", "vie": "vi", "swe": "sv", "dan": "da", "nor": "no", "fin": "fi", "cze": "cs", "ces": "cs", "gre": "el",
    "ell": "el", "heb": "he", "hin": "hi", "hun": "hu", "ukr": "uk", "ind": "id", "rum": "ro", "ron": "ro", "cat": "ca",
    "bul": "bg", "hrv": "hr", "srp": "sr", "slk": "sk", "slo": "sk", "est": "et", "lav": "lv", "lit": "lt", "slv": "sl",
    "ice": "is", "isl": "is", "per": "fa", "fas": "fa", "ben": "bn", "tam": "ta", "urd": "ur", "may": "ms", "msa": "ms",
}  # fmt: skip
LANG_NAMES: Final = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "francais": "fr", "français": "fr", "spanish": "es",
    "espanol": "es", "español": "es", "italian": "it", "italiano": "it", "portuguese": "pt", "português": "pt",
    "dutch": "nl", "nederlands": "nl", "polish": "pl", "polski": "pl", "russian": "ru", "turkish": "tr", "türkçe": "tr",
    "arabic": "ar", "japanese": "ja", "korean": "ko", "chinese": "zh", "thai": "th", "vietnamese": "vi", "swedish": "sv",
    "svenska": "sv", "danish": "da", "dansk": "da", "norwegian": "no", "norsk": "no", "finnish": "fi", "suomi": "fi",
    "czech": "cs", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "magyar": "hu", "ukrainian": "uk",
    "indonesian": "id", "romanian": "ro", "catalan": "ca", "bulgarian": "bg", "croatian": "hr", "serbian": "sr",
}  # fmt: skip


# Primary tag -> "German": the first of its names above is the English one.
LANGUAGES: Final = {lang: name.title() for name, lang in reversed(LANG_NAMES.items())}


class Sidecar(NamedTuple):
    """A file beside another. lang: of a subtitle file, where its name tells it; a primary BCP 47 tag."""

    name: str
    lang: str | None


def owners(names: Iterable[str]) -> dict[str, list[Sidecar]]:
    """File name -> the sidecars that belong to it, among the names of one folder.

    A sidecar is named as its file, in any case, with one word between that name and its suffix, or with several that are
    TAGS, languages or numbers. XMP also stands behind the whole name of its file.
    """
    known = list(names)
    sides = [name for name in known if os.path.splitext(name)[1].lower() in SUBTITLES | {XMP}]
    if not sides:
        return {}
    others = [name for name in known if os.path.splitext(name)[1].lower() not in SUBTITLES | {XMP}]
    by_stem: dict[str, list[str]] = {}
    for name in others:
        by_stem.setdefault(os.path.splitext(name)[0].casefold(), []).append(name)
    whole = {name.casefold(): [name] for name in others}
    found: dict[str, list[Sidecar]] = {}
    for name in sorted(sides):
        stem, suffix = os.path.splitext(name)
        if suffix.lower() == XMP:
            of, lang = whole.get(stem.casefold()) or by_stem.get(stem.casefold(), []), None
        else:
            of, lang = _films(stem, by_stem)
        for owner in _same_case(of, stem):
            found.setdefault(owner, []).append(Sidecar(name, lang))
    return found


def beside(path: Path, suffixes: frozenset[str]) -> list[tuple[Path, str | None]]:
    """The sidecars of one file with one of these suffixes, those without a language first. An unreadable folder: none."""
    try:
        found = _of_folder(str(path.parent), path.parent.stat().st_mtime_ns).get(path.name, ())
    except OSError:
        return []
    ours = [one for one in found if os.path.splitext(one.name)[1].lower() in suffixes]
    return [
        (path.parent / one.name, one.lang) for one in sorted(ours, key=lambda one: (one.lang is not None, one.name))
    ]


@lru_cache(maxsize=16)
def _of_folder(folder: str, _changed: int) -> dict[str, list[Sidecar]]:
    return owners(os.listdir(folder))


def _films(stem: str, by_stem: dict[str, list[str]]) -> tuple[list[str], str | None]:
    """The films and recordings that a subtitle file of this stem belongs to, and its language."""
    parts = stem.split(".")
    for count in range(min(MOST_TAGS, len(parts) - 1) + 1):
        words = parts[len(parts) - count :]
        films = by_stem.get(".".join(parts[: len(parts) - count]).casefold(), [])
        timed = [name for name in films if os.path.splitext(name)[1].lower() in TIMED]
        if timed and (count < 2 or all(map(_is_tag, words))):
            return timed, next((lang for lang in map(lang_of, words) if lang), None)
    return [], None


def _same_case(names: list[str], stem: str) -> Iterator[str]:
    """Those whose case is the sidecar's, where there are any."""
    same = [name for name in names if stem.startswith(os.path.splitext(name)[0])]
    yield from same or names


def _is_tag(word: str) -> bool:
    return word.lower() in TAGS or word.isdigit() or lang_of(word) is not None


def lang_of(word: str) -> str | None:
    """The language that a word of a file's name means, as people and players write it; None for "forced" or "part2"."""
    word = re.split("[-_]", word.lower())[0]
    if len(word) == 2:
        return word if word.isascii() and word.isalpha() and word not in ("cc", "hi") else None
    return THREE_LETTERS.get(word) or LANG_NAMES.get(word)
