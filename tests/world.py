"""A folder of small media, a library of it, and what the last run told: for tests that index what changes."""

from __future__ import annotations

import os
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from indexer.events import Event, Finished
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library
from retrieval.domain.media import Modality, Vectors
from tests.contents import contents
from tests.fakes import FakeEncoder, FakeProfile


class CountingProfile(FakeProfile):
    """Notes how many items each modality has encoded."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.encoded: dict[Modality, int] = {"text": 0, "image": 0, "sound": 0}

    def encoder(self, role: str, modality: Modality) -> FakeEncoder:
        plain = super().encoder(role, modality)
        return _Counting(plain.space, plain.accepts, plain.form, self.encoded)


@dataclass(frozen=True)
class _Counting(FakeEncoder):
    counts: dict[Modality, int] = field(default_factory=dict)

    def encode(self, items: Sequence[Any]) -> Vectors:
        self.counts[self.accepts] += len(items)
        return super().encode(items)


class World:
    """A folder of media, a library of it, and what the last run told."""

    def __init__(self, root: Path) -> None:
        self.media = root / "media"
        self.media.mkdir()
        self.home = root / "library"
        self.profile = CountingProfile(said="hello there")
        self.events: list[Event] = []

    def picture(self, name: str, colour: str = "red") -> Path:
        path = self.media / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # A size of its own makes content of its own, whatever the colour.
        Image.new("RGB", (20 + len(name), 20), colour).save(path)
        return path

    def sound(self, name: str) -> Path:
        path = self.media / name
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            tone = np.sin(np.arange(16_000 * 3) / 5) * 9000
            file.writeframes(tone.astype("<i2").tobytes())
        return path

    def index(self, *folders: Path, **options: Any) -> Finished:
        """Indexes these folders, else the one of the world."""
        self.events = []
        self.profile.encoded = dict.fromkeys(self.profile.encoded, 0)
        chosen = Options(profile=self.profile, workers=1, **options)
        return index_folders(folders or [self.media], library=self.home, options=chosen, on_event=self.events.append)

    def names(self) -> list[str]:
        """Paths below the folder of all that the library holds, in order."""
        found = [path for asset in contents(self.home)["assets"].values() for path in asset["paths"]]
        return sorted(os.fsdecode(os.path.relpath(path, os.fsencode(self.media))) for path in found)

    def shown(self, question: str) -> list[str]:
        """Names of what a search finds, best first."""
        with Library.open(self.home, profile=self.profile) as library:
            return [hit.path.name for hit in library.search(question)]
