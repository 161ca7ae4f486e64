#!/usr/bin/env bash
# A short fraction in an SRT time, "00:00:07,5", is half a second to one reader and five milliseconds to two others.
#
# Libraries: pysubs2 1.8.1; srt 3.5.3; av 18.1.0 (FFmpeg 8.1.2). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, "00:00:07,5 --> 00:00:08,25": pysubs2 7.500 to 8.250 s; srt and FFmpeg 7.005 to 8.025 s. None warns.
#   And an hour of three digits, "100:00:13,000": srt and FFmpeg 360,013 s, pysubs2 13 s.
# A media indexer must: choose one meaning (a decimal fraction, as people write it) and read SRT times itself, so that the
#   side file and the same text inside a container do not differ by half a second.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 pysubs2==1.8.1 srt==3.5.3
venv/bin/python - <<'PY'
import pathlib

import av
import pysubs2
import srt

TEXT = "1\n00:00:07,5 --> 00:00:08,25\nshort fraction\n\n2\n100:00:13,000 --> 100:00:14,000\nlong hour\n"
pathlib.Path("film.srt").write_text(TEXT)
read = {"pysubs2": [(event.start / 1000, event.end / 1000) for event in pysubs2.load("film.srt")]}
read["srt"] = [(cue.start.total_seconds(), cue.end.total_seconds()) for cue in srt.parse(TEXT)]
with av.open("film.srt") as container:
    read["FFmpeg"] = [(packet.pts / 1000, (packet.pts + packet.duration) / 1000) for packet in container.demux() if packet.pts is not None]
for name, times in read.items():
    print(name, times)
assert read["pysubs2"] == [(7.5, 8.25), (13.0, 14.0)]
assert read["srt"] == read["FFmpeg"] == [(7.005, 8.025), (360013.0, 360014.0)]
PY
echo "still so"
