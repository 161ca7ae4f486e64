"""Where somebody speaks: a stream of samples becomes windows of speech that Whisper can take whole.

Owns the streaming voice detector (Silero VAD, whose ONNX file comes inside the package faster-whisper) and the
rule where a long recording is cut. What is said in a window is left to the transcriber.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Span
from retrieval.errors import EncoderUnavailable
from retrieval.settings import RATE

Sound: TypeAlias = NDArray[np.float32]
Listener: TypeAlias = Callable[[Sound], Sound]  # (blocks, BLOCK) samples -> (blocks,) chance of a voice, 0..1

BLOCK = 512  # samples of one decision of the detector: 32 ms
BLOCK_MS = BLOCK * 1000 // RATE
CONTEXT = 64  # samples of the block before, which the detector sees as well
STATE = (1, 1, 128)  # of its LSTM

ON, OFF = 0.5, 0.35  # a voice begins above the one and ends below the other: Silero's own hysteresis
HOP = 64  # blocks that are judged together, 2 s: one call of the detector costs more than its work on a block
PAD = 8  # blocks kept before and after a voice, 256 ms: soft onsets and fading ends
SHORTEST = 5  # voiced blocks that a window needs, 160 ms: shorter than any word
BREATH = 6  # quiet blocks that divide two utterances, 192 ms
PAUSE = 62  # quiet blocks that always end a window, 2 s: another speaker, another language
LONG, LONG_PAUSE = 625, 16  # past 20 s it may end in half a second of quiet, the last within LONGEST
LONGEST = 906  # blocks of one window: 29 s, so that its padding still fits Whisper's 30 s


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A stretch of speech. `samples` (n,) float32, at most 30 s; `start_ms` of the first one in the recording.

    voices: where somebody speaks, ms from the start of the window, in order and apart.
    certainty: mean chance of a voice over those spans, 0..1.
    """

    start_ms: int
    samples: Sound
    voices: tuple[Span, ...]
    certainty: float

    @property
    def length_ms(self) -> int:
        return len(self.samples) * 1000 // RATE

    @property
    def voiced_ms(self) -> int:
        return sum(span.length for span in self.voices)


