"""Tags: what pictures, shots and sounds show or let hear, of an open vocabulary; and the filter by them.

A tag is a concept whose name lies near enough to the segment: its confidence is the prior's of the profile, from the cut
on, and it is among the MOST best of all concepts. Nothing is kept of it in the catalog. Tags follow from the vectors that
are there and from those of the concepts' names, so a word that is added to the vocabulary, or asked for without being in
it, needs no file opened and nothing encoded but itself. The vectors of the names are cached by what they were made of.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Kind, Vectors
from retrieval.domain.records import Ids
from retrieval.domain.result import Tag
from retrieval.errors import LibraryError
from retrieval.fulltext import analyzer
from retrieval.kinds import KINDS, space_among
from retrieval.search import fusion
from retrieval.search.context import SearchContext
from retrieval.search.retrievers import log_odds
from retrieval.settings import cache_dir
from retrieval.vectors.space import Scope

if TYPE_CHECKING:
    from retrieval.protocols import Profile, Snapshot, VectorSpace

MOST = 3  # tags of one segment
FIRST_K = 1024  # vectors that are looked at for a filter; four times as many while all of them are sure enough
PART = 2048  # segments that are compared at once
SURE = fusion.log_odds(0.5)
WARY = 0.25  # log-odds below the cut that are still looked at: an index's scores are not exact
SEEN, HEARD = "seen", "heard"


# ---------------------------------------------------------------- the vocabulary


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing with its names, in any language; the first is shown. section: `seen` or `heard`."""

    names: tuple[str, ...]
    section: str

    def is_called(self, name: str) -> bool:
        """Whether a name is one of its own, whatever case, width or Chinese script."""
        return _same(name) in map(_same, self.names)


Vocabulary = tuple[Concept, ...]


def _same(name: str) -> str:
    return " ".join(analyzer.tokens(name))


def read(files: Iterable[Path]) -> Vocabulary:
    """The concepts of all files that are there. A line that has a name of one before adds its other names to that one.

    One concept a line, its names with commas between them; `[seen]` and `[heard]` begin what pictures and what sounds are
    tagged with, `#` a comment.

    Raises: LibraryError where a line cannot be understood.
    """
    found: list[Concept] = []
    places: dict[tuple[str, str], int] = {}
    for file in files:
        for concept in _concepts(file) if file.is_file() else ():
            keys = [(concept.section, _same(name)) for name in concept.names]
            at = next((places[key] for key in keys if key in places), len(found))
            if at == len(found):
                found.append(concept)
            else:
                found[at] = Concept(tuple(dict.fromkeys((*found[at].names, *concept.names))), concept.section)
            places |= dict.fromkeys(keys, at)
    return tuple(found)


def _concepts(file: Path) -> Iterator[Concept]:
    section = SEEN
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise LibraryError(f"{file} is not UTF-8 text", "write it again as UTF-8") from None
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text.startswith("["):
            section = text.strip("[] ").lower()
            if section not in (SEEN, HEARD):
                raise LibraryError(f"{file}, line {number}: {text} is not a section", "there are [seen] and [heard]")
        elif names := tuple(name.strip() for name in text.replace("，", ",").split(",") if analyzer.tokens(name)):
            yield Concept(names, section)


# ---------------------------------------------------------------- vectors of names


def name_vectors(vocabulary: Vocabulary, profile: Profile, role: str = "shared") -> Vectors:
    """(concepts, dimension) unit rows: the mean of each concept's names, in the profile's space of that role.

    From the cache where they are there.

    Raises: EncoderUnavailable where the profile's text encoder is not here.
    """
    encoder = profile.encoder(role, "text")
    made_of = repr((encoder.space, [concept.names for concept in vocabulary]))
    file = cache_dir() / "tags" / f"{blake2b(made_of.encode(), digest_size=16).hexdigest()}.npy"
    try:
        return np.asarray(np.load(file), np.float32)
    except (OSError, ValueError):  # not there, or not whole
        pass
    every = encoder.encode([name for concept in vocabulary for name in concept.names])
    ends = np.cumsum([len(concept.names) for concept in vocabulary])
    rows = np.stack([part.mean(axis=0) for part in np.split(every, ends[:-1])]) if vocabulary else every
    rows = np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)
    _keep(file, rows)
    return rows


def _keep(file: Path, rows: Vectors) -> None:
    """Writes a file of the cache whole, or not at all: a cache that cannot be written costs time alone."""
    new = file.with_name(f"{file.stem}.{os.getpid()}.npy")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(new, rows)
        new.replace(file)
    except OSError:
        return


# ---------------------------------------------------------------- tags of segments


