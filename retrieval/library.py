"""One library, opened for questions. Binds the parts; loads encoders when a question first needs them.

Safe from several threads: every search reads its own snapshot, the shared state is immutable and replaced under a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from retrieval import resources, settings
from retrieval.blas_threads import single_threaded_blas
from retrieval.domain.media import Medium, Skip, Space
from retrieval.domain.query import Filters, Operand, Query
from retrieval.domain.result import Answer, Tag
from retrieval.errors import EncoderUnavailable, LibraryError, QueryError
from retrieval.kinds import KINDS, kinds_in

if TYPE_CHECKING:
    from retrieval.domain.records import Ids, Imprints, LiveSpace, SeenAsset, Status, StoredAsset, StoredSegment
    from retrieval.encoders.profile import Profile, Role
    from retrieval.protocols import Catalog, Snapshot
    from retrieval.query.encode import EncodedOperand, EncodedQuery
    from retrieval.search.context import SearchContext
    from retrieval.search.duplicates import Group
    from retrieval.search.explain import Explanation
    from retrieval.search.moments import Curve
    from retrieval.search.tagging import Tagger

Question: TypeAlias = "str | Query | Operand | Sequence[Operand] | EncodedQuery"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is known of an asset. segments: those asked for, in order (all, or the one that was named)."""

    asset: StoredAsset
    segments: tuple[StoredSegment, ...]


