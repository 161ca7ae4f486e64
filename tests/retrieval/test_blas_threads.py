"""The threads of the arithmetic libraries while a question is answered."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

THREADS = """
import threading, numpy, threadpoolctl
from retrieval.blas_threads import SingleThreadedBlas

def threads(api):
    return {each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == api}

held = SingleThreadedBlas()
"""

INSIDE_TWICE = """
def come_and_go():
    with held:
        pass

with threadpoolctl.threadpool_limits(3):
    with held:
        other = threading.Thread(target=come_and_go)
        other.start()
        other.join()
        assert threads("blas") == {1}, threads("blas")
    assert threads("blas") == {3}, threads("blas")
print("held")
"""

OVERLAPPING = """
import sys, faiss

if not threads("openmp"):
    sys.exit("no OpenMP")

first_inside, first_leaves, first_left, second_leaves = (threading.Event() for _ in range(4))
seen = {}

def first():
    with held:
        first_inside.set()
        first_leaves.wait(60)
    seen["first, after"] = threads("openmp")
    first_left.set()

def second():
    first_inside.wait(60)
    seen["second, before"] = threads("openmp")
    with held:
        seen["second, both inside"] = threads("openmp")
        with held:
            pass
        seen["second, inside twice"] = threads("openmp")
        first_leaves.set()
        first_left.wait(60)
        seen["second, alone"] = threads("openmp")
        seen["BLAS of NumPy"] = {each.num_threads for each in pools}
    seen["second, after"] = threads("openmp")
    seen["BLAS of NumPy, after"] = {each.num_threads for each in pools}

controllers = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
pools = [each for each in controllers if each.threading_layer != "openmp"]  # the others follow OpenMP
wide = threadpoolctl.threadpool_limits(3, user_api="blas")
both = [threading.Thread(target=target) for target in (first, second)]
for each in both:
    each.start()
for each in both:
    each.join()
expected = {
    "second, before": {3}, "second, both inside": {1}, "second, inside twice": {1}, "first, after": {3},
    "second, alone": {1}, "second, after": {3},
    "BLAS of NumPy": {1} if pools else set(), "BLAS of NumPy, after": {3} if pools else set(),
}
assert seen == expected, seen
print("held")
"""


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A fresh Python, whose libraries have as many threads as `variables` say."""
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    return subprocess.run(
        [sys.executable, "-c", THREADS + code], env=free | variables, capture_output=True, text=True, check=False
    )


def test_threads_are_one_while_anyone_is_inside_and_as_before_after() -> None:
    """Another thread that came later and leaves first changes nothing."""
    ran = run(INSIDE_TWICE)
    assert ran.stdout.strip() == "held", ran.stderr


def test_each_thread_inside_has_one_thread_and_gets_its_own_number_back() -> None:
    """OpenMP counts for each calling thread: one that enters second and leaves last is limited as long as it is inside."""
    pytest.importorskip("faiss")
    ran = run(OVERLAPPING, OMP_NUM_THREADS="3")
    if "no OpenMP" in ran.stderr:
        pytest.skip("FAISS is built without OpenMP")
    assert ran.stdout.strip() == "held", ran.stderr
