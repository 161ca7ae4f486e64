"""Answers go to standard output, all else to standard error; every expected error is one line and an exit code."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from retrieval.errors import FAILED, RetrievalError, SyntaxRefused


@contextmanager
def reported(failed: int | None = None) -> Iterator[None]:
    """Prints an error as one line and ends with its exit code, or with `failed` whatever it is."""
    try:
        yield
        sys.stdout.flush()
    except SyntaxRefused as error:
        complain(f"{error.what} ({error.hint}; --plain takes the words as they are)")
        raise SystemExit(failed or error.code) from None
    except RetrievalError as error:
        complain(str(error))
        raise SystemExit(failed or error.code) from None
    except BrokenPipeError:  # whoever read us has enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  the interpreter flushes it when it ends
        raise SystemExit(0) from None
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        complain(f"{error.strerror or error}{where}")
        raise SystemExit(failed or FAILED) from None
    except Exception as error:
        if not _is_from_catalog(error):
            raise
        complain(f"the catalog cannot be used: {getattr(error, 'orig', error)} (crossmedia doctor examines it)")
        raise SystemExit(failed or FAILED) from None


def complain(line: str) -> None:
    """One line on standard error."""
    from retrieval.render.text import plain

    print(f"crossmedia: {plain(line)}", file=sys.stderr)


def _is_from_catalog(error: Exception) -> bool:
    library = sys.modules.get("sqlalchemy.exc")
    return library is not None and isinstance(error, library.SQLAlchemyError)


def print_json(report: Any, indent: int | None = 2) -> None:
    """JSON on standard output, other scripts as they are."""
    import json

    print(json.dumps(report, ensure_ascii=False, indent=indent))


def terminal_width() -> int | None:
    """Columns of the terminal; None where standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def is_bold() -> bool:
    """Whether words may be shown bold: on a terminal that shows escape sequences, unless NO_COLOR asks for none."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
