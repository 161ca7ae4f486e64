#!/usr/bin/env bash
# Tantivy's query parser refuses every word with a typewriter apostrophe, and takes the star of a prefix for punctuation.
#
# Library: tantivy 0.27.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: parse_query("l'été"), "don't", "kid's toys", "rock'n'roll" raise "Syntax Error", without a place; the same with the typographic
#   apostrophe of U+2019 is a phrase and finds. parse_query_lenient takes both, and reports no error for them.
#   "plag*", "pla?e" and "pl*e" raise nothing and find nothing: the star is dropped and the word "plag" is searched; "*" alone finds all.
#   "12:30" and "C:\photos" raise "Field does not exist: '12'" and 'C'; "NOT cat" raises "Only excluding terms given".
# A media indexer must: build its queries from Query objects, or use parse_query_lenient and show its list of errors; never hand what a
#   person typed to parse_query.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet tantivy==0.27.0
venv/bin/python - <<'PY'
import tantivy

builder = tantivy.SchemaBuilder()
builder.add_text_field("text", stored=True)
index = tantivy.Index(builder.build())
writer = index.writer(15_000_000, 1)
for text in ("Il fait beau l'été à la plage", "rock'n'roll", "don't stop"):
    writer.add_document(tantivy.Document(text=text))
writer.commit()
index.reload()
searcher = index.searcher()


def count(query):
    return len(searcher.search(query, 10).hits)


for words in ("l'été", "don't", "rock'n'roll", "l'été à la plage"):
    try:
        index.parse_query(words, ["text"])
    except ValueError as error:
        print(f"{words}: {error}")
        assert str(error) == f"Syntax Error: {words}"
    else:
        raise SystemExit(f"{words} parses now")
    assert count(index.parse_query(words.replace("'", "\u2019"), ["text"])) == 1
    lenient, errors = index.parse_query_lenient(words, ["text"])
    assert count(lenient) == 1 and errors == []
for words, expected in (("plage", 1), ("plag*", 0), ("plag?", 0), ("pl*e", 0), ("*", 3)):
    query = index.parse_query(words, ["text"])
    print(f"{words}: {count(query)} of 3", query)
    assert count(query) == expected
assert '"plag"' in str(index.parse_query("plag*", ["text"]))
for words, message in (("12:30", "Field does not exist: '12'"), ("C:\\photos", "Field does not exist: 'C'"), ("NOT cat", "Only excluding")):
    try:
        index.parse_query(words, ["text"])
    except ValueError as error:
        print(f"{words}: {error}")
        assert message in str(error)
    else:
        raise SystemExit(f"{words} parses now")
PY
echo "still so"
