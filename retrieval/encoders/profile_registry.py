"""What profiles there are: those that ship as data, and the user's own.

    CACHE/models/profiles/NAME.toml      one of the user's own: the fields of [profiles.NAME] in profiles.toml

Owns these files. Loads no model, asks no network, imports nothing heavy.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.encoders.registry import LOCAL_NAME, Model, find_model, has_gpu, model_state, models_dir, shipped
from retrieval.errors import EncoderUnavailable, SpaceMismatch

FIELDS = ("about", "shared", "sentence", "transcriber")
OPTIONAL = {"gpu", "sound"}


@dataclass(frozen=True, slots=True)
class ProfileState:
    """A profile, its models, and what a fetch would bring. `ready`: all is here. own: made on this machine.

    sound: the model that gives sounds a space of their own, if it is here when a library is made.
    """

    name: str
    about: str
    models: tuple[Model, ...]
    missing: tuple[Model, ...]
    transcriber: str = "auto"
    own: bool = False
    sound: Model | None = None

    @property
    def ready(self) -> bool:
        return not self.missing

    @property
    def bytes_to_fetch(self) -> int:
        return sum(model.bytes for model in self.missing)


def profile_entries() -> dict[str, dict[str, Any]]:
    """Profiles by name: those of profiles.toml in its order, then the user's own.

    Raises: EncoderUnavailable for a file of the user's that is no profile.
    """
    own = {path.stem: _read(path) for path in sorted(_folder().glob("*.toml"))}
    return {**shipped()["profiles"], **own, **shipped()["profiles"]}  # a file takes the place of none that ships


def profile_entry(name: str) -> dict[str, Any] | None:
    """The profile of that name, None where there is none; no other file is read, so a broken one costs only itself.

    Raises: EncoderUnavailable where the file of that name is no profile.
    """
    shipping: dict[str, dict[str, Any]] = shipped()["profiles"]
    path = _folder() / f"{name}.toml"
    return shipping.get(name) or (_read(path) if LOCAL_NAME.fullmatch(name) and path.is_file() else None)


def resolve_profile(name: str) -> str:
    """The profile that `name` means here; "auto" is the best of those that ship whose models are all on this machine.

    Raises: EncoderUnavailable for an unknown name.
    """
    if name == "auto":
        fitting: list[str] = [
            each for each in shipped()["auto"] if has_gpu() or not shipped()["profiles"][each].get("gpu")
        ]
        return next((each for each in fitting if profile_state(each).ready), fitting[-1])
    if profile_entry(name) is None:
        raise EncoderUnavailable(f"no profile is called {name}", f"there are auto, {', '.join(profile_entries())}")
    return name


def named_profile(name: str) -> tuple[str, dict[str, Any]]:
    """The name and the entry of the profile that `name` means here. Raises: as resolve_profile and profile_entry."""
    name = resolve_profile(name)
    entry = profile_entry(name)
    assert entry is not None
    return name, entry


def list_profiles() -> list[ProfileState]:
    """Every profile, in the order of `profile_entries`."""
    return [profile_state(name) for name in profile_entries()]


def better_profiles(name: str) -> list[ProfileState]:
    """Profiles that ship, could be used here and find more than one of that name, best first."""
    ordered: list[str] = shipped()["auto"]
    better = ordered[: ordered.index(name)] if name in ordered else []
    return [profile_state(each) for each in better if has_gpu() or not shipped()["profiles"][each].get("gpu")]


def better_fetch(name: str) -> str:
    """A line that says which fetch may find more than the profile of that name; "" where one that does is here."""
    better = better_profiles(name)
    if not better or any(each.ready for each in better):
        return ""
    best = better[0]
    licences = ", ".join(dict.fromkeys(model.licence for model in best.missing))
    return (
        f"profile {best.name} may find it (crossmedia models fetch {best.name} brings {best.bytes_to_fetch / 1e6:,.0f} MB, "
        f"{licences}; then crossmedia rebuild --profile {best.name} --keep)"
    )


def profile_state(name: str) -> ProfileState:
    """What one profile has and lacks here. Raises: EncoderUnavailable for an unknown name."""
    name, entry = named_profile(name)
    models = tuple(find_model(entry[role]) for role in ("shared", "sentence"))
    missing = tuple(model for model in models if not model_state(model).here)
    own, sound = name not in shipped()["profiles"], entry.get("sound", "")
    return ProfileState(
        name, entry["about"], models, missing, entry["transcriber"], own, find_model(sound) if sound else None
    )


def sound_here(entry: Mapping[str, Any]) -> Model | None:
    """The model of a profile's sounds, where it names one and that is on this machine."""
    model = find_model(entry["sound"]) if entry.get("sound") else None
    return model if model and model_state(model).here else None


def add_profile(
    name: str, *, shared: str, sentence: str, sound: str = "", transcriber: str = "auto", about: str = ""
) -> ProfileState:
    """Keeps a profile of the user's own; models that are not here yet may be named by what would fetch them.

    Raises:
        EncoderUnavailable: no such name for a profile, or no model of these names.
        SpaceMismatch: the name stands for another profile.
    """
    if not LOCAL_NAME.fullmatch(name) or name == "auto":
        raise EncoderUnavailable(f"{name!r} cannot be a profile's name", "give one of letters, digits, dots and dashes")
    if "text" not in find_model(shared).senses:
        raise EncoderUnavailable(f"model {shared} takes no text", "no question in words could be asked of it")
    if find_model(sentence).senses != {"text"}:
        raise EncoderUnavailable(f"model {sentence} is not one for sentences", "name it with --shared")
    if sound and not find_model(sound).senses >= {"text", "sound"}:
        raise EncoderUnavailable(f"model {sound} does not take texts and sounds", "name it with --shared")
    entry = {"about": about or "a profile of yours", "shared": shared, "sentence": sentence, "transcriber": transcriber}
    entry |= {"sound": sound} if sound else {}
    known = profile_entry(name)
    if known is not None and any(known.get(field) != entry.get(field) for field in (*FIELDS[1:], "sound")):
        raise SpaceMismatch(f"a profile {name} is there already, of other models", "give another name")
    _folder().mkdir(parents=True, exist_ok=True)
    lines = [f"{field} = {json.dumps(value, ensure_ascii=False)}\n" for field, value in entry.items()]
    (_folder() / f"{name}.toml").write_text("".join(lines), "utf-8")
    return profile_state(name)


def remove_profile(name: str) -> None:
    """Forgets a profile of the user's own; libraries that were made by it go on by the models they record.

    Raises: EncoderUnavailable for one that ships, or an unknown name.
    """
    if name in shipped()["profiles"]:
        raise EncoderUnavailable(f"the profile {name} ships with the program", "only your own can be removed")
    resolve_profile(name)
    (_folder() / f"{name}.toml").unlink()


def _folder() -> Path:
    return models_dir() / "profiles"


def _read(path: Path) -> dict[str, Any]:
    try:
        entry = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EncoderUnavailable(f"{path} cannot be read as a profile: {error}", "mend or delete the file") from None
    entry = {"about": "a profile of yours", "transcriber": "auto", **entry}
    if unknown := set(entry) - {*FIELDS, *OPTIONAL}:
        raise EncoderUnavailable(f"{path} holds unknown fields: {', '.join(sorted(unknown))}", f"known: {FIELDS}")
    if missing := [field for field in FIELDS if not isinstance(entry.get(field), str)]:
        raise EncoderUnavailable(f"{path} lacks {', '.join(missing)}", "a profile names the models shared and sentence")
    return entry
