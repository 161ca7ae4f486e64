"""One library, opened for questions. Binds the parts; loads encoders when a question first needs them.

Safe from several threads: every search reads its own snapshot, the shared state is immutable and replaced under a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from retrieval import resources, settings
from retrieval.blas_threads import single_threaded_blas
from retrieval.domain.media import Medium, Skip, Space
from retrieval.domain.query import Filters, Operand, Query
from retrieval.domain.result import Answer, Tag
from retrieval.errors import EncoderUnavailable, LibraryError, QueryError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from retrieval.catalog.store import Ids, Imprints, LiveSpace, SeenAsset, Status, StoredAsset, StoredSegment
    from retrieval.encoders.profile import Profile, Role
    from retrieval.search.duplicates import Group
    from retrieval.search.explain import Explanation
    from retrieval.search.moments import Curve
    from retrieval.search.retrievers import SearchContext
    from retrieval.search.tagging import Tagger

ROLES: tuple[Role, ...] = ("shared", "sentence")


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is known of an asset. segments: those asked for, in order (all, or the one that was named)."""

    asset: StoredAsset
    segments: tuple[StoredSegment, ...]


class Library:
    """A library opened for reading. Use it as a context manager, or close it."""

    def __init__(self, home: Path, engine: Engine, profile: Profile, *, exact: bool = False) -> None:
        self._home = home
        self._exact = exact
        self._engine = engine
        self._profile = profile
        self._lock = threading.Lock()
        self._watch = engine.connect()  # its data_version tells when another connection has written
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
            LibraryNotFound, LibraryTooNew, LibraryDamaged, LibraryError: see store.open_catalog.
            EncoderUnavailable: no profile of that name.
        """
        from retrieval.catalog import store
        from retrieval.encoders.profile import make_profile

        home = Path(path) if path is not None else settings.default_library()
        engine = store.open_catalog(home)
        try:
            if profile is None or isinstance(profile, str):
                with store.snapshot(engine) as connection:
                    own = store.facts(connection).get("profile", settings.DEFAULT_PROFILE)
                profile = make_profile(profile or own)
            return cls(home, engine, profile, exact=exact)
        except BaseException:
            engine.dispose()
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
                self._watch.close()
                self._engine.dispose()

    # ------------------------------------------------------------ questions

    def search(
        self,
        question: str | Query | Operand | Sequence[Operand],
        media: Medium | set[Medium] | frozenset[Medium] | Sequence[Medium] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Any,
    ) -> Answer:
        """Assets that answer, best first; an honest, empty answer where nothing is sure enough.

        question: words and operators (see docs/query.md; Query.plain takes any text as words); operands of any medium,
        which must all fit; or a whole Query, whose parts the other arguments replace. filters: the fields of Filters,
        `more_like` and `less_like` (segments' ids or paths of the library, right and wrong answers to the question),
        `sort` ("confidence" or "date") and `min_confidence`. An empty text with filters lists by date.

        Raises:
            QueryError: the question cannot be understood; SyntaxRefused, one of them, says where.
            MediaError: a file in it cannot be read.
            EncoderUnavailable: nothing here can encode it.
        """
        from retrieval.query.build import as_query, with_changes
        from retrieval.search.retrievers import IndexMismatch

        query = with_changes(as_query(question), media, limit, offset, **filters)
        for _ in range(4):
            try:
                return self._answer(query)
            except IndexMismatch as damage:
                with self._lock:
                    self._distrust.add(damage.folder)
                    self._version = -1
        raise LibraryError(f"the indexes of {self._home} change under every search", "try again when indexing is done")

    @contextmanager
    def _asking(self) -> Iterator[tuple[Connection, SearchContext]]:
        """One state of the catalog and of the indexes, and one thread to ask them."""
        from retrieval.catalog import store

        with store.snapshot(self._open_engine()) as connection:
            held = self._current(connection)  # which loads what has threads
            with single_threaded_blas:
                yield connection, held

    def _answer(self, query: Query) -> Answer:
        from retrieval.query import encode
        from retrieval.query.build import whole_tree
        from retrieval.search import boolean, engine

        with self._asking() as (connection, held):
            spaces = _spaces(held)
            asked = [encode.encode_operand(each, self._profile, connection, spaces) for each in query.operands]
            if query.more_like or query.less_like:
                more, less = (
                    encode.feedback_centroids(names, connection, spaces) for names in (query.more_like, query.less_like)
                )
                tree = whole_tree(query)
                sought = boolean.generates_candidates(tree) if tree is not None else [True]
                pairs = zip(asked, sought, strict=True)
                asked = [replace(each, more=more, less=less) if own else each for each, own in pairs]
            tagged = self._tagged(query.filters.tag, held, connection) if query.filters.tag else None
            return engine.answer(query, asked, held, self._profile, connection, tagged)

    def _tagged(self, name: str, held: SearchContext, connection: Connection) -> Ids:
        """The assets that have a tag."""
        import numpy as np

        from retrieval.domain.text import valid_text
        from retrieval.vectors.space import Scope

        name = valid_text(name)
        tagger = self._tagger([name], held, connection)
        return tagger.assets(name, Scope()) if tagger is not None else np.empty(0, np.int64)

    def _tagger(self, asked: Sequence[str], held: SearchContext, connection: Connection) -> Tagger | None:
        from retrieval.catalog import layout
        from retrieval.search import tagging

        vocabulary = tagging.read([resources.vocabulary(), layout.tags(self._home)])
        return tagging.tagger(vocabulary, asked, held, self._profile, connection)

    def tags(self, segments: Iterable[str], asked: Sequence[str] = ()) -> dict[str, tuple[Tag, ...]]:
        """The tags of segments by their ids, the surest first; those without any, and texts, are left out.

        asked: names to tag with besides the vocabulary's. See docs/tags.md.

        Raises:
            EncoderUnavailable: the names of the vocabulary cannot be encoded here.
            LibraryError: the library's own tags.txt cannot be understood.
        """
        from retrieval.catalog import store

        with store.snapshot(self._open_engine()) as connection:
            tagger = self._tagger(asked, self._current(connection), connection)
            stored = [store.segment_by_key(connection, key) for key in segments]
            named = {each.id: each for each in stored if each is not None}
            found = tagger.of({each.id: each.segment.kind for each in named.values()}) if tagger is not None else {}
            return {named[segment].key: tuple(own) for segment, own in found.items()}

    def _open_engine(self) -> Engine:
        if self._closed:
            raise LibraryError(f"the library {self._home} is closed", "open it again")
        return self._engine

    def _current(self, connection: Connection) -> SearchContext:
        """The state as of the last commit; only what changed is read again."""
        from retrieval.catalog import store

        with self._lock:
            version = store.data_version(self._watch)
            if self._held is None or version != self._version:
                self._held = self._read(connection, self._held)
                self._version = version
            return self._held

    def _read(self, connection: Connection, old: SearchContext | None) -> SearchContext:
        from retrieval.catalog import store
        from retrieval.search.retrievers import SearchContext
        from retrieval.vectors import space as vector_space

        spaces: dict[Role, vector_space.SpaceSnapshot] = {}
        warnings: list[str] = []
        live = store.live_spaces(connection)
        for role in ROLES:
            space = self._match(role, live, warnings)
            if space is None:
                continue
            space = replace(space, folder=None) if self._exact else space
            before = old.spaces.get(role) if old else None
            same = before is not None and before.live == space and space.folder not in self._distrust
            if before is not None and same:
                spaces[role] = vector_space.refresh_space(connection, before)
            else:
                spaces[role] = vector_space.open_space(connection, self._home, space, distrust=self._distrust)
            warnings += spaces[role].warnings
        return SearchContext(spaces, store.word_totals(connection), tuple(warnings))

    def _match(self, role: Role, live: Sequence[LiveSpace], warnings: list[str]) -> LiveSpace | None:
        """The live space that the profile's encoder of that role asks; vectors of different spaces never meet."""
        try:
            wanted: Space = self._profile.space(role)
        except EncoderUnavailable as error:
            warnings.append(str(error))
            return None
        found = next((each for each in live if each.space == wanted), None)
        if found is None and any(each.space.name == wanted.name for each in live):
            warnings.append(
                f"the library was not encoded by {wanted.encoder} {wanted.revision}; its {role} vectors are not asked "
                "(crossmedia rebuild --profile encodes them again)"
            )
        return found

    def curve(self, question: str | Query | Operand, name: str | Path) -> Curve:
        """How sure the question is of one video or recording over time; `moments.find` finds the peaks.

        Filters of the question are not looked at. name: its path, its hash or the id of one of its segments. Empty for
        what has no time, or cannot be asked so.

        Raises:
            QueryError: the library holds nothing of that name, or the question cannot be understood.
        """
        from retrieval.catalog import store
        from retrieval.query import encode as questions
        from retrieval.query.build import as_query, whole_tree
        from retrieval.search import moments, temporal, timeline

        with self._asking() as (connection, held):
            spaces = _spaces(held)
            query = as_query(question)
            asked = [questions.encode_operand(each, self._profile, connection, spaces) for each in query.operands]
            tree = whole_tree(query)
            segment = store.segment_by_key(connection, str(name))
            asset = segment.asset_id if segment is not None else _named_asset(connection, name)
            if tree is not None:
                return temporal.TreeScorer(tree, asked, held, self._profile, connection).curve(asset)
            found = timeline.curves(asked[0], held, self._profile, connection, [asset]) if asked else {}
            return found.get(asset, moments.EMPTY)

    def explain(self, question: str | Query | Operand | Sequence[Operand], name: str | Path) -> Explanation | None:
        """Why an asset answers: lanes, marked words, the frame, and where in the picture the answer lies.

        name: its path, its hash or the id of one of its segments. Filters of the question are not looked at, nor is the
        cut. None where nothing in it answers at all. `drawing.save` makes a picture of it.

        Raises:
            QueryError: the library holds nothing of that name, or the question is empty or cannot be understood.
        """
        from retrieval.query import encode as questions
        from retrieval.query.build import as_query
        from retrieval.search import explain

        query, shown = as_query(question), self.show(name)
        if not query.operands:
            raise QueryError("the question is empty", "give some words or a file")
        query = replace(query, offset=0, sort="confidence", min_confidence=0.0)
        alone = Filters(path=explain.exactly(shown.asset.paths[0]))  # for what is not among the first of all
        found = (self.search(replace(query, filters=own, limit=100)) for own in (Filters(), alone))
        hit = next((each for answer in found for each in answer if each.asset == shown.asset.hash), None)
        if hit is None:
            return None
        curve = self.curve(query, hit.asset) if hit.medium in ("video", "audio") else None
        with self._asking() as (connection, held):
            spaces = _spaces(held)
            speaking = [query.operands[at] for at in explain.asked_for(query)]
            asked = [questions.encode_operand(each, self._profile, connection, spaces) for each in speaking]
            return explain.explain(hit, str(name), asked, held, self._profile, connection, curve)

    # ------------------------------------------------------------ looking

    def show(self, name: str | Path) -> Shown:
        """All that is known of an asset, by its path, its hash or the id of one of its segments.

        Raises:
            QueryError: the library holds nothing of that name.
        """
        from retrieval.catalog import store

        with store.snapshot(self._open_engine()) as connection:
            segment = store.segment_by_key(connection, str(name))
            if segment is not None:
                asset, found = segment.asset_id, [segment]
            else:
                asset = _named_asset(connection, name)
                found = store.segments_of(connection, asset)
            return Shown(store.assets_by_id(connection, [asset])[asset], tuple(found))

    def seen(self) -> dict[str, SeenAsset]:
        """Every asset of the library by its content hash: its medium and its paths."""
        from retrieval.catalog import store

        with store.snapshot(self._open_engine()) as connection:
            return store.seen(connection)

    def imprints(self, name: str | Path) -> Imprints:
        """How the pictures of an image or video look, or a recording sounds. Raises: as `show`."""
        from retrieval.catalog import store

        with store.snapshot(self._open_engine()) as connection:
            asset = _named_asset(connection, name)
            return store.imprints_of(connection, store.assets_by_id(connection, [asset])[asset].medium, asset)

    def duplicates(self, media: Sequence[Medium] = ("image", "video", "audio")) -> list[Group]:
        """Groups of files that are one picture, video or recording, exactly or nearly, the one to keep first."""
        from retrieval.catalog import store
        from retrieval.search import duplicates

        with single_threaded_blas, store.snapshot(self._open_engine()) as connection:
            return duplicates.find_duplicates(connection, media)

    def status(self) -> Status:
        """What is in the library, and what is still to be done."""
        from retrieval.catalog import store

        with store.snapshot(self._open_engine()) as connection:
            return store.status(connection, self._home)

    def skips(self) -> list[Skip]:
        """Files that were left out, and why; by path."""
        from retrieval.catalog import store

        with store.snapshot(self._open_engine()) as connection:
            return store.skips(connection)


def _spaces(held: SearchContext) -> dict[Role, tuple[int, int]]:
    """The catalog's id of each space that is asked, and its dimension."""
    return {role: (each.live.id, each.live.space.dimension) for role, each in held.spaces.items()}


def _named_asset(connection: Connection, name: str | Path) -> int:
    from retrieval.catalog import store

    asset = store.asset_with_key(connection, str(name)) or store.asset_at(connection, _absolute(name))
    if asset is None:
        raise QueryError(f"the library holds nothing named {name}", "give an indexed path or a segment's id")
    return asset


def _absolute(name: str | Path) -> Path:
    import os

    return Path(os.path.abspath(Path(name).expanduser()))
