#!/usr/bin/env bash
# trafilatura leaves dates, addresses, labels and captions out of the text of a page, and takes the joiners out of Persian and Hindi words.
#
# Library: trafilatura 2.3.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, before a longer paragraph, with extract(page), favor_recall=True alike:
#   Opened <time datetime="2019-07-14">14 July 2019</time> by the mayor     "Opened by the mayor"
#   <address>, <label>, <output> and the caption of a <figure>               nothing; <mark>, <kbd>, <cite>, <data>, <small> are kept
#   می‌خواهم, with its zero-width non-joiner                                  میخواهم, another spelling; क्‍ष loses its joiner too
# A media indexer must: keep the whole text of a saved page for its word index (html2txt() has the times), and fold the joiners
#   (U+200C, U+200D) alike in pages and in questions.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet trafilatura==2.3.1 lxml_html_clean==0.4.6
venv/bin/python - <<'PY'
import trafilatura

LONG = "<p>" + "The harbour of the old town has boats and a long stone wall. " * 6 + "</p>"


def text(part, **options):
    found = trafilatura.extract(f"<html><body><article>{part}{LONG}</article></body></html>", **options)
    return found.split("The harbour")[0].strip()


CASES = {
    '<p>Opened <time datetime="2019-07-14">14 July 2019</time> by the mayor</p>': "Opened by the mayor",
    "<address>12 Quay Street</address>": "",
    "<p><label>Catch</label> cod</p>": "cod",
    "<p>Sum <output>42</output> boats</p>": "Sum boats",
    '<figure><img src="a.jpg" alt="a"><figcaption>Boats at night</figcaption></figure>': "",
    "<p><mark>marked</mark> <kbd>Ctrl</kbd> <cite>Ann</cite> <data value=1>one</data></p>": "marked Ctrl Ann one",
    "<p>\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645</p>": "\u0645\u06cc\u062e\u0648\u0627\u0647\u0645",
    "<p>\u0915\u094d\u200d\u0937</p>": "\u0915\u094d\u0937",
}
for part, expected in CASES.items():
    seen, recall = text(part), text(part, favor_recall=True)
    print(part, "->", ascii(seen))
    assert seen == recall == expected, (part, seen, recall)
whole = trafilatura.html2txt(f"<html><body>{next(iter(CASES))}</body></html>")
assert "14 July 2019" in whole
PY
echo "still so"
