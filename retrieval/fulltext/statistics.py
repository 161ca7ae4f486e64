"""Statistics of words in which no asset counts as more than a few texts: a table of 18,000 rows that all name a battery is
no more than a manual of a dozen passages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.records import Ids, distinct
from retrieval.fulltext import analyzer

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot

LARGE = 20_000  # texts of a library in which a frequent word is not looked at a second time
MOST_OF_ASSET = 12  # texts that one asset counts as, and brings to an answer, at most


@dataclass(frozen=True, slots=True, eq=False)
class TextStatistics:
    """owner (n,) int64: the asset of the segment's text with that id, 0 for none; weight (n,) float64 in 0..1: how much that
    text counts; up_to (n,) float64: what all texts up to it count. texts, names: number of texts, and of assets with names.
    legacy: words were folded by an older program."""

    owner: Ids
    weight: NDArray[np.float64]
    up_to: NDArray[np.float64]
    texts: int
    names: int
    legacy: bool = False

    @property
    def last(self) -> int:
        """The greatest id of a text that is known."""
        return len(self.owner) - 1

    @property
    def total(self) -> float:
        """What all texts count."""
        return float(self.up_to[-1])

    def owners(self, ids: Ids) -> Ids:
        """The assets (n,) of texts (n,)."""
        return self.owner[np.minimum(ids, self.last)]

    def frequency(self, ids: Ids) -> float:
        """What texts (n,) count."""
        return float(self.weight[np.minimum(ids, self.last)].sum())

    def is_frequent(self, ids: Ids, *, cut: bool) -> bool:
        """Whether a term that texts (n,) hold, ascending, is in so many that it tells nothing; in a few assets none is.

        cut: there are more such texts, with greater ids; the texts up to the last one then stand for all, unless they are
        of a few assets: a library that is not large is then worth a second look.
        """
        last = min(int(ids[-1]), self.last) if cut else self.last
        share = self.frequency(ids) / max(float(self.up_to[last]), 1.0)
        if not analyzer.is_frequent(round(share * self.total), round(self.total)):
            return False
        spread = ids[:: max(1, len(ids) // 64)]  # in most cases these tell already
        if any(len(set(self.owners(each).tolist())) > analyzer.FEW for each in (spread, ids)):
            return True
        assets = np.count_nonzero(distinct(self.owner[: last + 1]))
        return cut and int(assets) <= analyzer.FEW and self.texts > LARGE

    def first_of_each(self, ids: Ids) -> NDArray[np.bool_]:
        """Mask (n,) of the first texts (n,) of each asset, in the order given, at most MOST_OF_ASSET of it."""
        owners = self.owners(ids)
        order = np.argsort(owners, kind="stable")
        sorted_owners = owners[order]
        begins = np.flatnonzero(np.r_[True, sorted_owners[1:] != sorted_owners[:-1]])
        rank = np.arange(len(ids)) - np.repeat(begins, np.diff(np.r_[begins, len(ids)]))
        mask = np.empty(len(ids), np.bool_)
        mask[order] = rank < MOST_OF_ASSET
        return mask


def read_statistics(snapshot: Snapshot, before: TextStatistics | None = None) -> TextStatistics:
    """The statistics of a snapshot; of those before it, owners are kept, as no id is used twice."""
    found = snapshot.fulltext.owners(before.last if before else 0)
    owner = np.zeros(max(int(found.segments.max(initial=0)), before.last if before else 0) + 1, np.int64)
    if before is not None:
        owner[: len(before.owner)] = before.owner
    owner[found.segments] = found.assets
    counts = np.bincount(owner)
    counts[0] = 0
    each = np.minimum(counts, MOST_OF_ASSET) / np.maximum(counts, 1)
    weight = each[owner]
    return TextStatistics(owner, weight, np.cumsum(weight), found.texts, found.names, found.legacy)
