"""Generations of vectors in Milvus, by pymilvus 3: a server, or a file that milvus-lite reads inside this process.

    PREFIX_GENERATION_KIND      vector (key), segment, asset, medium, embedding; one collection for each kind

    milvus://HOST:PORT/PREFIX   a server; by TLS with ?tls=true; its user and password, or token, in MILVUS_TOKEN
    milvus:///FOLDER/FILE.db    milvus-lite

Collections are written once, so bounded consistency is enough for questions; the count after writing, and that at opening,
are strong: whoever has seen them sees all rows. No aliases: a row of the catalog names the generation, for all its kinds at
once, and a question that began with the one before it goes on with that, or is asked again.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Kind, Vectors
from retrieval.domain.records import ROW, Half, Ids, Within, runs
from retrieval.errors import IndexMismatch, LibraryDamaged, LibraryError, LibraryUnavailable, importing

PATIENCE_S = 4.0  # for a call, retries included
WRITE_S = 600.0  # for one of a writer, as long as the server answers others meanwhile
STUCK_S = 3600.0  # without a sign of progress in what a server builds or loads: large indexes take long to show one
FIRST_PAUSE_S, LAST_PAUSE_S = 0.1, 2.0  # doubled at each retry
FLAT_ROWS = 20_000  # up to so many are compared one by one
M, EF_CONSTRUCTION = 16, 128
LEAST_EF = 400
BLOCK = 2_000  # rows of one message: 64 MiB is the most
TERMS = 2_000  # ids, or runs of ids, of one expression; longer lists are asked in parts
MOST = 16_384  # neighbours of one search; more by an iterator
BUILT = ("Finished", "Failed")  # states of an index
GONE = {100, 101}  # codes of errors: no such collection, not loaded
# A client made anew connects anew: gRPC shares connections in a process, and pauses of minutes after failed ones.
# Pings of idle connections are no more than a server bears with: for each ten seconds, pymilvus's own, some hang up.
CHANNEL = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.keepalive_time_ms": 300_000,
    "grpc.keepalive_permit_without_calls": False,
}
AWAY = {"UNAVAILABLE", "DEADLINE_EXCEEDED", 2, 4, 8}  # numbers: not there, too many requests, too fast
AWAY_TEXTS = (
    "UNAVAILABLE", "DEADLINE", "Retry timeout", "Fail connecting", "not ready", "closed channel", "Channel closed",
)  # fmt: skip
ROOM = "crossmedia index goes on when it is there; the catalog is whole"
HINTS: dict[int | str, str] = {
    "UNAUTHENTICATED": "set MILVUS_TOKEN to user:password, or a token, that the server knows",
    "PERMISSION_DENIED": "let the user in MILVUS_TOKEN make, read and drop collections of this prefix",
    3: f"give Milvus more memory; {ROOM}",
    7: f"give Milvus more disk; {ROOM}",
    9: f"raise the quota of Milvus, or give it memory and disk; {ROOM}",
}
WAY_ON = "start Milvus or correct vectors in crossmedia.toml; the catalog is whole, crossmedia index goes on"


class MilvusEngine:
    """See retrieval.protocols.VectorEngine. url: as above; home: the library's folder, for errors."""

    def __init__(self, url: str, home: Path) -> None:
        parts = urlsplit(url)
        self._home = home
        self._prefix = parts.path.strip("/") or "crossmedia"
        self._server: str | None = None
        if parts.netloc:
            secure = parse_qs(parts.query).get("tls", ["false"])[0] == "true"
            self._server = f"{'https' if secure else 'http'}://{parts.netloc}"
        else:
            self._file, self._prefix = parts.path, "crossmedia"
        if not self._prefix.isidentifier() or not self._prefix.isascii():
            raise LibraryError(
                f"invalid prefix of collections in {url}: {self._prefix!r}", "letters, digits and _ alone"
            )
        self._lock = threading.Lock()
        self._client: Any = None

    def kinds(self, generation: str, dimension: int) -> dict[Kind, int]:
        """Counted strongly: all rows can be found from here on."""
        head = self._name(generation, "")
        found: dict[Kind, int] = {}
        for name in self._call("list_collections"):
            if name.startswith(head):
                fields = self._call("describe_collection", name, generation=generation)["fields"]
                if fields[-1]["params"]["dim"] != dimension:
                    raise LibraryDamaged(f"the index {generation} is of another dimension", "crossmedia rebuild")
                kind = name.removeprefix(head)
                found[kind] = self._count(generation, kind, "", "Strong")
        return found

    def nearest(
        self, generation: str, kind: Kind, queries: Vectors, k: int, within: Within
    ) -> tuple[Vectors, NDArray[Any]]:
        """Scores (q, k) float32 in -1..1 and rows (q, k) of ROW for queries (q, dimension): the best of a scope."""
        parts = [self._part(generation, kind, queries, k, each, within) for each in _expressions(within)]
        scores = np.concatenate([each[0] for each in parts], axis=1)
        rows = np.concatenate([each[1] for each in parts], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(scores, order, 1), np.take_along_axis(rows, order, 1)

    def _part(
        self, generation: str, kind: Kind, queries: Vectors, k: int, expression: str, within: Within
    ) -> tuple[Vectors, NDArray[Any]]:
        """Scores (q, n) float32 in -1..1 and rows (q, n) of ROW: the best of one expression for queries (q, dimension).

        Where too many vectors may not be found to say so in it, they are dropped here, and more are asked for until
        enough are left.
        """
        asked = k
        while True:
            found = self._search(generation, kind, queries, asked, expression)
            rows = _table([[_row(each) for each in hits] for hits in found], asked, ROW, 0)
            scores = _table([[each["distance"] for each in hits] for hits in found], asked, np.float32, -np.inf)
            if len(within.without) <= TERMS:
                return scores, rows
            gone = np.isin(rows["vector"], within.without)
            scores[gone], rows[gone] = -np.inf, 0
            kept = np.count_nonzero(rows["vector"], axis=1)
            if asked >= within.of or all(
                kept[at] >= min(k, within.rows) or len(hits) < asked for at, hits in enumerate(found)
            ):
                return scores, rows
            asked = min(4 * asked, within.of)

    def _search(self, generation: str, kind: Kind, queries: Vectors, k: int, expression: str) -> Any:
        """For each of the queries (q, dimension), of unit length, at most k hits; above MOST by an iterator."""
        given: dict[str, Any] = {
            "filter": expression, "anns_field": "embedding", "output_fields": ["segment", "asset", "medium"], "limit": k,
            "search_params": {"metric_type": "IP", "params": {"ef": min(max(LEAST_EF, k), MOST)}},
        }  # fmt: skip
        name = self._name(generation, kind)
        if k <= MOST:
            return self._call("search", name, data=list(queries), generation=generation, **given)
        given |= {"batch_size": MOST, "generation": generation, "then": self._all}
        return [self._call("search_iterator", name, data=[each], **given) for each in queries]

    @staticmethod
    def _all(iterator: Any) -> list[Any]:
        hits: list[Any] = []
        while batch := iterator.next():
            hits += batch
        iterator.close()
        return hits

    def count(self, generation: str, kind: Kind, within: Within) -> int:
        found = 0
        for each in _expressions(within):
            found += self._count(generation, kind, each)
            for start in range(0, len(within.without) if len(within.without) > TERMS else 0, TERMS):
                gone = f"vector in {within.without[start : start + TERMS].tolist()}"
                found -= self._count(generation, kind, f"{each} and {gone}" if each else gone)
        return found

    def _count(
        self, generation: str, kind: Kind, expression: str, consistency: str = "Bounded", patience: float = PATIENCE_S
    ) -> int:
        (row,) = self._call(
            "query", self._name(generation, kind), filter=expression, output_fields=["count(*)"],
            consistency_level=consistency, generation=generation, patience=patience,
        )  # fmt: skip
        return int(row["count(*)"])

    def write(self, generation: str, kind: Kind, rows: NDArray[Any], vectors: Half) -> None:
        """Rows (n,), dtype ROW, and unit vectors (n, dimension).

        Raises: LibraryError where Milvus made another index than was asked for, or does not hold all rows."""
        name = self._name(generation, kind)
        schema = _schema(vectors.shape[1])
        self._call("create_collection", name, schema=schema, consistency_level="Bounded", patience=WRITE_S)
        for start in range(0, len(rows), BLOCK):
            part = slice(start, start + BLOCK)
            self._call("upsert", name, data=_records(rows[part], vectors[part]), patience=WRITE_S)
        self._call("flush", name, patience=WRITE_S)
        wanted = "FLAT" if len(rows) <= FLAT_ROWS else "HNSW"
        # The client would wait for both by itself, and for as long again once the server is gone.
        self._call("create_index", name, index_params=self._index(wanted), sync=False, patience=WRITE_S)
        made = self._once("describe_index", name, lambda index: index["state"] in BUILT, index_name="embedding")
        if made["state"] == BUILT[1]:
            raise LibraryError(f"Milvus cannot build the index of {name}", WAY_ON)
        self._call("load_collection", name, _async=True, patience=WRITE_S)
        self._once("get_load_state", name, lambda found: found["state"].name == "Loaded")
        if made.get("index_type") != wanted:
            raise LibraryError(f"Milvus made the index {made.get('index_type')} of {name} in place of {wanted}", WAY_ON)
        if (there := self._count(generation, kind, "", "Strong", WRITE_S)) != len(rows):
            raise LibraryError(f"Milvus holds {there:,} of the {len(rows):,} rows of {name}", "crossmedia rebuild")

    def _once(self, method: str, name: str, is_done: Callable[[Any], bool], **named: Any) -> Any:
        """The answer of a call, made until it says that the server is done. Raises: LibraryError: the same for STUCK_S."""
        pause, last, since = FIRST_PAUSE_S, None, time.monotonic()
        while not is_done(answer := self._call(method, name, patience=WRITE_S, **named)):
            if answer != last:
                last, since = answer, time.monotonic()
            elif time.monotonic() - since > STUCK_S:
                raise LibraryError(f"Milvus got no further with {name} in {STUCK_S / 60:.0f} minutes", WAY_ON)
            time.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE_S)
        return answer

    def _index(self, kind: str) -> Any:
        parameters = self._opened().prepare_index_params()
        built = {"M": M, "efConstruction": EF_CONSTRUCTION} if kind == "HNSW" else {}
        parameters.add_index("embedding", index_type=kind, metric_type="IP", params=built, index_name="embedding")
        return parameters

    def generations(self) -> set[str]:
        """By the whole form of a name: another library's prefix may begin as this one's does."""
        form = re.compile(re.escape(self._prefix) + r"_([0-9]+_[0-9a-f]{8})_\w+")
        found = (form.fullmatch(each) for each in self._call("list_collections"))
        return {each[1] for each in found if each}

    def drop(self, generation: str) -> None:
        for name in self._call("list_collections"):
            if name.startswith(self._name(generation, "")):
                self._call("drop_collection", name, patience=WRITE_S)

    def _name(self, generation: str, kind: str) -> str:
        return f"{self._prefix}_{generation}_{kind}"

    def _call(
        self,
        method: str,
        *given: Any,
        patience: float = PATIENCE_S,
        generation: str = "",
        then: Callable[[Any], Any] = lambda answer: answer,
        **named: Any,
    ) -> Any:
        """One call of the client, and what `then` makes of its answer by more of them; again, later and later, while the
        server cannot be reached. Where patience is more than PATIENCE_S, a call that takes long is repeated with twice the
        time, up to patience, as long as the server answers others.

        Raises: LibraryUnavailable when patience is at its end; IndexMismatch where the collection of a generation is gone.
        """
        limit, pause = PATIENCE_S, FIRST_PAUSE_S
        until = time.monotonic() + limit
        while True:
            try:
                left = max(until - time.monotonic(), FIRST_PAUSE_S)
                return then(getattr(self._opened(left), method)(*given, timeout=left, **named))
            except _errors() as error:
                if generation and _code(error) in GONE:
                    raise IndexMismatch(generation) from error
                if method.startswith("create_") and "already exist" in str(error):
                    return None  # made by a call that ran out of time: no other writer has this generation
                if not _is_away(error):
                    raise LibraryError(
                        f"Milvus cannot {method}: {_line(error)}", HINTS.get(_code(error), WAY_ON)
                    ) from error
                if limit < patience and _is_slow(error) and self._answers():
                    limit = min(2 * limit, patience)
                    until = time.monotonic() + limit
                    continue
                if time.monotonic() + pause > until:
                    raise self._away(error) from error
                self._close()
            time.sleep(pause)
            pause *= 2

    def _answers(self) -> bool:
        """Whether the server answers another call."""
        try:
            self._opened().list_collections(timeout=PATIENCE_S)
        except _errors():
            return False
        return True

    def _away(self, error: Exception) -> LibraryUnavailable:
        return LibraryUnavailable(f"the vectors of {self._home} cannot be reached: {_line(error)}", WAY_ON)

    def _opened(self, patience: float = PATIENCE_S) -> Any:
        """The client, connected. Threads connect beside each other, so that none waits for the patience of another."""
        client = self._client
        if client is not None:
            return client
        from pymilvus import MilvusClient

        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs each error that it raises
        client = MilvusClient(
            self._server or self._file, token=os.environ.get("MILVUS_TOKEN", ""), timeout=patience, grpc_options=CHANNEL
        )  # fmt: skip
        with self._lock:
            if self._client is None:
                self._client, self._closer = client, weakref.finalize(self, client.close)
            elif client is not self._client:
                client.close()
            return self._client

    def _close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._closer()
                self._client = None


