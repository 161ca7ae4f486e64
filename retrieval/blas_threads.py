"""One thread for a question's arithmetic.

A question multiplies small matrices for some milliseconds. The threads of OpenBLAS and OpenMP wait for each other by
spinning, which costs several times what they save, more so on a machine that has other work: docs/decisions/0171.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from threading import Lock, local
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def limit_threads() -> None:
    """For the whole process, before NumPy is loaded; a user's own setting stays.

    Once NumPy is loaded the pools have their threads: variables would only hide them from SingleThreadedBlas.
    """
    if "numpy" not in sys.modules:
        for name in VARIABLES:
            os.environ.setdefault(name, "1")


class SingleThreadedBlas:
    """A context: the libraries compute on one thread inside, in every thread that entered, and as before after that.

    The pool of a BLAS belongs to the process: it is limited from the first entry to the last exit. OpenMP, which FAISS
    uses, keeps a number for each thread that calls it: each limits and restores its own.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._process = _Limit("blas")
        self._thread = _ThreadLimit()

    def __enter__(self) -> None:
        self._thread.openmp.enter()  # first: a BLAS built on OpenMP sets the calling thread's number as well
        with self._lock:
            self._process.enter()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._process.leave()
        self._thread.openmp.leave()


class _Limit:
    """One thread for the pools of one API ("blas" or "openmp"), from the first entry to the last exit."""

    def __init__(self, api: str) -> None:
        self._api = api
        self._inside = 0
        self._limit: Any = None

    def enter(self) -> None:
        self._inside += 1
        if self._inside == 1 and any(os.environ.get(name) != "1" for name in VARIABLES):
            _take_control()
            self._limit = _pools("faiss" in sys.modules).select(user_api=self._api).limit(limits=1)

    def leave(self) -> None:
        self._inside -= 1
        if self._inside == 0 and self._limit is not None:
            _take_control()
            self._limit.restore_original_limits()
            self._limit = None


class _ThreadLimit(local):
    """The OpenMP limit of the calling thread."""

    def __init__(self) -> None:
        self.openmp = _Limit("openmp")


def _take_control() -> None:
    """Version 3.8 of threadpoolctl obeys only the first thread that ever limited OpenBLAS; ours take turns, under a lock."""
    from threadpoolctl import OpenBLASController

    if hasattr(OpenBLASController, "clear_controlling_thread"):
        OpenBLASController.clear_controlling_thread(force=True)


@cache
def _pools(with_faiss: bool) -> ThreadpoolController:
    """The thread pools of what is loaded: NumPy's, and FAISS's once it is needed."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


single_threaded_blas = SingleThreadedBlas()
