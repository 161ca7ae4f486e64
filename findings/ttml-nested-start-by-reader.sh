#!/usr/bin/env bash
# TTML whose body or div has a start of its own: one reader ignores it, one loses or cuts the cues, one is right but refuses durations.
#
# Libraries: pycaption 2.3.14, ttconv 1.2.3, pysubs2 1.8.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, <body begin="10s"> with <p begin="1s" end="2s"> (shown from 11 to 12 s by the TTML rules):
#   pysubs2 11 to 12 s; pycaption 1 to 2 s, ten seconds early; ttconv writes an empty file.
#   With <p begin="1s" end="20s"> (11 to 30 s) ttconv ends at 20 s: it takes the end of the body from its children without the body's start.
#   With an end on the body as well, ttconv is right. pysubs2 raises KeyError('end') for dur= and NotImplementedError for frames (00:00:01:12).
# A media indexer must: add the starts of all ancestors itself, and not take an empty result of a converter for a file without words.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pycaption==2.3.14 ttconv==1.2.3 pysubs2==1.8.1
venv/bin/python - 2>/dev/null <<'PY'
import re
import xml.etree.ElementTree as tree

import pysubs2
from pycaption import DFXPReader
from ttconv.imsc.reader import to_model
from ttconv.srt.writer import from_model


def times(start):
    return [tuple(sum(float(part) * 60**power for part, power in zip(stamp.replace(",", ".").split(":"), (2, 1, 0))) for stamp in pair)
            for pair in re.findall(r"(\S+) --> (\S+)", start)]


def read(body):
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><tt xmlns="http://www.w3.org/ns/ttml" '
        'xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25" xml:lang="en">'
        f'<head><layout><region xml:id="r1"/></layout></head>{body}</tt>'
    )
    open("film.ttml", "w").write(text)
    seen = {}
    try:
        seen["pysubs2"] = [(event.start / 1000, event.end / 1000) for event in pysubs2.load("film.ttml")]
    except (KeyError, NotImplementedError) as error:
        seen["pysubs2"] = type(error).__name__
    captions = DFXPReader().read(text).get_captions("en")
    seen["pycaption"] = [(caption.start / 1e6, caption.end / 1e6) for caption in captions]
    seen["ttconv"] = times(from_model(to_model(tree.parse("film.ttml"))))
    print(body, seen)
    return seen


short = '<div><p begin="00:00:01.000" end="00:00:02.000" region="r1">words</p></div></body>'
assert read(f"<body>{short}") == {"pysubs2": [(1, 2)], "pycaption": [(1, 2)], "ttconv": [(1, 2)]}
assert read(f'<body begin="10s">{short}') == {"pysubs2": [(11, 12)], "pycaption": [(1, 2)], "ttconv": []}
assert read(f'<body begin="10s" end="90s">{short}')["ttconv"] == [(11, 12)]
long = short.replace("00:00:02.000", "00:00:20.000")
assert read(f'<body begin="10s">{long}') == {"pysubs2": [(11, 30)], "pycaption": [(1, 20)], "ttconv": [(11, 20)]}
assert read(f"<body>{short}".replace('end="00:00:02.000"', 'dur="1s"'))["pysubs2"] == "KeyError"
assert read(f"<body>{short}".replace("00:00:01.000", "00:00:01:12"))["pysubs2"] == "NotImplementedError"
PY
echo "still so"
