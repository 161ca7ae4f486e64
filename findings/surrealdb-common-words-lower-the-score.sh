#!/usr/bin/env bash
# The BM25 score of the engine inside the surrealdb package falls with every common word: the text that holds all words ranks last.
#
# Library: surrealdb 2.0.0 (embedded, mem://). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: scores as in Lucene, never below 0.
# Seen: a word in more than half of the texts counts negative, one in half of them 0. "photo sunset" over three texts scores the one with
#   both words lowest of all. The keyword of current manuals (FULLTEXT ANALYZER) is a parse error; SEARCH ANALYZER makes the index.
# A media indexer must: not rank by search::score() in small or uniform collections; count the words found first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet surrealdb==2.0.0
venv/bin/python - <<'PY'
from surrealdb import Surreal

database = Surreal("mem://")
database.use("library", "library")
texts = ["photo of a harbour", "photo of a sunset at sea", "photo of snow", "sunset in the hills", "a sunset and a boat"]
for number, text in enumerate(texts):
    database.query(f"CREATE asset:{number} SET text = $text", {"text": text})
database.query("DEFINE ANALYZER words TOKENIZERS class FILTERS lowercase")
try:
    database.query("DEFINE INDEX found ON asset FIELDS text FULLTEXT ANALYZER words BM25")
except RuntimeError as error:
    print("FULLTEXT:", str(error).splitlines()[0])
else:
    raise SystemExit("FULLTEXT is known now")
database.query("DEFINE INDEX found ON asset FIELDS text SEARCH ANALYZER words BM25")


def scores(question):
    rows = database.query("SELECT id, search::score(1) AS score FROM asset WHERE text @1@ $question", {"question": question})
    return {row["id"].id: row["score"] for row in rows}


single = {word: scores(word) for word in ("harbour", "photo", "sunset")}
for word, found in single.items():
    print(word, found)
assert min(single["harbour"].values()) > 0 > max(*single["photo"].values(), *single["sunset"].values())
both = scores("photo sunset")
print("photo sunset", both)
assert set(both) == {1} and both[1] < min(*single["photo"].values(), *single["sunset"].values())
PY
echo "still so"
