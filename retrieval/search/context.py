"""Everything that a search reads, the calibrations of one search, and the state of the indexes, which searches share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.catalog.disk import can_be_written
from retrieval.domain.media import Kind, Modality, Vectors
from retrieval.domain.records import Columns, LiveSpace, StoredVectors
from retrieval.encoders.calibration import LinearCalibration, SceneCalibration
from retrieval.errors import EncoderUnavailable
from retrieval.fulltext.lookup import KeywordQuery, look_up
from retrieval.fulltext.statistics import TextStatistics, read_statistics
from retrieval.kinds import KINDS, calibrated_together, kinds_in
from retrieval.query.encode import EncodedOperand, EncodedQuery, resolve
from retrieval.vectors.exact import rescore
from retrieval.vectors.space import Scope, SpaceSnapshot, open_space, refresh_space

if TYPE_CHECKING:
    from retrieval.encoders.profile import Role
    from retrieval.protocols import Profile, Snapshot, VectorSpace
    from retrieval.search.retrievers import VectorQuery

    Key = tuple[EncodedOperand, Role, Modality, Kind]

FEW = 8  # of which the nearest is sought: an index may take one for another that is as near within thousandths


class SnapshotOutdated(Exception):
    """A writer has committed since the snapshot was read, and the index files that it names may be gone."""


@dataclass(slots=True)
class CalibrationCache:
    """Calibrations and top scores of one search, by vector query; the only part of its context that changes.

    top: the best cosine of a query's own vectors, and the number of vectors in scope.
    """

    lines: dict[Key, LinearCalibration] = field(default_factory=dict)
    top: dict[Key, tuple[float, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class IndexState:
    """Spaces and statistics of words of the library in folder `home`, as they were at one commit; searches share it.

    columns: those that its filters were asked for.
    """

    home: Path
    spaces: Mapping[Role, SpaceSnapshot]
    statistics: TextStatistics
    warnings: tuple[str, ...] = ()
    columns: Columns = field(default_factory=Columns)

    @property
    def space_ids(self) -> dict[Role, tuple[int, int]]:
        """The catalog's id of each space that is asked, and its dimension."""
        return {role: (each.live.id, each.live.space.dimension) for role, each in self.spaces.items()}

    @property
    def lacks_files(self) -> bool:
        """Whether a published index is not asked, for its files are missing, damaged or not trusted."""
        return any(each.live.folder is not None and each.is_exact for each in self.spaces.values())


@dataclass(frozen=True, slots=True, eq=False)
class SearchContext:
    """Everything that a search reads: one state of the catalog, the indexes that fit it, and the profile.

    scope: that of one search, by whose top scores its questions are calibrated. cache: of that search; None keeps
    nothing. looked_up: the keywords of questions, which are the same for every scope.
    """

    index: IndexState
    profile: Profile
    snapshot: Snapshot
    scope: Scope = field(default_factory=Scope)
    cache: CalibrationCache | None = None
    looked_up: dict[tuple[str, bool], KeywordQuery] = field(default_factory=dict)

    @property
    def spaces(self) -> Mapping[Role, VectorSpace]:
        """The spaces that are asked, by what the profile calls them."""
        return self.index.spaces

    def for_search(self, scope: Scope) -> SearchContext:
        """The same for one search in a scope."""
        return replace(self, scope=scope, cache=CalibrationCache())

    def resolved(self, encoded: EncodedQuery) -> list[EncodedOperand]:
        """The operands with what the library knows of them. Raises: QueryError, see encode.resolve."""
        return [resolve(each, self.snapshot, self.index.space_ids) for each in encoded.operands]

    def vectors_of(self, segments: Collection[int]) -> dict[Role, StoredVectors]:
        """All vectors of these segments in every space that is asked."""
        ids = self.index.space_ids
        stored = self.snapshot.vectors.of_segments(dict(ids.values()), segments)
        return {role: stored[space] for role, (space, _) in ids.items()}

    def keywords(self, text: str, *, every: bool = False) -> KeywordQuery:
        """The words of a question, looked up once. every: those that are in most assets, too."""
        key = (text, every)
        if key not in self.looked_up:
            self.looked_up[key] = look_up(self.snapshot, text, self.index.statistics, every=every)
        return self.looked_up[key]

    def calibration(self, probe: VectorQuery) -> LinearCalibration:
        """The calibration of a vector query: cosines -> log-odds."""
        known = self.cache.lines.get(_key(probe)) if self.cache else None
        if known is not None:
            return known
        others = [replace(probe, kind=kind) for kind in calibrated_together(probe.kind)]
        tops = [(each, top) for each in others if (top := self._top(each)) is not None]
        if not tops:
            return self.profile.prior(probe.direction).line(0)
        best = max(score - each.handicap(self.profile) for each, (score, _) in tops)
        count = tops[0][1][1]
        cohort = self.profile.background(probe.direction)
        line = cohort.line(probe.own, best, count) if cohort else self.profile.prior(probe.direction).line(count)
        if probe.direction == "text-image" and probe.operand.is_text:
            line = self._of_pictures(probe.operand, line)
        if self.cache:
            self.cache.lines[_key(probe)] = line
        return line

    def _of_pictures(self, operand: EncodedOperand, line: LinearCalibration) -> LinearCalibration:
        """The calibration of pictures of words, by how much these describe something that is seen."""
        texts, scenes = operand.vectors.get(("sentence", "text")), self.profile.background("text-text")
        return scenes.of_pictures(texts, line) if texts is not None and isinstance(scenes, SceneCalibration) else line

    def _top(self, probe: VectorQuery) -> tuple[float, int] | None:
        """The best cosine of a query's own vectors, and among how many; None where the library has none of the kind."""
        space = self.spaces.get(probe.role)
        if space is None or probe.kind not in space.kinds():
            return None
        known = self.cache.top.get(_key(probe)) if self.cache else None
        if known is not None:
            return known
        near = space.nearest(probe.kind, probe.own, FEW, self.scope)
        ids, dimension = near.rows["vector"][near.rows["vector"] > 0], probe.own.shape[1]
        stored = self.snapshot.vectors.by_id(ids, [dimension])[dimension]
        return self.note(probe, rescore(probe.own, stored.data), near.count)

    def note(self, probe: VectorQuery, scores: Vectors, count: int) -> tuple[float, int]:
        """Keeps the best of the scores (q, n) of a query's own vectors with their nearest among `count`."""
        top = float(scores.max(initial=-1.0)), count
        if self.cache:
            self.cache.top[_key(probe)] = top
        return top


def _key(probe: VectorQuery) -> Key:
    return probe.operand, probe.role, probe.modality, probe.kind


# ---------------------------------------------------------------- reading it


def read_index(
    snapshot: Snapshot,
    home: Path,
    profile: Profile,
    before: IndexState | None = None,
    distrust: Collection[str] = (),
    *,
    exact: bool = False,
) -> IndexState:
    """The state of the library in folder `home` as of a snapshot; of the state before it, what has not changed is kept.

    distrust: folders of generations that proved damaged. exact: no generation is opened at all.
    """
    spaces: dict[Role, SpaceSnapshot] = {}
    warnings: list[str] = []
    if not can_be_written(home):
        warnings.append(f"{home} cannot be written: what is asked is the library as it was last closed")
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
    statistics = read_statistics(snapshot, before.statistics if before else None)
    return IndexState(home, spaces, statistics, tuple(warnings))


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
