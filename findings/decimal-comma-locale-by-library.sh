#!/usr/bin/env bash
# In a process that has set a locale with a decimal comma OpenVINO saves models with broken numbers, without an error; lxml and FFmpeg change too.
#
# Libraries: openvino 2026.4.1, lxml 6.1.3, av 18.1.0 (FFmpeg 8.1.2). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Needs localedef and the sources of locales (Debian: libc-bin, locales). A process gets there by locale.setlocale(locale.LC_ALL, ""), the
# usual line before sorting names or formatting dates, where the user's language is German, French, Russian, ...
# Seen with de_DE.UTF-8:
#   openvino.save_model writes alpha="0,5" min="-0,5" max="1,5". Reading gives 0, -0 and 1 in every locale: clamp(-0.5, 1.5) of
#     [-2, -0.75, 1, 3] becomes [0, 0, 1, 1] from then on. A file written under "C" is read rightly under de_DE.
#   lxml: XPath string(1.5) is "1,5"; number("1.5") is 1.5
#   FFmpeg: the filter volume=0.5 is refused (Invalid argument); atrim=start=0.25 works
#   Right under the same locale: OpenVINO's model in memory, SQLite's '1.5' + 0.
# A media indexer must: leave LC_NUMERIC at "C" (setlocale(LC_COLLATE, ...) and the like, one by one), and compare a saved model's answer with
#   that of the model in memory.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet openvino==2026.4.1 lxml==6.1.3 av==18.1.0 numpy==2.4.6
mkdir locales
localedef -i de_DE -f UTF-8 "$work/locales/de_DE.UTF-8"
LOCPATH="$work/locales" venv/bin/python - <<'PY'
import locale
import re
import sqlite3

import av
import lxml.etree
import numpy as np
import openvino
from openvino import opset13 as op

VALUES = np.array([[-2, -0.75, 1, 3]], np.float32)
source = op.parameter([1, 4], np.float32)
model = openvino.Model([op.clamp(source, -0.5, 1.5), op.elu(source, 0.5)], [source])


def answer(of):
    result = openvino.Core().compile_model(of, "CPU")(VALUES)
    return [np.round(result[number][0].astype(float), 2).tolist() for number in (0, 1)]


def numbers(path):
    with open(path) as file:
        return sorted(re.findall(r'(?:alpha|min|max)="[^"]*"', file.read()))


def read(path):
    return answer(openvino.Core().read_model(path))


def volume():
    graph = av.filter.Graph()
    try:
        graph.add("volume", "0.5")
    except av.error.ArgumentError:
        return "refused"
    graph.add("atrim", "start=0.25")
    return "taken"


right = answer(model)
openvino.save_model(model, "point.xml")
assert read("point.xml") == right and volume() == "taken"
assert lxml.etree.XML("<a/>").xpath("string(1.5)") == "1.5"

locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
openvino.save_model(model, "comma.xml")
print("written under C:", numbers("point.xml"), "under de_DE:", numbers("comma.xml"))
print("answer", right, "in memory", answer(model), "of the file of C", read("point.xml"), "of the file of de_DE", read("comma.xml"))
text, number = lxml.etree.XML("<a/>").xpath("string(1.5)"), lxml.etree.XML("<a>1.5</a>").xpath("number(.)")
print("lxml", text, number, "FFmpeg volume=0.5", volume())
assert answer(model) == read("point.xml") == right == [[-0.5, -0.5, 1.0, 1.5], [-0.43, -0.26, 1.0, 3.0]]
assert numbers("comma.xml") == ['alpha="0,5"', 'max="1,5"', 'min="-0,5"']
assert text == "1,5" and number == 1.5 and volume() == "refused"
assert sqlite3.connect(":memory:").execute("SELECT '1.5' + 0").fetchone() == (1.5,)
wrong = read("comma.xml")
locale.setlocale(locale.LC_ALL, "C")
assert wrong == read("comma.xml") == [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 3.0]]
PY
echo "still so"
