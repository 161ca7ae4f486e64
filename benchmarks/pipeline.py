"""How near `index` comes to what the cores could do: python -m benchmarks.pipeline [--images N] [--folder DIR]

The bound is measured in the same run: decoding alone and encoding alone, back to back, seconds for each picture on all
cores; the ratio is that sum over what the pipeline takes. Text in pictures, a later step over pictures that can be found
already, is left out (benchmarks.ocr has its cost). Also: a second look at unchanged files, a moved folder.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.report import report
from indexer.pipeline.encoders import indexing_encoders
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval.domain.media import ExtractedSegment, ImageSpec
from retrieval.encoders.profile import make_profile
from retrieval.settings import LIMITS

DIFFERENT = 24  # pictures of one size
MANY = 256  # enough to keep all cores encoding to the end
DECODED = 800  # files of the bound on decoding


def make_pictures(folder: Path, count: int, width: int, height: int) -> list[Path]:
    """JPEGs with the detail of photos: smooth areas, edges and some grain. DIFFERENT of them differ to look at, all in
    their bytes (a JPEG may be followed by anything)."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(width)
    grain = random.normal(0, 6, (height, width, 1)).astype(np.float32)
    contents = [_picture(random, np.roll(grain, number * 7, axis=1)) for number in range(min(count, DIFFERENT))]
    paths = [folder / f"{number:06d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(contents[number % len(contents)] + number.to_bytes(8, "big"))
    return paths


def _picture(random: np.random.Generator, grain: np.ndarray) -> bytes:
    height, width, _ = grain.shape
    small = random.integers(0, 255, (9, 12, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC), np.float32)
    out = io.BytesIO()
    Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=88)
    return out.getvalue()


def decode(path: Path, form: ImageSpec) -> list[np.ndarray]:
    """One file as the indexer's child reads it, identity included."""
    from retrieval.media.extract import read
    from retrieval.media.hashing import content_hash
    from retrieval.media.sniff import identify

    medium, _ = identify(path)
    list(content_hash(path))
    return [
        v.array
        for value in read(path, medium, form, LIMITS)
        if isinstance(value, ExtractedSegment)
        for v in value.views
    ]


def _decode_all(job: tuple[list[Path], ImageSpec]) -> None:
    for path in job[0]:
        decode(path, job[1])


def bound(paths: list[Path]) -> tuple[float, float]:
    """Seconds for each picture that all cores need to decode, and to encode, nothing else running."""
    encoder = indexing_encoders(make_profile("starter"))["shared", "image"]
    assert isinstance(encoder.form, ImageSpec)
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        list(pool.map(_decode_all, [(paths[:2], encoder.form)] * cores))  # start the processes
        some = paths[:DECODED]
        start = time.perf_counter()
        list(pool.map(_decode_all, [(some[n::cores], encoder.form) for n in range(cores)]))
        decoding = (time.perf_counter() - start) / len(some)
    pixels = [decode(path, encoder.form)[0] for path in paths[:MANY]]
    encoder.encode(pixels)
    start = time.perf_counter()
    for _ in range(2):
        encoder.encode(pixels)
    return decoding, (time.perf_counter() - start) / (2 * len(pixels))


def indexed(folder: Path, home: Path) -> float:
    """Seconds of a whole `index` run in a process of its own."""
    code = (
        "import sys; from indexer import index_folders; from indexer.pipeline.options import Options; "
        "index_folders([sys.argv[1]], library=sys.argv[2], options=Options(ocr=False))"
    )
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(folder), str(home)], check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=4_000, help="500-pixel pictures")
    parser.add_argument("--large", type=int, default=300, help="12-megapixel pictures")
    parser.add_argument("--unchanged", type=int, default=20_000, help="files of the second look")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    figures: dict[str, float | str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for name, count, size in (("500px", arguments.images, (500, 375)), ("12mp", arguments.large, (4000, 3000))):
            paths = make_pictures(root / name, count, *size)
            empty = _start_up(root)
            decoding, encoding = bound(paths)
            before = _spent()
            seconds = indexed(root / name, root / f"library {name}")
            figures[f"{name} index processor ms"] = 1000 * (_spent() - before) / count
            figures[f"{name} decode ms"] = 1000 * decoding
            figures[f"{name} encode ms"] = 1000 * encoding
            figures[f"{name} index images/s"] = count / seconds
            figures[f"{name} ratio"] = (decoding + encoding) * count / seconds
            figures[f"{name} ratio without start-up"] = (decoding + encoding) * count / max(seconds - empty, 1e-9)
        figures |= _second_look(root, arguments.unchanged)
    report("pipeline", figures, arguments.out)


def _spent() -> float:
    """Processor seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _start_up(root: Path) -> float:
    """Seconds of a run over one picture: interpreter, imports, model, children."""
    one = root / "one"
    if not one.exists():
        make_pictures(one, 1, 64, 48)
    shutil.rmtree(root / "library one", ignore_errors=True)
    return indexed(one, root / "library one")


def _second_look(root: Path, count: int) -> dict[str, float | str]:
    """An unchanged folder of `count` small files, and a moved folder of 1,000, each in seconds."""
    folder, home = root / "many", root / "library many"
    for number in range(count):
        path = folder / f"{number // 1000:03d}" / f"{number:06d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"file number {number}", "utf-8")
    options = Options()
    index_folders([folder], library=home, options=options)
    start = time.perf_counter()
    index_folders(library=home, options=options)
    unchanged = time.perf_counter() - start
    (folder / "000").rename(folder / "moved")
    start = time.perf_counter()
    finished = index_folders(library=home, options=options)
    return {
        f"unchanged {count} files s": unchanged,
        "moved 1000 files s": time.perf_counter() - start,
        "moved files read anew": float(finished.new),
    }


if __name__ == "__main__":
    main()
