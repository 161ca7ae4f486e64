"""Near duplicates: groups of assets that show or sound the same, and the one of each to keep.

Proposals are cheap and too many: pictures that are alike in details (proposals.py), videos with frames whose coarse greys
are near at one distance in time, recordings that share words of sound at one distance. Fingerprints decide
(media/fingerprint.py; docs/decisions/0186, 0187).
Copies byte for byte are one asset at several paths, and join the group of that asset.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Medium
from retrieval.domain.records import StoredAsset, StoredFingerprints
from retrieval.media import fingerprint
from retrieval.search.proposals import proposed
from retrieval.settings import FRAME_EVERY_MS

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot

KEY_EVERY_MS = 2_000  # so far apart frames of a long shot are looked up
NEAR_FRAME = 0.8  # ... of frames that are held against each other, which may be some tenths of a second apart
SHIFTS = 4  # alignments of two videos that are tried
OFFSET_MS = 500  # frames whose distances differ by no more speak for one alignment
LEAST_MS = 1_500  # a shorter stretch in common proves nothing
PART = 0.7  # of the shorter one that must be in the other
MOVING = 3.0  # deviation over time (0..255) from which movement is compared as well
MOVES_ALIKE = 0.4  # correlation of what differs from the mean frame
COMMON_WORD = 64  # a word of sound that occurs more often tells nothing
SHORT_MS = 12_800  # recordings up to this length are held against each other as a whole
MOST_SHORT = 2_000  # ... so many of them
LEAST_WORDS = 3  # equal words at one distance that propose two recordings

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Copy:
    """One file of a group. same: its bytes are those of another file here. links: other names of the same file."""

    path: Path
    asset: StoredAsset
    same: bool
    links: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Files that are one picture, video or recording, the one to keep first."""

    medium: Medium
    copies: tuple[Copy, ...]

    @property
    def keep(self) -> Copy:
        """The largest and longest; of equals the one that lies at the shortest path."""
        return self.copies[0]


def find_duplicates(snapshot: Snapshot, media: Iterable[Medium] = ("image", "video", "audio")) -> list[Group]:
    """All groups, the largest files first. Assets without fingerprints (see `crossmedia index`) have exact copies only."""
    groups: list[Group] = []
    for medium in media:
        kept = snapshot.fingerprints.of_medium(medium)
        links = _LINKS[medium](kept) if medium in _LINKS and len(kept.assets) else []
        together = [*joined(links)]
        grouped = {asset for each in together for asset in each}
        together += [[asset] for asset in snapshot.assets.with_copies(medium) if asset not in grouped]
        known = snapshot.assets.by_id([asset for each in together for asset in each])
        groups += [_group(medium, [known[asset] for asset in each if asset in known]) for each in together]
    real = [each for each in groups if len(each.copies) > 1]
    return sorted(real, key=lambda each: (-(each.keep.asset.facts["bytes"] or 0), str(each.keep.path)))


def _group(medium: Medium, members: Sequence[StoredAsset]) -> Group:
    copies = []
    for asset in members:
        files = list(files_at(asset.paths))
        copies += [Copy(path, asset, len(files) > 1, links) for path, links in files]
    return Group(medium, tuple(sorted(copies, key=_worth)))


def files_at(paths: Iterable[Path]) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    """Each file once, by device and inode: the shortest path of its own, and its other names.

    Deleting another name frees nothing, so none is a copy. A symbolic link is only ever another name; a file that no path
    but links leads to is left out, as is what would be kept of it. What is away counts as a file at each path.
    """
    names: dict[object, list[Path]] = defaultdict(list)
    for path in paths:
        names[_identity(path)].append(path)
    for same in names.values():
        ordered = sorted(same, key=lambda each: (each.is_symlink(), len(str(each)), str(each)))
        if not ordered[0].is_symlink():
            yield ordered[0], tuple(ordered[1:])


