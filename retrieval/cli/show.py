"""crossmedia show: print what is known of a file or segment, or save it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retrieval.cli.options import JsonOption, LibraryOption
from retrieval.cli.output import print_json, reported, terminal_width
from retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retrieval.domain.result import Tag
    from retrieval.library import Library, Shown

    Tags = Mapping[str, Sequence[Tag]]  # of segments by their ids


STILLS = (".jpg", ".jpeg", ".png", ".webp")  # what --save writes a picture as

CLIPS = (".mp4", ".mkv", ".mov", ".webm", ".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a")

LONGEST_MS = 1 << 40  # the end of what does not say how long it is


def show(
    name: Annotated[str, typer.Argument(metavar="SEGMENT|PATH", help="An indexed file, or the id of a segment.")],
    as_json: JsonOption = False,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Cut it out: a frame (.jpg, .png), a clip (.mp4), a sound (.wav), a passage (.txt)."
        ),
    ] = None,
    library: LibraryOption = None,
) -> None:
    """Print all that is known of a file or segment, or cut it out."""  # fmt: skip
    with reported():
        from retrieval.library import Library
        from retrieval.render import json as render_json
        from retrieval.render.assets import asset_lines

        with Library.open(library) as opened:
            shown = opened.show(name)
            tags = _tags(opened, shown) if save is None else None
        if save is not None:
            _save(shown, save)
        elif as_json:
            print_json(render_json.asset_report(shown, tags))
        else:
            print("\n".join(asset_lines(shown, terminal_width(), tags)))


def _tags(opened: Library, shown: Shown) -> Tags | None:
    """The tags of all that is shown; what is known is shown without them where no model is here to tell."""
    from retrieval.errors import EncoderUnavailable

    try:
        return opened.tags([each.key for each in shown.segments])
    except EncoderUnavailable:
        return None


def _save(shown: Shown, target: Path) -> None:
    """Writes a segment, or a whole file, to `target`, in the form that its suffix names."""
    from retrieval.render.text import path_text

    source = next((path for path in shown.asset.paths if path.exists()), None)
    if target.is_dir():
        raise RetrievalError(f"{target} is a folder", "name the file to write")
    if target.exists() and source is not None and target.samefile(source):
        raise RetrievalError(f"{target} is the file itself", "name another file to write")
    if target.suffix.lower() in (".txt", ".md"):
        _save_text(shown, target)
    elif source is None:
        raise RetrievalError(f"{path_text(shown.asset.paths[0])} is offline", "mount its source, then try again")
    else:
        _save_media(shown, source, target)
    print(path_text(target))


def _save_text(shown: Shown, target: Path) -> None:
    texts = [each.segment.text for each in shown.segments if each.segment.text]
    if not texts:
        raise RetrievalError("no text to save", "--save FILE.jpg, .mp4 or .wav saves picture or sound")
    target.write_text("\n".join(texts) + "\n", encoding="utf-8")


def _save_media(shown: Shown, source: Path, target: Path) -> None:
    """What is seen or heard: a copy where a whole file is asked for as it is, else in the form of the suffix."""
    from retrieval.domain.media import Span

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
        from retrieval.media.av.audio import save_clip

        save_clip(source, one or Span(0, shown.asset.facts["duration_ms"] or LONGEST_MS), target)
    else:
        form = suffix or "a file without suffix"
        raise RetrievalError(f"{_NAMED[medium]} cannot be saved as {form}", f"--save FILE{_FORMS[medium]}")


_NAMED = {"image": "a picture", "video": "a video", "audio": "a sound", "document": "a passage"}

_FORMS = {"image": ".jpg or .png", "video": ".jpg, .mp4 or .wav", "audio": ".wav or .mp3", "document": ".txt"}
