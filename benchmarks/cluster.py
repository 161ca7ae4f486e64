"""The last column of benchmarks.engines: a library that workers of a Ray cluster made out of a bucket, with its catalog in
PostgreSQL and its vectors in Milvus, against that of the same files made by this machine's processes out of a folder.

The models are the real ones, and neither side ever has the batches of the other: their vectors differ by rounding. So the
library of the cluster is compared twice: with the local one, and with its own copy in a folder, where all must be the same.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import select

from benchmarks.search import real_texts
from indexer.catalog.open import reading
from indexer.library_copy import copy_library
from retrieval.catalog.schema import assets, paths, segments, spaces, vectors
from tests.retrieval.media import made_clips
from tests.scale import nodes, s3
from tests.scale.postgresql import Server

EVERY_TEXT, EVERY_SOUND, EVERY_FILM = 3, 50, 250  # of so many files one; all others are pictures
DAYS = 9_000  # of the names, all before today: a date to come is not believed, and a bucket has other times than a disk
SIZE = (192, 144)
WORKERS = 2
PREFIX = "all"


@dataclass(frozen=True)
class Made:
    """Folders of the library of this machine, of that of the cluster, and of a copy of the latter on this machine; what
    making them took, and how their contents compare."""

    local: Path
    cluster: Path
    copy: Path
    figures: dict[str, float | str]


def made(scratch: Path, server: Server, milvus: str, count: int) -> Made:
    """Makes all three. milvus: the setting of the cluster's library. Raises: RuntimeError where a run failed."""
    media = scratch / "media"
    fill(media, count)
    local, cluster, copy = (scratch / name for name in ("local", "cluster", "copy"))
    bucket = s3.Bucket()
    try:
        os.environ.update(bucket.environment)  # also that of the workers
        bucket.make()
        for path in sorted(media.rglob("*.*")):
            bucket.put(f"{PREFIX}/{path.relative_to(media)}", path.read_bytes())
        figures: dict[str, float | str] = {"ray: local s": index(local, [str(media)])}
        cluster.mkdir()
        source = f"s3://{s3.BUCKET}/{PREFIX}"
        named = {"catalog": server.library(cluster), "vectors": milvus, "workers": "ray"}
        lines = [f'{name} = "{value}"\n' for name, value in named.items()]
        (cluster / "crossmedia.toml").write_text("".join(lines) + f'sources = ["{source}"]\n')
        with nodes.started() as started:
            for core in sorted(os.sched_getaffinity(0))[:WORKERS]:
                started.add(core)
            figures["ray: cluster s"] = index(cluster, [], started.environment)
    finally:
        bucket.stop()
    figures |= difference(contents(local, media), contents(cluster, Path(source)))
    copy_library(cluster, copy)
    return Made(local, cluster, copy, figures)


def fill(folder: Path, count: int) -> None:
    """Pictures, texts, sounds and films, none like another, with a date in their names."""
    texts, draw = real_texts(), random.Random(1)
    for number in range(count):
        day = date(2000, 1, 1) + timedelta(days=number * DAYS // count)
        name = f"{day:%Y-%m-%d} {number:05d}"
        if number % EVERY_FILM == 0:
            place = _place(folder, "films", number, f"{name}.mp4")
            scenes = [made_clips.pattern(number), made_clips.pattern(number + 1)]
            made_clips.write(place, made_clips.frames(scenes, [25, 25]))
        elif number % EVERY_SOUND == 0:
            _sound(_place(folder, "sounds", number, f"{name}.wav"), number)
        elif number % EVERY_TEXT == 0:
            some = [draw.choice(texts) for _ in range(draw.randint(1, 2))]
            _place(folder, "texts", number, f"{name}.txt").write_text("\n\n".join([f"{number}", *some]), "utf-8")
        else:
            place = _place(folder, "images", number, f"{name}.image.png")
            Image.fromarray(made_clips.pattern(number, SIZE)(0.0)).save(place)


def _place(folder: Path, kind: str, number: int, name: str) -> Path:
    place = folder / kind / f"{number // 1000:03d}" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _sound(place: Path, number: int) -> None:
    """Two seconds of a tone in noise."""
    at, rng = np.arange(32_000) / 16_000, np.random.default_rng(number)
    tone = 6_000 * np.sin(2 * np.pi * (100 + 7 * number % 3_000) * at) + rng.normal(0, 900, len(at))
    with wave.open(str(place), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(tone.astype("<i2").tobytes())


def index(home: Path, roots: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """A whole run of the program; its seconds. Raises: RuntimeError."""
    command = [sys.executable, "-m", "indexer.cli.app", "index", *roots, "--library", str(home)]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "--no-ocr", "--no-speech"],
        check=False, capture_output=True, text=True, env={**os.environ, **(environment or {})},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return time.perf_counter() - start


@dataclass(frozen=True)
class Contents:
    """Of a library, whatever its history: places of assets below the source, segments by their public ids, vectors."""

    assets: set[tuple[bytes, str, str | None, str]]
    segments: dict[str, tuple[Any, ...]]
    vectors: dict[tuple[str, str, int, int], bytes]


def contents(home: Path, source: Path) -> Contents:
    """Read from the catalog."""
    with reading(home) as connection:
        own = select(assets.c.hash, assets.c.medium, assets.c.date, paths.c.relative).join_from(paths, assets)
        named = {
            (bytes(each.hash), each.medium, each.date, os.fsdecode(each.relative)) for each in connection.execute(own)
        }
        what = ("kind", "start_ms", "end_ms", "start_char", "end_char", "page", "text", "lang", "box")
        rows = connection.execute(select(segments.c.key, *(segments.c[name] for name in what)))
        found = {row[0]: tuple(row[1:]) for row in rows}
        query = select(segments.c.key, spaces.c.name, vectors.c.at_ms, vectors.c.data)
        query = query.select_from(vectors.join(segments, vectors.c.segment_id == segments.c.id).join(spaces))
        return Contents(named, found, dict(_numbered(connection.execute(query.order_by(vectors.c.id)))))


def _numbered(rows: Any) -> Iterator[tuple[tuple[str, str, int, int], bytes]]:
    """Each vector by its segment, space, time and place among those of the same."""
    seen: dict[tuple[str, str, int], int] = {}
    for key, space, at_ms, data in rows:
        whose = (key, space, -1 if at_ms is None else at_ms)
        seen[whose] = seen.get(whose, -1) + 1
        yield (*whose, seen[whose]), bytes(data)


def difference(local: Contents, cluster: Contents) -> dict[str, float | str]:
    """How many assets, segments and vectors only one has, or the other has otherwise; and by how much numbers differ."""
    other = sum(cluster.segments.get(key) != value for key, value in local.segments.items())
    both = [
        tuple(np.frombuffer(each[key], np.float16).astype(np.float32) for each in (local.vectors, cluster.vectors))
        for key in local.vectors.keys() & cluster.vectors.keys()
    ]
    return {
        "ray: assets": len(local.assets),
        "ray: segments": len(local.segments),
        "ray: vectors": len(local.vectors),
        "ray: assets that one alone has": len(local.assets ^ cluster.assets),
        "ray: segments that one alone has": len(local.segments.keys() ^ cluster.segments.keys()) + other,
        "ray: vectors that one alone has": len(local.vectors.keys() ^ cluster.vectors.keys()),
        "ray: vectors with other numbers": sum(not np.array_equal(*each) for each in both),
        "ray: largest difference of a number": max(float(np.abs(one - two).max()) for one, two in both),
        "ray: least cosine": min(float(one @ two) for one, two in both),
    }