def _identity(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return path
    return (status.st_dev, status.st_ino) if status.st_ino else path


def _worth(copy: Copy) -> tuple[object, ...]:
    """Sorts the one to keep first: what is at hand, longest (to the second), most pixels, most bytes, shortest path."""
    facts: Mapping[str, int | None] = copy.asset.facts
    seconds = round((facts["duration_ms"] or 0) / 1000)
    pixels = (facts["width"] or 0) * (facts["height"] or 0)
    return (copy.asset.offline, -seconds, -pixels, -(facts["bytes"] or 0), len(str(copy.path)), str(copy.path))


def joined(links: Iterable[Pair]) -> Iterator[list[int]]:
    """Sets of what is linked, directly or by others; each ascending."""
    above: dict[int, int] = {}

    def root(one: int) -> int:
        while above.setdefault(one, one) != one:
            above[one] = one = above[above[one]]
        return one

    for one, other in links:
        above[root(one)] = root(other)
    sets: dict[int, list[int]] = defaultdict(list)
    for one in sorted(above):
        sets[root(one)].append(one)
    return iter(sets.values())


# ---------------------------------------------------------------- pictures


def alike_pictures(found: StoredFingerprints) -> list[Pair]:
    """Pairs of picture assets that are one picture. Of animations and pages the first and the last must be."""
    assets, firsts, counts = np.unique(found.assets, return_index=True, return_counts=True)
    first, last = found.data[firsts], found.data[firsts + counts - 1]
    pairs = proposed(first)
    pairs = pairs[(counts[pairs] > 1).sum(axis=1) != 1]
    same = pairs[fingerprint.same_pairs(first, pairs)]
    moving = counts[same[:, 0]] > 1
    same = np.concatenate([same[~moving], same[moving][fingerprint.same_pairs(last, same[moving])]])
    return [(one, other) for one, other in assets[same].tolist()]


# ---------------------------------------------------------------- videos


@dataclass(frozen=True, slots=True, eq=False)
class _Clip:
    """The frames of one video: times (n,) ascending, and fingerprints (n, BYTES)."""

    asset: int
    times: NDArray[np.int64]
    data: NDArray[np.uint8]

    def frame_at(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places (n,) of the frames nearest to times (n,) in ms."""
        return np.asarray(np.abs(self.times[None] - times[:, None]).argmin(axis=1))


def alike_videos(found: StoredFingerprints) -> list[Pair]:
    """Pairs of videos of which one, or most of it, is in the other: cut, written again, mirrored."""
    clips = [*_clips(found)]
    links = []
    for (one, other), shifts in _aligned(clips):
        short, long = sorted((clips[one], clips[other]), key=lambda clip: int(clip.times[-1] - clip.times[0]))
        way = 1 if short is clips[one] else -1
        if any(_same_stretch(short, long, way * shift) for shift in shifts):
            links.append((clips[one].asset, clips[other].asset))
    return links


def _clips(found: StoredFingerprints) -> Iterator[_Clip]:
    assets, firsts, counts = np.unique(found.assets, return_index=True, return_counts=True)
    for asset, first, count in zip(assets.tolist(), firsts.tolist(), counts.tolist(), strict=True):
        order = first + np.argsort(found.at_ms[first : first + count], kind="stable")
        order = order[~fingerprint.is_plain(found.data[order])]
        if len(order):
            yield _Clip(asset, found.at_ms[order], found.data[order])


def _aligned(clips: Sequence[_Clip]) -> Iterator[tuple[Pair, list[int]]]:
    """Pairs of clips with frames alike, and how much later (ms) these stand in the second; the likeliest first."""
    owners = np.concatenate([np.full(len(clip.times), at) for at, clip in enumerate(clips)]) if clips else np.empty(0)
    if not len(owners):
        return
    times = np.concatenate([clip.times for clip in clips])
    rows = fingerprint.coarse(np.concatenate([clip.data for clip in clips]))
    plain, mirrored = rows[: len(owners)], rows[len(owners) :]
    votes: dict[Pair, Counter[int]] = defaultdict(Counter)
    for at, clip in enumerate(clips):
        keys = np.flatnonzero(owners == at)[_keys(clip.times)]
        near = np.maximum(plain[keys] @ plain.T, plain[keys] @ mirrored.T)
        for key, other in np.argwhere((near >= fingerprint.MAY_BE_ONE) & (owners != at)[None]).tolist():
            later = round(int(times[other] - times[keys[key]]) / OFFSET_MS)
            pair = (at, int(owners[other])) if at < owners[other] else (int(owners[other]), at)
            votes[pair][later if at < owners[other] else -later] += 1
    for pair, distances in votes.items():
        wide = {step: sum(distances[step + side] for side in (-1, 0, 1)) for step in distances}
        ranked = sorted(wide, key=lambda step: (-wide[step], -distances[step], abs(step)))
        yield pair, [OFFSET_MS * step for step in ranked[:SHIFTS]]


def _keys(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Frames that are looked up: the first, and the first of each KEY_EVERY_MS."""
    return np.asarray(np.unique(times // KEY_EVERY_MS, return_index=True)[1])


def _same_stretch(short: _Clip, long: _Clip, shift: int) -> bool:
    """Whether the short clip is in the long one, where its times are `shift` ms later."""
    within = (short.times + shift >= long.times[0] - FRAME_EVERY_MS) & (
        short.times + shift <= long.times[-1] + FRAME_EVERY_MS
    )
    common = short.times[within]
    if within.mean() < PART or (len(within) > 2 and common[-1] - common[0] < LEAST_MS):
        return False
    ours, theirs = short.data[within], long.data[long.frame_at(common + shift)]
    if np.mean(_coarsely(ours, theirs) >= NEAR_FRAME) < PART:  # spares the closer look
        return False
    same = [
        fingerprint.same_pictures(a, b[None])[0] or fingerprint.same_pictures(b, a[None])[0]
        for a, b in zip(ours, theirs, strict=True)
    ]
    return float(np.mean(same)) >= PART and _move_alike(fingerprint.greys_of(ours), fingerprint.greys_of(theirs))


def _coarsely(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n,) correlation of coarse greys of frames with those beside them, mirrored or not."""
    rows, others = fingerprint.coarse(ours), fingerprint.coarse(theirs)[: len(theirs)]
    both = (rows[: len(ours)] * others).sum(axis=1), (rows[len(ours) :] * others).sum(axis=1)
    return np.asarray(np.maximum(*both), np.float32)


def _move_alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether what changes in one row of frames changes in the other; so that two films of one room are not one."""
    moves = [frames - frames.mean(axis=0) for frames in (one, other)]
    sizes = [float(np.sqrt(np.square(each).mean())) for each in moves]
    if min(sizes) < MOVING:
        return max(sizes) < 2 * MOVING
    sides = (moves[1], moves[1][:, :, ::-1])
    return max(float((moves[0] * side).mean()) for side in sides) >= MOVES_ALIKE * sizes[0] * sizes[1]


# ---------------------------------------------------------------- recordings


def alike_sounds(found: StoredFingerprints) -> list[Pair]:
    """Pairs of recordings of which one, or most of it, is in the other: cut, written again, louder."""
    lines = {asset: _line(found, asset) for asset in np.unique(found.assets).tolist()}
    proposed = (*_sharing(lines), *_correlated(lines))
    return sorted({pair for pair, shift in proposed if _same_sound(lines[pair[0]], lines[pair[1]], shift)})


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """Words of one recording, one for each STEP_MS from its start; known: where there is sound."""

    words: NDArray[np.uint32]
    known: NDArray[np.bool_]


def _line(found: StoredFingerprints, asset: int) -> _Line:
    rows = np.flatnonzero(found.assets == asset)
    parts = [(int(found.at_ms[row]) // fingerprint.STEP_MS, found.words(row)) for row in rows.tolist()]
    length = max(start + len(words) for start, words in parts)
    line = _Line(np.zeros(length, np.uint32), np.zeros(length, np.bool_))
    for start, words in parts:
        line.words[start : start + len(words)] = words
    return _Line(line.words, line.words != 0)


def _sharing(lines: Mapping[int, _Line]) -> Iterator[tuple[Pair, int]]:
    """Pairs of recordings that share words at one distance, and that distance in steps (later in the second)."""
    places = {asset: np.flatnonzero(line.known) for asset, line in lines.items()}
    owners = np.concatenate([np.full(len(at), asset) for asset, at in places.items()]) if places else np.empty(0)
    if not len(owners):
        return
    steps = np.concatenate([*places.values()])
    words = np.concatenate([lines[asset].words[at] for asset, at in places.items()])
    order = np.lexsort((steps, owners, words))
    starts = np.flatnonzero(np.r_[True, np.diff(words[order]) != 0])
    votes: dict[Pair, Counter[int]] = defaultdict(Counter)
    for run in np.split(order, starts[1:]):
        if 1 < len(run) <= COMMON_WORD and owners[run[0]] != owners[run[-1]]:
            for n, one in enumerate(run.tolist()):
                for other in run[n + 1 :].tolist():
                    if owners[one] < owners[other]:
                        votes[int(owners[one]), int(owners[other])][int(steps[other] - steps[one])] += 1
    for pair, distances in votes.items():
        shift, _ = distances.most_common(1)[0]
        if sum(distances[shift + side] for side in (-1, 0, 1)) >= LEAST_WORDS:
            yield pair, shift


def _correlated(lines: Mapping[int, _Line]) -> Iterator[tuple[Pair, int]]:
    """Pairs of short recordings, too short to share whole words, and the distance at which most of their bits agree."""
    short = [asset for asset, line in lines.items() if LEAST_MS <= len(line.words) * fingerprint.STEP_MS <= SHORT_MS][
        :MOST_SHORT
    ]
    if len(short) < 2:
        return
    size = 2 * SHORT_MS // fingerprint.STEP_MS
    signs = np.zeros(
        (len(short), fingerprint.BANDS, size), np.float32
    )  # a plane for each bit, and one for what is known
    for at, asset in enumerate(short):
        line = lines[asset]
        bits = (line.words >> np.arange(fingerprint.BANDS - 1, dtype=np.uint32)[:, None]) & 1
        signs[at, :-1, : len(line.words)] = np.where(line.known, 2.0 * bits - 1.0, 0.0)
        signs[at, -1, : len(line.words)] = line.known
    waves = np.fft.rfft(signs, axis=2).astype(np.complex64)
    for at in range(len(short) - 1):
        both = waves[at].conj() * waves[at + 1 :]
        agree, common = np.fft.irfft(both[:, :-1].sum(axis=1), size), np.fft.irfft(both[:, -1], size)
        enough = common >= LEAST_MS / fingerprint.STEP_MS
        share = np.where(enough, agree / np.maximum(common, 1.0), 0.0) / (fingerprint.BANDS - 1)
        best_at = share.argmax(axis=1)
        for row, shift in enumerate(best_at.tolist()):
            if share[row, shift] >= 2 * fingerprint.SAME_BITS - 1:
                yield (short[at], short[at + 1 + row]), shift - size if shift > size // 2 else shift


def _same_sound(one: _Line, other: _Line, shift: int) -> bool:
    """Whether most of the shorter recording sounds as the other does `shift` steps later."""
    start, end = max(0, -shift), min(len(one.words), len(other.words) - shift)
    if end <= start:
        return False
    ours, theirs = slice(start, end), slice(start + shift, end + shift)
    both = one.known[ours] & other.known[theirs]
    shorter = min(int(one.known.sum()), int(other.known.sum()))
    if both.sum() < max(PART * shorter, LEAST_MS / fingerprint.STEP_MS):
        return False
    return fingerprint.equal_bits(one.words[ours][both], other.words[theirs][both]) >= fingerprint.SAME_BITS


_LINKS = {"image": alike_pictures, "video": alike_videos, "audio": alike_sounds}
