"""Assets and the paths that lead to them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, literal, select

from retrieval.catalog import dialect
from retrieval.catalog.filters import fits
from retrieval.catalog.rows import path_of
from retrieval.catalog.schema import assets, paths, sources
from retrieval.domain.media import Medium
from retrieval.domain.place import is_object
from retrieval.domain.records import SeenAsset, StoredAsset

_ASSETS = (
    select(assets, sources.c.root, paths.c.relative, sources.c.offline)
    .join_from(assets, paths, paths.c.asset_id == assets.c.id, isouter=True)
    .join(sources, sources.c.id == paths.c.source_id, isouter=True)
    .where(assets.c.id.in_(dialect.given()))
)
_LIVE_FIRST = (sources.c.offline, paths.c.id)
_SHOWN = _ASSETS.add_columns(literal(True).label("fits")).order_by(*_LIVE_FIRST)
_SEEN = (
    select(assets.c.hash, assets.c.medium, assets.c.keywords, sources.c.root, paths.c.relative)
    .join_from(paths, sources, sources.c.id == paths.c.source_id)
    .join(assets, assets.c.id == paths.c.asset_id)
    .order_by(sources.c.offline, paths.c.id)
)
_FACTS = ("format", "bytes", "width", "height", "duration_ms", "pages", "date", "date_from", "camera")
_SAID = ("latitude", "longitude", "lang", "title", "artist", "keywords", "has_sound", "has_subtitles")
_KNOWN = [(name, list(assets.c.keys()).index(name)) for name in (*_FACTS, *_SAID)]  # with their places in a row
_MEDIA = select(assets.c.id, assets.c.medium).where(assets.c.id.in_(dialect.given()))


class AssetReader:
    """Assets of one state of the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_id(self, ids: Iterable[int], glob: str | None = None) -> dict[int, StoredAsset]:
        """The assets with these ids that there are. glob: of the paths of one asset, those that fit it come first."""
        query = _SHOWN
        if glob is not None:
            wanted = fits(self._connection, glob)
            query = _ASSETS.add_columns(wanted.label("fits")).order_by(~wanted, *_LIVE_FIRST)
        rows: dict[int, list[Row[Any]]] = {}
        for row in self._connection.execute(query, {"ids": dialect.id_list(ids)}).all():
            rows.setdefault(row[0], []).append(row)
        return {asset: _asset(own) for asset, own in sorted(rows.items())}

    def with_hash(self, digest: bytes) -> int | None:
        """The asset with this content (BLAKE2b-256), if the catalog holds it."""
        return self._connection.scalar(select(assets.c.id).where(assets.c.hash == digest))

    def with_key(self, key: str) -> int | None:
        """The asset whose hash, in hex, is or begins with `key` (8 characters at least)."""
        if len(key) < 8 or len(key) > 64 or not set(key) <= set("0123456789abcdef"):
            return None
        least, greatest = (bytes.fromhex(key.ljust(64, digit)) for digit in "0f")
        within = select(assets.c.id).where(assets.c.hash.between(least, greatest)).limit(2)
        found = self._connection.scalars(within).all()
        return found[0] if len(found) == 1 else None

    def at(self, path: Path) -> int | None:
        """The asset that was seen at this absolute path, or at the place where its folder really is."""
        found = self._at(os.fsencode(path))
        real = path if is_object(path) else path.parent.resolve() / path.name  # sources are kept without links
        return found if found is not None or real == path else self._at(os.fsencode(real))

    def _at(self, raw: bytes) -> int | None:
        for source, root in self._connection.execute(select(sources.c.id, sources.c.root)):
            prefix = root.rstrip(b"/") + b"/"
            if raw.startswith(prefix):
                here = (paths.c.source_id == source) & (paths.c.relative == raw[len(prefix) :])
                found = self._connection.scalar(select(paths.c.asset_id).where(here))
                if found is not None:
                    return int(found)
        return None

    def called(self, end: Path) -> list[tuple[int, Path]]:
        """Assets with the paths that end in `end`, a relative one of whole parts, by path."""
        raw = os.fsencode(end)
        if end.is_absolute() or not raw.strip(b"./"):
            return []
        fits_end = (paths.c.relative == raw) | (dialect.tail(paths.c.relative, len(raw) + 1) == b"/" + raw)
        query = select(paths.c.asset_id, sources.c.root, paths.c.relative).join_from(paths, sources)
        rows = self._connection.execute(query.where(paths.c.asset_id.is_not(None), fits_end))
        found = [(asset, path_of(root, relative)) for asset, root, relative in rows]
        return sorted(found, key=lambda each: os.fsencode(each[1]))

    def media(self, asset_ids: Iterable[int]) -> dict[int, Medium]:
        """The medium of each of these assets."""
        return {row.id: row.medium for row in self._connection.execute(_MEDIA, {"ids": dialect.id_list(asset_ids)})}

    def with_copies(self, medium: Medium) -> list[int]:
        """Assets of a medium that were seen at more than one path."""
        query = select(paths.c.asset_id).join(assets, assets.c.id == paths.c.asset_id).where(assets.c.medium == medium)
        query = query.group_by(paths.c.asset_id).having(func.count() > 1).order_by(paths.c.asset_id)
        return list(self._connection.execute(query).scalars())

    def seen(self) -> dict[str, SeenAsset]:
        """Every asset that was seen, by its content hash."""
        known: dict[str, tuple[Medium, str]] = {}
        places: dict[str, list[Path]] = {}
        for digest, medium, keywords, root, relative in self._connection.execute(_SEEN):
            known[digest.hex()] = (medium, keywords)
            places.setdefault(digest.hex(), []).append(path_of(root, relative))
        return {
            own: SeenAsset(own, medium, tuple(places[own]), _lines(keywords))
            for own, (medium, keywords) in known.items()
        }


def _lines(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("\n")))


def _asset(rows: Sequence[Row[Any]]) -> StoredAsset:
    """An asset of its rows, one for each path, or a single one without."""
    row, seen = rows[0], [each for each in rows if each.root is not None]
    known: dict[str, Any] = {name: row[place] for name, place in _KNOWN}
    known["keywords"] = _lines(known["keywords"])
    known["place"] = (row.places or "").partition("\n")[0] or None
    offline = all(each.offline for each in seen)
    found = tuple(path_of(each.root, each.relative) for each in seen)
    leading = sum((each.offline, each.fits) == (row.offline, row.fits) for each in seen)
    return StoredAsset(row.id, row.hash.hex(), row.medium, found, offline, known, leading)
