"""How loud a recording is over time."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from starlette.testclient import TestClient

from retrieval import Library
from retrieval.service.peaks import PEAKS, peaks_of


def test_peaks_follow_the_sound(tmp_path: Path) -> None:
    """Silence, then a half, then full: at the right places, in shares of the loudest."""
    second = np.sin(np.arange(16_000) * 0.3)
    samples = np.concatenate([second * 0, second * 0.4, second * 0.8])
    file = tmp_path / "steps.wav"
    with wave.open(str(file), "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(16_000)
        made.writeframes((samples * 32767).astype("<i2").tobytes())
    peaks = np.array(peaks_of(file, 3000, 8000))
    assert len(peaks) == PEAKS
    assert peaks[20:180].max() < 0.01
    assert np.allclose(np.median(peaks[220:380]), 0.5, atol=0.02)
    assert np.allclose(np.median(peaks[420:580]), 1.0, atol=0.02)


def test_silence_has_no_peaks(tmp_path: Path) -> None:
    """Nothing is drawn louder than it is."""
    file = tmp_path / "silence.wav"
    with wave.open(str(file), "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8000)
        made.writeframes(bytes(16_000))
    assert peaks_of(file, 1000, 8000) == ()


def test_recordings_have_a_waveform_and_photos_none(client: TestClient, served: Library) -> None:
    """By hash, as everything is named."""
    seen = {each.path.name: each.hash for each in served.seen().values()}
    peaks = client.get(f"/v1/assets/{seen['a2.mp3']}/waveform").json()["peaks"]
    assert 100 < len(peaks) <= PEAKS
    assert max(peaks) == 1.0
    assert min(peaks) >= 0.0
    assert client.get(f"/v1/assets/{seen['photo1.jpg']}/waveform").json()["peaks"] == []
    assert client.get("/v1/assets/nothing/waveform").status_code == 404
