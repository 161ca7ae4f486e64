"""Whisper for real: the bundled weights by faster-whisper, and a checkpoint in openai-whisper's own format by torch."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.domain.media import Segment
from retrieval.encoders.speech.transcriber import SpeechTranscriber
from retrieval.encoders.speech.weights import find_weights, here
from retrieval.encoders.speech.whisper import OpenAIWhisper, make_transcriber, phrases
from retrieval.errors import EncoderUnavailable
from retrieval.settings import RATE

GOLDEN = Path(__file__).parents[3] / "golden" / "speech" / "lighthouse_en.ogg"
SENTENCES = [  # spoken by espeak-ng 1.51, voice en-us; times measured in the waveform
    ("The old lighthouse keeper climbed the stairs every evening.", 0, 3_500),
    ("He lit the lamp and wrote the weather into a small book.", 3_900, 7_300),
]


@pytest.fixture(scope="module")
def spoken() -> NDArray[np.float32]:
    """7.6 s of two sentences, mono, 16 kHz."""
    av = pytest.importorskip("av")
    with av.open(str(GOLDEN)) as file:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [out for frame in file.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


@pytest.fixture(scope="module", params=["base", "tiny.en"])
def transcriber(request: pytest.FixtureRequest) -> SpeechTranscriber:
    """The weights that packages carry."""
    pytest.importorskip("faster_whisper")
    if request.param not in here():
        pytest.skip(f"the weights of Whisper {request.param} are not installed (extra offline)")
    return make_transcriber(request.param, device="cpu")


def words(segments: list[Segment]) -> list[str]:
    return re.findall(r"\w+", " ".join(each.text or "" for each in segments).lower())


def alike(found: list[str], wanted: list[str]) -> float:
    """How many letters two texts share in order, 0 to 1. Blanks do not count: "lighthouse keeper" or "light housekeeper",
    which of the two is written depends on the integer arithmetic of the processor."""
    return difflib.SequenceMatcher(None, "".join(found), "".join(wanted), autojunk=False).ratio()


def test_golden_transcript(transcriber: SpeechTranscriber, spoken: NDArray[np.float32]) -> None:
    """The bundled weights write two known sentences, one word aside, at their times."""
    found = list(transcriber.transcribe(np.array_split(spoken, 11)))
    assert [each.lang for each in found] == ["en", "en"]
    for segment, (text, start, end) in zip(found, SENTENCES, strict=True):
        assert alike(words([segment]), re.findall(r"\w+", text.lower())) >= 0.9
        assert segment.span
        assert abs(segment.span.start - start) < 250
        assert abs(segment.span.end - end) < 250


def test_speech_is_found_in_a_telephone_band(transcriber: SpeechTranscriber, spoken: NDArray[np.float32]) -> None:
    """Nothing above 4 kHz, clipped and with NaN in it: half of the words and more are still there."""
    spectrum = np.fft.rfft(spoken)
    spectrum[len(spectrum) // 2 :] = 0
    narrow = np.clip(np.fft.irfft(spectrum, len(spoken)).astype(np.float32) * 4, -1, 1)
    narrow[::4_001] = np.nan
    said = re.findall(r"\w+", " ".join(text for text, _, _ in SENTENCES).lower())
    found = words(list(transcriber.transcribe([narrow])))
    assert len(set(said) & set(found)) >= 0.5 * len(set(said))


def noises() -> Iterator[Any]:
    random = np.random.default_rng(5)
    time = np.arange(20 * RATE) / RATE
    yield pytest.param(np.zeros(0), id="nothing")
    yield pytest.param(np.zeros(20 * RATE), id="silence")
    yield pytest.param(np.full(700, 0.5), id="44 ms")
    yield pytest.param(np.full(5 * RATE, np.nan), id="nan")
    yield pytest.param(random.standard_normal(20 * RATE) * 0.2, id="white noise")
    yield pytest.param(np.cumsum(random.standard_normal(20 * RATE)) * 1e-3, id="rumble")
    yield pytest.param(np.sin(2 * math.pi * 440 * time), id="tone")
    yield pytest.param(
        sum(np.sin(2 * math.pi * f * time) * (np.sin(9 * time) > 0) for f in (220, 277, 330)) / 3, id="chords"
    )


@pytest.mark.parametrize("samples", list(noises()))
def test_nothing_is_invented(transcriber: SpeechTranscriber, samples: NDArray[np.float64]) -> None:
    """Silence, noise, music and broken samples give no words."""
    assert list(transcriber.transcribe([samples.astype(np.float32)])) == []


def test_the_same_name_is_the_same_transcriber(transcriber: SpeechTranscriber) -> None:
    """Asking again loads nothing again; the revision names engine, size and digest."""
    name = transcriber.revision.removeprefix("faster-whisper-").split("@")[0]
    assert make_transcriber(name, device="cpu") is transcriber
    assert re.fullmatch(r"faster-whisper-[\w.]+@[0-9a-f]{12}", transcriber.revision)


def test_what_another_runtime_encodes_is_written_down(
    transcriber: SpeechTranscriber, spoken: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoder reads arrays of the encoder's numbers as it reads its own, and of no other sound."""
    ear: Any = transcriber._ear
    silence = np.zeros(len(spoken), np.float32)

    def written(rows: Any, sound: NDArray[np.float32]) -> str:
        monkeypatch.setitem(ear.__dict__, "_runtime", SimpleNamespace(rows=rows))
        heard, _ = ear.hear([sound[: 20 * RATE]])
        return str(ear.write(heard, ["en"], [20_000])[0].text)

    usual = written(lambda frames: None, spoken)
    spectrogram = ear._spectrogram(spoken[: 20 * RATE])[None]
    assert len(usual) > 40
    assert written(lambda frames: np.asarray(ear._model.encode(spectrogram)), silence) == usual


