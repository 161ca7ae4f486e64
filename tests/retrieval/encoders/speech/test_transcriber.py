"""Drafts of windows become timed, doubted, sentence-like segments in the right language."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.domain.media import Span
from retrieval.encoders.speech.transcriber import (
    AHEAD,
    LONG_MS,
    Hypothesis,
    LanguageTracker,
    Phrase,
    SpeechTranscriber,
    accepted,
    divided,
    repeats,
    sentences,
    timed,
)
from retrieval.encoders.speech.vad import Window
from retrieval.protocols import BatchTranscriber, Transcriber
from retrieval.settings import RATE

WORDS = "The old lighthouse keeper climbed the stairs every evening."


def window(start_ms: int = 0, *voices: tuple[int, int], certainty: float = 0.95) -> Window:
    spans = tuple(Span(*voice) for voice in voices or ((256, 9_000),))
    return Window(start_ms, np.zeros((spans[-1].end + 256) * RATE // 1000, np.float32), spans, certainty)


def draft(*phrases: Phrase, lang: str = "en", sure: float = -0.2, silent: float = 0.01) -> Hypothesis:
    return Hypothesis(lang, phrases, sure, silent)


class Parrot:
    """An ear that hears one language in every window and writes one sentence over all of it."""

    revision = "parrot-1"
    batch = 2

    def __init__(self) -> None:
        self.heard: list[int] = []

    def hear(self, sounds: Sequence[NDArray[np.float32]]) -> tuple[Any, list[dict[str, float]]]:
        self.heard.append(len(sounds))
        return None, [{"en": 0.9, "de": 0.1}] * len(sounds)

    def write(self, heard: Any, languages: Sequence[str], lengths_ms: Sequence[int]) -> list[Hypothesis]:
        return [
            draft(Phrase(0, length, f"{WORDS} It took {length}."), lang=lang)
            for lang, length in zip(languages, lengths_ms, strict=True)
        ]


def loudness(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.minimum(np.abs(sound).max(axis=1) * 2, 1).astype(np.float32)


def tones(*seconds: float) -> list[NDArray[np.float32]]:
    """Sound and silence in turn, starting with silence."""
    return [np.full(int(length * RATE), 0.5 * (place % 2), np.float32) for place, length in enumerate(seconds)]


def test_a_recording_becomes_segments_in_order() -> None:
    """Three voices apart give three speech segments where the voices are."""
    transcriber: Transcriber = SpeechTranscriber(Parrot(), lambda: loudness)
    found = list(transcriber.transcribe(tones(1, 4, 5, 3, 6, 7, 1)))
    assert [each.kind for each in found] == ["speech"] * 3
    assert np.allclose([(each.span.start, each.span.end) for each in found if each.span],
                       [(1000, 5000), (10000, 13000), (19000, 26000)], atol=40)  # fmt: skip


def test_segments_come_before_the_recording_ends() -> None:
    """The first segment is there while most of the recording has not been read."""
    read = 0

    def chunks() -> Any:
        nonlocal read
        for part in tones(*[0.5, 5, 4] * 1, *[5, 4] * 40):
            read += 1
            yield part

    next(SpeechTranscriber(Parrot(), lambda: loudness).transcribe(chunks()))
    assert read < 15


def test_windows_are_heard_in_batches() -> None:
    """Three windows and a batch of two are heard in two calls."""
    ear = Parrot()
    list(SpeechTranscriber(ear, lambda: loudness).transcribe(tones(1, 4, 5, 4, 5, 4, 3)))
    assert ear.heard == [2, 1]


class Forgetful(Parrot):
    """An ear that counts how many of the sounds it was given are still held by anybody."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[weakref.ref[NDArray[np.float32]]] = []
        self.held = 0

    def hear(self, sounds: Sequence[NDArray[np.float32]]) -> tuple[Any, list[dict[str, float]]]:
        self.given += map(weakref.ref, sounds)
        self.held = max(self.held, sum(each() is not None for each in self.given))
        return super().hear(sounds)


def test_sound_that_was_heard_is_let_go() -> None:
    """However long a recording, whether its segments are told one by one or together."""
    for together in (False, True):
        ear = Forgetful()
        transcriber, recording = SpeechTranscriber(ear, lambda: loudness), tones(*[3, 4] * 20)
        found = next(transcriber.transcribe_each([recording])) if together else list(transcriber.transcribe(recording))
        assert len(found) == len(ear.given) == 20
        assert ear.held <= 2 * ear.batch


def test_silence_is_never_heard() -> None:
    """No voice: the weights are not even asked."""
    ear = Parrot()
    assert list(SpeechTranscriber(ear, lambda: loudness).transcribe(tones(30))) == []
    assert ear.heard == []


