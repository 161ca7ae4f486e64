"""What is known of a file, cut out of it: a frame, a clip, a sound or a passage, in the form that a suffix names."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.domain.media import Span
from retrieval.domain.place import place_text
from retrieval.errors import RetrievalError
from retrieval.export.target import check, written
from retrieval.media.objects import is_there, localized

if TYPE_CHECKING:
    from retrieval.library import AssetDetails

STILLS = (".jpg", ".jpeg", ".png", ".webp")  # what a picture is written as
CLIPS = (".mp4", ".mkv", ".mov", ".webm", ".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a")
TEXTS = (".txt", ".md")
LONGEST_MS = 1 << 40  # the end of what does not say how long it is

_NAMED = {"image": "a picture", "video": "a video", "audio": "a sound", "document": "a passage"}
_FORMS = {"image": ".jpg or .png", "video": ".jpg, .mp4 or .wav", "audio": ".wav or .mp3", "document": ".txt"}


def save(shown: AssetDetails, target: Path, *, replace: bool = False) -> None:
    """Writes a segment, or a whole file, to `target`. replace: over a file that is there.

    Raises:
        RetrievalError: `target` cannot be written, or its suffix does not fit; see target.written.
        MediaError: the file cannot be read, or holds nothing at that place.
    """
    source = next(filter(is_there, shown.asset.paths), None)
    sources = [source] if source is not None else []
    check(target, replace=replace, sources=sources)
    if target.suffix.lower() in TEXTS:
        text = _text(shown)
        with written(target, replace=replace, sources=sources) as part:
            part.write_text(text, encoding="utf-8")
    elif source is None:
        raise RetrievalError(f"{place_text(shown.asset.paths[0])} is offline", "mount its source, then try again")
    else:
        with localized(source) as here, written(target, replace=replace, sources=sources) as part:
            _save_media(shown, here, part)


def _text(shown: AssetDetails) -> str:
    texts = [each.segment.text for each in shown.segments if each.segment.text]
    if not texts:
        raise RetrievalError("no text to save", "--save FILE.jpg, .mp4 or .wav saves picture or sound")
    return "\n".join(texts) + "\n"


def _save_media(shown: AssetDetails, source: Path, target: Path) -> None:
    """What is seen or heard: a copy where a whole file is asked for as it is, else in the form of the suffix."""
    medium, suffix = shown.asset.medium, target.suffix.lower()
    spans = [each.segment.span for each in shown.segments if each.segment.span is not None]
    one = spans[0] if len(shown.segments) == 1 and spans else None
    if one is None and suffix == source.suffix.lower():
        shutil.copyfile(source, target)
    elif suffix in STILLS and medium == "image":
        from retrieval.media.image.decode import open_image

        open_image(source).convert("RGB").save(target)
    elif suffix in STILLS and medium == "video":
        from retrieval.media.av.video import frame_at

        frame_at(source, (one.start + one.end) // 2 if one else 0).save(target)
    elif suffix in CLIPS and medium in ("video", "audio"):
        from retrieval.media.av.cut import save_clip

        save_clip(source, one or Span(0, shown.asset.facts["duration_ms"] or LONGEST_MS), target)
    else:
        form = suffix or "a file without suffix"
        raise RetrievalError(f"{_NAMED[medium]} cannot be saved as {form}", f"--save FILE{_FORMS[medium]}")
