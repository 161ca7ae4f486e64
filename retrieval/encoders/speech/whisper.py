"""Whisper run by faster-whisper (CTranslate2, no torch) or by openai-whisper (torch): windows of speech to drafts.

Each class is an `Ear`: it hears a batch of windows once, says which languages they may be in, and writes them down in
the languages chosen. Which language, which draft to believe and how to cut it is left to `speech`; where the
weights lie to `speech_models`.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.encoders.speech.encoder_runtime import Encoder, EncoderRuntime
from retrieval.encoders.speech.transcriber import Hypothesis, Phrase, SpeechTranscriber
from retrieval.encoders.speech.vad import Sound
from retrieval.encoders.speech.weights import Weights, find_weights, speech_models
from retrieval.encoders.torch_export import EXTRA
from retrieval.errors import EncoderUnavailable, importing
from retrieval.settings import RATE

TICK_MS = 20  # of Whisper's timestamp tokens
FRAMES = 3_000  # of the spectrogram that the encoder sees: 30 s
BEAM = 5  # see docs/decisions/0131
TOKENS_PER_S, TOKENS_MORE = 20, 40  # more than anybody says: ends a loop early
MOST_TOKENS = 224  # that Whisper writes for 30 s
ENGINES = ("faster-whisper", "openai-whisper")


@cache
def make_transcriber(name: str = "auto", device: str = "auto") -> SpeechTranscriber:
    """The transcriber of that name: one of models.toml, "auto", or a folder in the CTranslate2 format.

    A .pt file runs with openai-whisper. device: "cpu", "cuda" or "auto". The same arguments give the same object;
    weights are loaded when the first voice is heard.

    Raises: EncoderUnavailable where the weights or the package are not on this machine.
    """
    where = _device(device)
    weights = find_weights(name, gpu=where == "cuda")
    if weights.path.suffix == ".pt":
        return SpeechTranscriber(OpenAIWhisper(weights, where))
    return SpeechTranscriber(FasterWhisper(weights, where))


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    with importing("ctranslate2", "faster-whisper", EncoderUnavailable):
        import ctranslate2
    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def phrases(
    tokens: Sequence[int], first_tick: int, decode: Callable[[list[int]], str], length_ms: int
) -> tuple[Phrase, ...]:
    """Text between timestamps, in order. Tokens from `first_tick` on are timestamps; a missing one is a neighbour's.

    length_ms: of the window; no time lies past it.
    """
    marks = [place for place, token in enumerate(tokens) if token >= first_tick]
    found = []
    start = 0
    for before, after in pairwise([-1, *marks, len(tokens)]):
        end = min((tokens[after] - first_tick) * TICK_MS, length_ms) if after < len(tokens) else length_ms
        if text := decode(list(tokens[before + 1 : after])).strip():
            found.append(Phrase(min(start, end), end, text))
        start = end
    return tuple(found)


class FasterWhisper:
    """Weights in the CTranslate2 format: int8 on a CPU, float16 on CUDA."""

    batch = 8

    def __init__(self, weights: Weights, device: str = "cpu") -> None:
        self._weights, self._device = weights, device
        self.revision = f"faster-{weights.revision}"

    @cached_property
    def _model(self) -> Any:
        try:
            model = self._loaded("float16" if self._device == "cuda" else "int8")
            if self._device == "cuda":  # CUDA's libraries are looked for when the first window is encoded
                model.encode(np.zeros((model.feature_extractor.mel_filters.shape[0], FRAMES), np.float32))
        except (RuntimeError, OSError, ValueError) as error:
            remedy = (
                "CUDA_VISIBLE_DEVICES= runs it on the CPU"
                if self._device == "cuda"
                else "is it in the CTranslate2 format?"
            )
            raise EncoderUnavailable(
                f"the weights in {self._weights.path} cannot be loaded: {error}", remedy
            ) from error
        return model

    def _loaded(self, precision: str) -> Any:
        with importing("faster_whisper", "faster-whisper", EncoderUnavailable):
            from faster_whisper import WhisperModel
        return WhisperModel(
            str(self._weights.path),
            device=self._device,
            compute_type=precision,
            cpu_threads=os.cpu_count() or 1,
            local_files_only=True,
        )

    @cached_property
    def _runtime(self) -> EncoderRuntime | None:
        if self._device == "cuda":
            return None
        path = self._weights.path / "model.bin"
        return EncoderRuntime(
            Encoder(
                self._weights.name,
                self._weights.sha256,
                path,
                self._spectrogram,
                lambda frames: np.asarray(self._model.encode(frames)),
                self._exact,
            )
        )

    def _exact(self) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """The encoder in float32, which lives as long as the function."""
        model = self._loaded("float32")
        return lambda frames: np.asarray(model.encode(frames))

    def hear(self, sounds: Sequence[Sound]) -> tuple[Any, list[dict[str, float]]]:
        """The encoder's output for all windows, and each one's languages with their probability."""
        frames = np.stack([self._spectrogram(sound) for sound in sounds])
        heard = self._encoded(frames)
        if not self._model.model.is_multilingual:
            return heard, [{"en": 1.0}] * len(sounds)
        found = self._model.model.detect_language(heard)
        return heard, [{token[2:-2]: chance for token, chance in each} for each in found]

    def _encoded(self, frames: NDArray[np.float32]) -> Any:
        """What the decoder reads, of spectrograms (n, mels, 3000)."""
        model, rows = self._model, self._runtime.rows(frames) if self._runtime else None
        if rows is None:
            return model.encode(frames)
        import ctranslate2

        return ctranslate2.StorageView.from_array(rows)

    def _spectrogram(self, sound: Sound) -> Any:
        """(mels, 3000) float32, silence after the end."""
        frames = self._model.feature_extractor(np.pad(sound, (0, 30 * RATE - len(sound))), padding=0)
        return frames[:, :FRAMES]

    def write(self, heard: Any, languages: Sequence[str], lengths_ms: Sequence[int]) -> list[Hypothesis]:
        """What is said in each window, written in its language."""
        results = self._model.model.generate(
            heard,
            [self._tokenizer(language).sot_sequence for language in languages],
            beam_size=BEAM,
            max_length=_most_tokens(max(lengths_ms)),
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [self._draft(*each) for each in zip(results, languages, lengths_ms, strict=True)]

    def _draft(self, result: Any, language: str, length_ms: int) -> Hypothesis:
        tokens, tokenizer = result.sequences_ids[0], self._tokenizer(language)
        sure = result.scores[0] * len(tokens) / (len(tokens) + 1)  # the end token counts as well
        text = phrases(tokens, tokenizer.timestamp_begin, tokenizer.decode, length_ms)
        return Hypothesis(language, text, float(sure), float(result.no_speech_prob))

    @cache  # noqa: B019  (one object for each set of weights, alive as long as the process)
    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        return Tokenizer(self._model.hf_tokenizer, self._model.model.is_multilingual, "transcribe", language)


class OpenAIWhisper:
    """A .pt file of openai-whisper, by torch. Same beams and the same decisions after them."""

    batch = 4

    def __init__(self, weights: Weights, device: str = "cpu") -> None:
        self._weights, self._device = weights, device
        self.revision = f"openai-{weights.revision}"

    @cached_property
    def _model(self) -> Any:
        with importing("whisper", EXTRA, EncoderUnavailable):
            import whisper
        try:
            return whisper.load_model(str(self._weights.path), device=self._device)
        except (RuntimeError, OSError, ValueError, KeyError, pickle.UnpicklingError) as error:
            raise EncoderUnavailable(
                f"the weights in {self._weights.path} cannot be loaded: {error}",
                "they must be a file of openai-whisper",
            ) from error

    def hear(self, sounds: Sequence[Sound]) -> tuple[Any, list[dict[str, float]]]:
        """The encoder's output for all windows, and each one's languages with their probability."""
        import torch
        from whisper.audio import log_mel_spectrogram, pad_or_trim

        mels = [log_mel_spectrogram(pad_or_trim(sound), self._model.dims.n_mels) for sound in sounds]
        with torch.no_grad():
            heard = self._model.embed_audio(torch.stack(mels).to(self._device))
        if not self._model.is_multilingual:
            return heard, [{"en": 1.0}] * len(sounds)
        return heard, list(self._model.detect_language(heard)[1])

    def write(self, heard: Any, languages: Sequence[str], lengths_ms: Sequence[int]) -> list[Hypothesis]:
        """What is said in each window, written in its language."""
        from whisper.decoding import DecodingOptions

        drafts = []
        for window, language, length_ms in zip(heard, languages, lengths_ms, strict=True):
            options = DecodingOptions(
                language=language, beam_size=BEAM, fp16=self._device == "cuda", sample_len=_most_tokens(length_ms)
            )
            drafts.append(self._draft(self._model.decode(window, options), language, length_ms))
        return drafts

    def _draft(self, result: Any, language: str, length_ms: int) -> Hypothesis:
        from whisper.tokenizer import get_tokenizer

        model = self._model
        tokenizer = get_tokenizer(
            model.is_multilingual, num_languages=model.num_languages, language=language, task="transcribe"
        )
        text = phrases(result.tokens, tokenizer.timestamp_begin, tokenizer.decode, length_ms)
        return Hypothesis(language, text, float(result.avg_logprob), float(result.no_speech_prob))


def _most_tokens(length_ms: int) -> int:
    return min(TOKENS_MORE + TOKENS_PER_S * length_ms // 1000, MOST_TOKENS)


__all__ = ["ENGINES", "FasterWhisper", "OpenAIWhisper", "make_transcriber", "phrases", "speech_models"]
