"""Imports of packages that may be missing or broken on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from retrieval.errors import InstallationError, RetrievalError

LONGEST = 200  # characters of a foreign error that are repeated


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
        cause = " ".join(str(error).split())[:LONGEST] or type(error).__name__
        raise error_type(
            f"the package {package} cannot be loaded: {cause}", f"pip install --force-reinstall {requirement}"
        ) from error
