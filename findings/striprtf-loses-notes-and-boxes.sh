#!/usr/bin/env bash
# striprtf leaves out footnotes, comments, text boxes and embedded objects, keeps deleted and hidden text, and reads \plain as "same letters".
#
# Library: striprtf 0.0.35. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: {\footnote ...}, {\*\annotation ...}, {\shptxt ...} and the {\result ...} shown for an object: gone. {\deleted ...} and {\v ...} stay.
#   After text in a Cyrillic font, \plain goes back to the default font by the rules; striprtf stays in Cyrillic: 'café' comes as 'cafй'.
#   \column parts two columns of text with nothing: 'twothree'. {\header ...} is left out too.
# A media indexer must: read those groups itself, or say that notes and boxes of RTF files are not searched.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet striprtf==0.0.35
venv/bin/python - <<'PY'
from striprtf.striprtf import rtf_to_text

FONTS = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fswiss\fcharset204 Arial;}}"
CASES = {
    "footnote": (r"\pard keeper{\super\chftn}{\footnote\pard\plain {\super\chftn} the note} slept\par}", "keeper slept\n"),
    "comment": (r"\pard keeper{\*\atnid AK}{\*\atnauthor Anna}\chatn{\*\annotation\pard the remark} slept\par}", "keeper slept\n"),
    "text box": (r"\pard keeper{\shp{\*\shpinst{\sp{\sn shapeType}{\sv 202}}{\shptxt\pard the box\par}}} slept\par}", "keeper slept\n"),
    "object": (r"\pard keeper{\object\objemb{\*\objdata 0105}{\result\pard the shown\par}} slept\par}", "keeper slept\n"),
    "deleted": (r"\pard keeper {\deleted never }slept\par}", "keeper never slept\n"),
    "hidden": (r"\pard keeper {\v secretly }slept\par}", "keeper secretly slept\n"),
    "plain": (r"\pard\f1\'ec\'ee\'f0\'e5\par\pard\plain caf\'e9\par}", "море\ncafй\n"),
    "font": (r"\pard\f1\'ec\'ee\'f0\'e5\par\pard\f0 caf\'e9\par}", "море\ncafé\n"),
    "column": (r"\pard two\column three\par}", "twothree\n"),
}
for case, (body, expected) in CASES.items():
    seen = rtf_to_text(FONTS + body)
    print(f"{case}: {seen!r}")
    assert seen == expected
PY
echo "still so"