@dataclass(frozen=True, slots=True, eq=False)
class Tagger:
    """Concepts and what they are compared with, at one moment. rows: (concepts, dimension) in each space."""

    vocabulary: Vocabulary
    rows: Mapping[str, Vectors]
    profile: Profile
    spaces: Mapping[str, VectorSpace]
    snapshot: Snapshot

    def of(self, kinds: Mapping[int, Kind]) -> dict[int, list[Tag]]:
        """The tags of segments given with their kinds, highest confidence first; those without any are left out.

        A shot has the confidence of its best frame.
        """
        found: dict[int, list[Tag]] = {}
        for kind in [name for name, row in KINDS.items() if row.tags]:
            for segments, odds in self._odds(kind, [each for each, own in kinds.items() if own == kind]):
                tagged = _tagged(odds)
                for row in np.flatnonzero(tagged.any(axis=1)).tolist():
                    best = sorted(np.flatnonzero(tagged[row]).tolist(), key=lambda at: (-odds[row, at], at))
                    found[int(segments[row])] = [
                        Tag(self.vocabulary[at].names[0], fusion.confidence(float(odds[row, at]))) for at in best
                    ]
        return found

    def _odds(self, kind: Kind, segments: Sequence[int]) -> Iterator[tuple[Ids, NDArray[np.float64]]]:
        """Segments (n,) with their log-odds (n, concepts), part by part; -inf for concepts of the other section."""
        role = space_among(KINDS[kind], self.spaces)
        if role not in self.spaces:
            return
        rows, space = self.rows[role], self.spaces[role].live.id
        other = np.array([concept.section != KINDS[kind].tags for concept in self.vocabulary], np.bool_)
        for start in range(0, len(segments), PART):
            part = segments[start : start + PART]
            stored = self.snapshot.vectors.of_segments({space: rows.shape[1]}, part)[space]
            if not len(stored.ids):
                continue
            order = np.argsort(stored.segments, kind="stable")
            own, first = np.unique(stored.segments[order], return_index=True)
            scores = stored.data[order].astype(np.float32) @ rows.T
            best = np.maximum.reduceat(scores, first, axis=0)
            yield own, np.where(other, -np.inf, log_odds(self.profile, "text", kind, best))

    def assets(self, name: str, allowed: Scope) -> Ids:
        """Ascending ids of the assets that have a segment with this tag. It must be in the vocabulary."""
        concepts = [at for at, concept in enumerate(self.vocabulary) if concept.is_called(name)]
        found: set[int] = set()
        for role, space in self.spaces.items():
            for kind in space.kinds():
                for at in concepts:
                    if self.vocabulary[at].section == KINDS[kind].tags and role == space_among(
                        KINDS[kind], self.spaces
                    ):
                        found |= self._with(kind, at, allowed)
        return np.array(sorted(found), np.int64)

    def _with(self, kind: Kind, at: int, allowed: Scope) -> set[int]:
        """Assets of the segments of one kind that have a concept among their tags."""
        role = space_among(KINDS[kind], self.spaces)
        space, row = self.spaces[role], self.rows[role][at : at + 1]
        k, near = FIRST_K, space.nearest(kind, row, FIRST_K, allowed)
        while not near.complete and log_odds(self.profile, "text", kind, near.scores[0, -1:])[0] >= SURE:
            k *= 4
            near = space.nearest(kind, row, k, allowed)
        odds = log_odds(self.profile, "text", kind, near.scores[0])
        rows = near.rows[0][(near.rows[0]["vector"] > 0) & (odds >= SURE - WARY)]
        owners = dict(zip(rows["segment"].tolist(), rows["asset"].tolist(), strict=True))
        found = [own[_has(odds, at)] for own, odds in self._odds(kind, list(owners))]
        return {owners[segment] for own in found for segment in own.tolist()}


def _tagged(odds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which concepts are tags, of log-odds (segments, concepts): sure enough, and fewer than MOST surer; ties by place."""
    most = min(MOST, odds.shape[1])
    order = np.argsort(-odds, axis=1, kind="stable")[:, :most]
    among = np.zeros(odds.shape, np.bool_)
    np.put_along_axis(among, order, values=True, axis=1)
    return among & (odds >= SURE)


def _has(odds: NDArray[np.float64], at: int) -> NDArray[np.bool_]:
    """Column `at` of `_tagged`, without putting all concepts in order."""
    own = odds[:, at : at + 1]
    before = (odds > own).sum(axis=1) + (odds[:, :at] == own).sum(axis=1)
    return np.asarray((own[:, 0] >= SURE) & (before < MOST))


def tagger(vocabulary: Vocabulary, names: Sequence[str], context: SearchContext) -> Tagger | None:
    """The tagger of the vocabulary and of further names; None without a space that holds kinds with tags."""
    profile, spaces = context.profile, context.spaces
    wanted = dict.fromkeys(space_among(row, spaces) for row in KINDS.values() if row.tags)
    spaces = {role: spaces[role] for role in wanted if role in spaces}
    if not spaces:
        return None
    rows = {role: name_vectors(vocabulary, profile, role) for role in spaces}
    unknown = [name for name in names if not any(concept.is_called(name) for concept in vocabulary)]
    if unknown:
        vocabulary += tuple(Concept((name,), section) for name in unknown for section in (SEEN, HEARD))
        for role, known in rows.items():
            added = profile.encoder(role, "text").encode(unknown)
            rows[role] = np.concatenate([known, np.repeat(added, 2, axis=0)])
    return Tagger(vocabulary, rows, profile, spaces, context.snapshot)
