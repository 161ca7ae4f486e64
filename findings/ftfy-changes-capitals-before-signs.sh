#!/usr/bin/env bash
# ftfy changes correct words in capitals that a footnote mark or a closing quote follows.
#
# Library: ftfy 6.3.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen (fix_text): 'Das MENÜ² kostet 12 Euro.' -> 'Das MENܲ kostet 12 Euro.' (a Syriac letter), 'CAFÉ³ in the table' -> 'CAFɳ in the table',
#   'LA QUALITÉ° est' -> 'LA QUALITɰ est', 'O filme “AMANHÔ estreia hoje.' -> 'O filme "AMANHÔ estreia hoje.'.
#   A capital É, Ü, Å, À or Ã followed by a sign from the upper half of a Western code page looks like two bytes of UTF-8.
#   In small letters ('Menü²', 'amanhã”') nothing changes; nor does any of the words of the Debian spelling dictionaries by itself.
# A media indexer must: not run it over text that decoded without doubt; where a model was trained behind it, give it the question only,
#   and the same on both sides.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet ftfy==6.3.1
venv/bin/python - <<'PY'
from ftfy import fix_text

CHANGED = {
    "Das MENÜ² kostet 12 Euro.": "Das MEN\u0732 kostet 12 Euro.",
    "CAFÉ³ in the table": "CAF\u0273 in the table",
    "LA QUALITÉ° est": "LA QUALIT\u0270 est",
    "O filme “AMANHÃ” estreia hoje.": 'O filme "AMANHÔ estreia hoje.',
}
for text, expected in CHANGED.items():
    seen = fix_text(text)
    print(repr(text), "->", repr(seen))
    assert seen == expected
for text in ("Das Menü² kostet 12 Euro.", "Café³ in the table", "Das MENÜ kostet 12 Euro."):
    assert fix_text(text) == text
PY
echo "still so"
