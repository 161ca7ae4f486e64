"""Whether memory stays flat over many files and over one long video: python -m benchmarks.memory [--images N] [--minutes N]

Indexes N small photos (default 20,000) and one video of N minutes with sound (default 120), each in a process of its own,
and gives the resident memory of that process and all its children: the most in each quarter of the run's time, and the
share of it that no file backs. A few minutes on two idle cores; speech is left out (--speech).
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from PIL import Image

from benchmarks.report import report

RATE = 16_000  # Hz
FRAMES_A_SECOND = 10
SIZE = (320, 180)
SHOT_S = 6
QUARTERS = ("25 %", "50 %", "75 %", "100 %")
INDEX = """
import sys
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
done = index_folders([sys.argv[1]], library=sys.argv[2], options=Options(speech=sys.argv[3] == "speech"))
print(done.indexed)
"""


class Sample(NamedTuple):
    """Resident memory of a process and its children, MiB; own: what no file backs."""

    resident: float
    own: float


def make_photos(folder: Path, count: int) -> None:
    """JPEGs of 320 x 240, each file different in its bytes; 200 different pictures."""
    random = np.random.default_rng(0)
    contents = []
    for _ in range(min(count, 200)):
        small = Image.fromarray(random.integers(0, 255, (9, 12, 3), dtype=np.uint8))
        out = io.BytesIO()
        small.resize((320, 240), Image.Resampling.BICUBIC).save(out, "JPEG", quality=88)
        contents.append(out.getvalue())
    for number in range(count):
        path = folder / f"{number // 1000:03d}" / f"{number:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            contents[number % len(contents)] + number.to_bytes(8, "big")
        )  # bytes after a JPEG's end are legal


def make_video(path: Path, seconds: int) -> None:
    """A clip of coarse scenes, cut every SHOT_S seconds, in which a window wanders; tones for sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=FRAMES_A_SECOND)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio = container.add_stream("mp2", rate=RATE)
        audio.layout = "mono"
        for second in range(seconds):
            if second % SHOT_S == 0:
                scene = _scene(random)
            for number in range(FRAMES_A_SECOND):
                at = 3 * (second % SHOT_S * FRAMES_A_SECOND + number)
                view = np.ascontiguousarray(scene[at // 2 : at // 2 + SIZE[1], at : at + SIZE[0]])
                container.mux(video.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
            container.mux(audio.encode(_tone(second)))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _scene(random: np.random.Generator) -> np.ndarray:
    """A picture wide enough for the window to wander through for SHOT_S seconds."""
    way = 3 * SHOT_S * FRAMES_A_SECOND
    small = Image.fromarray(random.integers(0, 255, (7, 14, 3), dtype=np.uint8))
    return np.asarray(small.resize((SIZE[0] + way, SIZE[1] + way), Image.Resampling.BICUBIC))


def _tone(second: int) -> av.AudioFrame:
    times = np.arange(second * RATE, (second + 1) * RATE) / RATE
    tone = 8000 * np.sin(2 * np.pi * (220 + 20 * (second % 30)) * times)
    frame = av.AudioFrame.from_ndarray(tone.astype(np.int16)[None], format="s16", layout="mono")
    frame.rate, frame.pts, frame.time_base = RATE, second * RATE, Fraction(1, RATE)
    return frame


def indexed(folder: Path, home: Path, speech: bool) -> list[Sample]:
    """Memory four times a second, from start to end of a run."""
    command = [sys.executable, "-c", INDEX, str(folder), str(home), "speech" if speech else ""]
    samples = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            samples.append(_memory(process.pid))
            time.sleep(0.25)
    if process.returncode:
        raise SystemExit(f"index ended with {process.returncode}")
    return samples


def _memory(pid: int) -> Sample:
    """Of a process and all below it; one that has just ended counts nothing."""
    resident = own = 0.0
    waiting = [pid]
    while waiting:
        folder = Path("/proc") / str(waiting.pop())
        try:
            lines = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
            resident += int(lines["VmRSS"].split()[0]) / 1024
            own += int(lines["RssAnon"].split()[0]) / 1024
            for task in (folder / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, KeyError):
            continue
    return Sample(resident, own)


def figures(name: str, samples: list[Sample], seconds: float) -> dict[str, float | str]:
    """The most of each quarter."""
    found: dict[str, float | str] = {f"{name} s": seconds}
    for quarter, part in zip(QUARTERS, np.array_split(np.array(samples), len(QUARTERS)), strict=True):
        found[f"{name} MiB at {quarter}"] = float(part[:, 0].max())
        found[f"{name} own MiB at {quarter}"] = float(part[:, 1].max())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--minutes", type=int, default=120)
    parser.add_argument("--speech", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    told: dict[str, float | str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        make_photos(root / "photos", given.images)
        make_video(root / "video" / "long.mkv", 60 * given.minutes)
        for name, folder in ((f"{given.images} photos", "photos"), (f"{given.minutes} min of video", "video")):
            start = time.perf_counter()
            samples = indexed(root / folder, root / f"library {folder}", given.speech)
            told |= figures(name, samples, time.perf_counter() - start)
    report("memory", told, given.out)


if __name__ == "__main__":
    main()