def test_windows_of_several_recordings_are_heard_together() -> None:
    """Short recordings share a call, each keeps its own segments and times, and silent ones give none."""
    recordings = [tones(1, 4, 3), tones(20), tones(2, 5, 5, 3, 4), tones(9), tones(1, 6, 3), tones(30)]
    ear = Parrot()
    transcriber = SpeechTranscriber(ear, lambda: loudness)
    assert isinstance(transcriber, BatchTranscriber)
    together = list(transcriber.transcribe_each(recordings))
    assert ear.heard == [2, 2]
    assert together == [list(transcriber.transcribe(each)) for each in recordings]
    assert [len(each) for each in together] == [1, 0, 2, 0, 1, 0]


def test_recordings_without_speech_are_told_as_they_are_read() -> None:
    """A run that is ended among thousands of songs keeps them; before them, no voice waits for the next one for ever."""
    begun = 0

    def recordings() -> Iterator[list[NDArray[np.float32]]]:
        nonlocal begun
        for each in (tones(3), tones(3), tones(1, 4, 3), *[tones(3)] * 100):
            begun += 1
            yield each

    found = SpeechTranscriber(Parrot(), lambda: loudness).transcribe_each(recordings())
    assert [(len(next(found)), begun) for _ in range(2)] == [(0, 1), (0, 2)]
    assert (len(next(found)), begun) == (1, 2 + AHEAD)
    assert [len(each) for each in found] == [0] * 100


class Bilingual(Parrot):
    """An ear that is sure of German in the first window and takes the second for English at less than even odds."""

    def hear(self, sounds: Sequence[NDArray[np.float32]]) -> tuple[Any, list[dict[str, float]]]:
        return None, [{"de": 0.98, "en": 0.01}, {"de": 0.29, "en": 0.43}][: len(sounds)]


def test_recordings_that_are_heard_together_keep_their_own_language() -> None:
    """A doubtful window goes with its recording, not with the recording before."""
    transcriber = SpeechTranscriber(Bilingual(), lambda: loudness)
    german, english = transcriber.transcribe_each([tones(1, 4, 3), tones(1, 4, 3)])
    assert [each.lang for each in (*german, *english)] == ["de", "en"]
    assert [each.lang for each in transcriber.transcribe(tones(1, 4, 5, 4, 3))] == ["de", "de"]


class Stutterer(Parrot):
    """An ear that loops over anything longer than 8 s."""

    def write(self, heard: Any, languages: Sequence[str], lengths_ms: Sequence[int]) -> list[Hypothesis]:
        plain = super().write(heard, languages, lengths_ms)
        looping = draft(Phrase(0, 8_000, "and so on " * 20))
        return [looping if length > 8_000 else each for each, length in zip(plain, lengths_ms, strict=True)]


def test_a_window_that_loops_is_heard_again_in_halves() -> None:
    """Speech is not lost because Whisper stumbled over a long window: both halves are written."""
    found = list(SpeechTranscriber(Stutterer(), lambda: loudness).transcribe(tones(1, 5, 1, 5, 3)))
    assert len(found) == 2
    assert all(WORDS in (each.text or "") for each in found)


def test_times_are_put_to_the_edges_of_voices() -> None:
    """Whisper's time within 400 ms of a voice's edge becomes that edge; others stay."""
    found = timed(window(10_000, (300, 4_000), (4_500, 9_000)), [Phrase(0, 4_200, "a."), Phrase(4_200, 7_000, "b.")])
    assert [(each.start_ms, each.end_ms) for each in found] == [(10_300, 14_000), (14_500, 17_000)]


def test_times_never_run_backwards() -> None:
    """Phrases that Whisper dated in confusion come out in order and apart."""
    phrases = [Phrase(3_000, 5_000, "a"), Phrase(1_000, 2_000, "b"), Phrase(20_000, 30_000, "c")]
    found = timed(window(0, (0, 6_000)), phrases)
    assert all(a.start_ms <= a.end_ms <= b.start_ms <= b.end_ms <= 6_000 for a, b in pairwise(found))


def test_a_phrase_without_length_is_kept_with_its_neighbour() -> None:
    """Two phrases at one moment do not become two segments with one span; no word is lost."""
    found = timed(window(0, (0, 6_000)), [Phrase(0, 3_000, "a"), Phrase(3_000, 3_000, "b"), Phrase(3_000, 6_000, "c")])
    assert [(each.end_ms, each.text) for each in found] == [(3_000, "a b"), (6_000, "c")]


def test_languages_are_tags_of_bcp_47() -> None:
    """Whisper's "jw" is written "jv"."""
    (found,) = sentences([(window(0, (0, 5_000)), draft(Phrase(0, 5_000, "Sugeng enjing sedaya."), lang="jw"))])
    assert found.lang == "jv"


