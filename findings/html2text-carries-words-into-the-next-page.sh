#!/usr/bin/env bash
# An HTML2Text object adds the abbreviations of every earlier page to the text of all later ones, and emphasis cuts words in two.
#
# Library: html2text 2025.4.15. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, one HTML2Text() whose handle() is called for page after page:
#   page 1 with <abbr title="Gravel Quay Office">GQO</abbr>     its text ends with "  *[GQO]: Gravel Quay Office"
#   page 2, 3, ... without any abbreviation                     their texts end with the same line; reset() does not help
#   A new object for each page (html2text.html2text(page)) does not do it.
# and, in both:  un<b>believ</b>able -> "un**believ** able",  super<i>cali</i>fragil -> "super _cali_ fragil",  A<b>me</b>rica alike; H<sub>2</sub>O is whole.
# A media indexer must: make a new object for each page, and set ignore_emphasis = True, with which the words are whole.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet html2text==2025.4.15
venv/bin/python - <<'PY'
import html2text

PAGES = ['<p><abbr title="Gravel Quay Office">GQO</abbr> is open.</p>', "<p>A page about bread.</p>", "<p>A page about boats.</p>"]
converter = html2text.HTML2Text()
texts = [converter.handle(page) for page in PAGES]
converter.reset()
texts.append(converter.handle(PAGES[1]))
fresh = [html2text.html2text(page) for page in PAGES]
print("one object:", texts)
print("an object for each page:", fresh)
assert all("Gravel Quay Office" in text for text in texts)
assert "Gravel Quay Office" in fresh[0] and not any("Gravel" in text for text in fresh[1:])

WORDS = {"un<b>believ</b>able": "un**believ** able", "super<i>cali</i>fragil": "super _cali_ fragil", "H<sub>2</sub>O": "H2O"}
plain = html2text.HTML2Text()
plain.ignore_emphasis = True
for page, expected in WORDS.items():
    text, whole = html2text.html2text(f"<p>{page}</p>").strip(), plain.handle(f"<p>{page}</p>").strip()
    print(page, "->", text, "; without emphasis", whole)
    assert text == expected and whole == page.replace("<b>", "").replace("</b>", "").replace("<i>", "").replace("</i>", "").replace("<sub>", "").replace("</sub>", "")
PY
echo "still so"
