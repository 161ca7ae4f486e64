"""The threads of the arithmetic libraries while a question is answered."""

from __future__ import annotations

import os
import subprocess
import sys

INSIDE_TWICE = """
import threading, numpy, threadpoolctl
from retrieval.blas_threads import OneThread

def threads():
    return {each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"}

def come_and_go():
    with held:
        pass

held = OneThread()
with threadpoolctl.threadpool_limits(3):
    with held:
        other = threading.Thread(target=come_and_go)
        other.start()
        other.join()
        assert threads() == {1}, threads()
    assert threads() == {3}, threads()
print("held")
"""


def test_threads_are_one_while_anyone_is_inside_and_as_before_after() -> None:
    """Another thread that came later and leaves first changes nothing."""
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    ran = subprocess.run([sys.executable, "-c", INSIDE_TWICE], env=free, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "held", ran.stderr
