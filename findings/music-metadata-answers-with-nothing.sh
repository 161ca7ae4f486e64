#!/usr/bin/env bash
# music-metadata gives no title and no length of a 64-bit WAV, a recording of a browser and FLAC in Ogg, and no warning.
#
# Libraries: music-metadata 11.16.1, mediabunny 1.61.0; av 18.1.0 (FFmpeg 8.1.2) makes the files. Needs Node.js 20 or later with npm.
# Met on 30 November 2026, Node.js 20.20.2, CPython 3.11, Linux x86-64.
# Seen, ten seconds of sound with the title "T", {duration: true}; FFmpeg reads the title of all:
#                                      music-metadata                            mediabunny
#   WAV, WebM as written plainly       title T, 10 s                             10 s
#   RF64 (WAV for over 4 GiB)          {}: no container, codec, title, length    10 s
#   WebM and FLAC in Matroska "live",
#     as a browser records             codec; no title, no length                10 s
#   FLAC in Ogg                        codec; no title, no length                0 s, no track
#   quality.warnings is empty each time, so these answers look like those of a file without tags; the plain WAV alone is warned of, of a
#   length that it does not have.
# A media indexer must: take an answer without a length for "not read" and ask another reader.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
venv/bin/python - <<'PY'
import av
import numpy as np

for name, kind, codec, options in (
    ("plain.wav", "wav", "pcm_s16le", {}),
    ("plain.webm", "webm", "libopus", {}),
    ("large.wav", "wav", "pcm_s16le", {"rf64": "always"}),
    ("live.webm", "webm", "libopus", {"live": "1"}),
    ("live.mka", "matroska", "flac", {"live": "1"}),
    ("flac.oga", "oga", "flac", {}),
):
    with av.open(name, "w", format=kind, options=options) as out:
        out.metadata["title"] = "T"
        stream = out.add_stream(codec, rate=48000, layout="mono")
        size = stream.codec_context.frame_size or 960
        sampled = (np.sin(np.arange(480000) * 0.05) * 9000).astype(np.int16)
        resampler = av.AudioResampler(stream.codec_context.format, "mono", 48000, size)
        for at in range(0, len(sampled), 960):
            frame = av.AudioFrame.from_ndarray(sampled[None, at : at + 960], format="s16", layout="mono")
            frame.rate, frame.pts = 48000, at
            for part in resampler.resample(frame):
                out.mux(stream.encode(part))
        for part in resampler.resample(None):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    with av.open(name) as container:
        assert {**container.metadata, **container.streams[0].metadata}["title"] == "T"
PY
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund music-metadata@11.16.1 mediabunny@1.61.0
cat >check.mjs <<'JS'
import assert from "node:assert";
import { ALL_FORMATS, FilePathSource, Input } from "mediabunny";
import { parseFile } from "music-metadata";

const expected = {
  "plain.wav": ["WAVE", "PCM", "T", 10, 10],
  "plain.webm": ["EBML/webm", "OPUS", "T", 10, 10],
  "large.wav": [undefined, undefined, undefined, undefined, 10],
  "live.webm": ["EBML/webm", "OPUS", undefined, undefined, 10],
  "live.mka": ["EBML/matroska", "FLAC", undefined, undefined, 10],
  "flac.oga": ["Ogg", "FLAC", undefined, undefined, 0],
};
const seconds = (value) => (value === undefined ? value : Math.round(value * 10) / 10);
for (const [name, wanted] of Object.entries(expected)) {
  const { format, common, quality } = await parseFile(name, { duration: true });
  const input = new Input({ formats: ALL_FORMATS, source: new FilePathSource(name) });
  const seen = [format.container, format.codec, common.title, seconds(format.duration), seconds(await input.computeDuration())];
  console.log(name, seen, quality.warnings);
  assert.deepEqual(seen, wanted);
  assert.equal(quality.warnings.length, name === "plain.wav" ? 1 : 0);
  assert.equal((await input.getTracks()).length, wanted[4] ? 1 : 0);
}
JS
node check.mjs
echo "still so"
