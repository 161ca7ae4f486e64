#!/usr/bin/env bash
# In tantivy NaN is above every lower bound; a document is not deleted by the time with which it was added.
#
# Library: tantivy 0.27.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen:
#   float field with 0.5, 2.0 and NaN: "f:>1" gives 2.0 and NaN, "f:>1000000" NaN, "f:[1 TO 3]" 2.0
#   date field: delete_documents_by_term with the very datetime of a document that has parts of a second deletes nothing; with whole seconds it
#     does. The stored value comes back to the microsecond; what is indexed is the second.
# A media indexer must: leave a field out instead of storing NaN (a place, a score), and delete by an id, never by a time.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet tantivy==0.27.0
venv/bin/python - <<'PY'
import datetime as dt

import tantivy

builder = tantivy.SchemaBuilder()
builder.add_text_field("name", stored=True)
builder.add_float_field("f", stored=True, indexed=True, fast=True)
builder.add_date_field("taken", stored=True, indexed=True, fast=True)
index = tantivy.Index(builder.build())
writer = index.writer(15_000_000, 1)
EXACT = dt.datetime(2019, 7, 14, 10, 11, 12, 345678, tzinfo=dt.timezone.utc)
for name, value, taken in (("half", 0.5, EXACT), ("two", 2.0, EXACT.replace(microsecond=0, year=2020)), ("nan", float("nan"), None)):
    document = tantivy.Document()
    document.add_text("name", name)
    document.add_float("f", value)
    if taken:
        document.add_date("taken", taken)
    writer.add_document(document)
writer.commit()
index.reload()


def names(query):
    searcher = index.searcher()
    hits = searcher.search(index.parse_query(query, ["name"]), 10).hits
    return [searcher.doc(address)["name"][0] for _, address in hits]


bound, far, between = sorted(names("f:>1")), names("f:>1000000"), names("f:[1 TO 3]")
print("f:>1", bound, "f:>1000000", far, "f:[1 TO 3]", between)
assert bound == ["nan", "two"] and far == ["nan"] and between == ["two"]

left = []
for taken in (EXACT, EXACT.replace(microsecond=0, year=2020)):
    writer.delete_documents_by_term("taken", taken)
    writer.commit()
    index.reload()
    left.append(sorted(names("*")))
print("left after deleting by the time with parts of a second", left[0], "and by whole seconds", left[1])
assert left == [["half", "nan", "two"], ["half", "nan"]]
searcher = index.searcher()
address = searcher.search(index.parse_query("half", ["name"]), 1).hits[0][1]
assert searcher.doc(address)["taken"] == [EXACT]
PY
echo "still so"
