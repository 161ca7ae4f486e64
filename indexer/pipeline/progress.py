"""What a run looks like: bars on a terminal, now and then a line elsewhere, or one JSON object for each event.

Renders indexer/events.py; decides nothing. Progress goes to standard error, the last line to standard output.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from indexer.events import Event, Filtered, Finished, Opened, Planned, Progress, Published, Scanned, Skipped, Upgraded
from indexer.pipeline.steps import STEPS
from retrieval.domain.media import Step
from retrieval.render.json import path_fields, plain_text
from retrieval.render.status import pending
from retrieval.render.text import counted, duration, listing, pad, path_text, plain, shorten

BAR = 12  # characters; the whole line fits into 80
LINE_EVERY_S = 10.0  # where nothing can be redrawn


class Display:
    """Lines for people. `redraw`: bars are drawn over themselves, as on a terminal."""

    def __init__(self, out: TextIO, err: TextIO, *, redraw: bool) -> None:
        self._out = out
        self._err = err
        self._redraw = redraw
        self._bars: dict[Step, str] = {}
        self._drawn = 0
        self._told: dict[Step, float] = {}
        self._ended: set[Step] = set()

    def __call__(self, event: Event) -> None:
        """Shows one event."""
        match event:
            case Upgraded():
                print(upgraded_line(event), file=self._err, flush=True)
            case Opened():
                print(opened_line(event), file=self._err, flush=True)
            case Filtered():
                print("\n".join(filtered_lines(event)), file=self._err, flush=True)
            case Scanned():
                print(scanned_line(event), file=self._err, flush=True)
            case Progress():
                self._progress(event)
            case Planned():
                print("\n".join(planned_lines(event)), file=self._out, flush=True)
            case Finished():
                for warning in event.warnings:
                    print(f"crossmedia: {plain(warning)}", file=self._err)
                print("\n".join(finished_lines(event)), file=self._out, flush=True)
            case Skipped() | Published():
                pass  # counted in the last line; named by `crossmedia status`

    def _progress(self, event: Progress) -> None:
        self._bars[event.step] = progress_line(event, bar=self._redraw)
        if self._redraw:
            self._draw()
            return
        now, last = time.monotonic(), self._told.get(event.step, time.monotonic() - event.seconds)
        ended = event.done >= event.total
        if (ended and event.step not in self._ended) or (not ended and now - last >= LINE_EVERY_S):
            print(self._bars[event.step], file=self._err, flush=True)
            self._told[event.step] = now
        if ended:
            self._ended.add(event.step)

    def _draw(self) -> None:
        width = shutil.get_terminal_size().columns
        up = f"\x1b[{self._drawn}F" if self._drawn else ""
        lines = [shorten(line, max(width - 1, 20)) for line in self._bars.values()]
        self._err.write(up + "".join(f"\x1b[2K{line}\n" for line in lines))
        self._err.flush()
        self._drawn = len(lines)


def quiet(event: Event) -> None:
    """Shows nothing."""


def json_events(event: Event) -> None:
    """One JSON object on one line of standard output: `event` names the kind, its fields follow."""
    fields = {name: _plain(getattr(event, name)) for name in event.__dataclass_fields__}
    sys.stdout.write(json.dumps({"event": type(event).__name__.lower(), **fields}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    """The value as JSON knows it."""
    if isinstance(value, Path):
        return path_fields(value)["path"]
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def make_display() -> Display:
    """The display for this process's streams."""
    return Display(sys.stdout, sys.stderr, redraw=sys.stderr.isatty())


# ---------------------------------------------------------------- lines


def upgraded_line(event: Upgraded) -> str:
    """What was done, and where the older catalog is kept."""
    older = f"({path_text(event.copy)} is as it was)"
    return f"{path_text(event.library)} was made by an older version: its words were read anew {older}"


def opened_line(event: Opened) -> str:
    """Which library is written, by which profile."""
    new = " (new)" if event.new else ""
    return f"Library {path_text(event.library)}{new} · profile {event.profile} · {counted(event.sources, 'source')}"


