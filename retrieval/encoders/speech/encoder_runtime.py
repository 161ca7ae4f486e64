"""OpenVINO in CTranslate2's place for Whisper's encoder, where it computes the same and takes less.

Half of the work on speech is the encoder, once for each window. CTranslate2 multiplies in int8; OpenVINO in bfloat16 takes
a quarter of that where the processor can, and is nearer to float32. It serves a process after FEW windows, and only where
it computes of GOLDEN drawn voices what CTranslate2 computes in float32; KNOWN of them are compared again after every
compilation. What was found out is kept where `retrieval.encoders.runtimes` keeps it. See docs/decisions/0345.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Space, Vectors
from retrieval.encoders import runtimes
from retrieval.encoders.runtimes import Record
from retrieval.encoders.speech.encoder_graph import encoder_graph, read_encoder
from retrieval.settings import RATE

Frames = NDArray[np.float32]  # (n, mels, 3000), a spectrogram of 30 s each
Encode = Callable[[Frames], NDArray[np.float32]]  # to (n, positions, width)

FEW: Final = 4  # windows that a process hears before the start of another runtime pays
GOLDEN, KNOWN = 4, 2  # drawn voices; those that are compared after every later compilation
NUMBERS: Final = 4_096  # of all that the encoder gives for a window, evenly spread: its vector when it is compared
LARGEST: Final = 600 << 20  # bytes of a model that may be held by two runtimes
USUAL: Final = "CTranslate2"


@dataclass(frozen=True, slots=True)
class Encoder:
    """Whisper's encoder as CTranslate2 has it. name, sha256, path: of its weights. exact: a model of its own, in float32."""

    name: str
    sha256: str
    path: Path
    spectrogram: Callable[[NDArray[np.float32]], Frames]
    usual: Encode
    exact: Callable[[], Encode]


class EncoderRuntime:
    """The faster runtime of one encoder, made when it pays. Used by one thread at a time."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._space = Space("windows", f"whisper-{encoder.name}", encoder.sha256, NUMBERS)
        self._seen = 0
        self._is_settled = False
        self._graph: Any = None

    def rows(self, frames: Frames) -> NDArray[np.float32] | None:
        """(n, positions, width) float32 of spectrograms (n, mels, 3000); None: CTranslate2 is to encode them."""
        self._seen += len(frames)
        if not self._is_settled and self._seen > FEW:
            self._is_settled = True
            if runtimes.versions() and self._encoder.path.stat().st_size <= LARGEST:
                try:
                    self._graph = self._settled()
                except (MemoryError, RuntimeError) as error:  # a choice holds the weights twice more, in float32
                    runtimes.log_unused("OpenVINO", self._space.encoder, str(error) or "there is not enough memory")
        return None if self._graph is None else _encoded(self._graph, frames)

    def _settled(self) -> Any:
        from retrieval.encoders import openvino

        record, known = runtimes.read_record(self._space)
        if record is None or known is None or record.processor != openvino.processor():
            return self._chosen()
        plan = next((each for each in openvino.plans() if each.name == record.plan), None)
        if plan is None:
            return None
        graph = self._compiled(plan)
        reason = graph if isinstance(graph, str) else self._differs(known, graph)
        runtimes.keep_again(self._space, record, known, reason, self._space.encoder)
        return None if reason else graph

    def _chosen(self) -> Any:
        """The first plan that computes the same and takes less; what was found is kept."""
        from retrieval.encoders import openvino

        frames = self._golden(GOLDEN)
        wanted = window_vectors(self._encoder.exact()(frames))
        spent = {USUAL: runtimes.measured(lambda parts: [self._encoder.usual(parts[0])], [frames[:KNOWN]])}
        record = Record(runtimes.versions(), openvino.processor(), milliseconds=spent, usual=USUAL, item="window")
        chosen = None
        for plan in (each for each in openvino.plans() if not each.head):
            graph = self._compiled(plan)
            reason = graph if isinstance(graph, str) else self._differs(wanted, graph)
            if not reason:
                spent[plan.name] = runtimes.measured(graph.run, list(frames[:KNOWN, None]))
                if spent[plan.name] < spent[USUAL]:
                    chosen, record = graph, replace(record, plan=plan.name)
                    break
                reason = f"it is slower here than {USUAL}"
            record.reasons[plan.name] = reason
        runtimes.keep(self._space, record, wanted[:KNOWN])
        return chosen

    def _compiled(self, plan: Any) -> Any:
        """The graph by that plan, or why there is none."""
        from retrieval.encoders import openvino

        try:
            return openvino.CompiledGraph(lambda: encoder_graph(read_encoder(self._encoder.path)), plan)
        except (RuntimeError, ValueError, KeyError, OSError) as error:
            return str(error).strip().split("\n")[-1][:200]

    def _differs(self, wanted: Vectors, graph: Any) -> str:
        """Why the graph must not serve; "" where it may. wanted: vectors of the first drawn voices."""
        given = window_vectors(_encoded(graph, self._golden(len(wanted))))
        return runtimes.differs(wanted, given, f"{USUAL} float32")

    def _golden(self, count: int) -> Frames:
        return np.stack([self._encoder.spectrogram(voice) for voice in drawn_voices(count)])


def _encoded(graph: Any, frames: Frames) -> NDArray[np.float32]:
    """(n, positions, width) of (n, mels, 3000); windows run beside each other."""
    return np.concatenate(graph.run(list(frames[:, None])))


def window_vectors(rows: NDArray[np.float32]) -> Vectors:
    """(n, NUMBERS) unit rows out of what an encoder gives, (n, positions, width): evenly spread, less what all positions of
    a window share, which would make any two alike.
    """
    apart = (rows - rows.mean(axis=1, keepdims=True)).reshape(len(rows), -1)
    some = apart[:, np.linspace(0, apart.shape[1] - 1, NUMBERS).astype(np.int64)]
    return np.asarray(some / np.maximum(np.linalg.norm(some, axis=1, keepdims=True), 1e-12), np.float32)


def drawn_voices(count: int) -> Sequence[NDArray[np.float32]]:
    """So many sounds of 20 s, (n,) float32 in -1..1 at RATE, that are like voices: gliding overtones under moving formants
    in syllables, with some breath. Always the same ones.
    """
    return [_voice(np.random.default_rng(seed)) for seed in range(count)]


def _voice(random: np.random.Generator) -> NDArray[np.float32]:
    time = np.arange(20 * RATE) / RATE
    syllables = np.arange(0, 21, 0.2)  # five a second, each with its own pitch, formants and loudness

    def moving(low: float, high: float) -> NDArray[np.float64]:
        """(n,) between low and high, n the samples of `time`."""
        return np.interp(time, syllables, random.uniform(low, high, len(syllables)))

    phase = 2 * np.pi * np.cumsum(moving(90, 220)) / RATE
    formants = [moving(300, 800), moving(900, 2_300)]
    pitch, sound = np.gradient(phase) * RATE / (2 * np.pi), random.standard_normal(len(time)) * 0.02
    for number in range(1, 20):
        near = sum(np.exp(-(((number * pitch - formant) / 150) ** 2)) for formant in formants)
        sound += np.sin(number * phase) * (near + 0.05 / number)
    sound *= moving(0, 1)
    return np.asarray(0.5 * sound / np.abs(sound).max(), np.float32)
