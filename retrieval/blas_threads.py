"""One thread for a question's arithmetic.

A question multiplies small matrices for some milliseconds. The threads of OpenBLAS and OpenMP wait for each other by
spinning, which costs several times what they save, more so on a machine that has other work: docs/decisions/0171.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def limit_threads() -> None:
    """For the whole process, before NumPy is loaded; a user's own setting stays."""
    for name in VARIABLES:
        os.environ.setdefault(name, "1")


class SingleThreadedBlas:
    """A context: the libraries' threads are one while anyone is inside, in any thread, and as they were after that."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1 and any(os.environ.get(name) != "1" for name in VARIABLES):
                self._limit = _pools("faiss" in sys.modules).limit(limits=1)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limit is not None:
                self._limit.restore_original_limits()
                self._limit = None


@cache
def _pools(with_faiss: bool) -> ThreadpoolController:
    """The thread pools of what is loaded: NumPy's, and FAISS's once it is needed."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


single_threaded_blas = SingleThreadedBlas()