def test_weights_of_another_format_are_refused(tmp_path: Path) -> None:
    """A folder that is no CTranslate2 model is one clear error."""
    pytest.importorskip("faster_whisper")
    (tmp_path / "model.bin").write_bytes(b"not weights")
    broken = make_transcriber(str(tmp_path), device="cpu")
    with pytest.raises(EncoderUnavailable, match="cannot be loaded"):
        list(broken._ear.hear([np.zeros(RATE, np.float32)]))


def test_phrases_lie_between_timestamps() -> None:
    """Tokens from 100 on are times of 20 ms; a missing start is the end before, a missing end the window's."""
    decode = lambda tokens: " ".join(map(str, tokens))  # noqa: E731
    found = phrases([100, 1, 2, 150, 160, 3, 200, 4], 100, decode, 2_500)
    assert [(each.start_ms, each.end_ms, each.text) for each in found] == [
        (0, 1_000, "1 2"),
        (1_200, 2_000, "3"),
        (2_000, 2_500, "4"),
    ]


def test_no_text_gives_no_phrases() -> None:
    """Timestamps alone are nothing said."""
    assert phrases([100, 150], 100, lambda tokens: "x" * len(tokens), 1_000) == ()


OPENAI = [  # openai-whisper leaves its vocabulary file open and sorts a tensor by NumPy
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning"),
]


def openai(test: Any) -> Any:
    """A test that runs openai-whisper's own code."""
    for mark in OPENAI:
        test = mark(test)
    return test


TONES = {220: ("en", "A low tone."), 1_760: ("de", "Ein hoher Ton.")}


def tone(hertz: int, seconds: float = 3.0) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * math.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .pt file of openai-whisper, one layer of 32 numbers, taught to say which of two tones it hears."""
    torch = pytest.importorskip("torch")
    whisper = pytest.importorskip("whisper")
    from whisper.model import ModelDimensions, Whisper
    from whisper.tokenizer import get_tokenizer

    torch.manual_seed(0)
    dims = ModelDimensions(80, 1500, 32, 2, 1, 51865, 64, 32, 2, 1)
    model = Whisper(dims)
    sounds = [whisper.log_mel_spectrogram(whisper.pad_or_trim(tone(hertz))) for hertz in TONES]
    lines = []
    for lang, text in TONES.values():
        tokenizer = get_tokenizer(True, num_languages=99, language=lang, task="transcribe")
        first = tokenizer.timestamp_begin
        lines.append([*tokenizer.sot_sequence, first, *tokenizer.encode(text), first + 150, *[tokenizer.eot] * 4][:14])
    longest = min(map(len, lines))
    wanted = torch.tensor([line[:longest] for line in lines])
    with torch.no_grad():
        model.decoder.token_embedding.weight.mul_(0.1)
        model.decoder.positional_embedding.normal_(std=0.1)
        heard = model.embed_audio(torch.stack(sounds))
    optimizer = torch.optim.Adam(model.decoder.parameters(), lr=2e-2)
    for _ in range(200):
        logits = model.logits(wanted[:, :-1], heard)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < 0.005:
            break
    path = tmp_path_factory.mktemp("openai") / "tones.pt"
    torch.save({"dims": vars(dims), "model_state_dict": model.state_dict()}, path)
    return path


@openai
def test_openai_whisper_hears_and_writes(taught: Path) -> None:
    """From file and samples: each tone's language, text, times, and a sure draft."""
    ear = OpenAIWhisper(find_weights(str(taught)))
    heard, chances = ear.hear([tone(hertz) for hertz in TONES])
    assert [max(each, key=each.__getitem__) for each in chances] == ["en", "de"]
    drafts = ear.write(heard, ["en", "de"], [3_000, 3_000])
    assert [each.text for each in drafts] == [text for _, text in TONES.values()]
    assert [(each.phrases[0].start_ms, each.phrases[0].end_ms) for each in drafts] == [(0, 3_000)] * 2
    assert all(each.sure > -0.2 and 0 <= each.silent <= 1 for each in drafts)


@openai
def test_openai_whisper_transcribes_a_stream(taught: Path) -> None:
    """Behind the same transcriber: two tones 4 s apart are two segments in two languages."""
    always = SpeechTranscriber(
        OpenAIWhisper(find_weights(str(taught))),
        lambda: lambda sound: (np.abs(sound).max(axis=1) > 0.1).astype(np.float32),
    )
    sound = np.concatenate([tone(220), np.zeros(4 * RATE, np.float32), tone(1_760)])
    found = list(always.transcribe(np.array_split(sound, 9)))
    assert [(each.lang, each.text) for each in found] == list(TONES.values())
    assert always.revision.startswith("openai-whisper-tones@")


@openai
def test_a_broken_checkpoint_is_one_clear_error(tmp_path: Path) -> None:
    """A .pt file that torch cannot read names the file."""
    pytest.importorskip("whisper")
    (tmp_path / "broken.pt").write_bytes(b"PK not a checkpoint")
    with pytest.raises(EncoderUnavailable, match=r"broken\.pt cannot be loaded"):
        OpenAIWhisper(find_weights(str(tmp_path / "broken.pt"))).hear([tone(220)])
