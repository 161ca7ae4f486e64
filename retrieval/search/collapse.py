"""Field collapsing by perceptual fingerprint: of pictures that show the same, the best answer stands for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retrieval.protocols import Snapshot
from retrieval.search import duplicates
from retrieval.search.candidates import Candidate

LOOKAHEAD = 32  # candidates behind the page that may be copies of pictures on it


def collapsed(snapshot: Snapshot, found: Sequence[Candidate], wanted: int) -> list[Candidate]:
    """Candidates, best first, without pictures that show what a better one does; that one counts them.

    wanted: how many are shown; copies are looked for among these and LOOKAHEAD more.
    """
    near = found[: wanted + LOOKAHEAD]
    looks = snapshot.fingerprints.stills([each.asset for each in near])
    pictures = [each for each in near if each.asset in looks]
    if len(pictures) < 2:
        return list(found)
    first = duplicates.collapsed(np.stack([np.frombuffer(looks[each.asset], np.uint8) for each in pictures]))
    gone = set()
    for at, same in enumerate(first.tolist()):
        if same != at:
            pictures[same].collapsed += 1
            gone.add(pictures[at].asset)
    return [each for each in found if each.asset not in gone]
