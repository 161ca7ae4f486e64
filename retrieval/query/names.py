"""What a person calls a file of the library: its path or the end of it, its hash, or the id of one of its segments."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.domain.place import place_of, place_text
from retrieval.domain.records import StoredAsset, StoredSegment
from retrieval.errors import MediaError, QueryError, UnknownName

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot

MOST_NAMED = 5  # files of one name that an error lists
MOST_NEAR, LEAST_NEAR = 3, 0.7  # names that are told of as near, and the share of their letters that must fit
MOST_COMPARED = 50_000  # names of a library: more take seconds


def segments_named(name: str | Path, snapshot: Snapshot) -> tuple[int, list[StoredSegment]]:
    """The asset of that name with the one segment whose id it is, else with all of its segments.

    Raises: as asset_named.
    """
    segment = snapshot.segments.with_key(_text(name))
    if segment is not None:
        return segment.asset_id, [segment]
    asset = _asset_at(name, snapshot)
    return asset, snapshot.segments.of_asset(asset)


def asset_named(name: str | Path, snapshot: Snapshot) -> int:
    """The catalog's id of the asset of that path, path's end, hash or segment.

    Raises:
        UnknownName: the library holds nothing of that name.
        QueryError: it holds several files of it.
        MediaError: the file was left out; `reason` says why.
    """
    segment = snapshot.segments.with_key(_text(name))
    return segment.asset_id if segment is not None else _asset_at(name, snapshot)


def named_first(asset: StoredAsset, name: str | Path) -> StoredAsset:
    """The asset with the path that was meant before those of its copies."""
    meant, end = place_of(name), Path(name).parts
    ordered = sorted(asset.paths, key=lambda each: (each != meant, not end or each.parts[-len(end) :] != end))
    return replace(asset, paths=tuple(ordered))


def _text(name: str | Path) -> str:
    if not isinstance(name, str | Path) or not str(name).strip():
        shown = "nothing" if isinstance(name, str | Path) else f"a {type(name).__name__}"
        raise QueryError(f"{shown} names no file", "give a path or a segment's id")
    return str(name)


def _asset_at(name: str | Path, snapshot: Snapshot) -> int:
    path = place_of(name)
    found = snapshot.assets.with_key(str(name)) or snapshot.assets.at(path)
    if found is not None:
        return found
    called = snapshot.assets.called(Path(name))
    if len({asset for asset, _ in called}) == 1:
        return called[0][0]
    if called:
        shown = ", ".join(place_text(each) for _, each in called[:MOST_NAMED]) + ", ..." * (len(called) > MOST_NAMED)
        raise QueryError(f"{len(called):,} files are called {name}", f"which of them? {shown}")
    _refuse_left_out(name, path, snapshot)
    near = nearest(name, snapshot)
    hint = f"near to it: {', '.join(near)}" if near else "give an indexed path or a segment's id"
    raise UnknownName(f"the library holds nothing named {name}", hint)


def nearest(name: str | Path, snapshot: Snapshot) -> list[str]:
    """Names of folders and files of the library that are nearly the last part of a path, at most MOST_NEAR."""
    wanted = Path(str(name).strip("*/ ")).name.casefold()
    parts = {part for each in snapshot.assets.seen().values() for path in each.paths for part in path.parts[1:]}
    folded = {part.casefold(): part for part in sorted(parts)[:MOST_COMPARED]}
    return [folded[each] for each in get_close_matches(wanted, folded, MOST_NEAR, LEAST_NEAR)] if wanted else []


def _refuse_left_out(name: str | Path, path: Path, snapshot: Snapshot) -> None:
    """Says why a file of that name was left out, if one was."""
    end = Path(name).parts
    skips = snapshot.status.skips()
    here = [each for each in skips if each.path == path] or [
        each for each in skips if each.path.parts[-len(end) :] == end
    ]
    if here:
        skip = here[0]
        since = f" (the file is as of {skip.changed_at[:16].replace('T', ' ')})" if skip.changed_at else ""
        more = f": {skip.detail}" if skip.detail and skip.detail != skip.reason else ""
        raise MediaError(
            f"{place_text(skip.path)} was left out: {skip.reason}{since}{more}",
            "crossmedia index reads it again when it has changed",
            skip.reason,
        )
