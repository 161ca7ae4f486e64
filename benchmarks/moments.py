"""How well the moments of a video are found: python -m benchmarks.moments [--choosing] [--media DIR] [--out FILE].

Clips with known events are drawn: pictograms that come and go in one long shot before a camera that stands still, some
of them moving, and rows of shots. Each event is asked by the name of what it shows, in English and Chinese, within its
clip; the first span of the answer is held against the truth; neighbouring events as `A then B within N s`, in the right
order, the wrong one and with too short a time. With --media, the clips of its clips.tsv as well: the
sentence of each row in its clip, and every row that is missed.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from PIL import Image

from benchmarks.report import report
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library
from retrieval.domain.media import ImageSpec, Span
from retrieval.encoders.profile import make_profile
from training import render, scenes
from training.scenes import CHOOSING, TESTING, Item, Pictogram, Scene

CLIPS = 12  # of each sort
LENGTHS = (2, 3, 5, 8, 12, 20)  # seconds that an event lasts
PAUSES = (2, 3, 5, 8)
WIDTH, HEIGHT, FPS = 320, 240, 12
AGREES = 0.5  # intersection over union from which a span is right


@dataclass(frozen=True)
class Event:
    """What is to be found in a clip, and how it is asked."""

    clip: str
    words: tuple[str, ...]
    span: Span


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--choosing", action="store_true", help="seeds to choose by, not those of the figures")
    parser.add_argument("--media", type=Path, help="a folder with videos/clips.tsv")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = drawn(Path(folder), (CHOOSING if given.choosing else TESTING).start + 50_000)
        if given.media:
            figures |= filmed(Path(folder), given.media / "videos")
    report("moments", figures, given.out)


def drawn(folder: Path, seed: int) -> dict[str, float | str]:
    """Figures of the drawn clips, by sort."""
    (folder / "drawn").mkdir()
    rng = random.Random(seed)
    events = {name: [*make(folder / "drawn", rng, name)] for name, make in SORTS.items()}
    index_folders([folder / "drawn"], library=folder / "library", options=Options(speech=False))
    figures: dict[str, float | str] = {"pictograms known": f"{len(_known())} of {len(scenes.pictograms())}"}
    everything: list[float] = []
    with Library.open(folder / "library") as library:
        for name, known in events.items():
            found = [_judged(library, event, words) for event in known for words in event.words]
            everything += found
            figures |= _figures(name, found)
        figures |= ordered(library, [each for known in events.values() for each in known])
    return figures | _figures("all", everything)


def ordered(library: Library, events: Sequence[Event]) -> dict[str, float | str]:
    """`A then B within N s` for neighbouring events of a clip: N just above their pause; and what must find nothing:
    N below the pause, and B then A."""
    right, empty = [], []
    for one, two in pairwise(events):
        if one.clip != two.clip:
            continue
        pause = (two.span.start - one.span.end) // 1000
        for first, second in zip(one.words, two.words, strict=True):
            found = _row(library, f"({first}) then ({second}) within {pause + 2}s", one.clip, 0.0)
            spans = zip(found, (one.span, two.span), strict=False)
            right.append(len(found) == 2 and all(iou(own, true) >= AGREES for own, true in spans))
            if not right[-1]:
                print(f"missed: {first} then {second} in {one.clip}: {found}, {one.span}, {two.span}", file=sys.stderr)
            wrong = [f"({second}) then ({first}) within {pause + 2}s"]
            wrong += [f"({first}) then ({second}) within {pause - 2}s"] if pause > 2 else []
            for question in wrong:
                empty.append(not _row(library, question, one.clip, None))
                if not empty[-1]:
                    print(f"wrongly found: {question} in {one.clip}", file=sys.stderr)
    return {
        "in order: asked": str(len(right)),
        f"in order: both spans right (IoU {AGREES})": float(np.mean(right)),
        "not in order: asked": str(len(empty)),
        "not in order: nothing found": float(np.mean(empty)),
    }


def _row(library: Library, question: str, clip: str, cut: float | None) -> list[Span]:
    """The spans of the best hit in a clip, in the order given."""
    hits = library.search(question, media="video", path=f"*/{clip}", min_confidence=cut)
    return [each.span for each in hits[0].segments if each.span is not None] if hits else []


def _figures(name: str, found: Sequence[float]) -> dict[str, float | str]:
    right = [each >= AGREES for each in found]
    return {
        f"{name}: asked": str(len(found)),
        f"{name}: mean IoU": float(np.mean(found)),
        f"{name}: R@1 (IoU {AGREES})": float(np.mean(right)),
    }


def _judged(library: Library, event: Event, words: str) -> float:
    """Intersection over union of the first span that is found in the event's clip."""
    span = first_span(library, words, event.clip)
    overlap = 0.0 if span is None else iou(span, event.span)
    if overlap < AGREES:
        print(f"missed: {words} in {event.clip}: {span}, true {event.span}", file=sys.stderr)
    return overlap


def first_span(library: Library, words: str, clip: str) -> Span | None:
    """The best span of a clip, however unsure."""
    hits = library.search(words, media="video", path=f"*/{clip}", min_confidence=0.0)
    shots = [each for hit in hits for each in hit.segments if each.span is not None]
    return shots[0].span if shots else None


def iou(one: Span, other: Span) -> float:
    """Shared time over joint time."""
    shared = one.overlap(other)
    return shared / (one.length + other.length - shared)


# ---------------------------------------------------------------- drawn clips


