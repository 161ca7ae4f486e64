#!/usr/bin/env bash
# milvus-lite stores NaN vectors, replaces rows on insert, and counts characters where the schema of Milvus bounds bytes.
#
# Libraries: milvus-lite 3.2.2, pymilvus 3.0.2. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: all three refused, or kept beside each other, as the documentation of Milvus has it.
# Seen: a vector with NaN is inserted and is found, last, at the distance NaN. A second insert of an id replaces the row and counts as
#   inserted (Milvus keeps both rows). A VARCHAR of max_length 20 takes 24 bytes in 8 characters (Milvus bounds bytes).
#   A collection made with consistency_level "Bounded" describes itself as Strong. create_index with an unknown type over an index that
#   is there says that the index exists, and nothing of the type. delete() of an id that is not there returns it.
# A media indexer must: check vectors and lengths itself, use upsert, and compare counts; tests on milvus-lite do not show what a server refuses.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pymilvus==3.0.2 milvus-lite==3.2.2
venv/bin/python - <<'PY'
import logging
import math

from pymilvus import DataType, MilvusClient, MilvusException

logging.disable(logging.CRITICAL)
client = MilvusClient("media.db")
schema = client.create_schema(auto_id=False)
schema.add_field("id", DataType.INT64, is_primary=True)
schema.add_field("vector", DataType.FLOAT_VECTOR, dim=3)
schema.add_field("name", DataType.VARCHAR, max_length=20)


def index(kind):
    wanted = client.prepare_index_params()
    wanted.add_index("vector", index_type=kind, metric_type="COSINE")
    return wanted


client.create_collection("asset", schema=schema, index_params=index("FLAT"), consistency_level="Bounded")
print("consistency:", client.describe_collection("asset")["consistency_level"])
assert client.describe_collection("asset")["consistency_level"] == 0  # Strong; Bounded is 2
client.insert("asset", [{"id": 1, "vector": [1, 0, 0], "name": "first"}, {"id": 2, "vector": [0, 1, 0], "name": "other"}])
again = client.insert("asset", [{"id": 1, "vector": [0, 0, 1], "name": "second"}])
rows = client.query("asset", filter="id == 1", output_fields=["name"])
print("inserted again:", again["insert_count"], "rows:", [row["name"] for row in rows])
assert again["insert_count"] == 1 and [row["name"] for row in rows] == ["second"]
name = "\u6771\u4eac\u30bf\u30ef\u30fc\u306e\u5199\u771f"
assert len(name) == 8 and len(name.encode()) == 24
client.insert("asset", [{"id": 3, "vector": [0, 1, 1], "name": name}, {"id": 4, "vector": [math.nan, 0, 1], "name": "nan"}])
found = [(hit["id"], hit["distance"]) for hit in client.search("asset", [[0, 1, 0]], limit=9)[0]]
print("found:", found)
assert {number for number, _ in found} == {1, 2, 3, 4} and found[-1][0] == 4 and math.isnan(found[-1][1])
assert client.query("asset", filter="id == 3", output_fields=["name"])[0]["name"] == name
try:
    client.create_index("asset", index("NOSUCH"))
except MilvusException as error:
    print("unknown type:", error.message)
    assert "already exists" in error.message and "NOSUCH" not in error.message
else:
    raise SystemExit("an unknown type is taken")
gone = client.delete("asset", ids=[77])
print("deleted:", gone)
assert 77 in (gone if isinstance(gone, list) else gone.get("ids", []))
PY
echo "still so"
