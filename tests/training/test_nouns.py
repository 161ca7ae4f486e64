"""Nouns put to photos that nothing has learned from, and the weights that tell whether they are there."""

from __future__ import annotations

import random

import numpy as np
import pytest

from retrieval.encoders.calibration import NounCalibration
from training import nouns
from training.data import CaptionRow


def test_a_noun_is_told_by_its_captions() -> None:
    """Captions that name it are counted, in any form; other languages are not."""
    rows = [
        CaptionRow("a.png", "en", "written", "two dogs run"),
        CaptionRow("a.png", "en", "written", "a dog and a boat"),
        CaptionRow("a.png", "de", "written", "ein Hund, dog"),
    ]
    assert nouns.told(["dog", "boat", "cat"], rows)["a.png"].tolist() == [2, 1, 0]


def test_galleries_are_of_one_source_or_of_all() -> None:
    """No more pictures than there are; no picture twice."""
    files = [f"{letter}{n}" for letter in "dc" for n in range(60)]
    found = list(nouns.galleries(files, random.Random(1)))
    assert {len(each) for each in found} == {20, 50, 100}
    assert all(len(set(each)) == len(each) for each in found)
    assert {frozenset(file[0] for file in each) for each in found} == {frozenset("d"), frozenset("c"), frozenset("dc")}


def _world(rng: np.random.Generator, count: int) -> nouns.Put:
    """40 nouns, half of them shown by three of `count` pictures, whose cosine with them is 0.4 and not 0.1."""
    vectors = np.linalg.qr(rng.normal(size=(64, 64)))[0][:40].astype(np.float32)
    files = [f"d{n}" for n in range(count)]
    said = {file: np.zeros(40, np.intp) for file in files}
    pictures = 0.1 * vectors.sum(axis=0) + 0.05 * rng.normal(size=(count, 64))
    for noun in range(0, 40, 2):
        for at in rng.choice(count, 3, replace=False):
            said[files[at]][noun] = 2
            pictures[at] += 0.3 * vectors[noun]
    said[files[0]][1] = 1
    return nouns.put(files, pictures.astype(np.float32), vectors, said)


def test_what_only_one_caption_tells_is_left_out() -> None:
    """It is neither there nor absent; the others are what they were made."""
    found = _world(np.random.default_rng(1), 50)
    assert 1 not in found.nouns
    assert (found.nouns % 2 == 0).tolist() == found.is_there.tolist()
    assert found.lead.tolist() == pytest.approx(found.scores.max(axis=1).tolist())


def test_the_weights_tell_what_is_there() -> None:
    """Fitted on some worlds, right on another; more pictures ask for more."""
    rng = np.random.default_rng(2)
    cosines = np.tile(np.array([0.1, 0.05, 0.4, 0.1], np.float32), (40, 1))
    weights = nouns.fit([_world(rng, count) for count in (20, 50, 100) for _ in range(2)], cosines)
    assert weights.lead > 0
    judge = NounCalibration(weights, np.zeros((40, 64), np.float32), cosines)
    other = _world(rng, 60)
    sure = [
        judge.line(np.array([noun]), lead, 60).odds(np.asarray(lead)) >= 0
        for noun, lead in zip(other.nouns, other.lead, strict=True)
    ]
    assert np.mean(np.array(sure) == other.is_there) > 0.9
    lines = list(nouns.table(judge, [other]))
    assert len(lines) == 1
    assert lines[0].startswith("60 pictures: nouns kept ")
