"""Other programs at the same work on the same machine, in turns with ours.

    python -m benchmarks.peers prepare WORK --torch .venv-torch/bin/python
    python -m benchmarks.peers run WORK [--photos DIR] [--video FILE] [--media DIR] [--pairs 5] [--only PART ...]

prepare: each peer in an environment of its own under WORK, and one ViT-B-32-256 of random weights in the forms of both;
it fetches packages, run fetches nothing.
index: DIR/*.jpg into a new library, no text read, against rclip 3.3.0. clip: the same against txtai and clip-retrieval, see
`peer_clip`. cold, starter: a new process that answers one question over these photos by that model, and by the starter.
imports: the starter against the bare imports. video: one film without sound and text, the whole index run against
PySceneDetect's content detection alone, and against PyAV that decodes all frames. speech: see `peer_speech`, over the
labelled recordings in --media.
vectors: see `peer_vectors`, against raw FAISS.
Of each: medians of both in seconds of the clock, of processors, the peak of memory of the largest process, and the median
ratio of runs that followed each other.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps

from benchmarks import peer_clip
from benchmarks.film import make_film
from benchmarks.peer_speech import speech
from benchmarks.peer_vectors import vectors
from benchmarks.report import report

PEERS = {
    "rclip": ("rclip==3.3.0",),
    "scenedetect": ("scenedetect==0.7.2", "opencv-python-headless"),
    "faster-whisper": ("faster-whisper==1.2.1",),
    "faiss": ("faiss-cpu==1.15.1", "numpy"),
    **peer_clip.PACKAGES,
}
PHOTOS = 840
MODEL = "ViT-B-32-256"
NAME = "peer-vit-b-32-256"
QUESTION = "a dog on the beach"
BARE = "import numpy, faiss, onnxruntime, sqlalchemy, typer"
UNLIKE_USERS = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV")  # users keep bytecode
OURS = str(Path(sys.executable).with_name("crossmedia"))
ROOT = Path(__file__).resolve().parent.parent

EXPORT = """
import json, shutil, sys
from pathlib import Path
from tests import tiny_models  # torchvision without its compiled half
import numpy, open_clip, torch
from open_clip.push_to_hf_hub import save_for_hf
from retrieval.encoders.torch_export import write_graph
model_name, work = sys.argv[1], Path(sys.argv[2])
torch.manual_seed(0)
model, _, _ = open_clip.create_model_and_transforms(model_name)
model.eval()
config = open_clip.get_model_config(model_name)
save_for_hf(model, tiny_models._NoFiles(), config, str(work / "checkpoint"), safe_serialization=True)
rclip = work / "rclip-data"
(rclip / "tokenizer").mkdir(parents=True, exist_ok=True)
shutil.copy(Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz", rclip / "tokenizer")
graphs = rclip / "ViT-B-32-256-datacomp_s34b_b86k"
graphs.mkdir(exist_ok=True)
class Half(torch.nn.Module):
    def __init__(self, encode):
        super().__init__()
        self.model, self.encode = model, encode
    def forward(self, input):
        return getattr(self.model, self.encode)(input)
write_graph(Half("encode_image"), {"input": torch.zeros(2, 3, 256, 256)}, graphs / "visual.onnx")
write_graph(Half("encode_text"), {"input": torch.zeros(2, 77, dtype=torch.int64)}, graphs / "textual.onnx")
"""
SCENES = """
import sys
from scenedetect import ContentDetector, detect
print([round(1000 * end.seconds) for _, end in detect(sys.argv[1], ContentDetector())])
"""
DECODE = """
import sys, av
with av.open(sys.argv[1]) as film:
    film.streams.video[0].thread_type = "AUTO"
    print(sum(1 for _ in film.decode(video=0)))
"""


class Spent(NamedTuple):
    """What a program and its children took: seconds of the clock and of processors; MiB of the largest of them."""

    wall_s: float
    cpu_s: float
    mib: float


def run(command: Sequence[str | Path], *, cwd: Path = ROOT, env: Mapping[str, str] = {}) -> Spent:
    """Raises: SystemExit where the program fails; 1 is how a question without a sure answer ends."""
    start = time.perf_counter()
    kept = {name: value for name, value in os.environ.items() if name not in UNLIKE_USERS}
    started = subprocess.Popen(
        list(map(str, command)), cwd=cwd, env={**kept, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert started.stderr is not None
    said = started.stderr.read()
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(map(str, command[:4]))} ended with {started.returncode}: {said[-500:].decode()}")
    return Spent(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def in_turns(name: str, pairs: int, ours: Callable[[], Spent], theirs: Callable[[], Spent]) -> dict[str, float | str]:
    """Figures of both, who goes first changes from pair to pair."""
    found = []
    for number in range(pairs):
        if number % 2:
            other = theirs()
            found.append((ours(), other))
        else:
            found.append((ours(), theirs()))
    figures: dict[str, float | str] = {f"{name} pairs": str(pairs)}
    for field in Spent._fields:
        values = [(getattr(one, field), getattr(other, field)) for one, other in found]
        figures[f"{name} {field} ours"] = statistics.median(one for one, _ in values)
        figures[f"{name} {field} theirs"] = statistics.median(other for _, other in values)
        figures[f"{name} {field} ratio"] = statistics.median(one / other for one, other in values)
        figures[f"{name} {field} least ratio"] = min(one for one, _ in values) / min(other for _, other in values)
    return figures


# ---------------------------------------------------------------- preparing


def prepare(work: Path, torch: Path) -> None:
    """The peers' environments, and the model in the forms of both."""
    for name, packages in PEERS.items():
        python = work / name / "bin/python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(work / name)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    if not (work / "rclip-data").exists():
        subprocess.run([str(torch), "-c", EXPORT, MODEL, str(work)], check=True, cwd=ROOT)
    peer_clip.write_folder(work)
    env = {**os.environ, **_cache(work)}
    cli = [str(torch), "-c", "from tests import tiny_models; from indexer.cli.app import main; main()"]
    for command in (["models", "add", str(work / "checkpoint"), "--name", NAME], ["models", "export", NAME]):
        subprocess.run([*cli, *command], check=True, cwd=ROOT, env=env)
    subprocess.run([OURS, "models", "profile", "add", NAME, "--shared", NAME], check=True, env=env)


def _cache(work: Path) -> dict[str, str]:
    return {"CROSSMEDIA_CACHE": str(work / "cache")}


# ---------------------------------------------------------------- running


def index(work: Path, given: argparse.Namespace) -> dict[str, float | str]:
    """Both index the photos anew; rclip answers a question at its end, as it cannot index without."""
    photos = _photos(work, given.photos)

    def theirs() -> Spent:
        for each in (work / "rclip-data").glob("db.sqlite3*"):
            each.unlink()
        return run([work / "rclip/bin/rclip", "-f", QUESTION], cwd=photos, env=_rclip(work))

    _index(work, photos)  # measures the runtimes, once on a machine
    return in_turns("index", given.pairs, lambda: _index(work, photos), theirs)


def clip(work: Path, given: argparse.Namespace) -> dict[str, float | str]:
    """The same against what encodes by torch."""
    photos = _photos(work, given.photos)
    _index(work, photos)
    figures: dict[str, float | str] = {}
    for name, theirs in peer_clip.peers(work, run).items():
        figures |= in_turns(name, given.pairs, lambda: _index(work, photos), partial(theirs, photos))
    return figures


def _index(work: Path, photos: Path) -> Spent:
    """The photos into a new library."""
    home = work / "library"
    shutil.rmtree(home, ignore_errors=True)
    command = [OURS, "index", photos, "--library", home, "--profile", NAME, "--no-ocr", "--quiet"]
    return run(command, env=_cache(work))


def cold(work: Path, given: argparse.Namespace) -> dict[str, float | str]:
    """A question by the same model."""
    return _cold(work, given, "cold", NAME, lambda: _ask_rclip(work, given))


def starter(work: Path, given: argparse.Namespace) -> dict[str, float | str]:
    """A question by the starter."""
    return _cold(work, given, "starter", "starter", lambda: _ask_rclip(work, given))


def imports(work: Path, given: argparse.Namespace) -> dict[str, float | str]:
    """A question by the starter against what it imports."""
    return _cold(work, given, "imports", "starter", lambda: run([sys.executable, "-c", BARE]))


def _cold(
    work: Path, given: argparse.Namespace, name: str, profile: str, theirs: Callable[[], Spent]
) -> dict[str, float | str]:
    home, photos = work / f"library-{profile}", _photos(work, given.photos)
    if not home.exists():
        command = [OURS, "index", photos, "--library", home, "--profile", profile, "--no-ocr", "--quiet"]
        run(command, env=_cache(work))

    def ours() -> Spent:
        return run([OURS, "search", QUESTION, "--library", home], env=_cache(work))

    ours(), theirs()
    return in_turns(name, given.pairs, ours, theirs)


def _ask_rclip(work: Path, given: argparse.Namespace) -> Spent:
    photos, command = _photos(work, given.photos), work / "rclip/bin/rclip"
    if not (work / "rclip-data/db.sqlite3").exists():
        run([command, "-f", QUESTION], cwd=photos, env=_rclip(work))
    return run([command, "--no-indexing", "-f", QUESTION], cwd=photos, env=_rclip(work))


def _rclip(work: Path) -> dict[str, str]:
    return {"RCLIP_DATADIR": str(work / "rclip-data"), "HF_HUB_OFFLINE": "1"}


def _photos(work: Path, given: Path | None) -> Path:
    """A folder of JPEG files as it is; of a ZIP file the first PHOTOS pictures, 500 pixels long, as JPEG files in WORK."""
    photos = given if given is not None and given.is_dir() else work / "photos"
    if not photos.exists() and given is not None:
        with zipfile.ZipFile(given) as archive:
            names = sorted(each for each in archive.namelist() if Path(each).suffix.lower() in (".jpg", ".webp"))
            photos.mkdir()
            for name in names[:PHOTOS]:
                picture = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
                ImageOps.contain(picture, (500, 500)).save(photos / f"{Path(name).stem}.jpg", quality=85)
    if not photos.is_dir() or not any(photos.glob("*.jpg")):
        raise SystemExit(f"no JPEG files in {photos}: name a folder or a ZIP file by --photos")
    return photos


def video(work: Path, given: argparse.Namespace) -> dict[str, float | str]:
    """The index run of one film against content detection, and against decoding."""
    home, folder = work / "library-video", work / "film"
    film = folder / "film.mp4"
    folder.mkdir(exist_ok=True)
    if given.video is not None:
        shutil.copy(given.video, film)
    elif not film.exists():
        make_film(film, _photos(work, given.photos))

    def ours() -> Spent:
        shutil.rmtree(home, ignore_errors=True)
        return run([OURS, "index", folder, "--library", home, "--profile", "starter", "--quiet"], env=_cache(work))

    def scenes() -> Spent:
        return run([work / "scenedetect/bin/python", "-c", SCENES, film])

    def decoding() -> Spent:
        return run([sys.executable, "-c", DECODE, film])

    ours()
    return {
        **in_turns("video scenedetect", given.pairs, ours, scenes),
        **in_turns("video decoding", given.pairs, ours, decoding),
    }


PARTS = {
    "index": index,
    "clip": clip,
    "cold": cold,
    "starter": starter,
    "imports": imports,
    "video": video,
    "speech": speech,
    "vectors": vectors,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("task", choices=("prepare", "run"))
    parser.add_argument("work", type=Path)
    parser.add_argument(
        "--torch", type=Path, default=Path(".venv-torch/bin/python"), help="a Python with the extra `clip`"
    )
    parser.add_argument("--photos", type=Path, help="folder or ZIP file of JPEG files")
    parser.add_argument("--video", type=Path, help="a film; one is made of the photos without")
    parser.add_argument("--media", type=Path, help="folder with audio/transcripts.tsv, as benchmarks.speech takes it")
    parser.add_argument("--speech-model", default="base", help="as benchmarks.speech takes it")
    parser.add_argument("--recordings", type=int, help="of --media that are heard; all without")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS])
    parser.add_argument("--out", type=Path, help="file for the JSON line")
    given = parser.parse_args()
    work = given.work.resolve()
    if given.task == "prepare":
        work.mkdir(parents=True, exist_ok=True)
        prepare(work, given.torch.absolute())
        return
    figures: dict[str, float | str] = {}
    for name in given.only:
        figures |= PARTS[name](work, given)
    report("peers", figures, given.out)


if __name__ == "__main__":
    main()
