"""Generations in PostgreSQL and Milvus beyond their contract (tests/retrieval/vectors/test_space.py): graphs, long filters,
whole libraries, copies, and servers that are away.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.catalog import read as catalog_read
from indexer.catalog.write import note_begun, transaction
from indexer.library_copy import copy_library
from indexer.publish import publish, sweep
from retrieval import Library
from retrieval.catalog import pgvector
from retrieval.domain.media import Metadata
from retrieval.domain.records import ROW, Within
from retrieval.errors import IndexMismatch, InstallationError, LibraryDamaged, LibraryError, LibraryUnavailable
from retrieval.vectors import milvus as milvus_engine
from retrieval.vectors.store import EngineStore, store_of
from tests.building import Builder, Thing
from tests.fakes import FakeProfile
from tests.scale import milvus
from tests.scale.postgresql import Server, settings
from tests.scale.test_postgresql import THINGS, answers

ROWS, DIMENSION, NAME = 1500, 16, "000001_0123abcd"

Place = Callable[[Path], Path]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is full of other work servers take longer; tests of one that is away say for how long it is borne."""
    monkeypatch.setattr(milvus_engine, "PATIENCE_S", 60.0)


@pytest.fixture(params=["pgvector", "milvus"])
def place(server: Server, request: pytest.FixtureRequest) -> Iterator[Place]:
    """Makes the folder of a library whose catalog is on the server, and whose vectors are in an engine."""
    if request.param == "milvus" and not milvus.is_installed():
        pytest.skip(milvus.ABSENT)

    def make(home: Path) -> Path:
        vectors = "pgvector" if request.param == "pgvector" else f"milvus://{home}/milvus.db"
        settings(home, server.library(home), vectors)
        return home

    yield make
    if request.param == "milvus":
        milvus.release()


def engine_of(home: Path) -> Any:
    """The engine behind the store of a library."""
    store = store_of(home)
    assert isinstance(store, EngineStore)
    return store._engine


def table() -> tuple[Any, Any]:
    """Rows of ROW, three to an asset, and unit vectors."""
    rows = np.zeros(ROWS, ROW)
    rows["vector"], rows["segment"] = np.arange(1, ROWS + 1), np.arange(ROWS)
    rows["asset"], rows["medium"] = np.arange(ROWS) // 3 * 2, np.arange(ROWS) % 4
    vectors = np.random.default_rng(0).normal(size=(ROWS, DIMENSION))
    return rows, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


SCOPES = (
    Within(),
    Within(media=(1, 2)),
    Within(assets=np.arange(0, 400, 2)),
    Within(assets=np.r_[np.arange(0, 300), np.arange(700, 1000, 4)], media=(0, 3)),
    Within(without=np.arange(1, 800)),
    Within(assets=np.arange(100, 900), without=np.arange(200, 900, 3)),
    Within(assets=np.array([4])),
)


@pytest.mark.parametrize("graph", [False, True])
def test_filters_hold_and_nothing_near_is_missed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, graph: bool
) -> None:
    """All that is found is in scope, counts are exact, and the nearest are those of a comparison with all; also where lists
    of ids are longer than an expression may be."""
    monkeypatch.setattr(milvus_engine, "TERMS", 50)
    if graph:
        for module, name in ((pgvector, "EXACT_ROWS"), (milvus_engine, "FLAT_ROWS")):
            monkeypatch.setattr(module, name, 0)
        monkeypatch.setattr(pgvector, "EXACT_SHARE", 0.0)
    engine = engine_of(place(tmp_path / "library"))
    rows, vectors = table()
    engine.write(NAME, "image", rows, vectors)
    queries = vectors[[5, 700]].astype(np.float32)
    truth = queries @ vectors.T.astype(np.float32)
    recall = []
    for scope in SCOPES:
        fits = np.ones(ROWS, np.bool_) if scope.assets is None else np.isin(rows["asset"], scope.assets)
        fits &= ~np.isin(rows["vector"], scope.without) & (
            np.isin(rows["medium"], scope.media) if scope.media else True
        )
        count = engine.count(NAME, "image", scope)
        assert count == np.count_nonzero(fits)
        within = Within(scope.media, scope.assets, scope.without, count, ROWS)
        scores, found = engine.nearest(NAME, "image", queries, 20, within)
        for query, own, near in zip(truth, scores, found, strict=True):
            there = near["vector"] > 0
            assert np.count_nonzero(there) == min(20, count)
            assert set(near["vector"][there]) <= set(rows["vector"][fits])
            assert (near[there] == rows[near["vector"][there] - 1]).all()
            assert np.allclose(own[there], query[near["vector"][there] - 1], atol=1e-3)
            assert np.isneginf(own[~there]).all()
            best = rows["vector"][fits][np.argsort(-query[fits], kind="stable")[:20]]
            recall.append(np.isin(best, near["vector"]).mean())
    assert np.mean(recall) >= (0.98 if graph else 1.0)


