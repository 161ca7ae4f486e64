"""The file that a person names to be written: never half, never over another by mistake, and proven to open."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.errors import MediaError, RetrievalError

TEXTS = (".txt", ".md", ".srt", ".csv", ".edl")


@contextmanager
def written(target: Path, *, replace: bool = False, sources: Iterable[Path] = ()) -> Iterator[Path]:
    """A file beside `target` to write to, of its suffix; when the block ends it is opened and put in its place.

    replace: over a file that is there. sources: what is read, which is never written over.

    Raises:
        RetrievalError: `target` is a folder, one of the sources or there already; its folder is not there or takes no
            file; what was written does not open. Nothing is left behind then, and what was there is as it was.
    """
    check(target, replace=replace, sources=sources)
    part = _beside(target)
    try:
        yield part
        _check_opens(part, target)
        os.replace(part, target)
    except RetrievalError as error:
        error.what = error.what.replace(str(part), str(target)).replace(part.name, target.name)
        raise
    except OSError as error:
        raise RetrievalError(f"{target} cannot be written: {error.strerror or error}", "name another file") from error
    finally:
        part.unlink(missing_ok=True)


def check(target: Path, *, replace: bool = False, sources: Iterable[Path] = ()) -> None:
    """Whether `target` may be written, before anything is computed for it. Raises: as written."""
    if target.is_dir():
        raise RetrievalError(f"{target} is a folder", "name the file to write")
    if not target.parent.is_dir():
        raise RetrievalError(f"there is no folder {target.parent} to write {target.name} to", "make it first")
    if not target.exists():
        return
    if any(each.exists() and target.samefile(each) for each in sources):
        raise RetrievalError(f"{target} is the file itself", "name another file to write")
    if not replace:
        raise RetrievalError(f"{target} is there already", "--force writes over it")


def _beside(target: Path) -> Path:
    """A new, hidden file in the same folder, so that it takes the place of `target` in one move."""
    try:
        descriptor, name = tempfile.mkstemp(target.suffix, ".crossmedia-", target.parent)
    except OSError as error:
        raise RetrievalError(f"{target} cannot be written: {error.strerror or error}", "name another file") from error
    mask = os.umask(0)
    os.umask(mask)
    os.fchmod(descriptor, 0o666 & ~mask)
    os.close(descriptor)
    return Path(name)


def _check_opens(part: Path, target: Path) -> None:
    """Reads what was written as the indexer would. Raises: RetrievalError."""
    if target.suffix.lower() in TEXTS:
        return
    from retrieval.media.sniff import identify

    try:
        medium, _ = identify(part)
        if medium == "image":
            from retrieval.media.image.decode import open_image

            open_image(part)
        elif medium in ("video", "audio"):
            from retrieval.media.av.ffmpeg import check_decodes

            check_decodes(part)
    except MediaError as error:
        cause = str(error).replace(part.name, target.name)
        raise RetrievalError(f"{target} was not written, as it would not open: {cause}", "try another form") from error
