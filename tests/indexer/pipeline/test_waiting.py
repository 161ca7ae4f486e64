"""indexer.pipeline.stages: the queue before the encoder is bounded by bytes, and encoders are told how many come."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.pipeline import stages
from indexer.pipeline.stages import Job, Pipeline, Result, Tower, _Flow, _Item
from indexer.pipeline.steps import task_of
from retrieval.domain.media import ImageSpec
from retrieval.media.worker import Workers
from retrieval.settings import LIMITS
from tests.fakes import FakeProfile, FakeTranscriber


def job(name: str) -> Job:
    return Job(task_of("read", Path(name), None, ImageSpec(32), LIMITS))


def view(count: int) -> _Item:
    """A view of so many bytes."""
    return _Item(Result(job("a.jpg")), value=np.zeros(count, np.uint8))


def test_views_wait_for_room_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five views of 40 bytes two fit into 500 with what an item takes; the third is put when one is taken."""
    monkeypatch.setattr(stages, "WAITING_BYTES", 500)
    flow, given = _Flow(iter([])), [view(40) for _ in range(5)]
    putting = threading.Thread(target=lambda: [flow.put(each) for each in given])
    putting.start()
    taken = []
    for left in (5, 4, 3):
        with flow._changed:
            assert flow._changed.wait_for(lambda: len(flow._waiting) == 2, 60)
            assert flow._waiting_bytes == 480
        assert left == 3 or putting.is_alive()
        taken += flow.take(1, 60)
    putting.join(60)
    assert [*taken, *flow.take(9, 60)] == given
    assert flow.take(1, 0) == []


def test_a_view_beyond_the_bound_passes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a large encoder would wait for ever."""
    monkeypatch.setattr(stages, "WAITING_BYTES", 500)
    flow = _Flow(iter([]))
    flow.put(view(10_000))
    assert len(flow.take(9, 60)) == 1


def test_a_stopped_pass_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither who puts nor who takes."""
    monkeypatch.setattr(stages, "WAITING_BYTES", 500)
    flow = _Flow(iter([]))
    threads = [
        threading.Thread(target=lambda: [flow.put(view(400)) for _ in range(3)]),
        threading.Thread(target=lambda: _Flow.take(flow, 1, 60)),
    ]
    for each in threads:
        each.start()
    flow.stop()
    for each in threads:
        each.join(60)
    assert not any(each.is_alive() for each in threads)
    assert flow.take(1, 60) == []


def test_ends_do_not_count_among_what_is_encoded() -> None:
    """Batches are full of views, whose own number every runtime is then given; ends come with the views before them."""
    flow = _Flow(iter([]))
    for each in (view(4), view(4)):
        flow.put(each)
        flow.put(_Item(each.result, ends=True))
    flow.put(None)
    flow.put(view(4))
    kinds = [[each is not None and not each.ends for each in flow.take(2, 60)] for _ in range(2)]
    assert kinds == [[True, False, True, False, False], [True]]


def test_results_without_views_do_not_wait_for_a_full_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies and broken files end in batches too, however fast one follows the other."""
    monkeypatch.setattr(stages, "BATCH", 2)
    pipeline = Pipeline(Workers(LIMITS), {}, lambda: FakeTranscriber("hello"), lambda identity: True, 1)
    flow, left = _Flow(iter([])), 100
    monkeypatch.setattr(flow, "take", lambda most, wait: [_Item(Result(job("a.jpg")), ends=True)] if more() else [None])

    def more() -> bool:
        nonlocal left
        left -= 1
        assert flow._finished.qsize() >= 99 - left - 8
        return left >= 0

    pipeline._encode_all(flow)
    assert flow._finished.qsize() == 101


def test_an_encoder_is_told_how_many_pictures_come() -> None:
    """By the names of the files, before the first is read; documents do not count."""
    told: list[int] = []

    class Told:
        def __init__(self, own: Any) -> None:
            self.space, self.accepts, self.form, self.encode = own.space, own.accepts, own.form, own.encode

        def expect(self, count: int) -> None:
            told.append(count)

    encoder = Told(FakeProfile().encoder("shared", "image"))
    towers: dict[stages.Place, Tower] = {("shared", "image"): Tower(1, encoder)}
    pipeline = Pipeline(Workers(LIMITS), towers, lambda: FakeTranscriber("hello"), lambda identity: True, 1)
    pipeline._announce([job("a.jpg"), job("b.JPG"), job("c.png"), job("d.txt")])
    pipeline._announce([job("d.txt")])
    assert told == [3]
