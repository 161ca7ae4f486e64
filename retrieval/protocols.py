"""The seams of the query side: arrays and domain values only.

A seam stands where a device, network, disk or second real form stands behind it, nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import InputSpec, Modality, Segment, Space, Vectors

if TYPE_CHECKING:
    from retrieval.encoders.calibration import CohortCalibration, SceneCalibration
    from retrieval.encoders.registry import DefaultCalibration

SpaceName: TypeAlias = str
"""What a profile calls one of its spaces, as retrieval.kinds has it: "shared", "sentence"."""

Direction: TypeAlias = str
"""Modality of a question and what it meets, as "text-image" or "text-speech": what is calibrated together."""


@runtime_checkable
class Encoder(Protocol):
    """Turns items of one sense into one space."""

    @property
    def space(self) -> Space:
        """The space that all vectors of this encoder live in."""

    @property
    def accepts(self) -> Modality:
        """`text`: str items; `image`: uint8 (h, w, 3) items; `sound`: float32 (n,) items."""

    @property
    def form(self) -> InputSpec:
        """The shape that image or sound items must have; None for text."""

    def encode(self, items: Sequence[Any]) -> Vectors:
        """(n, dimension) float32, unit rows, in the order of `items`; (0, dimension) for none."""


@runtime_checkable
class VectorIndex(Protocol):
    """Finds nearest rows by inner product."""

    def search(
        self, queries: Vectors, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Vectors, NDArray[np.int64]]:
        """Scores (q, k) float32, best first, and row numbers (q, k) int64.

        `allowed`: (rows,) mask of rows that may be found. Slots without a row hold -inf and -1.
        """


@runtime_checkable
class Transcriber(Protocol):
    """Turns speech into timed text in the language spoken."""

    @property
    def revision(self) -> str:
        """Name and version of the weights, kept with every transcript."""

    def transcribe(self, chunks: Iterable[NDArray[np.float32]]) -> Iterator[Segment]:
        """Speech segments in time order. `chunks`: consecutive mono samples (n,) at 16 kHz in -1..1, any lengths.

        Memory does not grow with the length of the recording. Silence, noise and music give nothing.
        """


class Profile(Protocol):
    """A named set of encoders and a transcriber, each loaded when it is first asked for. Safe from several threads."""

    @property
    def name(self) -> str:
        """As a library records it."""

    @property
    def spaces(self) -> tuple[SpaceName, ...]:
        """The names of its spaces; those of retrieval.kinds that are missing are not searched."""

    def senses(self, role: SpaceName) -> frozenset[Modality]:
        """The modalities that can be brought into that space."""

    def encoder(self, role: SpaceName, sense: Modality) -> Encoder:
        """The encoder of one modality into one space.

        Raises:
            EncoderUnavailable: there is none, or its files are not on this machine.
            SpaceMismatch: its files are not those that were recorded.
        """

    def space(self, role: SpaceName) -> Space:
        """The space of that name, without loading weights. Raises: as `encoder`."""

    def transcriber(self) -> Transcriber:
        """Raises: EncoderUnavailable where no weights are on this machine."""

    def prior(self, direction: Direction) -> DefaultCalibration:
        """The calibration of that direction while a library knows no better."""

    def background(self, direction: Direction) -> CohortCalibration | SceneCalibration | None:
        """The calibration against a cohort that was measured for that direction; None: the prior counts."""
