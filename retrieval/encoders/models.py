"""What models there are: those that ship as data, and those that were fetched or added on this machine.

Owns profiles.toml and the records in the cache. Loads no model and imports nothing heavy.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retrieval.domain import Sense
from retrieval.errors import EncoderUnavailable


@dataclass(frozen=True, slots=True)
class Prior:
    """A logistic curve from cosine to confidence: 0.5 at `midpoint`, steeper with `slope`."""

    midpoint: float = 0.3
    slope: float = 14.0

    def confidence(self, cosine: ArrayLike) -> NDArray[np.float32]:
        """0..1, of the shape of `cosine`."""
        away = self.slope * (np.asarray(cosine, np.float32) - self.midpoint)
        return np.asarray(1.0 / (1.0 + np.exp(-away)), np.float32)


@dataclass(frozen=True, slots=True)
class Model:
    """One model as data; see the head of profiles.toml. `dimension` 0: unknown until its files are here."""

    name: str
    family: str
    senses: frozenset[Sense]
    dimension: int
    licence: str = "unknown"
    languages: str = ""
    package: str = ""
    files: str = ""
    sha256: str = ""
    repository: str = ""
    bytes: int = 0
    architecture: str = ""
    tag: str = ""
    prompt: str = ""
    golden: Mapping[str, Any] = field(default_factory=dict)
    prior: Mapping[str, Prior] = field(default_factory=dict)
    folder: Path | None = None


@cache
def _shipped() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("profiles.toml").read_text("utf-8"))


def profile_entries() -> dict[str, dict[str, Any]]:
    """Profiles by name, as they stand in profiles.toml."""
    return dict(_shipped()["profiles"])


def resolve_profile(name: str) -> str:
    """The profile that `name` means here; "auto" is the best whose models are all on this machine."""
    if name == "auto":
        return next(each for each in _shipped()["auto"] if _ready(each))
    if name not in profile_entries():
        raise EncoderUnavailable(f"no profile is called {name}", f"there are auto, {', '.join(profile_entries())}")
    return name


def _ready(profile: str) -> bool:
    entry = profile_entries()[profile]
    return all(installed(find_model(entry[role])) for role in ("shared", "sentence"))


def find_model(name: str) -> Model:
    """The model of that name. Raises: EncoderUnavailable, naming those there are."""
    entries = _shipped()["models"]
    if name not in entries:
        raise EncoderUnavailable(f"no model is called {name}", f"there are {', '.join(sorted(entries))}")
    return _model(name, entries[name])


def _model(name: str, entry: Mapping[str, Any]) -> Model:
    values = dict(entry)
    values["senses"] = frozenset(values["senses"])
    values["prior"] = {direction: Prior(*pair) for direction, pair in values.get("prior", {}).items()}
    return Model(name, **values)


def installed(model: Model) -> bool:
    """Whether the model's files are on this machine."""
    return not model.repository