def _errors() -> tuple[type[Exception], ...]:
    """What the client raises where a call fails; a call past its time is an error of gRPC's own."""
    with importing("pymilvus", "'crossmedia[milvus]'"):
        from pymilvus import MilvusException
    import grpc

    return MilvusException, grpc.RpcError


def _told(error: Any) -> Any:
    """What the server said, where the client wraps it: a refused login is "fail connecting" there."""
    return error.__cause__ if hasattr(error.__cause__, "details") else error


def _code(error: Any) -> int | str:
    """A number of Milvus, or the name of gRPC's; 1 is whatever has no number."""
    code = _told(error).code
    code = code() if callable(code) else code
    return str(getattr(code, "name", "")) or int(code)


def _is_away(error: Any) -> bool:
    """Whether an error says that the server cannot be reached, is not ready, or too busy; what a user must mend is not."""
    code = _code(error)
    return code in AWAY or (code not in HINTS and any(each in str(error) for each in AWAY_TEXTS))


def _is_slow(error: Exception) -> bool:
    """Whether an error says no more than that time is up."""
    text = str(error)
    return "UNAVAILABLE" not in text and ("DEADLINE" in text or "timeout" in text)


def _line(error: Any) -> str:
    error = _told(error)
    said = error.details() if hasattr(error, "details") else getattr(error, "message", "") or str(error)
    return " ".join((said or "").split())[:200]


