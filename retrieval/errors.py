"""The whole error family and the exit codes.

    RetrievalError                 what happened, and what to do about it
    ├── LibraryError
    │   ├── LibraryNotFound        no library at that place
    │   ├── LibraryLocked          another process is writing
    │   ├── LibraryTooNew          written by a later crossmedia
    │   ├── LibraryUnavailable     a server that holds a part of it cannot be reached
    │   └── LibraryDamaged         a file or table is not what was written
    ├── SpaceMismatch              vectors of two spaces would have met
    ├── InstallationError          a package is missing or broken
    │   └── EncoderUnavailable     ... or weights are, so that this encoder cannot run
    ├── QueryError                 a question or name that cannot be understood
    │   ├── UnknownName            the library holds nothing of that name
    │   └── SyntaxRefused          an operator in it stands where it cannot
    └── MediaError                 one file cannot be used; becomes a Skip in a run
        ├── MediaUnreadable        missing, forbidden, truncated, broken
        ├── MediaTooLarge          beyond a limit of settings.py
        └── MediaUnsupported       not a medium, or a kind nobody here reads

Every error carries one line for what happened to which object, and one for what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

DONE, FAILED, WRONG_USAGE, DONE_WITH_SKIPS = 0, 1, 2, 3
FOUND, NOTHING_FOUND, SEARCH_FAILED = 0, 1, 2  # `search` follows grep
LONGEST_CAUSE = 200  # characters of a foreign error that are repeated


class RetrievalError(Exception):
    """`what` happened to which object; `hint` says what to do (may be empty)."""

    code = FAILED

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} ({self.hint})" if self.hint else self.what


class IndexMismatch(Exception):
    """A published index is gone, or gives other scores than the catalog; `folder` is its generation. Never seen outside."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder


class LibraryError(RetrievalError):
    """The library as a whole cannot be used."""


class LibraryNotFound(LibraryError):
    """There is no library at that place."""


class LibraryLocked(LibraryError):
    """Another process is writing to the library."""


class LibraryTooNew(LibraryError):
    """A later crossmedia wrote this library."""


class LibraryUnavailable(LibraryError):
    """A server that holds a part of the library cannot be reached; it may be back later."""


class LibraryDamaged(LibraryError):
    """A file or table of the library is not what was written."""


class SpaceMismatch(RetrievalError):
    """Vectors of different spaces or dimensions would have met."""


class InstallationError(RetrievalError):
    """A package that this needs is missing or broken."""


class EncoderUnavailable(InstallationError):
    """An encoder's weights or packages are not on this machine, or broken."""


class QueryError(RetrievalError):
    """The question cannot be understood, or a file, folder or source is named that the library does not know."""

    code = WRONG_USAGE


class UnknownName(QueryError):
    """The library holds no asset, segment or file of that name."""


class SyntaxRefused(QueryError):
    """A question whose operators do not fit together; Query.plain takes any text as words.

    hint: what was expected; at: character (0-based) where it shows.
    """

    def __init__(self, what: str, hint: str = "", text: str = "", at: int = 0) -> None:
        super().__init__(what, hint)
        self.text = text
        self.at = at

    @property
    def picture(self) -> str:
        """The question in one line, and below it a caret under the character."""
        from unicodedata import east_asian_width

        shown = ["\ufffd" if not each.isprintable() else each for each in self.text]
        columns = sum(2 if east_asian_width(each) in "WF" else 1 for each in shown[: self.at])
        return "".join(shown) + "\n" + " " * columns + "^"


class MediaError(RetrievalError):
    """One file cannot be used. `reason` is the short word that a Skip keeps."""

    reason = "unreadable"

    def __init__(self, what: str, hint: str = "", reason: str | None = None) -> None:
        super().__init__(what, hint)
        self.reason = reason or type(self).reason


class MediaUnreadable(MediaError):
    """Missing, forbidden, truncated or broken."""


class MediaTooLarge(MediaError):
    """Beyond one of the limits of settings.py."""

    reason = "too large"


class MediaUnsupported(MediaError):
    """Not a medium, or a kind that nothing here reads."""

    reason = "not media"


@contextmanager
def importing(package: str, requirement: str, error_type: type[RetrievalError] = InstallationError) -> Iterator[None]:
    """States whatever an import raises as one error that says what to install.

    A package that does not fit the others raises as it likes while it is imported: ImportError and OSError for a shared
    library, RuntimeError for an operator, AttributeError and ValueError for another version of NumPy.

    Args:
        package: the name that is imported.
        requirement: what pip installs, quoted as in a shell.
        error_type: the error to raise.
    """
    try:
        yield
    except (MemoryError, RetrievalError):
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == package:
            raise error_type(f"the package {package} is not installed", f"pip install {requirement}") from error
        cause = " ".join(str(error).split())[:LONGEST_CAUSE] or type(error).__name__
        raise error_type(
            f"the package {package} cannot be loaded: {cause}", f"pip install --force-reinstall {requirement}"
        ) from error