def test_more_than_one_search_gives(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the search for a tag that many pictures have."""
    monkeypatch.setattr(milvus_engine, "MOST", 400)
    engine = engine_of(place(tmp_path / "library"))
    rows, vectors = table()
    engine.write(NAME, "image", rows, vectors)
    found = engine.nearest(
        NAME, "image", vectors[:1].astype(np.float32), ROWS, Within((), None, rows["vector"][:0], ROWS, ROWS)
    )
    assert sorted(found[1]["vector"][0].tolist()) == rows["vector"].tolist()


def test_a_library_answers_as_one_in_a_folder(place: Place, tmp_path: Path) -> None:
    """Unpublished, published, with and with what came later; older generations are deleted."""
    found = []
    for home in (tmp_path / "folder", place(tmp_path / "library")):
        builder = Builder(home)
        builder.add(*THINGS[:3])
        builder.publish()
        first = store_of(home).names()
        builder.add(*THINGS[3:])
        found.append(answers(home))
        publish(builder.engine, home, always=True)
        assert store_of(home).names().isdisjoint(first)
        found.append(answers(home))
        builder.close()
    assert found[:2] == found[2:]


def test_a_question_outlives_the_generation_that_it_began_with(place: Place, tmp_path: Path) -> None:
    """An opened library asks the next one; where none is left, the catalog, with a warning."""
    builder = Builder(place(tmp_path / "library"))
    builder.add(*THINGS)
    builder.publish()
    with Library.open(builder.home, profile=FakeProfile()) as opened:
        before = [hit.asset for hit in opened.search("boat", min_confidence=0.0)]
        publish(builder.engine, builder.home, always=True)
        assert [hit.asset for hit in opened.search("boat", min_confidence=0.0)] == before
        for name in store_of(builder.home).names():
            store_of(builder.home).delete(name)
        answer = opened.search("boat", min_confidence=0.0)
        assert [hit.asset for hit in answer] == before
        assert any("catalog" in each for each in answer.warnings)
    builder.close()


def test_a_copy_makes_its_indexes_where_its_settings_say(place: Place, tmp_path: Path) -> None:
    """There and back again."""
    builder = Builder(tmp_path / "folder")
    builder.add(*THINGS)
    builder.publish()
    builder.close()
    there = place(tmp_path / "library")
    copy_library(builder.home, there)
    assert store_of(there).names()
    copy_library(there, tmp_path / "back")
    assert not (there / "generations").exists()
    assert store_of(tmp_path / "back").names()
    assert answers(builder.home) == answers(there) == answers(tmp_path / "back")


def test_a_damaged_generation_is_named(place: Place, tmp_path: Path) -> None:
    """Of another dimension than the catalog says."""
    engine = engine_of(place(tmp_path / "library"))
    engine.write(NAME, "image", *table())
    with pytest.raises(LibraryDamaged, match="dimension"):
        engine.kinds(NAME, DIMENSION + 1)


@contextmanager
def published(tmp_path: Path, server: Server) -> Iterator[tuple[milvus.Process, Path, Builder]]:
    """A Milvus server of its own, and a library that has published THINGS there."""
    if not milvus.is_installed():
        pytest.skip(milvus.ABSENT)
    with milvus.Process(tmp_path / "data") as process:
        home = tmp_path / "library"
        settings(home, server.library(home), f"milvus://127.0.0.1:{process.port}/photos")
        builder = Builder(home)
        builder.add(*THINGS)
        builder.publish()
        yield process, home, builder
        builder.close()


def test_milvus_is_away_and_comes_back(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions and publishing say so within seconds; nothing is half written, and both go on when it is back."""
    monkeypatch.setattr(milvus_engine, "PATIENCE_S", 4.0)  # that of users: longer pauses of gRPC show
    with published(tmp_path, server) as (process, home, builder), Library.open(home, profile=FakeProfile()) as opened:
        before = [hit.asset for hit in opened.search("boat", min_confidence=0.0)]
        process.stop(signal.SIGKILL)
        for _ in range(3):  # the pause of gRPC after failed connections grows, and must not outlive them
            with pytest.raises(LibraryUnavailable, match="cannot be reached") as caught:
                opened.search("boat", min_confidence=0.0)
            assert caught.value.hint
        builder.add(Thing("late.jpg", Metadata("image"), [("image", "late boat")]))
        with pytest.raises(LibraryUnavailable, match="cannot be reached"):
            publish(builder.engine, home, always=True)
        process.start()
        after = [hit.asset for hit in opened.search("boat", min_confidence=0.0)]
        assert set(before) < set(after)
        publish(builder.engine, home, always=True)
        assert [hit.asset for hit in opened.search("boat", min_confidence=0.0)] == after


def test_milvus_is_killed_inside_a_write(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each step of it: an error says so; what was published before answers on, and the next publication leaves
    nothing of the broken one."""
    monkeypatch.setattr(milvus_engine, "BLOCK", 2)  # rows: several upserts
    with published(tmp_path, server) as (process, home, builder):
        builder.add(Thing("late.jpg", Metadata("image"), [("image", "late boat")]))
        before, engine = answers(home), engine_of(home)
        for step in ("upsert", "flush", "create_index", "load_collection"):
            with monkeypatch.context() as patch:
                patch.setattr(engine, "_call", killing(process, engine._call, step, patch))
                with pytest.raises(LibraryUnavailable, match="cannot be reached"):
                    publish(builder.engine, home, always=True)
            process.start()
            assert answers(home) == before
        first = store_of(home).names()
        publish(builder.engine, home, always=True)
        assert answers(home) == before
        assert store_of(home).names().isdisjoint(first)
        with builder.engine.connect() as connection:
            assert store_of(home).names() == catalog_read.generation_folders(connection)


@pytest.mark.parametrize("step", ["create_collection", "create_index", "load_collection"])
def test_a_step_that_milvus_did_past_its_time_is_done(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """It is asked for once more, for the answer never came."""
    if not milvus.is_installed():
        pytest.skip(milvus.ABSENT)
    from pymilvus import MilvusClient, MilvusException

    real, calls = getattr(MilvusClient, step), []

    def late(*given: Any, **named: Any) -> Any:
        calls.append(step)
        answer = real(*given, **named)
        if len(calls) == 1:
            raise MilvusException(message="Retry timeout: DEADLINE_EXCEEDED")
        return answer

    home = tmp_path / "library"
    settings(home, server.library(home), f"milvus://{tmp_path}/vectors.db")
    builder = Builder(home)
    builder.add(*THINGS)
    monkeypatch.setattr(MilvusClient, step, late)
    builder.publish()
    builder.close()
    assert len(calls) >= 2
    assert answers(home)


def killing(
    process: milvus.Process, call: Callable[..., Any], step: str, patch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """A call of the engine; after the first of a step there is no server any more, nor much patience."""

    def wrapped(method: str, *given: Any, **named: Any) -> Any:
        answer = call(method, *given, **named)
        if method == step:
            process.stop(signal.SIGKILL)
            patch.setattr(milvus_engine, "PATIENCE_S", 1.0)
        return answer

    return wrapped


def test_milvus_takes_calls_and_answers_none(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a machine that hangs: one error, in questions and in writes, and both go on when it answers again."""
    with published(tmp_path, server) as (process, home, builder):
        before = answers(home)
        with Library.open(home, profile=FakeProfile()) as opened:
            opened.search("boat", min_confidence=0.0)
            with monkeypatch.context() as patch:
                patch.setattr(milvus_engine, "PATIENCE_S", 1.0)
                process.send(signal.SIGSTOP)
                with pytest.raises(LibraryUnavailable, match="cannot be reached"):
                    opened.search("boat", min_confidence=0.0)
                with pytest.raises(LibraryUnavailable, match="cannot be reached"):
                    publish(builder.engine, home, always=True)
                process.send(signal.SIGCONT)
        assert answers(home) == before
        publish(builder.engine, home, always=True)
        assert answers(home) == before


def test_milvus_that_gets_no_further_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one without a machine to build with; one whose numbers change is waited for."""
    monkeypatch.setattr(milvus_engine, "STUCK_S", 0.15)
    engine = milvus_engine.MilvusEngine("milvus://127.0.0.1:1/photos", tmp_path)
    rows = iter(range(4))

    def described(*_: Any, **__: Any) -> dict[str, Any]:
        built = next(rows, 4)
        return {"state": "Finished" if built == 3 else "InProgress", "indexed_rows": built}

    monkeypatch.setattr(engine, "_call", described)
    monkeypatch.setattr(milvus_engine, "LAST_PAUSE_S", 0.2)
    assert engine._once("describe_index", "it", lambda index: index["state"] == "Finished")["indexed_rows"] == 3
    with pytest.raises(LibraryError, match="no further with it"):
        engine._once("describe_index", "it", lambda index: index["state"] == "Finished")


@pytest.mark.parametrize("rows_are_sent", [False, True])
def test_postgresql_crashes_inside_a_publication(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, rows_are_sent: bool
) -> None:
    """Before or after its rows are sent: an error says so, and nothing of it is there."""
    home = tmp_path / "library"
    settings(home, server.library(home), "pgvector")
    builder = Builder(home)
    builder.add(*THINGS)
    builder.publish()
    before, first, copy = answers(home), store_of(home).names(), pgvector._copy

    def crashing(*given: Any) -> None:
        if rows_are_sent:
            copy(*given)
        server.crash()
        if not rows_are_sent:
            copy(*given)

    try:
        with monkeypatch.context() as patch:
            patch.setattr(pgvector, "_copy", crashing)
            with pytest.raises(LibraryUnavailable, match="cannot be reached"):
                publish(builder.engine, home, always=True)
    finally:
        server.start()
    assert answers(home) == before
    assert store_of(home).names() == first
    publish(builder.engine, home, always=True)
    assert answers(home) == before
    assert store_of(home).names().isdisjoint(first)
    builder.close()


@pytest.mark.parametrize(
    ("refused", "code", "hint"),
    [
        ("Connect", "UNAUTHENTICATED", "MILVUS_TOKEN"),
        ("ShowCollections", "UNAUTHENTICATED", "MILVUS_TOKEN"),
        ("ShowCollections", "PERMISSION_DENIED", "MILVUS_TOKEN"),
        ("ShowCollections", 3, "memory"),
        ("ShowCollections", 7, "disk"),
        ("ShowCollections", 9, "quota"),
        ("ShowCollections", 1, "correct vectors"),
    ],
)
def test_what_a_user_must_mend_is_told_apart(tmp_path: Path, refused: str, code: int | str, hint: str) -> None:
    """From a server that is away, and without the patience for one: it would say the same again."""
    if not milvus.is_installed():
        pytest.skip(milvus.ABSENT)
    with milvus.refusing(refused, code) as port:
        engine = milvus_engine.MilvusEngine(f"milvus://127.0.0.1:{port}/photos", tmp_path)
        with pytest.raises(LibraryError, match="Milvus cannot list_collections: so it is") as caught:
            engine.generations()
        engine._close()
    assert hint in caught.value.hint


def test_an_index_of_another_kind_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of other versions have made another one than they were asked for, without an error."""
    if not milvus.is_installed():
        pytest.skip(milvus.ABSENT)
    settings(tmp_path, None, f"milvus://{tmp_path}/milvus.db")
    engine = engine_of(tmp_path)
    monkeypatch.setattr(engine, "_index", lambda wanted: milvus_engine.MilvusEngine._index(engine, "HNSW"))
    with pytest.raises(LibraryError, match="in place of FLAT"):
        engine.write(NAME, "image", *table())
    milvus.release()


def test_prefixes_may_begin_alike(tmp_path: Path) -> None:
    """What a library deletes as left over is its own, though the other's collections begin with its prefix."""
    if not milvus.is_installed():
        pytest.skip(milvus.ABSENT)
    url = f"milvus://{tmp_path}/milvus.db"
    one, other = (milvus_engine.MilvusEngine(url, tmp_path) for _ in range(2))
    one._prefix, other._prefix = "photos", "photos_old"
    rows, vectors = (each[:9] for each in table())
    for each in (one, other):
        each.write(NAME, "text_line", rows, vectors)
        assert each.generations() == {NAME}
    one.drop(NAME)
    assert (one.generations(), other.generations()) == (set(), {NAME})
    milvus.release()


def test_libraries_of_one_prefix_keep_apart(tmp_path: Path) -> None:
    """By mistake: each deletes only what it has begun, whether it was named or not, and both answer."""
    if not milvus.is_installed():
        pytest.skip(milvus.ABSENT)
    homes = [tmp_path / "one", tmp_path / "two"]
    builders = []
    for home in homes:
        settings(home, None, f"milvus://{tmp_path}/milvus.db")
        builders.append(Builder(home))
        builders[-1].add(*THINGS)
        builders[-1].publish()
    before = answers(homes[0])
    first = store_of(homes[0]).names()
    publish(builders[1].engine, homes[1], always=True)
    second = store_of(homes[0]).names()
    assert (len(first & second), len(second)) == (len(first) // 2, len(first))
    store = store_of(homes[1])
    left = store.new_name(99)
    with transaction(builders[1].engine) as connection:
        note_begun(connection, left, store.names())
    store.write(left, DIMENSION, [("image", *table())])
    assert sweep(builders[0].engine, homes[0]) == set()
    assert sweep(builders[1].engine, homes[1]) == {left}
    assert answers(homes[0]) == answers(homes[1]) == before
    for each in builders:
        each.close()
    milvus.release()


def test_a_generation_that_goes_between_the_parts_of_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is one that is gone, as for a question that comes later."""
    if not milvus.is_installed():
        pytest.skip(milvus.ABSENT)
    monkeypatch.setattr(milvus_engine, "MOST", 400)
    settings(tmp_path, None, f"milvus://{tmp_path}/milvus.db")
    engine = engine_of(tmp_path)
    rows, vectors = table()
    engine.write(NAME, "image", rows, vectors)
    rest = engine._all

    def dropped(iterator: Any) -> Any:
        engine.drop(NAME)
        return rest(iterator)

    monkeypatch.setattr(engine, "_all", dropped)
    with pytest.raises(IndexMismatch, match=NAME):
        engine.nearest(
            NAME, "image", vectors[:1].astype(np.float32), ROWS, Within((), None, rows["vector"][:0], ROWS, ROWS)
        )
    milvus.release()


def test_a_client_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what installs it."""
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    settings(tmp_path, None, "milvus://127.0.0.1:1/photos")
    with pytest.raises(InstallationError, match="pymilvus is not installed") as caught:
        store_of(tmp_path).names()
    assert "crossmedia[milvus]" in caught.value.hint


def test_two_libraries_never_share_collections(tmp_path: Path) -> None:
    """A copy is refused that would write over those of its origin."""
    for name in ("one", "two"):
        settings(tmp_path / name, None, "milvus://127.0.0.1:1/photos")
    with pytest.raises(LibraryError, match="both name"):
        copy_library(tmp_path / "one", tmp_path / "two")


def test_pgvector_needs_its_extension(tmp_path: Path, server: Server) -> None:
    """It is installed by the first generation, once for all libraries of the database."""
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        settings(home, server.library(home), "pgvector")
        engine_of(home).write(NAME, "image", *table())
    assert [len(engine_of(home).generations()) for home in homes] == [1, 1]
    engine_of(homes[0]).drop(NAME)
    assert [len(engine_of(home).generations()) for home in homes] == [0, 1]
    assert os.listdir(homes[0]) == ["crossmedia.toml"]
