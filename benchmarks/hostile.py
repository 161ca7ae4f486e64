"""Broken and hostile files cost a Skip each, no more: python -m benchmarks.hostile MEDIA [--files N]

Makes N fuzzed files from the media folder (cut short, bytes flipped, blocks repeated or zeroed, heads exchanged) and
a list of traps (bombs, giants, fifos, loops, odd names), lays good files beside them, indexes all,
and says what happened.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

from PIL import Image

from benchmarks.report import report
from indexer.events import Event, Skipped
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders

GOOD = 20


def fuzzed(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """The file broken in one of five ways."""
    data = bytearray(content)
    how = chance.randrange(5)
    if how == 0:
        return bytes(data[: chance.randrange(1, len(data))])
    if how == 1:
        for _ in range(chance.randrange(1, 200)):
            data[chance.randrange(len(data))] = chance.randrange(256)
    elif how == 2:
        at, length = chance.randrange(len(data)), chance.randrange(1, 5000)
        data[at:at] = data[at : at + length] * chance.randrange(2, 20)
    elif how == 3:
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(1, 5000)] = bytes(chance.randrange(1, 5000))
    else:
        data[: min(64, len(data))] = other[:64]
    return bytes(data)


def make_fuzzed(media: Path, folder: Path, count: int, seed: int) -> None:
    """`count` broken copies of files of every kind."""
    chance = random.Random(seed)
    files = [
        path
        for path in sorted(media.rglob("*"))
        if path.is_file() and path.suffix not in (".tsv", "") and 0 < path.stat().st_size < 5_000_000
    ]
    folder.mkdir()
    for number in range(count):
        chosen, other = chance.choice(files), chance.choice(files)
        content = fuzzed(chosen.read_bytes(), other.read_bytes(), chance)
        (folder / f"{number:04d}{chosen.suffix}").write_bytes(content)


def make_traps(folder: Path) -> None:
    """What hostile or unlucky people leave in folders."""
    folder.mkdir()
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("not a picture", "utf-8")
    with open(folder / "sparse.mp4", "wb") as file:
        file.truncate(8 << 30)
    Image.new("1", (16_000, 16_000)).save(folder / "bomb.png")
    frames = [Image.new("P", (64, 64), n % 256) for n in range(400)]
    frames[0].save(folder / "endless.gif", save_all=True, append_images=frames[1:] * 5, duration=20)
    zeros = bytes(300 << 20)
    for name, inner in (("bomb.docx", "word/document.xml"), ("bomb.epub", "OEBPS/chapter.xhtml")):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            if name.endswith("epub"):
                archive.writestr("mimetype", "application/epub+zip")
            else:
                archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr(inner, zeros)
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    svg = io.BytesIO(f'<!DOCTYPE x [<!ENTITY e0 "lol">{entities}]><html>&e9;</html>'.encode())
    (folder / "laughs.html").write_bytes(svg.getvalue())
    (folder / "bomb.txt.gz").write_bytes(gzip.compress(zeros[: 1 << 20]))
    os.mkfifo(folder / "fifo.mp4")
    (folder / "loop").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    Image.new("RGB", (30, 30), "red").save(folder / "two\nlines.png")
    with open(os.path.join(os.fsencode(folder), b"\xff\xfe.png"), "wb") as file:
        Image.new("RGB", (31, 30), "red").save(file, "PNG")
    locked = folder / "locked.jpg"
    Image.new("RGB", (32, 30)).save(locked)
    locked.chmod(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    skipped: list[Skipped] = []

    def watch(event: Event) -> None:
        if isinstance(event, Skipped):
            skipped.append(event)

    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "media"
        root.mkdir()
        make_fuzzed(arguments.media, root / "fuzzed", arguments.files, arguments.seed)
        make_traps(root / "traps")
        (root / "good").mkdir()
        for number in range(GOOD):
            Image.new("RGB", (100 + number, 80), "blue").save(root / "good" / f"{number}.png")
        start = time.perf_counter()
        finished = index_folders(
            [root], library=Path(scratch) / "library", options=Options(speech=False), on_event=watch
        )
        bad_good = [event for event in skipped if "/good/" in str(event.path)]
        reasons = Counter(event.reason for event in skipped)
        for event in skipped:
            print(f"{event.reason:22} {event.path.name!r}  {event.detail[:120]}", file=sys.stderr)
        figures: dict[str, float | str] = {
            "files": float(arguments.files),
            "indexed": float(finished.indexed),
            "skipped": float(sum(reasons.values())),
            "good files skipped": float(len(bad_good)),
            "crashed decoders": float(reasons["crashes its decoder"]),
            "hung decoders": float(reasons["too slow"]),
            "largest decoder MiB": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
            "seconds": time.perf_counter() - start,
        }
        shutil.rmtree(root, ignore_errors=True)
    report("hostile", figures, arguments.out)
    sys.exit(1 if bad_good else 0)


if __name__ == "__main__":
    main()