def filtered_lines(event: Filtered) -> list[str]:
    """Each pattern that a source has from now on."""
    verbs = [*(("include", each) for each in event.include), *(("exclude", each) for each in event.exclude)]
    return [f" {verb} {plain(pattern)} in {path_text(event.source)} from now on" for verb, pattern in verbs]


def scanned_line(event: Scanned) -> str:
    """How many files were listed, and what of them is news."""
    notes = [f"{event.changed:,} new or changed"] * bool(event.changed) + [f"{event.gone:,} gone"] * bool(event.gone)
    notes += [f"{event.passed:,} of systems and programs left out"] * bool(event.passed)
    return f" scan    {counted(event.files, 'file')}   {duration(event.seconds)}" + "".join(
        f"   {note}" for note in notes
    )


def progress_line(event: Progress, *, bar: bool = True) -> str:
    """Name, bar, count, speed, bottleneck, ETA of one step."""
    share = event.done / event.total if event.total else 1.0
    filled = min(BAR, int(BAR * share))
    count = f"{event.done:,}/{event.total:,}"
    done = event.done >= event.total
    speed = _speed(event)
    load = f"{event.bottleneck} {event.load:.0%} busy".replace("%", " %") if event.bottleneck and not done else ""
    end = (
        duration(event.seconds)
        if done
        else f"ETA {duration(event.eta_s)}{_of_all(event)}"
        if event.eta_s is not None and event.done > 2
        else ""
    )
    drawn = "█" * filled + "░" * (BAR - filled) + " " if bar else ""
    meanwhile = "   (search works meanwhile)" if event.step == "transcribe" and not done else ""
    line = f" {STEPS[event.step].label:<7} {drawn}{count:>12}  {pad(speed, 14)}  {pad(load, 17)}  {end}{meanwhile}"
    return line.rstrip()


def _of_all(event: Progress) -> str:
    """The time left of the whole run, where later steps add much to that of this one."""
    if event.eta_s is None or event.run_eta_s is None or event.run_eta_s < 1.2 * event.eta_s + 1:
        return ""
    return f", all {duration(event.run_eta_s)}"


def _speed(event: Progress) -> str:
    if STEPS[event.step].is_per_file:
        return f"{event.rate:.0f}/s" if event.rate >= 10 else f"{event.rate:.1f}/s"
    times = event.media_ms / 1000 / event.seconds if event.seconds else 0.0
    return f"{times:.0f}x real time" if times >= 10 else f"{times:.1f}x real time"


def planned_lines(event: Planned) -> list[str]:
    """What a dry run found."""
    if not any(event.files.values()) and not event.gone:
        return ["Nothing to do."]
    work = [f"{counted(count, 'file')} to {STEPS[step].plan}" for step, count in event.files.items() if count]
    if event.gone:
        reasons = {"excluded": event.left_out, "no longer there": event.gone - event.left_out}
        why = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
        contents = f", and with them up to {counted(event.contents, 'content')}" if event.contents else ""
        work.append(f"{counted(event.gone, 'file')} to forget ({why}){contents}")
    return [*work, f"This would take about {duration(event.seconds)}; nothing was changed."]


def finished_lines(event: Finished) -> list[str]:
    """What the library holds now, what was left out, and what is left for later."""
    gone = f", {event.gone:,} gone" if event.gone else ""
    first = f"{event.indexed:,} indexed ({event.new:,} new{gone})"
    if event.unread:
        total = sum(event.unread.values())
        first += f" · {total:,} skipped: {listing(event.unread)} (crossmedia status --skipped)"
    if event.not_media:
        first += f" · {counted(event.not_media, 'file')} of other kinds"
    lines = [first]
    if event.pending:
        left = pending({str(step): files for step, files in event.pending.items()})
        lines.append(f"Left for a later run: {left} (crossmedia index)")
    if event.stopped:
        lines.insert(0, "Stopped; the next run continues from here.")
    return lines