class Library:
    """A library opened for reading. Use it as a context manager, or close it."""

    def __init__(self, home: Path, catalog: Catalog, profile: Profile, *, exact: bool = False) -> None:
        self._home = home
        self._exact = exact
        self._catalog = catalog
        self._profile = profile
        self._lock = threading.Lock()
        self._version = -1
        self._held: SearchContext | None = None
        self._distrust: set[str] = set()
        self._closed = False

    @classmethod
    def open(cls, path: str | Path | None = None, profile: str | Profile | None = None, *, exact: bool = False) -> Self:
        """The library in folder `path` (default: CROSSMEDIA_LIBRARY, else the user's own).

        profile: encoders for questions; default the library's own. Nothing heavy is loaded before it is needed. exact:
        compare with every vector of the catalog, not by the published indexes; slower, and what those are measured by.

        Raises:
            LibraryNotFound, LibraryTooNew, LibraryDamaged, LibraryError: see retrieval.catalog.engine.
            EncoderUnavailable: no profile of that name.
        """
        from retrieval.catalog.snapshot import Catalog
        from retrieval.encoders.profile import make_profile

        home = Path(path) if path is not None else settings.default_library()
        catalog = Catalog.open(home)
        try:
            if profile is None or isinstance(profile, str):
                with catalog.snapshot() as snapshot:
                    own = snapshot.status.facts().get("profile", settings.DEFAULT_PROFILE)
                profile = make_profile(profile or own)
            return cls(home, catalog, profile, exact=exact)
        except BaseException:
            catalog.close()
            raise

    @property
    def path(self) -> Path:
        """The library's folder."""
        return self._home

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the catalog and the indexes; twice is fine."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._held = None
                self._catalog.close()

    # ------------------------------------------------------------ questions

    def encode(self, question: Question) -> EncodedQuery:
        """A question with its operands encoded, to be asked several times: of search, curve and explain.

        Raises: as search, but for what the library does not hold.
        """
        from retrieval.query.build import as_query
        from retrieval.query.encode import EncodedQuery, encode_query

        return question if isinstance(question, EncodedQuery) else encode_query(as_query(question), self._profile)

    def search(
        self,
        question: Question,
        media: Medium | set[Medium] | frozenset[Medium] | Sequence[Medium] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Any,
    ) -> Answer:
        """Assets that answer, best first; an honest, empty answer where nothing is sure enough.

        question: words and operators (see docs/query.md; Query.plain takes any text as words); operands of any medium,
        which must all fit; or a whole Query, also one that `encode` has encoded, whose parts the other arguments replace.
        filters: the fields of Filters,
        `more_like` and `less_like` (segments' ids or paths of the library, right and wrong answers to the question),
        `sort` ("confidence" or "date") and `min_confidence`. An empty text with filters lists by date.

        Raises:
            QueryError: the question cannot be understood; SyntaxRefused, one of them, says where.
            MediaError: a file in it cannot be read.
            EncoderUnavailable: nothing here can encode it.
        """
        from retrieval.query.build import as_query, with_changes
        from retrieval.query.encode import EncodedQuery, encode_query

        given = question.query if isinstance(question, EncodedQuery) else as_query(question)
        query = with_changes(given, media, limit, offset, **filters)
        if isinstance(question, EncodedQuery) and query.operands == given.operands:
            encoded = replace(question, query=query)
        else:
            encoded = encode_query(query, self._profile)
        return self._in_snapshot(lambda snapshot: self._answer(encoded, snapshot))

    def _in_snapshot(self, ask: Callable[[_Opened], Result]) -> Result:
        """Asks one state of the catalog and of the indexes, by one thread; again where an index proves damaged."""
        from retrieval.search.context import IndexMismatch

        for _ in range(4):
            try:
                with self._open_catalog().snapshot() as snapshot:
                    context = self._current(snapshot)  # which loads what has threads
                    with single_threaded_blas:
                        return ask(_Opened(snapshot, context))
            except IndexMismatch as damage:
                with self._lock:
                    self._distrust.add(damage.folder)
                    self._version = -1
        raise LibraryError(f"the indexes of {self._home} change under every search", "try again when indexing is done")

    def _answer(self, encoded: EncodedQuery, opened: _Opened) -> Answer:
        from retrieval.search import engine, feedback

        snapshot, context = opened.snapshot, opened.context
        operands = feedback.with_centroids(encoded.query, opened.resolved(encoded), snapshot, opened.spaces)
        tag = encoded.query.filters.tag
        tagged = self._tagged(tag, context, snapshot) if tag else None
        return engine.answer(encoded.query, operands, context, self._profile, snapshot, tagged)

    def _tagged(self, name: str, held: SearchContext, snapshot: Snapshot) -> Ids:
        """The assets that have a tag."""
        import numpy as np

        from retrieval.domain.text import valid_text
        from retrieval.vectors.space import Scope

        name = valid_text(name)
        tagger = self._tagger([name], held, snapshot)
        return tagger.assets(name, Scope()) if tagger is not None else np.empty(0, np.int64)

    def _tagger(self, asked: Sequence[str], held: SearchContext, snapshot: Snapshot) -> Tagger | None:
        from retrieval.catalog import layout
        from retrieval.search import tagging

        vocabulary = tagging.read([resources.vocabulary(), layout.tags(self._home)])
        return tagging.tagger(vocabulary, asked, held, self._profile, snapshot)

    def tags(self, segments: Iterable[str], asked: Sequence[str] = ()) -> dict[str, tuple[Tag, ...]]:
        """The tags of segments by their ids, the surest first; those without any, and texts, are left out.

        asked: names to tag with besides the vocabulary's. See docs/tags.md.

        Raises:
            EncoderUnavailable: the names of the vocabulary cannot be encoded here.
            LibraryError: the library's own tags.txt cannot be understood.
        """
        with self._open_catalog().snapshot() as snapshot:
            tagger = self._tagger(asked, self._current(snapshot), snapshot)
            named = {each.id: each for each in snapshot.segments.with_keys(segments).values()}
            found = tagger.of({each.id: each.segment.kind for each in named.values()}) if tagger is not None else {}
            return {named[segment].key: tuple(own) for segment, own in found.items()}

    def _open_catalog(self) -> Catalog:
        if self._closed:
            raise LibraryError(f"the library {self._home} is closed", "open it again")
        return self._catalog

    def _current(self, snapshot: Snapshot) -> SearchContext:
        """The state as of the last commit; only what changed is read again."""
        with self._lock:
            version = self._catalog.version()
            if self._held is None or version != self._version:
                self._held = self._read(snapshot, self._held)
                self._version = version
            return self._held

    def _read(self, snapshot: Snapshot, old: SearchContext | None) -> SearchContext:
        from retrieval.search.context import SearchContext
        from retrieval.vectors import space as vector_space

        spaces: dict[Role, vector_space.SpaceSnapshot] = {}
        warnings: list[str] = []
        live = snapshot.vectors.live_spaces()
        for role in self._profile.spaces:
            space = self._match(role, live, warnings)
            if space is None:
                continue
            space = replace(space, folder=None) if self._exact else space
            before = old.spaces.get(role) if old else None
            same = before is not None and before.live == space and space.folder not in self._distrust
            if before is not None and same:
                spaces[role] = vector_space.refresh_space(snapshot, before)
            else:
                spaces[role] = vector_space.open_space(snapshot, self._home, space, distrust=self._distrust)
            warnings += spaces[role].warnings
        return SearchContext(spaces, snapshot.fulltext.totals(), tuple(warnings))

    def _match(self, role: Role, live: Sequence[LiveSpace], warnings: list[str]) -> LiveSpace | None:
        """The live space that the profile's encoder of that role asks; vectors of different spaces never meet."""
        try:
            wanted: Space = self._profile.space(role)
        except EncoderUnavailable as error:
            warnings.append(str(error))
            return None
        found = next((each for each in live if each.space == wanted), None)
        other = next((each.space for each in live if each.space.name == wanted.name), None)
        if found is None and other is not None:
            kinds = ", ".join(KINDS[kind].plural for kind in kinds_in(role))
            warnings.append(
                f"the library was encoded by {other.encoder} {other.revision}, and here is {wanted.encoder} "
                f"{wanted.revision}: {kinds} are found by words alone (crossmedia rebuild --profile {self._profile.name} "
                "encodes them again)"
            )
        return found

    def curve(self, question: Question, name: str | Path) -> Curve:
        """How sure the question is of one video or recording over time; `moments.find` finds the peaks.

        Filters of the question do not count. name: its path, its hash or the id of one of its segments. Empty for an
        asset without time, or where nothing of it can be compared with the question.

        Raises:
            QueryError: the library holds nothing of that name, or the question cannot be understood.
        """
        encoded = self.encode(question)
        return self._in_snapshot(lambda opened: self._curve(encoded, opened, opened.asset(name)))

    def _curve(self, encoded: EncodedQuery, opened: _Opened, asset: int) -> Curve:
        from retrieval.query.build import whole_tree
        from retrieval.search import moments, temporal, timeline

        operands = opened.resolved(encoded)
        tree = whole_tree(encoded.query)
        if tree is not None:
            scorer = temporal.TreeScorer(tree, operands, opened.context, self._profile, opened.snapshot)
            return scorer.curve(asset)
        if not operands:
            return moments.EMPTY
        curves = timeline.curves(operands[0], opened.context, self._profile, opened.snapshot, [asset])
        return curves.get(asset, moments.EMPTY)

    def explain(self, question: Question, name: str | Path) -> Explanation | None:
        """Why an asset answers: lanes, marked words, the frame, and where in the picture the answer lies.

        name: its path, its hash or the id of one of its segments. Filters of the question do not count, nor does the
        cut. None where nothing in it answers at all. `explanation_image.save_explanation` makes a picture of it.

        Raises:
            QueryError: the library holds nothing of that name, or the question is empty or cannot be understood.
        """
        encoded = self.encode(question)
        if not encoded.operands:
            raise QueryError("the question is empty", "give some words or a file")
        return self._in_snapshot(lambda opened: self._explanation(encoded, opened, str(name)))

    def _explanation(self, encoded: EncodedQuery, opened: _Opened, name: str) -> Explanation | None:
        from retrieval.search import explain

        asset = opened.asset(name)
        stored = opened.snapshot.assets.by_id([asset])[asset]
        every = encoded.changed(filters=Filters(), limit=100, offset=0, sort="confidence", min_confidence=0.0)
        alone = every.changed(filters=Filters(path=explain.exactly(stored.paths[0])))  # where it is not among the first
        answers = (self._answer(each, opened) for each in (every, alone))
        hit = next((each for answer in answers for each in answer if each.asset == stored.hash), None)
        if hit is None:
            return None
        curve = self._curve(every, opened, asset) if hit.medium in ("video", "audio") else None
        operands = opened.resolved(encoded)
        speaking = [operands[at] for at in explain.asked_for(encoded.query)]
        return explain.explain(hit, name, speaking, opened.context, self._profile, opened.snapshot, curve)

    # ------------------------------------------------------------ looking

    def show(self, name: str | Path) -> Shown:
        """All that is known of an asset, by its path, its hash or the id of one of its segments.

        Raises:
            QueryError: the library holds nothing of that name.
        """
        with self._open_catalog().snapshot() as snapshot:
            segment = snapshot.segments.with_key(str(name))
            if segment is not None:
                asset, found = segment.asset_id, [segment]
            else:
                asset = _named_asset(snapshot, name)
                found = snapshot.segments.of_asset(asset)
            return Shown(snapshot.assets.by_id([asset])[asset], tuple(found))

    def seen(self) -> dict[str, SeenAsset]:
        """Every asset of the library by its content hash: its medium and its paths."""
        with self._open_catalog().snapshot() as snapshot:
            return snapshot.assets.seen()

    def imprints(self, name: str | Path) -> Imprints:
        """How the pictures of an image or video look, or a recording sounds. Raises: as `show`."""
        with self._open_catalog().snapshot() as snapshot:
            asset = _named_asset(snapshot, name)
            return snapshot.fingerprints.of_medium(snapshot.assets.by_id([asset])[asset].medium, asset)

    def duplicates(self, media: Sequence[Medium] = ("image", "video", "audio")) -> list[Group]:
        """Groups of files that are one picture, video or recording, exactly or nearly, the one to keep first."""
        from retrieval.search import duplicates

        with single_threaded_blas, self._open_catalog().snapshot() as snapshot:
            return duplicates.find_duplicates(snapshot, media)

    def status(self) -> Status:
        """Counts of the library, and of pending work."""
        with self._open_catalog().snapshot() as snapshot:
            return snapshot.status.report(self._home)

    def skips(self) -> list[Skip]:
        """Files that were left out, and why; by path."""
        with self._open_catalog().snapshot() as snapshot:
            return snapshot.status.skips()


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """One state of the catalog with the indexes that fit it."""

    snapshot: Snapshot
    context: SearchContext

    @property
    def spaces(self) -> dict[Role, tuple[int, int]]:
        """The catalog's id of each space that is asked, and its dimension."""
        return {role: (each.live.id, each.live.space.dimension) for role, each in self.context.spaces.items()}

    def resolved(self, encoded: EncodedQuery) -> list[EncodedOperand]:
        """The operands with what the library knows of them."""
        from retrieval.query.encode import resolve

        return [resolve(each, self.snapshot, self.spaces) for each in encoded.operands]

    def asset(self, name: str | Path) -> int:
        """The asset of that path, that hash or with that segment. Raises: QueryError."""
        segment = self.snapshot.segments.with_key(str(name))
        return segment.asset_id if segment is not None else _named_asset(self.snapshot, name)


def _named_asset(snapshot: Snapshot, name: str | Path) -> int:

    asset = snapshot.assets.with_key(str(name)) or snapshot.assets.at(_absolute(name))
    if asset is None:
        raise QueryError(f"the library holds nothing named {name}", "give an indexed path or a segment's id")
    return asset


def _absolute(name: str | Path) -> Path:
    import os

    return Path(os.path.abspath(Path(name).expanduser()))
