"""Relevance feedback (Rocchio): right and wrong answers move a question towards or away from their mean.

Source: Rocchio's rule, Manning, Raghavan, Schütze 2008, 9.1.1; see docs/decisions/0201.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Modality, Vectors
from retrieval.domain.query import Query
from retrieval.query.build import whole_tree
from retrieval.query.encode import EncodedOperand, read_like

if TYPE_CHECKING:
    from retrieval.encoders.profile import Role
    from retrieval.protocols import Snapshot

    Spaces = Mapping[Role, tuple[int, int]]
    Centroids = dict[tuple[Role, Modality], Vectors]

MORE, LESS = 0.75, 0.15  # weights beside the question's 1
UNRELATED = -4.0  # log-odds of what is like nothing: less like it changes nothing


def moved(
    odds: NDArray[np.float64], more: NDArray[np.float64] | None, less: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Log-odds (n,) of a question, moved by those of likeness to right and to wrong answers, (n,) each where there are."""
    if more is not None:
        odds = (odds + MORE * more) / (1 + MORE)
    if less is not None:
        odds = odds - LESS * np.maximum(0.0, less - UNRELATED)
    return odds


def with_centroids(
    query: Query, operands: Sequence[EncodedOperand], snapshot: Snapshot, spaces: Spaces
) -> list[EncodedOperand]:
    """The operands that bring candidates with the means of the query's right and wrong answers; others as they are.

    Raises:
        QueryError: the library holds nothing of one of the names.
    """
    if not (query.more_like or query.less_like):
        return list(operands)
    from retrieval.search import boolean

    more, less = (centroids(names, snapshot, spaces) for names in (query.more_like, query.less_like))
    tree = whole_tree(query)
    generating = boolean.generates_candidates(tree) if tree is not None else [True]
    pairs = zip(operands, generating, strict=True)
    return [replace(each, more=more, less=less) if own else each for each, own in pairs]


def centroids(names: Sequence[str], snapshot: Snapshot, spaces: Spaces) -> Centroids:
    """(1, dimension) the mean of what the library holds under these names, each counting once, by space and modality.

    Raises:
        QueryError: the library holds nothing of one of the names.
    """
    means: dict[tuple[Role, Modality], list[Vectors]] = {}
    for name in names:
        for place, vectors in read_like(name, snapshot, spaces).vectors.items():
            means.setdefault(place, []).append(vectors.mean(axis=0))
    return {place: np.mean(each, axis=0, keepdims=True).astype(np.float32) for place, each in means.items()}
