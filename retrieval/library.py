"""One library, opened for questions. Binds the parts; loads encoders when a question first needs them.

Safe from several threads: every search reads its own snapshot, the shared state is immutable and replaced under a lock.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from retrieval import settings
from retrieval.blas_threads import single_threaded_blas
from retrieval.domain.media import Medium, Skip
from retrieval.domain.query import Operand, Query
from retrieval.domain.result import Answer, Tag
from retrieval.errors import LibraryError, QueryError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from retrieval.domain.records import Facets, SeenAsset, Status, StoredAsset, StoredFingerprints, StoredSegment
    from retrieval.protocols import Catalog, Profile, Snapshot
    from retrieval.query.encode import EncodedQuery
    from retrieval.search.context import IndexState, SearchContext
    from retrieval.search.duplicates import Group
    from retrieval.search.explain import Explanation
    from retrieval.search.moments import Curve

Question: TypeAlias = "str | Query | Operand | Sequence[Operand] | EncodedQuery"
Result = TypeVar("Result")


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Modules that are loaded make many objects and no garbage, and the collector walks them all again and again: a tenth
    of a cold question. See docs/decisions/0172. Threads may overlap: the first to pause it lets it go on."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class AssetDetails:
    """All that is known of an asset. segments: those asked for, in order (all, or the one that was named)."""

    asset: StoredAsset
    segments: tuple[StoredSegment, ...]


class Library:
    """A library opened for reading. Use it as a context manager, or close it."""

    def __init__(
        self, home: Path, catalog: Catalog, profile: Profile, *, exact: bool = False, own_profile: bool = False
    ) -> None:
        from retrieval.query.encode import TextVectors

        self._home = home
        self._exact = exact
        self._own_profile = own_profile  # the profile is the library's own, also when that changes
        self._catalog = catalog
        self._profile = profile
        self._asked = TextVectors()  # what its questions were encoded to
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(settings.questions_at_once())
        self._version = -1
        self._index: IndexState | None = None
        self._distrust: set[str] = set()
        self._closed = False

    @classmethod
    @_collector_paused()
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

        home = settings.library_folder(Path(path)) if path is not None else settings.default_library()
        catalog = Catalog.open(home)
        try:
            if isinstance(profile, str):
                profile = make_profile(profile)
            if profile is not None:
                return cls(home, catalog, profile, exact=exact)
            with catalog.snapshot() as snapshot:
                own = _recorded_profile(snapshot, home)
            return cls(home, catalog, own, exact=exact, own_profile=True)
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
                self._index = None
                self._catalog.close()

    # ------------------------------------------------------------ questions

    def encode(self, question: Question, *, files: bool = False) -> EncodedQuery:
        """A question with its operands encoded, to be asked several times: of search, curve and explain.

        files: as of search. Raises: as search, but for what the library does not hold.
        """
        from retrieval.query.build import as_query
        from retrieval.query.encode import EncodedQuery, encode_query

        if isinstance(question, EncodedQuery):
            return question
        return encode_query(as_query(question, files=files), self._profile, self._asked)

    def search(
        self,
        question: Question,
        media: Medium | set[Medium] | frozenset[Medium] | Sequence[Medium] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        *,
        files: bool = False,
        **filters: Any,
    ) -> Answer:
        """Assets that answer, best first; an honest, empty answer where nothing is sure enough.

        question: words and operators (see docs/query.md; Query.plain takes any text as words); operands of any medium,
        which must all fit; or a whole Query, also one that `encode` has encoded, whose parts the other arguments replace.
        files: whether a text may name files (`image:photo.jpg`), which are then opened; leave it off for texts of others.
        filters: the fields of Filters, `more_like` and `less_like` (segments' ids or paths of the library, right and
        wrong answers to the question), `sort` ("confidence" or "date") and `min_confidence`. An empty text with filters
        lists by date.

        Raises:
            QueryError: the question cannot be understood; SyntaxRefused, one of them, says where.
            MediaError: a file in it cannot be read.
            EncoderUnavailable: nothing here can encode it.
        """
        with _collector_paused() if self._index is None else nullcontext():
            from retrieval.query.build import as_query, with_changes
            from retrieval.query.encode import EncodedQuery, encode_query
            from retrieval.search import executor

            given = question.query if isinstance(question, EncodedQuery) else as_query(question, files=files)
            query = with_changes(given, media, limit, offset, **filters)
            if isinstance(question, EncodedQuery) and query.operands == given.operands:
                encoded = replace(question, query=query)
            else:
                encoded = encode_query(query, self._profile, self._asked)
            return self._in_snapshot(lambda context: executor.answer(encoded, context))

    def _in_snapshot(self, ask: Callable[[SearchContext], Result]) -> Result:
        """Asks one state of the catalog and of the indexes, by one thread; again where an index is damaged or gone."""
        from retrieval.errors import IndexMismatch
        from retrieval.search.context import SearchContext, SnapshotOutdated

        for _ in range(4):
            try:
                with self._turns, self._open_catalog().snapshot() as snapshot:
                    index, profile = self._current(snapshot)  # which loads what has threads
                    with single_threaded_blas:
                        return ask(SearchContext(index, profile, snapshot))
            except IndexMismatch as damage:
                with self._lock:
                    self._distrust.add(damage.folder)
                    self._version = -1
            except SnapshotOutdated:
                continue
        raise LibraryError(f"the indexes of {self._home} change under every search", "try again when indexing is done")

    def tags(self, segments: Iterable[str], asked: Sequence[str] = ()) -> dict[str, tuple[Tag, ...]]:
        """The tags of segments by their ids, highest confidence first; those without any, and texts, are left out.

        asked: names to tag with besides the vocabulary's. See docs/tags.md.

        Raises:
            EncoderUnavailable: the names of the vocabulary cannot be encoded here.
            LibraryError: the library's own tags.txt cannot be understood.
        """
        from retrieval.search import executor

        return self._in_snapshot(lambda context: executor.tags(segments, asked, context))

    def version(self) -> int:
        """A number that differs from the last one if a writer has committed in between."""
        with self._lock:
            return self._open_catalog().version()

    def _open_catalog(self) -> Catalog:
        if self._closed:
            raise LibraryError(f"the library {self._home} is closed", "open it again")
        return self._catalog

    def _current(self, snapshot: Snapshot) -> tuple[IndexState, Profile]:
        """The indexes as of the last commit and the profile that asks them; only what changed is read again.

        Raises SnapshotOutdated where index files are gone and a commit since then is why: a publish deletes the old ones.
        """
        from retrieval.search.context import SnapshotOutdated, read_index

        with self._lock:
            version = self._catalog.version()
            if self._index is None or version != self._version:
                known = self._index, self._distrust
                index = read_index(snapshot, self._home, self._profile, *known, exact=self._exact)
                if (
                    index.warnings
                    and self._own_profile
                    and (own := _recorded_profile(snapshot, self._home)) != self._profile
                ):
                    self._profile = own  # the library was encoded again by other models
                    index = read_index(snapshot, self._home, own, *known, exact=self._exact)
                if index.lacks_files and self._catalog.version() != version:
                    raise SnapshotOutdated
                self._index = index
                self._version = version
            return self._index, self._profile

    def curve(self, question: Question, name: str | Path, *, files: bool = False) -> Curve:
        """How sure the question is of one video or recording over time; `moments.find` finds the peaks.

        Filters of the question do not count. name: as of show; files: as of search. Empty for an asset without time, or
        where nothing of it can be compared with the question.

        Raises: as search and show.
        """
        from retrieval.query.names import asset_named
        from retrieval.search import executor

        encoded = self.encode(question, files=files)
        return self._in_snapshot(lambda own: executor.curve(encoded, asset_named(name, own.snapshot), own))

    def explain(self, question: Question, name: str | Path, *, files: bool = False) -> Explanation | None:
        """Why an asset answers: lanes, marked words, the frame, and where in the picture the answer lies.

        name: as of show; files: as of search. Filters of the question do not count, nor does the cut. None where nothing
        in it answers at all. `explanation_image.save_explanation` makes a picture of it.

        Raises: as search and show; QueryError for an empty question.
        """
        from retrieval.search import executor

        encoded = self.encode(question, files=files)
        if not encoded.operands:
            raise QueryError("the question is empty", "give some words or a file")
        return self._in_snapshot(lambda context: executor.explanation(encoded, str(name), context))

    # ------------------------------------------------------------ looking

    def show(self, name: str | Path) -> AssetDetails:
        """All that is known of an asset, by its path, the end of its path, its hash or the id of one of its segments.

        Raises:
            QueryError: the library holds nothing of that name, or several files.
            MediaError: the file was left out; `reason` says why.
        """
        from retrieval.query.names import named_first, segments_named

        with self._open_catalog().snapshot() as snapshot:
            asset, found = segments_named(name, snapshot)
            return AssetDetails(named_first(snapshot.assets.by_id([asset])[asset], name), tuple(found))

    def frame(self, name: str | Path, at_ms: int | None = None, *, side: int = 1280) -> NDArray[np.uint8] | None:
        """A photo, a frame of a video, or a page of a PDF: uint8 (h, w, 3), at most `side` pixels wide and high.

        name: as of show. at_ms: when, in a video or animation; default the middle of the segment that is named, else the
        beginning. None for what has no picture. Raises: as show; MediaError where the file is away or cannot be read.
        """
        import numpy as np

        picture = self._picture(name, at_ms, side)
        return None if picture is None else np.asarray(picture.convert("RGB"))

    def thumbnail(self, name: str | Path, at_ms: int | None = None, *, side: int = 256) -> bytes | None:
        """The same as a small JPEG. Raises: as frame."""
        from retrieval.search.pictures import jpeg

        picture = self._picture(name, at_ms, side)
        return None if picture is None else jpeg(picture)

    def _picture(self, name: str | Path, at_ms: int | None, side: int) -> Image | None:
        from retrieval.search.pictures import frame_of

        if not isinstance(side, int) or side < 1 or not isinstance(at_ms, int | None):
            raise QueryError(f"side is {side!r}, at_ms {at_ms!r}", "give whole numbers, side at least 1")
        shown = self.show(name)
        return frame_of(shown.asset, shown.segments, at_ms, side)

    def seen(self) -> dict[str, SeenAsset]:
        """Every asset of the library by its content hash: its medium and its paths."""
        with self._open_catalog().snapshot() as snapshot:
            return snapshot.assets.seen()

    def fingerprints(self, name: str | Path) -> StoredFingerprints:
        """How the pictures of an image or video look, or a recording sounds. Raises: as `show`."""
        from retrieval.query.names import asset_named

        with self._open_catalog().snapshot() as snapshot:
            asset = asset_named(name, snapshot)
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

    def facets(self, question: Question | None = None, *, tags: bool = False) -> Facets:
        """Counts of the assets that answer a question, or of all, by date, folder, medium, camera, language and place.

        tags: by tag as well, which compares every picture and sound with the vocabulary. Raises: as search.
        """
        from retrieval.search import executor

        encoded = None if question is None else self.encode(question)
        return self._in_snapshot(lambda context: executor.facets(encoded, context, tags=tags))

    def roots(self) -> list[Path]:
        """The folders that the library follows."""
        with self._open_catalog().snapshot() as snapshot:
            return snapshot.status.roots()

    def skips(self) -> list[Skip]:
        """Files that were left out, and why; by path."""
        with self._open_catalog().snapshot() as snapshot:
            return snapshot.status.skips()


def _recorded_profile(snapshot: Snapshot, home: Path) -> Profile:
    """The profile that made the library, by what the catalog says."""
    from retrieval.encoders.profile import library_profile

    own = snapshot.status.facts().get("profile", settings.DEFAULT_PROFILE)
    return library_profile(own, [each.space for each in snapshot.vectors.live_spaces()], home=home)
