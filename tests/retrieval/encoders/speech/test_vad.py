"""Windows of speech out of a stream: where they begin, where they end, and how much is held."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.encoders.speech.vad import BLOCK, SileroDetector, Window, blocks, clean, first_cut, utterances, windows
from retrieval.settings import RATE


def loudness(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """A listener that takes every loud block for a voice: the truth is then known exactly."""
    return np.minimum(np.abs(sound).max(axis=1) * 2, 1).astype(np.float32)


def stream(*parts: tuple[float, float]) -> NDArray[np.float32]:
    """(loudness, seconds) parts, one after another."""
    return np.concatenate([np.full(int(seconds * RATE), level, np.float32) for level, seconds in parts])


def cut(samples: NDArray[np.float32], size: int = 4_000) -> list[Window]:
    return list(windows((samples[start : start + size] for start in range(0, len(samples), size)), loudness))


@pytest.mark.parametrize("size", [7, 511, 16_000, 10_000_000])
def test_windows_do_not_depend_on_the_length_of_chunks(size: int) -> None:
    """The same recording in chunks of any length gives the same windows."""
    samples = stream((0, 1.3), (0.5, 0.9), (0, 3), (0.5, 0.4), (0, 0.1))
    found, wanted = cut(samples, size), cut(samples)
    assert [(each.start_ms, each.voices) for each in found] == [(each.start_ms, each.voices) for each in wanted]


def test_voices_are_where_the_sound_is() -> None:
    """Two sounds 5 s apart are two windows whose voices lie within a block of the truth."""
    found = cut(stream((0, 2), (0.5, 1), (0, 5), (0.5, 2), (0, 4)))
    spans = [(each.start_ms + each.voices[0].start, each.start_ms + each.voices[-1].end) for each in found]
    assert np.allclose(spans, [(2000, 3000), (8000, 10000)], atol=32)


def test_a_window_keeps_sound_around_the_voice() -> None:
    """A quarter of a second before the first voice is in the window, for soft onsets."""
    (window,) = cut(stream((0, 2), (0.5, 1), (0, 5)))
    assert 200 <= window.voices[0].start <= 300


def test_no_window_is_longer_than_whisper_can_hear() -> None:
    """Two minutes without a pause become windows of at most 30 s that cover all of it."""
    found = cut(stream((0.5, 120)))
    assert max(each.length_ms for each in found) <= 30_000
    assert sum(each.voiced_ms for each in found) >= 119_900


def test_a_long_voice_is_cut_where_it_is_quietest() -> None:
    """Without a pause the cut goes to the softest place of the second half."""
    first = cut(stream((0.5, 20), (0.2, 0.4), (0.5, 20)))[0]
    assert 19_900 <= first.length_ms <= 20_500


def test_a_long_window_ends_in_its_last_pause() -> None:
    """Of two pauses past 20 s the later one divides; of those that only come past 29 s none does."""
    sentences = [(0.5, 21.0), (0.0, 0.8), (0.5, 4.0), (0.0, 0.8), (0.5, 10.0)]
    first, second = cut(stream(*sentences))
    assert len(first.voices) == 2
    assert 25_800 <= first.length_ms < second.start_ms <= 26_700


def test_windows_lie_apart_and_in_order() -> None:
    """No sample is in two windows."""
    random = np.random.default_rng(3)
    found = cut(stream(*[(random.choice([0.0, 0.1, 0.5]), random.uniform(0.05, 4)) for _ in range(200)]))
    assert len(found) > 10
    assert all(before.start_ms + before.length_ms <= after.start_ms for before, after in pairwise(found))


def test_memory_does_not_grow_with_the_recording() -> None:
    """Ten minutes (38 MB) of silence, and of one voice, hold less than 20 MB of what was heard."""
    import tracemalloc

    def minutes(level: float) -> Iterator[NDArray[np.float32]]:
        for _ in range(60):
            yield np.full(10 * RATE, level, np.float32)

    tracemalloc.start()
    for level in (0.0, 0.5):
        for _ in windows(minutes(level), loudness):
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 << 20


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(1), np.full(800, 0.9), np.full(40_000, np.nan)])
def test_next_to_nothing_gives_no_window(samples: NDArray[np.float32]) -> None:
    """Nothing, a single sample, 50 ms of sound and NaN give no window."""
    assert cut(samples.astype(np.float32)) == []


def test_broken_samples_become_silence_and_loud_ones_are_clipped() -> None:
    """NaN and infinity are 0, all else is within -1..1."""
    assert clean(np.array([np.nan, np.inf, -np.inf, 3, -3, 0.5])).tolist() == [0, 0, 0, 1, -1, 0.5]


def test_blocks_hold_every_sample_once() -> None:
    """Joined again, the blocks are the stream and less than a block of silence."""
    samples = np.arange(100_001, dtype=np.float32) / 200_000
    joined = np.concatenate([each.reshape(-1) for each in blocks(np.array_split(samples, 7))])
    assert np.array_equal(joined[: len(samples)], samples)
    assert len(joined) - len(samples) < BLOCK
    assert not joined[len(samples) :].any()


def test_a_breath_does_not_divide_an_utterance() -> None:
    """Six quiet blocks stay inside, seven divide."""
    chances = np.array([1, 1, *[0] * 6, 1, *[0] * 7, 1], np.float32)
    assert utterances(chances) == [(0, 9), (16, 17)]


def test_more_must_be_heard_before_a_window_ends() -> None:
    """A voice followed by a short pause is not cut yet."""
    assert first_cut(np.array([0, 1, 1, 0, 0], np.float32)) is None


def test_silero_hears_the_same_in_pieces_as_at_once() -> None:
    """The detector carries its state from call to call."""
    pytest.importorskip("faster_whisper")
    sound = np.random.default_rng(0).standard_normal((96, BLOCK)).astype(np.float32) * 0.1
    whole, pieces = SileroDetector(), SileroDetector()
    apart = np.concatenate([pieces(part) for part in np.array_split(sound, 5)])
    assert np.allclose(whole(sound), apart, atol=1e-5)
