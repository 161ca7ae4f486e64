"""The state of a library that searches share, read anew where it has changed, and the calibrations of one search."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.domain.media import Kind, Modality, Vectors
from retrieval.domain.records import LiveSpace, WordTable
from retrieval.encoders.calibration import LinearCalibration
from retrieval.errors import EncoderUnavailable
from retrieval.kinds import KINDS, calibrated_together, kinds_in
from retrieval.protocols import Snapshot
from retrieval.query.encode import EncodedOperand
from retrieval.vectors.exact import rescore
from retrieval.vectors.space import Scope, SpaceSnapshot, open_space, refresh_space

if TYPE_CHECKING:
    from retrieval.encoders.profile import Profile, Role
    from retrieval.search.retrievers import VectorQuery

    Key = tuple[EncodedOperand, Role, Modality, Kind]

FEW = 8  # of which the nearest is sought: an index may take one for another that is as near within thousandths


class IndexMismatch(Exception):
    """A published index gives other scores than the catalog; `folder` is its generation."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder


@dataclass(slots=True)
class CalibrationCache:
    """Calibrations and top scores of one search, by vector query; the only part of its context that changes.

    top: the best cosine of a query's own vectors, and the number of vectors in scope.
    """

    lines: dict[Key, LinearCalibration] = field(default_factory=dict)
    top: dict[Key, tuple[float, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class SearchContext:
    """Spaces and full-text totals of the library, as they were at one commit.

    allowed: the scope of one search, by whose top scores its questions are calibrated. cache: of that search; None
    keeps nothing.
    """

    spaces: Mapping[Role, SpaceSnapshot]
    totals: dict[WordTable, int]
    warnings: tuple[str, ...] = ()
    allowed: Scope = field(default_factory=Scope)
    cache: CalibrationCache | None = None

    def for_search(self, allowed: Scope) -> SearchContext:
        """The same for one search in a scope."""
        return replace(self, allowed=allowed, cache=CalibrationCache())

    def line(self, profile: Profile, probe: VectorQuery, snapshot: Snapshot) -> LinearCalibration:
        """The calibration of a vector query: cosines -> log-odds."""
        known = self.cache.lines.get(_key(probe)) if self.cache else None
        if known is not None:
            return known
        others = [replace(probe, kind=kind) for kind in calibrated_together(probe.kind)]
        found = [(each, top) for each in others if (top := self._top(each, snapshot)) is not None]
        if not found:
            return profile.prior(probe.direction).line(0)
        lead = max(best - each.handicap(profile) for each, (best, _) in found)
        count = found[0][1][1]
        cohort = profile.background(probe.direction)
        line = cohort.line(probe.own, lead, count) if cohort else profile.prior(probe.direction).line(count)
        if self.cache:
            self.cache.lines[_key(probe)] = line
        return line

    def _top(self, probe: VectorQuery, snapshot: Snapshot) -> tuple[float, int] | None:
        """The best cosine of a query's own vectors, and among how many; None where the library has none of the kind."""
        space = self.spaces.get(probe.role)
        if space is None or probe.kind not in space.kinds():
            return None
        known = self.cache.top.get(_key(probe)) if self.cache else None
        if known is not None:
            return known
        near = space.nearest(probe.kind, probe.own, FEW, self.allowed)
        stored = snapshot.vectors.by_id(near.rows["vector"][near.rows["vector"] > 0], probe.own.shape[1])
        return self.note(probe, rescore(probe.own, stored.data), near.count)

    def note(self, probe: VectorQuery, scores: Vectors, count: int) -> tuple[float, int]:
        """Keeps the best of the scores (q, n) of a query's own vectors with their nearest among `count`."""
        found = float(scores.max(initial=-1.0)), count
        if self.cache:
            self.cache.top[_key(probe)] = found
        return found


def _key(probe: VectorQuery) -> Key:
    return probe.operand, probe.role, probe.sense, probe.kind


# ---------------------------------------------------------------- reading it


def read_context(
    snapshot: Snapshot,
    home: Path,
    profile: Profile,
    before: SearchContext | None = None,
    distrust: Collection[str] = (),
    *,
    exact: bool = False,
) -> SearchContext:
    """The state of the library in folder `home` as of a snapshot; of the state before it, what has not changed is kept.

    distrust: folders of generations that proved damaged. exact: no generation is opened at all.
    """
    spaces: dict[Role, SpaceSnapshot] = {}
    warnings: list[str] = []
    live = snapshot.vectors.live_spaces()
    for role in profile.spaces:
        space = _live_space(profile, role, live, warnings)
        if space is None:
            continue
        space = replace(space, folder=None) if exact else space
        known = before.spaces.get(role) if before else None
        if known is not None and known.live == space and space.folder not in distrust:
            spaces[role] = refresh_space(snapshot, known)
        else:
            spaces[role] = open_space(snapshot, home, space, distrust=distrust)
        warnings += spaces[role].warnings
    return SearchContext(spaces, snapshot.fulltext.totals(), tuple(warnings))


def _live_space(profile: Profile, role: Role, live: Sequence[LiveSpace], warnings: list[str]) -> LiveSpace | None:
    """The live space that the profile's encoder of that role asks; vectors of different spaces never meet."""
    try:
        wanted = profile.space(role)
    except EncoderUnavailable as error:
        warnings.append(str(error))
        return None
    found = next((each for each in live if each.space == wanted), None)
    other = next((each.space for each in live if each.space.name == wanted.name), None)
    if found is None and other is not None:
        kinds = ", ".join(KINDS[kind].plural for kind in kinds_in(role))
        warnings.append(
            f"the library was encoded by {other.encoder} {other.revision}, and here is {wanted.encoder} "
            f"{wanted.revision}: {kinds} are found by words alone (crossmedia rebuild --profile {profile.name} "
            "encodes them again)"
        )
    return found
