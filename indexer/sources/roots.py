"""The root of a source: a folder of a disk, or of a bucket."""

from __future__ import annotations

from pathlib import Path

from indexer.sources.bucket import is_empty
from retrieval.catalog.location import location
from retrieval.domain.place import address, is_object, place_text
from retrieval.errors import LibraryError


def existing_root(folder: Path) -> Path:
    """The root at a path, without links.

    Raises:
        LibraryError: there is no such folder, or its bucket cannot be listed.
    """
    if is_object(folder):
        try:
            nothing = is_empty(folder)
        except OSError as error:
            hint = "check its name, AWS_PROFILE and AWS_ENDPOINT_URL_S3"
            raise LibraryError(f"{place_text(folder)} cannot be listed: {error.strerror}", hint) from None
        if nothing and address(folder)[1]:
            raise LibraryError(f"there is no object below {place_text(folder)}", "check the path")
        return folder
    absolute = folder.expanduser().resolve()
    if not absolute.exists():
        raise LibraryError(f"there is no folder {folder}", "check the path")
    if not absolute.is_dir():
        raise LibraryError(f"{folder} is not a folder", "name the folder that it lies in")
    return absolute


def configured_roots(home: Path) -> list[Path]:
    """The roots that the settings file of a library names; they need not be there now. Raises: LibraryError."""
    named = [Path(each).expanduser() for each in location(home).sources]
    return [each if is_object(each) else (home / each).resolve() for each in named]


def is_online(root: Path) -> bool:
    """Whether a root is there now."""
    if not is_object(root):
        return root.is_dir()
    try:
        is_empty(root)
    except OSError:
        return False
    return True
