"""One state of a library, asked: answers, curves, explanations and tags of one snapshot and the indexes that fit it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from retrieval import resources
from retrieval.catalog import layout
from retrieval.domain.query import Filters
from retrieval.domain.records import Ids
from retrieval.domain.result import Answer
from retrieval.domain.text import valid_text
from retrieval.protocols import Snapshot
from retrieval.query.encode import EncodedOperand, EncodedQuery, resolve
from retrieval.query.names import asset_named
from retrieval.search.context import SearchContext
from retrieval.vectors.space import Scope

if TYPE_CHECKING:
    from retrieval.encoders.profile import Profile, Role
    from retrieval.search.explain import Explanation
    from retrieval.search.moments import Curve
    from retrieval.search.tagging import Tagger


@dataclass(frozen=True, slots=True, eq=False)
class OpenState:
    """One state of the catalog of the library in folder `home`, with its spaces as of that state."""

    home: Path
    profile: Profile
    snapshot: Snapshot
    context: SearchContext

    @property
    def spaces(self) -> dict[Role, tuple[int, int]]:
        """The catalog's id of each space that is asked, and its dimension."""
        return {role: (each.live.id, each.live.space.dimension) for role, each in self.context.spaces.items()}

    def resolved(self, encoded: EncodedQuery) -> list[EncodedOperand]:
        """The operands with what the library knows of them."""
        return [resolve(each, self.snapshot, self.spaces) for each in encoded.operands]

    def answer(self, encoded: EncodedQuery) -> Answer:
        """The hits of a question. Raises: as Library.search."""
        from retrieval.search import engine, feedback

        operands = feedback.with_centroids(encoded.query, self.resolved(encoded), self.snapshot, self.spaces)
        tag = encoded.query.filters.tag
        tagged = self._tagged(tag) if tag else None
        return engine.answer(encoded.query, operands, self.context, self.profile, self.snapshot, tagged)

    def _tagged(self, name: str) -> Ids:
        """The assets that have a tag."""
        name = valid_text(name)
        tagger = self.tagger([name])
        return tagger.assets(name, Scope()) if tagger is not None else np.empty(0, np.int64)

    def tagger(self, asked: Sequence[str]) -> Tagger | None:
        """What gives the tags of the vocabulary, of the library's own and of those asked for; None: nothing has any."""
        from retrieval.search import tagging

        vocabulary = tagging.read([resources.vocabulary(), layout.tags(self.home)])
        return tagging.tagger(vocabulary, asked, self.context, self.profile, self.snapshot)

    def curve(self, encoded: EncodedQuery, asset: int) -> Curve:
        """How sure the question is of one asset over time."""
        from retrieval.query.build import whole_tree
        from retrieval.search import moments, temporal, timeline

        operands = self.resolved(encoded)
        tree = whole_tree(encoded.query)
        if tree is not None:
            scorer = temporal.TreeScorer(tree, operands, self.context, self.profile, self.snapshot)
            return scorer.curve(asset)
        if not operands:
            return moments.EMPTY
        curves = timeline.curves(operands[0], self.context, self.profile, self.snapshot, [asset])
        return curves.get(asset, moments.EMPTY)

    def explanation(self, encoded: EncodedQuery, name: str) -> Explanation | None:
        """Why an asset answers, without regard to filters and cut; None where nothing in it does."""
        from retrieval.search import explain

        asset = asset_named(name, self.snapshot)
        stored = self.snapshot.assets.by_id([asset])[asset]
        every = encoded.changed(filters=Filters(), limit=100, offset=0, sort="confidence", min_confidence=0.0)
        alone = every.changed(filters=Filters(path=explain.exactly(stored.paths[0])))  # where it is not among the first
        answers = (self.answer(each) for each in (every, alone))
        hit = next((each for answer in answers for each in answer if each.asset == stored.hash), None)
        if hit is None:
            return None
        curve = self.curve(every, asset) if hit.medium in ("video", "audio") else None
        operands = self.resolved(encoded)
        speaking = [operands[at] for at in explain.asked_for(encoded.query)]
        return explain.explain(hit, name, speaking, self.context, self.profile, self.snapshot, curve)