def _schema(dimension: int) -> Any:
    from pymilvus import CollectionSchema, DataType, FieldSchema

    fields = [FieldSchema("vector", DataType.INT64, is_primary=True, auto_id=False)]
    fields += [FieldSchema(name, DataType.INT64) for name in ("segment", "asset", "medium")]
    return CollectionSchema([*fields, FieldSchema("embedding", DataType.FLOAT_VECTOR, dim=dimension)])


def _records(rows: NDArray[Any], vectors: Half) -> list[dict[str, Any]]:
    found = [dict(zip(ROW.names or (), row, strict=True)) for row in rows.tolist()]
    for each, vector in zip(found, vectors.astype(np.float32), strict=True):
        each["embedding"] = vector
    return found


def _row(hit: Any) -> tuple[int, ...]:
    entity, key = hit["entity"], hit.get("vector")
    key = hit["id"] if key is None else key  # servers before 2.4 do not say how the key is called
    return int(key), int(entity["segment"]), int(entity["asset"]), int(entity["medium"])


def _table(found: list[list[Any]], k: int, dtype: Any, empty: Any) -> NDArray[Any]:
    """(q, k) of q lists of at most k values, `empty` behind them."""
    table = np.full((len(found), k), empty, dtype)
    for at, each in enumerate(found):
        table[at, : len(each)] = each
    return table


def _expressions(within: Within) -> Iterator[str]:
    """The scope as expressions that no row fulfils twice; '' for all rows."""
    always = []
    if within.media:
        always.append(f"medium in {list(within.media)}")
    if 0 < len(within.without) <= TERMS:
        always.append(f"not (vector in {within.without.tolist()})")
    if within.assets is None:
        yield " and ".join(always)
        return
    for part in _runs(within.assets):
        yield " and ".join([*always, part])


def _runs(ascending: Ids) -> Iterator[str]:
    """Ascending ids (n,) as runs and lists, at most TERMS of them in one expression."""
    firsts, lasts = runs(ascending)
    for start in range(0, len(firsts), TERMS):
        part = slice(start, start + TERMS)
        alone = firsts[part] == lasts[part]
        terms = [f"asset in {firsts[part][alone].tolist()}"] if alone.any() else []
        pairs = zip(firsts[part][~alone].tolist(), lasts[part][~alone].tolist(), strict=True)
        terms += [f"(asset >= {first} and asset <= {last})" for first, last in pairs]
        yield f"({' or '.join(terms)})"
