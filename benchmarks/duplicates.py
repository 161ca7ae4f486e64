"""How well near duplicates are grouped: python -m benchmarks.duplicates --photos DIR|ZIP... [--sounds DIR|ZIP] [--out FILE].

Each photo is copied re-encoded, resized, cropped by a tenth, brightened and mirrored; drawn clips are copied re-encoded at
half the size, cut and mirrored; sounds re-encoded, cut and made louder. The folder is indexed, and every pair of files in
one group is held against the truth: precision and recall over pairs, and groups that hold two different originals.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from benchmarks.moments import FPS, HEIGHT, WIDTH, _cast, _ground, _save, _stage
from benchmarks.report import report
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library
from retrieval.errors import MediaError
from retrieval.media.av.audio import chunks

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
SOUNDS = (".ogg", ".mp3", ".wav", ".flac", ".m4a", ".opus")
CLIPS = 8
RATE = 16_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--photos", type=Path, nargs="+", required=True)
    parser.add_argument("--sounds", type=Path, nargs="*", default=[])
    parser.add_argument("--most", type=int, default=10_000, help="originals of each place at most")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "media"
        for name in ("image", "video", "audio"):
            (folder / name).mkdir(parents=True)
        originals = copy_photos(folder / "image", [*contents(given.photos, PICTURES, given.most)], rng)
        originals |= make_clips(folder / "video", rng)
        originals |= copy_sounds(folder / "audio", [*contents(given.sounds, SOUNDS, given.most)], rng)
        index_folders([folder], library=Path(temporary) / "library", options=Options(speech=False))
        figures = judged(Path(temporary) / "library", originals)
    report("duplicates", figures, given.out)


def contents(places: Sequence[Path], suffixes: tuple[str, ...], most: int) -> Iterator[bytes]:
    """The files in folders and ZIP files, by name."""
    for place in places:
        if place.is_dir():
            names = sorted(each for each in place.iterdir() if each.suffix.lower() in suffixes)
            yield from (each.read_bytes() for each in names[:most])
        else:
            with zipfile.ZipFile(place) as archive:
                members = sorted(each for each in archive.namelist() if each.lower().endswith(suffixes))
                yield from (archive.read(each) for each in members[:most])


def judged(home: Path, originals: Mapping[str, str]) -> dict[str, float | str]:
    """Figures by medium; originals: file name -> name of what it is a copy of."""
    figures: dict[str, float | str] = {}
    with Library.open(home) as library:
        for medium in ("image", "video", "audio"):
            start = time.process_time()
            groups = [[copy.path.name for copy in group.copies] for group in library.duplicates([medium])]
            seconds = time.process_time() - start
            known = {name: of for name, of in originals.items() if name.startswith(medium)}
            if known:
                figures |= _figures(medium, groups, known) | {f"{medium}: processor seconds": seconds}
    return figures


def _figures(medium: str, groups: Sequence[Sequence[str]], known: Mapping[str, str]) -> dict[str, float | str]:
    found = {frozenset(pair) for group in groups for pair in combinations(group, 2)}
    alike: dict[str, list[str]] = {}
    for name, of in known.items():
        alike.setdefault(of, []).append(name)
    true = {frozenset(pair) for names in alike.values() for pair in combinations(names, 2)}
    mixed = [group for group in groups if len({known[name] for name in group}) > 1]
    lost: dict[str, int] = {}
    for pair in true - found:
        kinds = "+".join(sorted(name.rsplit(" ", 1)[1].split(".")[0] for name in pair))
        lost[kinds] = lost.get(kinds, 0) + 1
    for group in mixed:
        print("mixed:", *sorted(group), file=sys.stderr)
    print(medium, "pairs lost:", lost, file=sys.stderr)
    return {
        f"{medium}: originals": str(len(alike)),
        f"{medium}: files": str(len(known)),
        f"{medium}: precision": len(found & true) / max(1, len(found)),
        f"{medium}: recall": len(found & true) / max(1, len(true)),
        f"{medium}: groups of two originals": str(len(mixed)),
    }


# ---------------------------------------------------------------- photos


def _encoded(picture: Image.Image, quality: int = 85) -> Image.Image:
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=quality)
    return Image.open(io.BytesIO(kept.getvalue())).convert("RGB")


def _resized(picture: Image.Image, rng: random.Random) -> Image.Image:
    by = rng.choice((0.5, 0.7, 1.5))
    return picture.resize((max(8, int(picture.width * by)), max(8, int(picture.height * by))))


def _cropped(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Nine tenths of each side: anywhere, or a tenth cut off one side."""
    width, height = picture.size
    if rng.random() < 0.5:
        side = rng.randrange(4)
        cut = [width // 10 if side == 0 else 0, height // 10 if side == 1 else 0]
        end = [width - (width // 10 if side == 2 else 0), height - (height // 10 if side == 3 else 0)]
    else:
        cut = [int(rng.uniform(0, 0.1) * width), int(rng.uniform(0, 0.1) * height)]
        end = [cut[0] + int(0.9 * width), cut[1] + int(0.9 * height)]
    return picture.crop((*cut, *end))


CHANGES: dict[str, Callable[[Image.Image, random.Random], Image.Image]] = {
    "encoded": lambda picture, rng: _encoded(picture, rng.choice((30, 50, 70))),
    "resized": _resized,
    "cropped": _cropped,
    "brightened": lambda picture, rng: ImageEnhance.Brightness(picture).enhance(rng.choice((1.2, 1.4, 1.6))),
    "mirrored": lambda picture, rng: ImageOps.mirror(picture),
}


def copy_photos(folder: Path, photos: Sequence[bytes], rng: random.Random) -> dict[str, str]:
    """Writes every photo and its copies; file name -> original."""
    found = {}
    for n, content in enumerate(photos):
        picture = Image.open(io.BytesIO(content)).convert("RGB")
        picture.save(folder / f"image {n} original.png")
        found[f"image {n} original.png"] = str(n)
        for name, change in CHANGES.items():
            change(picture, rng).save(folder / f"image {n} {name}.jpg", quality=85)
            found[f"image {n} {name}.jpg"] = str(n)
    return found


# ---------------------------------------------------------------- clips


def make_clips(folder: Path, rng: random.Random) -> dict[str, str]:
    """Clips of a few shots and their copies. Half of them share a stage: the same ground, another play."""
    found = {}
    shared = _ground(rng)
    for n in range(CLIPS):
        shots = []
        for each in _cast(rng, 4):
            seconds = rng.choice((3.0, 4.0, 5.0))
            ground = shared if n % 2 else _ground(rng)
            shots.append(
                (seconds, _stage(ground, n % 2 or rng.randrange(10**6), [each], [(0.0, seconds)], seconds, moving=True))
            )
        original = folder / f"video {n} original.mp4"
        _save(shots, original)
        _copy_clip(original, folder / f"video {n} encoded.mkv", 160, 0, 10**6)
        _copy_clip(original, folder / f"video {n} cut.mp4", WIDTH, 3 * FPS + 4, 12 * FPS)
        _copy_clip(original, folder / f"video {n} mirrored.mp4", WIDTH, 0, 10**6, mirrored=True)
        found |= {each.name: str(n) for each in folder.glob(f"video {n} *")}
    return found


def _copy_clip(source: Path, target: Path, width: int, first: int, last: int, *, mirrored: bool = False) -> None:
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream("libx264", rate=FPS, options={"crf": "32"})
        stream.width, stream.height, stream.pix_fmt = width, width * HEIGHT // WIDTH, "yuv420p"
        for n, frame in enumerate(old.decode(video=0)):
            if first <= n < last:
                picture = frame.to_image().resize((stream.width, stream.height))
                picture = ImageOps.mirror(picture) if mirrored else picture
                new.mux(stream.encode(av.VideoFrame.from_image(picture)))
        new.mux(stream.encode(None))


# ---------------------------------------------------------------- sounds


def copy_sounds(folder: Path, sounds: Sequence[bytes], rng: random.Random) -> dict[str, str]:
    """Writes every sound of two seconds or more and its copies; file name -> original."""
    found = {}
    for n, content in enumerate(sounds):
        raw = folder / "raw"
        raw.write_bytes(content)
        try:
            samples = np.concatenate([*chunks(raw)])
        except (MediaError, ValueError):
            samples = np.zeros(0, np.float32)
        raw.unlink()
        if len(samples) < 4 * RATE or np.sqrt(np.square(samples).mean()) < 0.003:
            continue
        loud = (samples * (0.9 / max(float(np.abs(samples).max()), 0.01))).clip(-1, 1)
        start = int(rng.uniform(0.05, 0.2) * len(samples))
        for name, codec, made in (
            ("original.wav", "pcm_s16le", samples),
            ("encoded.mp3", "libmp3lame", samples),
            ("small.opus", "libopus", samples),
            ("cut.wav", "pcm_s16le", samples[start : start + int(0.7 * len(samples))]),
            ("louder.mp3", "libmp3lame", loud),
        ):
            _save_sound(folder / f"audio {n} {name}", codec, made)
            found[f"audio {n} {name}"] = str(n)
    return found


def _save_sound(path: Path, codec: str, samples: np.ndarray) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        if codec != "pcm_s16le":
            stream.bit_rate = 32_000
        frame = av.AudioFrame.from_ndarray((samples * 32_767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=stream.rate, frame_size=stream.frame_size or 1024
        )
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
