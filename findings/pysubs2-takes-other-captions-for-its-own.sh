#!/usr/bin/env bash
# pysubs2 recognises four kinds of captions that it does not know as kinds that it knows: codes become words, words vanish, without an error.
#
# Library: pysubs2 1.8.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, pysubs2.load(path):
#   Scenarist SCC (broadcast captions, "ONE!" in hexadecimal)  format "tmp", text "00\t9420 9420 9470 9470 4fce 45a1 942c 942c 942f 942f"
#   Spruce STL "00:00:01:00 , 00:00:02:00 , One"               format "tmp", text "00 , 00:00:02:00 , One"
#   JACOsub "0:00:01.00 0:00:02.00 D One"                      format "srt", the right times, every text empty
#   SubViewer "One[br]second"                                  format "srt", text "One[br]second"
#   Formats that it refuses (PJS, LRC) raise FormatAutodetectionError.
# A media indexer must: choose the format by the name and the first lines, pass it as format_=, and refuse the others.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pysubs2==1.8.1
venv/bin/python - <<'PY'
import pysubs2

FILES = {
    "captions.scc": "Scenarist_SCC V1.0\n\n00:00:01:00\t9420 9420 9470 9470 4fce 45a1 942c 942c 942f 942f\n\n00:00:03:00\t942c 942c\n",
    "spruce.stl": "//Font\n00:00:01:00 , 00:00:02:00 , One|second\n00:00:03:12 , 00:00:04:00 , Two\n",
    "jaco.jss": "#T100\n0:00:01.00 0:00:02.00 D One\\nsecond\n0:00:03.50 0:00:04.00 D Two\n",
    "subviewer.sub": "[INFORMATION]\n[TITLE]t\n[END INFORMATION]\n[SUBTITLE]\n00:00:01.00,00:00:02.00\nOne[br]second\n\n00:00:03.50,00:00:04.00\nTwo\n",
    "plain.srt": "1\n00:00:01,000 --> 00:00:02,000\nOne\n",
}
seen = {}
for path, text in FILES.items():
    with open(path, "w") as file:
        file.write(text)
    subtitles = pysubs2.load(path)
    seen[path] = (subtitles.format, [(event.start / 1000, event.text) for event in subtitles])
    print(path, *seen[path])
assert seen["captions.scc"][0] == "tmp" and seen["captions.scc"][1][0][1] == "00\t9420 9420 9470 9470 4fce 45a1 942c 942c 942f 942f"
assert seen["spruce.stl"] == ("tmp", [(1.0, "00 , 00:00:02:00 , One\\Nsecond"), (3.0, "12 , 00:00:04:00 , Two")])
assert seen["jaco.jss"] == ("srt", [(1.0, ""), (3.5, "")])
assert seen["subviewer.sub"] == ("srt", [(1.0, "One[br]second"), (3.5, "Two")])
assert seen["plain.srt"] == ("srt", [(1.0, "One")])
with open("words.lrc", "w") as file:
    file.write("[ti:T]\n[00:01.00]One\n[00:03.50]Two\n")
try:
    pysubs2.load("words.lrc")
    raise SystemExit("LRC is read")
except pysubs2.FormatAutodetectionError as error:
    print("words.lrc:", type(error).__name__)
PY
echo "still so"