class SileroDetector:
    """A `Listener` that remembers what it heard: one for each recording."""

    def __init__(self, weights: Path | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        path = weights or silero_weights()
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.forget()

    def forget(self) -> None:
        """Start over with another recording."""
        self._h = np.zeros(STATE, np.float32)
        self._c = np.zeros(STATE, np.float32)
        self._tail = np.zeros(CONTEXT, np.float32)

    def __call__(self, blocks: Sound) -> Sound:
        """(n, BLOCK) consecutive blocks -> (n,) chance of a voice in each, 0..1."""
        before = np.concatenate([self._tail[None], blocks[:-1, -CONTEXT:]])
        self._tail = blocks[-1, -CONTEXT:].copy()
        seen = np.concatenate([before, blocks], axis=1)
        chances, self._h, self._c = self._session.run(None, {"input": seen, "h": self._h, "c": self._c})
        return np.asarray(chances, np.float32).reshape(-1)


def silero_weights() -> Path:
    """The detector's ONNX file inside the installed package faster-whisper, which is not imported.

    Raises: EncoderUnavailable where the package or the file is missing.
    """
    spec = importlib.util.find_spec("faster_whisper")
    folder = Path(spec.origin).parent / "assets" if spec and spec.origin else Path()
    found = sorted(folder.glob("silero_vad*.onnx"))
    if not found:
        raise EncoderUnavailable("the voice detector is not on this machine", "pip install faster-whisper")
    return found[-1]


def clean(chunk: NDArray[np.floating]) -> Sound:
    """The same samples, flat, float32, without NaN and infinity (silence instead) and within -1..1."""
    flat = np.nan_to_num(np.asarray(chunk, np.float32).reshape(-1), nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(flat, -1.0, 1.0)


def blocks(chunks: Iterable[NDArray[np.floating]]) -> Iterator[Sound]:
    """The stream of samples (n,) in -1..1 as arrays (at most HOP, BLOCK); silence fills the last block."""
    size = HOP * BLOCK
    held: list[Sound] = []
    for chunk in chunks:
        held.append(clean(chunk))
        if sum(map(len, held)) < size:
            continue
        sound = np.concatenate(held)
        whole = len(sound) // size * size
        yield from sound[:whole].reshape(-1, HOP, BLOCK)
        held = [sound[whole:]]
    rest = np.concatenate([*held, np.zeros(0, np.float32)])
    if len(rest):
        yield np.pad(rest, (0, -len(rest) % BLOCK)).reshape(-1, BLOCK)


def windows(chunks: Iterable[NDArray[np.floating]], listener: Listener) -> Iterator[Window]:
    """Windows of speech in time order, apart from each other. Holds at most one window and HOP blocks of sound.

    `chunks`: consecutive mono samples (n,) at 16 kHz in -1..1, of any lengths. No voice, no window.
    """
    sound = np.zeros((0, BLOCK), np.float32)
    chances = np.zeros(0, np.float32)
    origin = 0  # blocks that were let go before `sound`
    for new in blocks(chunks):
        sound, chances = np.concatenate([sound, new]), np.concatenate([chances, listener(new)])
        while (cut := first_cut(chances)) is not None:
            yield from _window(origin, sound[:cut], chances[:cut])
            sound, chances, origin = sound[cut:], chances[cut:], origin + cut
    yield from _window(origin, sound, chances)


def first_cut(chances: Sound) -> int | None:
    """How many blocks from the first on can be let go or sent off together, or None: more must be heard first.

    A window opens PAD blocks before the first voice. It ends in a pause of 2 s. Where none comes within LONGEST, it ends in
    the last pause of half a second past 20 s, else in the quietest place of its second half.
    """
    voiced = np.flatnonzero(chances >= ON)
    if not len(voiced):
        return len(chances) - PAD if len(chances) > PAD else None
    if voiced[0] > PAD:
        return int(voiced[0]) - PAD
    heard = np.flatnonzero(chances >= OFF)
    ends = heard[heard >= voiced[0]]
    following = np.append(ends[1:], len(chances))
    inside = ends < LONGEST - 2 * PAD
    paused = np.flatnonzero(inside & (following - ends > PAUSE))
    if not len(paused):
        if inside.all():
            return None
        paused = np.flatnonzero(inside & (ends >= LONG) & (following - ends > LONG_PAUSE))[-1:]
    if not len(paused):
        return _quietest(chances[:LONGEST])
    return int(min(ends[paused[0]] + 1 + PAD, following[paused[0]]))


def _quietest(chances: Sound) -> int:
    """The place in the second half where about a quarter of a second is least like a voice."""
    smooth = np.convolve(chances, np.full(PAD, 1 / PAD), mode="same")
    half = len(chances) // 2
    return half + int(np.argmin(smooth[half:-PAD]))


def _window(origin: int, sound: Sound, chances: Sound) -> Iterator[Window]:
    """One window, or none where too few blocks hold a voice."""
    spans = utterances(chances)
    voiced = [chances[a:b] for a, b in spans]
    if sum(int(np.sum(part >= ON)) for part in voiced) < SHORTEST:
        return
    voices = tuple(Span(a * BLOCK_MS, b * BLOCK_MS) for a, b in spans)
    yield Window(origin * BLOCK_MS, sound.reshape(-1), voices, float(np.mean(np.concatenate(voiced))))


def halves(window: Window) -> tuple[Window, ...]:
    """The window as two, cut in the pause nearest its middle; as it is, where nobody pauses."""
    gaps = [(a.end + b.start) // 2 for a, b in pairwise(window.voices)]
    if not gaps:
        return (window,)
    cut = min(gaps, key=lambda at: abs(at - window.length_ms // 2))
    place = cut * RATE // 1000
    before = tuple(span for span in window.voices if span.end <= cut)
    after = tuple(Span(span.start - cut, span.end - cut) for span in window.voices if span.start >= cut)
    return (
        Window(window.start_ms, window.samples[:place], before, window.certainty),
        Window(window.start_ms + cut, window.samples[place:], after, window.certainty),
    )


def utterances(chances: Sound) -> list[tuple[int, int]]:
    """Half-open ranges of blocks with a voice; a breath of less than BREATH blocks does not divide."""
    spans: list[tuple[int, int]] = []
    start, last = -1, -1
    for block, chance in enumerate(chances):
        if chance >= ON or (start >= 0 and chance >= OFF):
            start, last = (block if start < 0 else start), block
        elif start >= 0 and block - last > BREATH:
            spans.append((start, last + 1))
            start = -1
    return [*spans, (start, last + 1)] if start >= 0 else spans
