"""The state of a library as lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from retrieval.domain.media import NOT_MEDIA
from retrieval.kinds import KINDS
from retrieval.render.text import aligned, counted, duration, listing, path_text, plain, size

if TYPE_CHECKING:
    from retrieval.domain.media import Skip
    from retrieval.domain.records import RunState, Status

MOST_ENDINGS = 8  # named for one reason of skips
MEANINGS = {  # of reasons of skips, as a person needs them
    "broken link": "They lead to files that are not there; delete them, or bring the files back.",
    "crashes its decoder": "Broken so that the program that reads them stops; they are left alone until they change.",
    "damaged": "Their own programs may still open them; saved again from there they are read.",
    "a decompression bomb": "They unpack to so much that they are not read.",
    "empty": "Nothing is in them; copy them again where they should hold something.",
    "encrypted": "They need a password; saved without one they are read.",
    "format not read": "Exported in a common format they are read.",
    "linked folder": "Links to folders are not followed; index the folder itself.",
    "not a file": "Pipes, sockets and devices.",
    "not media": "Neither picture, video, sound nor text.",
    "old format": "Saved in a newer format they are read.",
    "too large": "Beyond what is read of one file; saved smaller they are read.",
    "too slow": "Reading them came to a standstill.",
    "truncated": "Their end is missing, as of a download that broke off; copy or download them again.",
    "unreadable": "Their permissions or their disk keep them from being read.",
}
STEP_NAMES = {
    "read": "contents",
    "watch": "video",
    "listen": "sound",
    "transcribe": "speech",
    "ocr": "text in pictures",
    "regions": "regions",
}
MEDIA_PLURALS = {"image": "images", "video": "videos", "audio": "recordings", "document": "documents"}


def status_lines(status: Status) -> Iterator[str]:
    """The library with its profile; a line each for media, segments, work left, sources, and spaces not yet live."""
    yield f"Library {path_text(status.home)} · profile {status.profile} · since {status.created_at[:10]}"
    kinds = {name: kind.plural for name, kind in KINDS.items()}
    rows = [
        ("media", listing(status.media, MEDIA_PLURALS) or "none"),
        ("segments", listing(status.segments, kinds) or "none"),
        ("pending", pending(status.pending) or "nothing"),
        (
            "skipped",
            _left_out(status),
        ),
        ("disk", ", ".join(f"{name} {size(count)}" for name, count in status.bytes.items())),
    ]
    if status.run is not None:
        rows.insert(0, ("run", _run(status.run)))
    for source in status.sources:
        seen = f", scanned {source.scanned_at.replace('T', ' ')}" if source.scanned_at else ""
        note = "offline" if source.offline else counted(source.files, "file") + seen
        rows.append(("source", f"{path_text(source.root)} ({note})"))
    for space in status.spaces:
        if not space.live:
            vectors = f"{counted(space.vectors, 'vector')}, not live yet"
            rows.append(("space", f"{space.name} by {space.encoder} {space.revision}: {vectors}"))
    yield from (f" {name:<9} {text}" for name, text in rows)


def _run(run: RunState) -> str:
    """A run that is under way, with its step, rate and time left; or one that was killed."""
    since = run.since.replace("T", " ")
    step = f"{STEP_NAMES.get(run.step, run.step)} {run.done:,} of {run.total:,}" if run.step else "looking at folders"
    if not run.is_alive:
        return f"{run.command} of {since} was ended at {step}; crossmedia index goes on from there"
    rate = f", {run.rate:.1f} files/s" if run.rate else ""
    left = f", about {duration(run.eta_s)} left" if run.eta_s is not None else ""
    return f"{run.command} since {since} (process {run.pid}): {step}{rate}{left}"


def _left_out(status: Status) -> str:
    """Media that could not be read, and how many files are none."""
    unread = status.skipped - status.not_media
    other = f"{counted(status.not_media, 'file')} of other kinds" if status.not_media else ""
    named = f"{counted(unread, 'file')} that could not be read" if unread else ""
    parts = ", ".join(filter(None, (named, other)))
    return f"{parts} (crossmedia status --skipped)" if parts else "nothing"


def skip_lines(skips: Sequence[Skip]) -> list[str]:
    """What was left out, by reason: how many files of which ending, and each of them that is a medium or may be one."""
    if not skips:
        return ["No file was left out."]
    lines = []
    by_reason = groupby(
        sorted(skips, key=lambda each: (each.reason in NOT_MEDIA, each.reason)), lambda each: each.reason
    )
    for reason, group in by_reason:
        found = [*group]
        endings = Counter(each.path.suffix.lower() or "without an ending" for each in found)
        shown = ", ".join(f"{count:,} {ending}" for ending, count in endings.most_common(MOST_ENDINGS))
        more = ", ..." if len(endings) > MOST_ENDINGS else ""
        lines.append(f"{reason}: {counted(len(found), 'file')} ({shown}{more})")
        lines += [f"  {MEANINGS[reason]}"] if reason in MEANINGS else []
        if reason not in NOT_MEDIA:
            lines += [f"    {line}" for line in aligned((path_text(each.path), _detail(each)) for each in found)]
    if any(each.reason in NOT_MEDIA for each in skips):
        lines.append("crossmedia status --skipped --json lists all of them.")
    return lines


def _detail(skip: Skip) -> str:
    """The detail of a skip without the path that most begin with, and nothing where it only repeats the reason."""
    detail = skip.detail
    for known in (f"{skip.path}", f"{skip.path.name}", ":", " ", f"is {skip.reason}", ":", " "):
        detail = detail.removeprefix(known)
    return "" if detail == skip.reason else plain(detail)


def pending(counts: Mapping[str, int]) -> str:
    """`sound of 19 files, speech of 1 file`, in the order of the steps."""
    waiting = [(name, counts[step]) for step, name in STEP_NAMES.items() if counts.get(step)]
    return ", ".join(f"{name} of {counted(count, 'file')}" for name, count in waiting)
