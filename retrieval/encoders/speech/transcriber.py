"""Speech to timed text: windows of voices go to Whisper, and what comes back is weighed, timed and cut to sentences.

Owns every decision that is ours, whatever runs the weights: the language of a window, what counts as invented,
exact times, and the length of a segment. `voice` finds the windows, `whisper` runs the weights.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Segment, Span
from retrieval.encoders.speech.vad import Listener, SileroDetector, Sound, Window, halves, windows

# Chosen on labelled sounds, music, noise and recorded English speech; see docs/decisions/0130.
SURE = -1.0  # mean log-probability of a token that a draft needs
TRUST = 0.54  # see `trust`: 69 inventions over sounds reached 0.48; of 76 drafts of speech 2 stayed below, both noisy
COMPRESSED = 2.4  # text that packs better than this repeats itself
REPEATS = 4  # times that a run of words may follow upon itself

AHEAD = 16  # recordings that are read to their end while a window waits for others
AGAIN_MS = 4_000  # a window with that much voice is heard again in halves when its draft loops

FADING = 0.9  # share of what was heard of a language that is left after a window
UNHEARD_MS = 300.0  # what every language counts as heard from the start
SMALLEST = 1e-4  # chance of a language

TAGS = {"jw": "jv"}  # Whisper's name of Javanese is none of BCP 47's

SHORT_MS, LONG_MS = 3_000, 20_000  # a good unit of search lies between
LEAST_MS = 100  # a phrase that Whisper dated shorter belongs to the one before
JOIN_MS = 1_000  # quiet that a sentence may hold
SNAP_MS = 400  # Whisper's times are this far off; voices are exact to 32 ms
END = re.compile(r"[.!?。！？…؟।॥][\"'”’»」』）)]*$")
CLAUSE = re.compile(r"(?<=[,;:.!?])\s+|(?<=[，、；：。！？])")
WIDE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # scripts written without spaces


@dataclass(frozen=True, slots=True)
class Phrase:
    """Text between two timestamps: ms from the start of the window, later of the recording."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What Whisper wrote for one window. sure: mean log-probability of a token. silent: its chance of no speech."""

    lang: str
    phrases: tuple[Phrase, ...]
    sure: float
    silent: float

    @property
    def text(self) -> str:
        return " ".join(phrase.text for phrase in self.phrases)


class Recognizer(Protocol):
    """Whisper's weights at work."""

    @property
    def revision(self) -> str:
        """Engine, name and digest of the weights."""

    @property
    def batch(self) -> int:
        """Windows that are heard together."""

    def hear(self, sounds: Sequence[Sound]) -> tuple[Any, list[dict[str, float]]]:
        """Something to hand to `write`, and for each sound its languages with their chances."""

    def write(self, heard: Any, languages: Sequence[str], lengths_ms: Sequence[int]) -> list[Hypothesis]:
        """One draft for each sound that was heard."""


