"""Field collapsing: of pictures that show the same, by perceptual fingerprint, the best answer stands for all; of the still
and the film of a Live Photo, by the identifier that both carry, one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Medium
from retrieval.media import fingerprint
from retrieval.search.candidates import Candidate

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot

FILM_SURER = 1.0  # log-odds by which a film must be surer than its still to stand for both
LOOKAHEAD = 32  # candidates behind the page that may be copies of pictures on it


def collapsed(snapshot: Snapshot, candidates: Sequence[Candidate], wanted: int, *, copies: bool) -> list[Candidate]:
    """Candidates, best first, without the other half of a Live Photo, and without pictures that show what a better one
    does; that one counts them.

    wanted: how many are shown; others are looked for among these and LOOKAHEAD more. copies: fold pictures too.
    """
    near = candidates[: wanted + LOOKAHEAD]
    told = snapshot.fingerprints.looks if copies else snapshot.fingerprints.halves
    looks = told([each.asset for each in near])
    gone = _other_halves(near, looks.pairs)
    pictures = [each for each in near if each.asset in looks.stills and each.asset not in gone] if copies else []
    if len(pictures) > 1:
        gone |= _copies(pictures, looks.stills)
    return [each for each in candidates if each.asset not in gone]


def one_half_each(snapshot: Snapshot, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Candidates in their order, without the films whose still is among them."""
    gone = _other_halves(candidates, snapshot.fingerprints.halves([each.asset for each in candidates]).pairs)
    return [each for each in candidates if each.asset not in gone]


def _other_halves(near: Sequence[Candidate], pairs: Mapping[int, tuple[str, Medium]]) -> set[int]:
    """Films whose still answers as well, which then knows them; the still where its film is much surer."""
    halves: dict[str, dict[Medium, Candidate]] = {}
    gone = set()
    for each in near:
        if each.asset in pairs:
            name, medium = pairs[each.asset]
            halves.setdefault(name, {}).setdefault(medium, each)
    for own in halves.values():
        still, film = own.get("image"), own.get("video")
        if still is not None and film is not None:
            kept, left = (film, still) if film.odds > still.odds + FILM_SURER else (still, film)
            kept.half = left.asset
            gone.add(left.asset)
    return gone


def _copies(pictures: Sequence[Candidate], stills: Mapping[int, bytes]) -> set[int]:
    """Pictures that show what one before them does, which counts them."""
    first = first_same(np.stack([np.frombuffer(stills[each.asset], np.uint8) for each in pictures]))
    gone = set()
    for at, same in enumerate(first.tolist()):
        if same != at:
            pictures[same].collapsed += 1
            gone.add(pictures[at].asset)
    return gone


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
