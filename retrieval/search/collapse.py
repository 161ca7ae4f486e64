"""Field collapsing by perceptual fingerprint: of pictures that show the same, the best answer stands for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.media import fingerprint
from retrieval.protocols import Snapshot
from retrieval.search.candidates import Candidate

LOOKAHEAD = 32  # candidates behind the page that may be copies of pictures on it


def collapsed(snapshot: Snapshot, candidates: Sequence[Candidate], wanted: int) -> list[Candidate]:
    """Candidates, best first, without pictures that show what a better one does; that one counts them.

    wanted: how many are shown; copies are looked for among these and LOOKAHEAD more.
    """
    near = candidates[: wanted + LOOKAHEAD]
    looks = snapshot.fingerprints.stills([each.asset for each in near])
    pictures = [each for each in near if each.asset in looks]
    if len(pictures) < 2:
        return list(candidates)
    first = first_same(np.stack([np.frombuffer(looks[each.asset], np.uint8) for each in pictures]))
    gone = set()
    for at, same in enumerate(first.tolist()):
        if same != at:
            pictures[same].collapsed += 1
            gone.add(pictures[at].asset)
    return [each for each in candidates if each.asset not in gone]


def first_same(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(n,) for each of (n, BYTES) fingerprints the first one that is the same picture, itself where none is."""
    first = np.arange(len(data))
    rows = fingerprint.coarse(data)
    plain, mirrored = rows[: len(data)], rows[len(data) :]
    near = np.maximum(plain @ plain.T, plain @ mirrored.T) >= fingerprint.MAY_BE_ONE
    for at in range(1, len(data)):
        before = np.flatnonzero(near[at, :at] & (first[:at] == np.arange(at)))
        same = fingerprint.same_pictures(data[at], data[before])
        if same.any():
            first[at] = before[int(same.argmax())]
    return first
