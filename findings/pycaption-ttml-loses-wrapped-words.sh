#!/usr/bin/env bash
# pycaption drops the rest of a TTML cue behind a line break of the source: indented files lose words.
#
# Library: pycaption 2.3.14 (DFXPReader), compared with ttconv 1.2.3. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: <p ...>the keeper
#         slept</p> gives 'the keeper'; 'slept' is gone, without an error. <br/> is read as a line break and loses nothing.
#   ttconv gives 'the keeper slept', as the default rule for white space asks.
# A media indexer must: fold white space of TTML itself before or instead of this reader; formatters wrap long cues.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pycaption==2.3.14 ttconv==1.2.3
venv/bin/python - 2>/dev/null <<'PY'
import xml.etree.ElementTree as tree

from pycaption import DFXPReader
from ttconv.imsc.reader import to_model
from ttconv.srt.writer import from_model

CASES = {"the keeper<br/>slept": "the keeper\nslept", "the keeper\n      slept": "the keeper", "the keeper slept": "the keeper slept"}
for cue, expected in CASES.items():
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><head><layout>'
        '<region xml:id="r1"/></layout></head><body><div>'
        f'<p begin="00:00:01.000" end="00:00:02.000" region="r1">{cue}</p></div></body></tt>'
    )
    open("film.ttml", "w").write(text)
    seen = DFXPReader().read(text).get_captions("en")[0].get_text()
    other = from_model(to_model(tree.parse("film.ttml")))
    print(repr(cue), "->", repr(seen), "ttconv", repr(other))
    assert seen == expected
    assert other.split()[-3:] == ["the", "keeper", "slept"]
PY
echo "still so"