@cache
def _known() -> list[Pictogram]:
    """Pictograms that the model knows: a drawing of each comes first among all when it is asked by either name.

    What is measured here is where moments begin and end, not what the model has learnt.
    """
    profile = make_profile("starter")
    image, text = profile.encoder("shared", "image"), profile.encoder("shared", "text")
    assert isinstance(image.form, ImageSpec)
    table = scenes.pictograms()
    seed = CHOOSING.start
    made = (scenes.pictogram(random.Random(seed + n), seed + n, each, 1) for n, each in enumerate(table))
    side = image.form.size
    pictures = np.concatenate([image.encode([np.asarray(render.paint(scene, side))]) for scene in made])
    right = np.ones(len(table), np.bool_)
    for names in zip(*map(_words, table), strict=True):
        right &= (text.encode(names) @ pictures.T).argmax(axis=1) == np.arange(len(table))
    return [each for each, known in zip(table, right, strict=True) if known]


def _cast(rng: random.Random, count: int) -> list[Pictogram]:
    """Pictograms of different groups."""
    groups: dict[str, list[Pictogram]] = {}
    for each in _known():
        groups.setdefault(each.group, []).append(each)
    return [rng.choice(groups[name]) for name in rng.sample(sorted(groups), count)]


def _words(pictogram: Pictogram) -> tuple[str, str]:
    return scenes.pictogram_words(pictogram, 1)


def _ground(rng: random.Random) -> scenes.Ground:
    """A background with some structure: a plain frame shows nothing, so the indexer leaves it out."""
    colour = rng.choice(("white", "yellow", "green", "blue", "pink", "turquoise", "grey", "orange"))
    paint = scenes.shade(rng, colour)
    second = (paint[0] * 3 // 5, paint[1] * 3 // 5, paint[2] * 3 // 5)
    return scenes.Ground(rng.choice(("gradient", "noise")), colour, paint, second)


def _save(shots: Sequence[tuple[float, Callable[[float], Image.Image]]], path: Path) -> None:
    """Writes shots, given as seconds and the picture at a time in 0..1, as H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for seconds, picture in shots:
            count = round(seconds * FPS)
            for n in range(count):
                container.mux(stream.encode(av.VideoFrame.from_image(picture(n / count))))
        container.mux(stream.encode(None))


def long_shots(folder: Path, rng: random.Random, name: str) -> Iterator[Event]:
    """One shot each, in which three to five things come and go one after the other."""
    for clip in range(CLIPS):
        cast = _cast(rng, rng.randint(3, 5))
        ground = _ground(rng)
        at, spans = float(rng.choice(PAUSES)), []
        for _ in cast:
            length = rng.choice(LENGTHS)
            spans.append((at, at + length))
            at += length + rng.choice(PAUSES)
        moving = rng.random() < 0.5
        file = f"{name} {clip}.mp4"
        _save([(at, _stage(ground, rng.randrange(10**6), cast, spans, at, moving=moving))], folder / file)
        for pictogram, (start, end) in zip(cast, spans, strict=True):
            yield Event(file, _words(pictogram), Span(round(start * 1000), round(end * 1000)))


def _stage(
    ground: scenes.Ground,
    seed: int,
    cast: Sequence[Pictogram],
    spans: Sequence[tuple[float, float]],
    seconds: float,
    *,
    moving: bool,
) -> Callable[[float], Image.Image]:
    """What the camera sees at a time in 0..1."""
    kept: dict[tuple[int, int], Image.Image] = {}

    def at(time: float) -> Image.Image:
        now = time * seconds
        on = next((n for n, (start, end) in enumerate(spans) if start <= now < end), -1)
        phase = int(4 * now) if moving and on >= 0 else 0
        if (on, phase) not in kept:
            kept.clear()
            x = 0.5 + (0.12 * np.sin(phase / 6) if moving else 0.0)
            items = (Item(x, 0.5, 0.27, pictogram=cast[on]),) if on >= 0 else ()
            whole = render.paint(Scene(seed, "pictogram", ground, items), WIDTH)
            kept[on, phase] = whole.crop((0, 40, WIDTH, 40 + HEIGHT))
        return kept[on, phase]

    return at


def rows_of_shots(folder: Path, rng: random.Random, name: str) -> Iterator[Event]:
    """Five or six shots each, every one of another thing on another ground."""
    for clip in range(CLIPS):
        cast = _cast(rng, rng.randint(5, 6))
        lengths = [rng.choice(LENGTHS[:4]) for _ in cast]
        shots = []
        for pictogram, seconds in zip(cast, lengths, strict=True):
            span = (0.0, float(seconds))
            stage = _stage(_ground(rng), rng.randrange(10**6), [pictogram], [span], seconds, moving=True)
            shots.append((float(seconds), stage))
        file = f"{name} {clip}.mp4"
        _save(shots, folder / file)
        ends = np.cumsum(lengths).tolist()
        for pictogram, seconds, end in zip(cast, lengths, ends, strict=True):
            yield Event(file, _words(pictogram), Span((end - seconds) * 1000, end * 1000))


SORTS = {"long shots": long_shots, "rows of shots": rows_of_shots}


# ---------------------------------------------------------------- filmed clips


def filmed(folder: Path, videos: Path) -> dict[str, float | str]:
    """Figures of real clips: the sentence of each row, asked in its clip. Spans are right to half a second."""
    index_folders([videos], library=folder / "filmed", options=Options(speech=False))
    with (videos / "clips.tsv").open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE) if row["seen"]]
    found = []
    with Library.open(folder / "filmed") as library:
        for row in rows:
            span = Span(round(float(row["start"]) * 1000), round(float(row["end"]) * 1000))
            found.append(_judged(library, Event(row["file"], (row["seen"],), span), row["seen"]))
    return _figures("filmed", found)


if __name__ == "__main__":
    main()