class SpeechTranscriber:
    """A `Transcriber`: voice detection, then an `Ear`, then our own doubts. Used by one thread at a time."""

    def __init__(self, ear: Recognizer, listener: Callable[[], Listener] = SileroDetector) -> None:
        self._ear, self._listener = ear, listener
        self.revision = ear.revision

    def transcribe(self, chunks: Iterable[NDArray[np.float32]]) -> Iterator[Segment]:
        """Speech segments in time order, apart from each other, as soon as they are known.

        `chunks`: consecutive mono samples (n,) at 16 kHz in -1..1, any lengths; NaN is silence. Holds a few windows of
        at most 30 s, however long the recording. Silence, noise and music give nothing.
        """
        tongue = LanguageTracker()
        drafts = self._drafts((tongue, window) for window in windows(chunks, self._listener()))
        return sentences(each for each in drafts if each)

    def transcribe_each(self, recordings: Iterable[Iterable[NDArray[np.float32]]]) -> Iterator[list[Segment]]:
        """The segments of each recording, in order. Windows of several short ones are heard together, so recordings are read
        ahead of the results; by AHEAD at most, lest a run that is ended has to read many silent ones anew.

        `recordings`: mono samples (n,) in -1..1 as of `transcribe`, each read to its end before the next.
        """

        def stream() -> Iterator[tuple[LanguageTracker, Window | None]]:
            for chunks in recordings:
                tongue = LanguageTracker()
                yield from ((tongue, window) for window in windows(chunks, self._listener()))
                yield tongue, None

        own: list[tuple[Window, Hypothesis]] = []
        for each in self._drafts(stream()):
            if each is not None:
                window, draft = each
                own.append((replace(window, samples=np.zeros(0, np.float32)), draft))  # 230 MB for an hour of sound
                continue
            yield list(sentences(own))
            own = []

    def _drafts(
        self, stream: Iterable[tuple[LanguageTracker, Window | None]]
    ) -> Iterator[tuple[Window, Hypothesis] | None]:
        """Windows with the drafts that are believed; None where a recording ends."""
        for batch in _batches(stream, self._ear.batch):
            written = iter(self._written([(tongue, window) for tongue, window in batch if window is not None]))
            for tongue, window in batch:
                if window is None:
                    yield None
                    continue
                again = [next(written)]
                if loops(again[0][1].text) and window.voiced_ms >= AGAIN_MS:
                    again = self._written([(tongue, half) for half in halves(window)])
                yield from (each for each in again if accepted(*each))

    def _written(self, batch: Sequence[tuple[LanguageTracker, Window]]) -> list[tuple[Window, Hypothesis]]:
        if not batch:
            return []
        heard, chances = self._ear.hear([window.samples for _, window in batch])
        languages: list[str] = []
        for tongue, group in groupby(zip(batch, chances, strict=True), key=lambda each: each[0][0]):
            pairs = [(window.voiced_ms, chance) for (_, window), chance in group]
            languages += tongue.decide([voiced for voiced, _ in pairs], [chance for _, chance in pairs])
        drafts = self._ear.write(heard, languages, [window.length_ms for _, window in batch])
        return [(window, draft) for (_, window), draft in zip(batch, drafts, strict=True)]


def _batches(
    stream: Iterable[tuple[LanguageTracker, Window | None]], size: int
) -> Iterator[list[tuple[LanguageTracker, Window | None]]]:
    """Up to `size` windows at a time, and ends of recordings (None) among them; at once those that no window is before."""
    batch: list[tuple[LanguageTracker, Window | None]] = []
    count = 0
    for each in stream:
        batch.append(each)
        count += each[1] is not None
        if not count or count == size or len(batch) - count == AHEAD:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch


class LanguageTracker:
    """Which language each window is in: what Whisper hears in it, weighed with what the recording spoke so far.

    A second of speech says little of its language, a recording much: a short word between sentences of one language is
    taken for that language, a long sentence of another is not.
    """

    def __init__(self) -> None:
        self._heard_ms: defaultdict[str, float] = defaultdict(float)

    def decide(self, voiced_ms: Sequence[int], chances: Sequence[dict[str, float]]) -> list[str]:
        """One language for each window. voiced_ms: how long somebody speaks in it; the batch counts as a whole."""
        for length, chance in zip(voiced_ms, chances, strict=True):
            for lang in self._heard_ms:
                self._heard_ms[lang] *= FADING
            for lang, p in chance.items():
                self._heard_ms[lang] += length * p
        return [max(chance, key=lambda lang: self._weigh(lang, chance[lang])) for chance in chances]

    def _weigh(self, lang: str, chance: float) -> float:
        return math.log(max(chance, SMALLEST)) + math.log(self._heard_ms[lang] + UNHEARD_MS)


def accepted(window: Window, draft: Hypothesis) -> bool:
    """Whether somebody said that, rather than Whisper inventing it."""
    return bool(draft.text) and draft.sure >= SURE and trust(window, draft) >= TRUST and not loops(draft.text)


def trust(window: Window, draft: Hypothesis) -> float:
    """At most 1: how certain the voice, less how unlikely the words and how likely no speech at all.

    No one of the three tells a sneeze from a word; together they part them (docs/decisions/0130).
    """
    return window.certainty + draft.sure / 4 - draft.silent / 4


