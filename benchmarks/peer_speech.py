"""Speech to text by faster-whisper, batched by hand, and by this program, with the same weights: a part of `peers`.

Each side is a process that loads int8 weights once, hears one file to warm up and then all of them. By hand: voices by its
own detector, windows of up to 30 s of all files together, eight at a time, the language of each by itself, beams of five,
timestamps kept. `files`: the recordings of speech as they are, most of them one window. `long`: the English ones joined
to one recording, over and over for LONG_S. A pair hears about five minutes of sound four times in all: on two cores it takes
two minutes with the weights `base`, and half a minute with --recordings 8.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speech import UNPLAIN, edits, table, words, written_out
from retrieval.encoders.speech.weights import find_weights
from retrieval.encoders.speech.whisper import make_transcriber
from retrieval.media.av.audio import chunks
from retrieval.settings import RATE

LONG_S = 120
PART_S = 5  # of the long recording for each that is heard by itself, where these are few
PAUSE_S = 1
THEIRS = """
import json, os, sys, time
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio, pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.vad import VadOptions, collect_chunks, get_speech_timestamps
folder, *paths = sys.argv[1:]
model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=os.cpu_count(), local_files_only=True)
tokenizers = {}

def windows(path):
    sound = decode_audio(path)
    spans = get_speech_timestamps(sound, VadOptions(max_speech_duration_s=30, min_silence_duration_ms=160))
    return (collect_chunks(sound, spans, max_duration=30)[0] if spans else []), len(sound)

def write(batch, texts):
    heard = model.encode(np.stack([pad_or_trim(model.feature_extractor(each)[..., :-1]) for _, each in batch]))
    languages = [found[0][0][2:-2] for found in model.model.detect_language(heard)]
    for lang in set(languages) - set(tokenizers):
        tokenizers[lang] = Tokenizer(model.hf_tokenizer, True, "transcribe", lang)
    prompts = [tokenizers[lang].sot_sequence for lang in languages]
    found = model.model.generate(heard, prompts, beam_size=5, max_length=model.max_length, return_scores=True,
                                 return_no_speech_prob=True)
    for (path, _), lang, each in zip(batch, languages, found):
        texts[path] = texts.get(path, "") + " " + tokenizers[lang].decode(each.sequences_ids[0])

def hear(paths):
    texts, batch, samples = {}, [], 0
    for path in paths:
        found, length = windows(path)
        samples += length
        for each in found:
            batch.append((path, each))
            if len(batch) == 8:
                write(batch, texts)
                batch = []
    if batch:
        write(batch, texts)
    return texts, samples

hear(paths[:1])
wall, cpu = time.perf_counter(), time.process_time()
texts, samples = hear(paths)
print(json.dumps({"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "seconds": samples / 16000,
                  "texts": texts}))
"""


def hear(folder: str, paths: Sequence[str]) -> dict[str, Any]:
    """Our side: the texts by path, seconds of the clock, of processors and of sound."""
    transcriber = make_transcriber(folder)
    list(transcriber.transcribe_each([chunks(Path(paths[0]))]))
    samples = 0

    def counted(path: str) -> Any:
        nonlocal samples
        for each in chunks(Path(path)):
            samples += len(each)
            yield each

    wall, cpu = time.perf_counter(), time.process_time()
    found = list(transcriber.transcribe_each(counted(path) for path in paths))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    texts = {path: " ".join(each.text or "" for each in said) for path, said in zip(paths, found, strict=True)}
    return {"wall_s": wall, "cpu_s": cpu, "seconds": samples / RATE, "texts": texts}


def speech(work: Path, given: argparse.Namespace) -> dict[str, float | str]:
    """Figures of both sides over both sets. Raises: SystemExit without labelled recordings."""
    if given.media is None:
        raise SystemExit("name a folder with audio/transcripts.tsv by --media")
    audio, folder = given.media / "audio", find_weights(given.speech_model).path
    rows = [row for row in table(audio / "transcripts.tsv") if row["file"] not in UNPLAIN and row["transcript"].strip()]
    long_s = LONG_S if given.recordings is None else min(LONG_S, PART_S * given.recordings)
    english = [audio / row["file"] for row in rows if row["lang"] == "en"]
    long = _joined(work / f"long-{long_s}.wav", english, long_s)
    rows = rows[: given.recordings]
    ours = [sys.executable, "-m", "benchmarks.peer_speech", str(folder)]
    theirs = [str(work / "faster-whisper/bin/python"), "-c", THEIRS, str(folder)]
    figures: dict[str, float | str] = {"speech weights": str(given.speech_model), "speech pairs": str(given.pairs)}
    for name, files in (("files", [str(audio / row["file"]) for row in rows]), ("long", [str(long)])):
        pairs = []
        for number in range(given.pairs):
            sides = [("ours", [*ours, *files]), ("theirs", [*theirs, *files])]
            pairs.append({side: _run(command) for side, command in (sides[::-1] if number % 2 else sides)})
        figures |= _compared(f"speech {name}", pairs)
        if name == "files":
            for side, found in pairs[-1].items():
                figures |= _errors(rows, {Path(path).name: text for path, text in found["texts"].items()}, side)
    return figures


def _run(command: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _compared(name: str, pairs: Sequence[Mapping[str, Any]]) -> dict[str, float | str]:
    """rate: seconds of sound for one of the clock; its ratio is ours to theirs, as that of processor time is."""
    figures: dict[str, float | str] = {}
    for side in ("ours", "theirs"):
        figures[f"{name} rate {side}"] = statistics.median(
            each[side]["seconds"] / each[side]["wall_s"] for each in pairs
        )
        figures[f"{name} cpu_s {side}"] = statistics.median(each[side]["cpu_s"] for each in pairs)
    figures[f"{name} rate ratio"] = statistics.median(
        each["theirs"]["wall_s"] / each["ours"]["wall_s"] for each in pairs
    )
    figures[f"{name} cpu_s ratio"] = statistics.median(
        each["ours"]["cpu_s"] / each["theirs"]["cpu_s"] for each in pairs
    )
    return figures


def _errors(rows: Sequence[Mapping[str, str]], texts: Mapping[str, str], side: str) -> dict[str, float | str]:
    """Word errors in percent over all files but the Chinese; numbers written out in English."""
    wrong = total = 0
    for row in rows:
        if row["lang"] == "zh":
            continue
        spell = written_out if row["lang"] == "en" else list
        truth, found = spell(words(row["transcript"])), spell(words(texts.get(row["file"], "")))
        wrong, total = wrong + edits(truth, found), total + len(truth)
    return {f"speech files wer {side}": 100 * wrong / total}


def _joined(path: Path, parts: Sequence[Path], seconds: int) -> Path:
    """One recording, 16-bit mono at RATE, of all parts with pauses, over and over for so many seconds."""
    import wave

    if path.exists():
        return path
    sounds = [np.concatenate([*chunks(part), np.zeros(PAUSE_S * RATE, np.float32)]) for part in parts]
    once = np.concatenate(sounds)
    whole = np.tile(once, -(-seconds * RATE // len(once)))[: seconds * RATE]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((whole * 32767).astype("<i2").tobytes())
    return path


if __name__ == "__main__":
    print(json.dumps(hear(sys.argv[1], sys.argv[2:])))
