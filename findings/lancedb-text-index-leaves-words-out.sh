#!/usr/bin/env bash
# LanceDB's text index, as it comes, has no English stop words, no words of over 40 characters, and takes a Chinese run for one word.
#
# Library: lancedb 0.40.0 (pyarrow 26.0.1). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: "The Who live" is found by "the who", a Japanese title by a part of it, a long name by itself.
# Seen: the titles "The Who", "It", "Them" and "don't" are found by none of their words; of the run 東京タワーの写真 only the whole is a
#   word, so 東京 finds nothing; a name of 50 letters is not found. No error, no warning: the answers are empty.
#   With stem=False, remove_stop_words=False, max_token_length=None, ascii_folding=False the English and the long ones are found.
# A media indexer must: set each of these itself, split runs of unspaced scripts before they enter, and test with titles.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet lancedb==0.40.0 pyarrow==26.0.1
RUST_LOG=error venv/bin/python -W ignore - <<'PY'
import lancedb
from lancedb.index import FTS
import pyarrow as pa

LONG = "x" * 50
TITLES = ["The Who", "It", "Them", "don't", "\u6771\u4eac\u30bf\u30ef\u30fc\u306e\u5199\u771f", LONG, "M\u00fcller walks"]
ASKED = ["the who", "who", "it", "them", "don't", "\u6771\u4eac", TITLES[4], LONG, "muller", "walking"]
db = lancedb.connect("db")


def answers(name, config):
    table = db.create_table(name, pa.table({"id": range(len(TITLES)), "text": TITLES}))
    table.create_index("text", config=config)
    return {word: [row["id"] for row in table.search(word, query_type="fts").to_list()] for word in ASKED}


plain = answers("plain", FTS())
every = answers("every", FTS(stem=False, remove_stop_words=False, max_token_length=None, ascii_folding=False))
print("as it comes:", plain)
print("all words:  ", every)
for word in ("the who", "who", "it", "them", "don't", "\u6771\u4eac", LONG):
    assert plain[word] == [], word
assert plain[TITLES[4]] == [4] and plain["muller"] == plain["walking"] == [6]
assert every["the who"][:1] == [0] and every["it"] == [1] and every["them"] == [2] and every[LONG] == [5]
PY
echo "still so"
