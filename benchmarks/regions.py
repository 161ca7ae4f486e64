"""What regions find and cost: python -m benchmarks.regions --things ZIP --grounds ZIP --tables DIR [--unseen] [--out FILE].

Large pictures are made of small photos: each ground is enlarged, and into half of them a labelled thing is pasted that
takes an eighth to a quarter of the shorter side. Asked are the labels (is the scene among the first ten? does the box of
the best region hold the thing?), captions of the grounds, which regions may push back, and sentences about what is not
there. The same library is asked without regions and with them. --tables: the folder of labels.tsv and captions.tsv.
"""

from __future__ import annotations

import argparse
import io
import random
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.duplicates import PICTURES
from benchmarks.report import report
from benchmarks.speech import table
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Hit, Library, Operand, Query
from training.calibration import absent

WIDTH, HEIGHT = 1280, 960
SMALL, MIDDLE, LARGE = 1 / 8, 1 / 6, 1 / 4  # of the shorter side: what a thing takes at least, in the middle, at most
FIRST = 10


@dataclass(frozen=True, slots=True)
class Scene:
    """A large picture. caption: of its ground. label, share, middle: of the thing in it (x and y in 0..1); "" for none."""

    file: Path
    caption: str
    label: str = ""
    share: float = 0.0
    middle: tuple[float, float] = (0.0, 0.0)
    thing: Path = Path()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--things", type=Path, required=True)
    parser.add_argument("--grounds", type=Path, required=True)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--unseen", action="store_true", help="only labels that the starter never learns from")
    parser.add_argument("--count", type=int, default=120, help="large pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder, home = Path(temporary) / "media", Path(temporary) / "library"
        (folder.parent / "things").mkdir()
        folder.mkdir()
        things, grounds = _things(given, rng), _grounds(given, rng)
        scenes = [*scenes_of(folder, things, grounds, given.count, rng)]
        figures: dict[str, float | str] = {"large pictures": str(len(scenes))}
        costs = {}
        for name, regions in (("without", None), ("with", True)):
            start = time.perf_counter()
            index_folders([folder], library=home, options=Options(ocr=False, regions=regions))
            costs[name] = time.perf_counter() - start
            figures |= {f"{name}: {key}": value for key, value in judged(home, scenes).items()}
        figures["time of indexing with regions, of that without"] = (costs["without"] + costs["with"]) / costs[
            "without"
        ]
        figures["further seconds a picture"] = costs["with"] / len(scenes)
    report("regions", figures, given.out)


# ---------------------------------------------------------------- pictures


def _things(given: argparse.Namespace, rng: random.Random) -> list[tuple[str, Image.Image]]:
    """One photo for each label, in any order."""
    labels = {row["file"]: row["label"].replace("_", " ") for row in table(given.tables / "labels.tsv")}
    if given.unseen:
        from training import data

        unseen = data.held_out(data.read_labels(given.tables / "labels.tsv"))
        labels = {file: label for file, label in labels.items() if label in unseen}
    found: dict[str, bytes] = {}
    for name, content in named(given.things):
        if name in labels:
            found.setdefault(labels[name], content)
    chosen = rng.sample(sorted(found), len(found))
    return [(label, _picture(found[label])) for label in chosen]


def _grounds(given: argparse.Namespace, rng: random.Random) -> list[tuple[str, Image.Image]]:
    """Captioned photos, each with one of its English captions, in any order."""
    captions: dict[str, list[str]] = {}
    for row in table(given.tables / "captions.tsv"):
        if row["lang"] == "en":
            captions.setdefault(row["file"], []).append(row["caption"])
    held = sorted(each for each in named(given.grounds) if each[0] in captions)
    if given.unseen:
        from training import data

        held = held[: data.JUDGED]
    return [(rng.choice(captions[name]), _picture(content)) for name, content in rng.sample(held, given.count)]


def named(place: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the pictures in a folder or ZIP file, by name."""
    if place.is_dir():
        yield from ((each.name, each.read_bytes()) for each in sorted(place.iterdir()) if each.suffix in PICTURES)
        return
    with zipfile.ZipFile(place) as archive:
        for member in sorted(archive.namelist()):
            if member.endswith(PICTURES):
                yield Path(member).name, archive.read(member)


def _picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def scenes_of(
    folder: Path,
    things: Sequence[tuple[str, Image.Image]],
    grounds: Sequence[tuple[str, Image.Image]],
    count: int,
    rng: random.Random,
) -> Iterator[Scene]:
    """Grounds enlarged and written as JPEG; every other one with a thing, whose own picture lies outside the folder."""
    for number, (caption, ground) in enumerate(grounds[:count]):
        file = folder / f"{number:04}.jpg"
        picture = ground.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        scene = Scene(file, caption)
        if number % 2 == 0 and number // 2 < len(things):
            label, thing = things[number // 2]
            share = SMALL * (LARGE / SMALL) ** rng.random()
            scale = share * HEIGHT / min(thing.size)
            thing = thing.resize((round(thing.width * scale), round(thing.height * scale)), Image.Resampling.BICUBIC)
            x, y = rng.randint(0, WIDTH - thing.width), rng.randint(0, HEIGHT - thing.height)
            picture.paste(thing, (x, y))
            alone = folder.parent / "things" / file.name
            thing.save(alone, quality=90)
            middle = ((x + thing.width / 2) / WIDTH, (y + thing.height / 2) / HEIGHT)
            scene = Scene(file, caption, label, share, middle, alone)
        picture.save(file, quality=88)
        yield scene


# ---------------------------------------------------------------- figures


def judged(home: Path, scenes: Sequence[Scene]) -> Mapping[str, float | str]:
    """Shares in 0..1 of what is found and where, and the library's size."""
    with_things = [each for each in scenes if each.label]
    with Library.open(home) as library:
        by_label = [(each, _hits(library, Query.plain(each.label))) for each in with_things]
        by_itself = [(each, _hits(library, Operand("image", each.thing))) for each in with_things]
        plain = [(each, _hits(library, Query.plain(each.caption))) for each in scenes if not each.label]
        ground = [(each, _hits(library, Query.plain(each.caption))) for each in with_things]
        small = [pair for pair in by_label if pair[0].share < MIDDLE]
        large = [pair for pair in by_label if pair[0].share >= MIDDLE]
        shown = [len(library.search(Query.plain(text), limit=1)) for text in absent()]
        kept = [library.search(Query.plain(each.label), limit=FIRST) for each in with_things]
        boxes = [in_box(each, hits) for each, hits in by_label]
        start = time.perf_counter()
        for each in with_things:
            library.search(Query.plain(each.label))
        status = library.status()
        return {
            "small things in the first 10": _found(by_label),
            "... of an eighth to a sixth of the side": _found(small),
            "... of a sixth to a quarter": _found(large),
            "... first": _found(by_label, 1),
            "... and sure enough to be shown": float(
                np.mean(
                    [any(hit.path == each.file for hit in hits) for each, hits in zip(with_things, kept, strict=True)]
                )
            ),
            "... in the box of the best region": float(
                np.mean([float(each) for each in boxes if each is not None] or [0.0])
            ),
            "things that ask for themselves, in the first 10": _found(by_itself),
            "captions of pictures without a thing": _found(plain),
            "captions of pictures with a thing": _found(ground),
            "absent sentences that are answered": float(np.mean(shown)),
            "ms a question": 1000 * (time.perf_counter() - start) / len(with_things),
            "kB a picture": sum(status.bytes.values()) / 1000 / len(scenes),
            "vectors a picture": sum(each.vectors for each in status.spaces) / len(scenes),
        }


def _hits(library: Library, question: Query | Operand) -> list[Hit]:
    """The first ten, sure or not."""
    return [*library.search(question, limit=FIRST, min_confidence=0.0)]


def _found(asked: Sequence[tuple[Scene, Sequence[Hit]]], first: int = FIRST) -> float:
    return float(
        np.mean([float(any(hit.path == scene.file for hit in hits[:first])) for scene, hits in asked] or [0.0])
    )


def in_box(scene: Scene, hits: Sequence[Hit]) -> bool | None:
    """Whether the middle of the thing lies in the box of the best region; None where no region of the scene was found."""
    own = next((hit for hit in hits if hit.path == scene.file), None)
    best = own.segments[0].box if own is not None and own.segments else None
    if best is None:
        return None
    x, y = (10_000 * each for each in scene.middle)
    return best.left <= x <= best.right and best.top <= y <= best.bottom


if __name__ == "__main__":
    main()
