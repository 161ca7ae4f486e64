#!/usr/bin/env bash
# FFmpeg takes the [offset:] of an LRC file for microseconds: half a second becomes half a millisecond.
#
# Library: av 18.1.0 (FFmpeg 8.1.2). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: "[offset:+500]" (milliseconds by the format) and a line at 00:01.00: the packet starts at 0.9995 s, not at 0.5 s.
#   The fraction after a colon, "[00:12:34]", is dropped, and the last line has the duration -1.
# A media indexer must: read lyrics itself, or apply the offset itself (times + offset / 1,000,000 - offset / 1,000 s) when FFmpeg reads them;
#   and end the last line by the length of the song.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0
venv/bin/python - <<'PY'
import pathlib

import av

pathlib.Path("song.lrc").write_text("[ar:Anna]\n[offset:+500]\n[00:01.00]one\n[00:02.50]two\n[00:12:34]colon\n[00:20.00]last\n")
with av.open("song.lrc") as container:
    packets = [
        (float(packet.pts * packet.time_base), packet.duration, bytes(packet).decode().strip())
        for packet in container.demux()
        if packet.pts is not None
    ]
for packet in packets:
    print(packet)
assert [start for start, _, _ in packets] == [0.9995, 2.4995, 11.9995, 19.9995]
assert packets[-1][1] == -1
PY
echo "still so"