def loops(text: str) -> bool:
    """Whether Whisper fell into saying the same again and again."""
    return compression(text) > COMPRESSED or repeats(text)


def compression(text: str) -> float:
    """How many times smaller the text can be packed; plain speech gives 1 to 2."""
    data = text.encode()
    return len(data) / len(zlib.compress(data))


def repeats(text: str) -> bool:
    """Whether a run of up to eight words (characters, where spaces are not written) comes REPEATS times on end."""
    words = list(text.replace(" ", "")) if WIDE.search(text) else re.findall(r"\w+", text.lower())
    return any(
        words[start : start + size] * REPEATS == words[start : start + size * REPEATS]
        for size in range(1, 9)
        for start in range(len(words) - size * REPEATS + 1)
    )


def sentences(drafts: Iterable[tuple[Window, Hypothesis]]) -> Iterator[Segment]:
    """Segments of about 3 to 20 s that end where a sentence does, if it ends in time; in order and apart."""
    open_: Segment | None = None
    for window, draft in drafts:
        for phrase in timed(window, draft.phrases):
            for part in divided(phrase):
                new = Segment(
                    "speech", Span(part.start_ms, part.end_ms), text=part.text, lang=TAGS.get(draft.lang, draft.lang)
                )
                if open_ and joins(open_, new):
                    open_ = _join(open_, new)
                    continue
                if open_:
                    yield open_
                open_ = new
    if open_:
        yield open_


def joins(before: Segment, after: Segment) -> bool:
    """Whether two neighbours are one unit: the first is short or unfinished, and both together are not long."""
    if not (before.span and after.span and before.text) or before.lang != after.lang:
        return False
    whole, quiet = after.span.end - before.span.start, after.span.start - before.span.end
    unfinished = before.span.length < SHORT_MS or not END.search(before.text)
    return unfinished and whole <= LONG_MS and quiet <= JOIN_MS


def _join(before: Segment, after: Segment) -> Segment:
    assert before.span and after.span and before.text and after.text
    return replace(before, span=Span(before.span.start, after.span.end), text=f"{before.text} {after.text}")


def timed(window: Window, phrases: Sequence[Phrase]) -> list[Phrase]:
    """The phrases in the recording's time, in order, apart, each edge put to the voice's edge where one is near."""
    starts = [span.start for span in window.voices]
    ends = [span.end for span in window.voices]
    found: list[Phrase] = []
    for phrase in phrases:
        start, end = _snap(phrase.start_ms, starts), _snap(phrase.end_ms, ends)
        start = min(max(start, starts[0], found[-1].end_ms - window.start_ms if found else 0), ends[-1])
        end = max(min(end, ends[-1]), start)
        if found and end - start < LEAST_MS:
            found[-1] = replace(found[-1], end_ms=window.start_ms + end, text=f"{found[-1].text} {phrase.text}")
            continue
        found.append(Phrase(window.start_ms + start, window.start_ms + end, phrase.text))
    return found


def _snap(at: int, edges: Sequence[int]) -> int:
    near = min(edges, key=lambda edge: abs(edge - at))
    return near if abs(near - at) <= SNAP_MS else at


def divided(phrase: Phrase) -> list[Phrase]:
    """A phrase that is too long as two or more, at clause ends; time goes by characters."""
    if phrase.end_ms - phrase.start_ms <= LONG_MS:
        return [phrase]
    cuts = [match.end() for match in CLAUSE.finditer(phrase.text)] or [
        m.end() for m in re.finditer(r"\s+", phrase.text)
    ]
    middle = len(phrase.text) // 2
    cut = min(cuts or [middle], key=lambda place: abs(place - middle))
    if not 0 < cut < len(phrase.text):
        return [phrase]
    at = phrase.start_ms + (phrase.end_ms - phrase.start_ms) * cut // len(phrase.text)
    halves = (
        Phrase(phrase.start_ms, at, phrase.text[:cut].strip()),
        Phrase(at, phrase.end_ms, phrase.text[cut:].strip()),
    )
    return [part for half in halves for part in divided(half)]
