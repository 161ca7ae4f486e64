"""indexer.pipeline.stages: recordings that are heard together stay apart."""

from __future__ import annotations

import wave
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indexer.pipeline.stages import Job, Pipeline
from indexer.pipeline.steps import task_of
from retrieval.encoders.speech.transcriber import SpeechTranscriber
from retrieval.media.worker import Workers
from retrieval.protocols import Transcriber
from retrieval.settings import LIMITS, RATE
from tests.fakes import FakeTranscriber
from tests.retrieval.encoders.speech.test_transcriber import Parrot, loudness


def recording(path: Path, seconds: float) -> Path:
    """A tone between two seconds of silence each."""
    tone = 20_000 * np.sin(np.arange(int(RATE * seconds)) / 9)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.pad(tone, 2 * RATE).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("each_by_itself", [False, True])
def test_a_recording_that_cannot_be_decoded_fails_alone(tmp_path: Path, each_by_itself: bool) -> None:
    """The ones before and behind it keep their segments, whether the transcriber hears them together or not."""
    ear = Parrot()
    transcriber: Transcriber = FakeTranscriber("hello") if each_by_itself else SpeechTranscriber(ear, lambda: loudness)
    (tmp_path / "b.wav").write_bytes(b"RIFF and then nothing of the kind")
    files = [recording(tmp_path / "a.wav", 3), tmp_path / "b.wav", recording(tmp_path / "c.wav", 5)]
    with closing(Workers(LIMITS)) as workers:
        pipeline = Pipeline(workers, {}, lambda: transcriber, lambda identity: True, 1)
        jobs = [Job(task_of("transcribe", file, "audio", None, LIMITS), file.name) for file in files]
        found = {each.job.origin: each for each in pipeline.results(jobs) if each is not None}
    assert [name for name, each in sorted(found.items()) if each.failure is not None] == ["b.wav"]
    assert [len(each.encoded) for _, each in sorted(found.items())] == [1, 0, 1]
    assert ear.heard == ([] if each_by_itself else [2])
