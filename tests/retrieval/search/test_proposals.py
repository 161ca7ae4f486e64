"""Copies of pictures are proposed, and few others."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from retrieval.blas_threads import single_threaded_blas
from retrieval.media import fingerprint
from retrieval.search import proposals
from retrieval.search.duplicates import joined

COUNT = 660  # so many that some cells are not read
SIDE = 48


def picture(rng: np.random.Generator) -> Image.Image:
    """Blots of grey, as large as those of photos."""
    return Image.fromarray(rng.integers(0, 256, (9, 9), np.uint8)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def fingerprints(pictures: list[Image.Image]) -> np.ndarray:
    return np.stack([fingerprint.picture_fingerprint(np.asarray(each.convert("RGB"))) for each in pictures])


def test_cut_and_mirrored_copies_are_proposed_among_hundreds() -> None:
    """Each corner is cut by a tenth; a mirrored copy and one made darker come along. Hardly anything else is proposed."""
    rng = np.random.default_rng(0)
    originals = [picture(rng) for _ in range(COUNT)]
    copies = []
    for at, original in enumerate(originals[:40]):
        left, top = (at % 2) * SIDE // 10, (at // 2 % 2) * SIDE // 10
        cut = original.crop((left, top, left + SIDE * 9 // 10, top + SIDE * 9 // 10))
        turned = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if at % 3 == 0 else cut
        copies.append(turned.point(lambda grey: grey // 2) if at % 5 == 0 else turned)
    data = fingerprints([*originals, *copies])
    assert int(np.sqrt(len(data))) > proposals.NEAR_CELLS
    with single_threaded_blas:  # as the library asks
        pairs = proposals.proposed(data)
    assert (np.lexsort(pairs.T[::-1]) == np.arange(len(pairs))).all()
    found = {tuple(sorted(pair)) for pair in pairs.tolist()}
    expected = {(at, COUNT + at) for at in range(len(copies))}
    assert expected <= found
    assert len(found) < 2 * len(expected)


def test_one_picture_has_no_pair() -> None:
    """Nor has none."""
    data = fingerprints([picture(np.random.default_rng(0))])
    assert proposals.proposed(data).shape == proposals.proposed(data[:0]).shape == (0, 2)


def test_pairs_of_pictures_that_are_all_alike_do_not_grow_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of a time lapse: each has some neighbours, which link them all; however many are held at once."""
    rng = np.random.default_rng(0)
    one = fingerprints([picture(rng)]).astype(np.float32)
    data = np.rint(one + rng.normal(0, 3, (300, one.shape[1]))).clip(0, 255).astype(np.uint8)
    monkeypatch.setattr(proposals, "MOST", 8)
    pairs = proposals.proposed(data)
    assert len(pairs) <= len(data) * 8 * proposals.MOST
    assert [len(each) for each in joined(map(tuple, pairs.tolist()))] == [len(data)]
    monkeypatch.setattr(proposals, "HELD", 1_000)
    assert np.array_equal(proposals.proposed(data), pairs)


def test_details_of_a_mirrored_window_are_those_of_the_mirrored_picture() -> None:
    """The right part of a picture, mirrored, is the left part of the mirrored picture."""
    one = picture(np.random.default_rng(3))
    data = fingerprints([one, one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
    right, left = (0.25, 0.75), (0.0, 0.75)
    mirrored = fingerprint.detail_rows(data[:1], (0.0, 1.0), right, mirrored=True)
    expected = fingerprint.detail_rows(data[1:], (0.0, 1.0), left)
    assert np.allclose(mirrored, expected, atol=0.01)
    assert not np.allclose(fingerprint.detail_rows(data[:1], (0.0, 1.0), right), expected, atol=0.05)
    assert np.allclose(np.linalg.norm(mirrored, axis=1), 1, atol=1e-5)