def test_unfinished_phrases_are_joined_to_a_sentence() -> None:
    """A sentence in two phrases is one segment, the next sentence another."""
    parts = draft(
        Phrase(256, 4_000, "The keeper climbed"),
        Phrase(4_000, 8_000, "the stairs."),
        Phrase(8_000, 15_000, "Then he slept."),
    )
    found = list(sentences([(window(0, (256, 15_000)), parts)]))
    assert [each.text for each in found] == ["The keeper climbed the stairs.", "Then he slept."]


def test_short_sentences_are_joined() -> None:
    """A sentence under three seconds is joined with the next."""
    parts = draft(Phrase(256, 1_000, "Yes."), Phrase(1_000, 6_000, "I came by boat."))
    assert [each.text for each in sentences([(window(0, (256, 6_000)), parts)])] == ["Yes. I came by boat."]


def test_a_pause_or_another_language_divides() -> None:
    """More than a second of quiet, or a change of language, ends a segment."""
    first, second = draft(Phrase(0, 2_000, "Good morning")), draft(Phrase(0, 2_000, "and welcome"))
    german = draft(Phrase(0, 2_000, "Guten Morgen"), lang="de")
    for later, between in ((second, 1_500), (german, 100)):
        pairs = [(window(0, (0, 2_000)), first), (window(2_000 + between, (0, 2_000)), later)]
        assert len(list(sentences(pairs))) == 2


def test_a_long_phrase_is_divided_at_a_clause() -> None:
    """Nothing is longer than 20 s, nothing is lost, and cuts are at punctuation."""
    text = "One long thing was said first, and another long thing after it, and a third one, and then a fourth."
    parts = divided(Phrase(0, 50_000, text))
    assert " ".join(part.text for part in parts) == text
    assert all(part.end_ms - part.start_ms <= LONG_MS for part in parts)
    assert all(part.text.endswith((",", ".")) for part in parts)


def test_long_chinese_is_divided_without_spaces() -> None:
    """Text without a single space is divided at its own commas."""
    text = "今天我们去海边看日出，天空慢慢变成了橙色，大家都很安静，没有人说话。"
    parts = divided(Phrase(0, 30_000, text))
    assert len(parts) == 2
    assert "".join(part.text for part in parts) == text


@pytest.mark.parametrize("text", ["no, no, no, no, no, no", "谢谢谢谢谢谢谢谢谢谢", "thank you for that " * 4])
def test_loops_are_found(text: str) -> None:
    """A run of words or characters that follows upon itself is no speech."""
    assert repeats(text)


@pytest.mark.parametrize("text", [WORDS, "no no no", "1984 1985 1986 1987", "妈妈骂马吗", "ha ha"])
def test_plain_speech_is_no_loop(text: str) -> None:
    """What people say with emphasis stays."""
    assert not repeats(text)


def test_the_recording_decides_the_language_of_a_short_word() -> None:
    """After a minute of English, a second that sounds a little more like Welsh is English."""
    tongue = LanguageTracker()
    tongue.decide([25_000, 25_000], [{"en": 0.97, "cy": 0.03}] * 2)
    assert tongue.decide([900], [{"en": 0.3, "cy": 0.5}]) == ["en"]


def test_a_clear_change_of_language_is_followed() -> None:
    """After minutes of English a long, clear German window is German."""
    tongue = LanguageTracker()
    for _ in range(20):
        tongue.decide([25_000], [{"en": 0.99, "de": 0.002}])
    assert tongue.decide([12_000], [{"en": 0.01, "de": 0.98}]) == ["de"]


@pytest.mark.parametrize("chance", [0.43, 0.29])
def test_doubtful_windows_of_a_talk_keep_its_language(chance: float) -> None:
    """Of 28 windows of a German talk two sound a little more like English (faster-whisper's issue 1322)."""
    tongue, sure = LanguageTracker(), {"de": 0.97, "en": 0.01}
    doubtful = {"en": chance, "de": chance - 0.05}
    decided = [tongue.decide([20_000], [doubtful if at in (3, 17) else sure])[0] for at in range(28)]
    assert decided == ["de"] * 28


def test_plain_speech_is_believed() -> None:
    """A sure draft of a certain voice stays."""
    assert accepted(window(), draft(Phrase(256, 9_000, WORDS)))


@pytest.mark.parametrize(
    ("voice", "written"),
    [
        (window(), draft()),
        (window(), draft(Phrase(0, 9_000, WORDS), sure=-1.5)),
        (window(), draft(Phrase(0, 9_000, "ha " * 30))),
        (window(0, (256, 800), certainty=0.55), draft(Phrase(0, 800, "Thank you."), sure=-0.8, silent=0.5)),
    ],
)
def test_doubtful_drafts_are_dropped(voice: Window, written: Hypothesis) -> None:
    """Nothing written, unlikely words, loops, and polite words over a doubtful noise."""
    assert not accepted(voice, written)
