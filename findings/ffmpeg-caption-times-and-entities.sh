#!/usr/bin/env bash
# FFmpeg reads half a second of RealText as 0.05 s and frames of Spruce STL as hundredths, and leaves the entities of SAMI in the text.
#
# Library: av 18.1.0 (FFmpeg 8.1.2). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen:
#   RealText  <time begin="3.5"/>                starts at 3.05 s; begin="3.50" at 3.5 s
#   STL       00:00:03:12 (hours to frames)      starts at 3.12 s, :24 at 3.24 s: at 25 frames a second they are 3.48 and 3.96 s
#   SAMI      One &lt;b&gt; &amp; caf&eacute;  decoded as the same letters; &nbsp; alone, as every SAMI file marks the end of a line,
#     raises PermissionError when it is decoded; the French line of a two-language file is glued to the English one
#   JACOsub, SubViewer, PJS and MPL2 with the same times are right.
# A media indexer must: read these formats itself, or skip them; catch PermissionError from a decoder, which is no matter of permissions.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0
venv/bin/python - 2>/dev/null <<'PY'
import av

FILES = {
    "real.rt": '<window duration="10">\n<time begin="1"/>One\n<time begin="3.5"/><clear/>Two\n<time begin="5.50"/><clear/>Three\n</window>',
    "spruce.stl": "//Font\n00:00:01:00 , 00:00:02:00 , One\n00:00:03:12 , 00:00:04:00 , Two\n00:00:03:24 , 00:00:04:00 , Three\n",
    "sami.smi": (
        '<SAMI><HEAD><STYLE TYPE="text/css"><!-- P {} .ENCC {Name:English; lang:en-US;} .FRCC {Name:French; lang:fr-FR;} --></STYLE></HEAD><BODY>\n'
        "<SYNC Start=1000><P Class=ENCC>One &lt;b&gt; &amp; caf&eacute;\n<SYNC Start=2000><P Class=ENCC>&nbsp;\n"
        "<SYNC Start=3500><P Class=ENCC>Two<P Class=FRCC>Deux\n</BODY></SAMI>"
    ),
    "jaco.jss": "#T100\n0:00:01.00 0:00:02.00 D One\n0:00:03.50 0:00:04.00 D Two\n",
    "viewer.sub": "[INFORMATION]\n[TITLE]t\n[END INFORMATION]\n[SUBTITLE]\n00:00:01.00,00:00:02.00\nOne\n\n00:00:03.50,00:00:04.00\nTwo\n",
    "phoenix.pjs": '10,20,"One"\n35,40,"Two"\n',
}


def cues(path):
    with av.open(path) as container:
        stream = container.streams.subtitles[0]
        for packet in container.demux(stream):
            if packet.size:
                time = round(float(packet.pts * packet.time_base), 2)
                try:
                    text = " ".join(part.dialogue.decode().strip() for part in packet.decode())
                except OSError as error:
                    text = type(error).__name__
                yield time, text


seen = {}
for path, text in FILES.items():
    with open(path, "w") as file:
        file.write(text)
    seen[path] = list(cues(path))
    print(path, seen[path])
assert [time for time, text in seen["real.rt"] if text.strip() in ("One", "Two", "Three")] == [1.0, 3.05, 5.5]
assert seen["spruce.stl"] == [(1.0, "One"), (3.12, "Two"), (3.24, "Three")]
assert seen["sami.smi"] == [(1.0, "One &lt;b&gt; &amp; caf&eacute;"), (2.0, "PermissionError"), (3.5, "Two\nDeux")]
for path in ("jaco.jss", "viewer.sub", "phoenix.pjs"):
    assert seen[path] == [(1.0, "One"), (3.5, "Two")]
PY
echo "still so"
