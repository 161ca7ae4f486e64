"""A kind of segment, a step and a space that the packages know nothing of: the colours of a picture, in words.

What a real one would touch in the packages: a row in retrieval/kinds.py, a row in indexer/pipeline/steps.py, an entry of
its model in retrieval/encoders/profiles.toml. The reader and the encoder are modules of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from indexer.pipeline.steps import IndexingStep
from retrieval.domain.media import ExtractedSegment, Medium, Modality, Segment, Space
from retrieval.kinds import SegmentKind
from retrieval.settings import Limits
from tests.fakes import DIMENSION, FakeProfile, colour_name

KIND = SegmentKind("text", "colours", "shows", "palettes", calibration="palette")
STEP = IndexingStep(
    reader="tests.extension.palette:read_palette",
    is_needed=lambda metadata: metadata.medium == "image",
    modality=None,
    label="palette",
    plan="name the colours of, if they are pictures",
    usual_rate=100.0,
    is_per_file=True,
)


def read_palette(
    path: Path, medium: Medium, spec: None, limits: Limits, alive: Callable[[], None]
) -> Iterator[ExtractedSegment]:
    """One segment that names the colour of each half of a picture."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    middle = picture.width // 2
    halves = [picture.crop((0, 0, middle, picture.height)), picture.crop((middle, 0, picture.width, picture.height))]
    import numpy as np

    yield ExtractedSegment(Segment("palette", text=" ".join(colour_name(np.asarray(half)) for half in halves)))


class PaletteProfile(FakeProfile):
    """The fake profile with one space more, which takes texts alone."""

    spaces = ("shared", "sentence", "colours")

    def modalities(self, role: str) -> frozenset[Modality]:
        return super().modalities("sentence" if role == "colours" else role)

    def space(self, role: str) -> Space:
        return Space("colours", "palette", "1", DIMENSION) if role == "colours" else super().space(role)
