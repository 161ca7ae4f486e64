#!/usr/bin/env bash
# A row with NaN in a Parquet file is found or not by the numbers that stand beside it in its row group.
#
# Libraries: duckdb 2.0.0, daft 0.7.26, pyarrow 25.0.1, polars 2.1.0, pylance 14.0.2 (numpy 2.4.6). Met on 30 November 2026, CPython 3.11,
# Linux x86-64.
# Seen, rows 0 to 11 in row groups of four, (1, 2, NaN, 4), (10, 11, 12, NaN), (1, 1, 1, 1); in DuckDB NaN is larger than every number:
#                                          x > 5            x > 20   isnan(x)   isnan(x) OR x > 5   NOT isfinite(x)   max(x)
#   DuckDB, memory, or file of DuckDB      2, 4, 5, 6, 7    2, 7     2, 7       2, 4, 5, 6, 7       2, 7              NaN
#   DuckDB, file of pyarrow or polars      4, 5, 6, 7       none     none       4, 5, 6, 7          2, 7              12 (polars: NaN)
#   daft: x > 20 gives 2, 7 in memory and none in the file of pyarrow
#   pyarrow, where NaN compares false: ~(x <= 20) gives 2, 7 in memory and none out of the file of pyarrow
#   polars and Lance give the same rows from memory and from the file.
#   The statistics of those files leave NaN out, as the format says. A group whose largest number is 4 is not read for x > 5 and its NaN is
#   lost; the NaN beside 12 is found; and isnan(x) is taken for false of the whole file.
# A media indexer must: keep NaN out of columns that are filtered (store NULL), and look for it by `NOT isfinite(x)`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet duckdb==2.0.0 daft==0.7.26 pyarrow==25.0.1 polars==2.1.0 pylance==14.0.2 numpy==2.4.6
DO_NOT_TRACK=1 DAFT_ANALYTICS_ENABLED=0 venv/bin/python - <<'PY'
import daft
import duckdb
import lance
import numpy as np
import polars
import pyarrow as pa
import pyarrow.dataset as arrow
import pyarrow.parquet as parquet

nan = float("nan")
rows = pa.table({"id": np.arange(12), "x": np.array([1, 2, nan, 4, 10, 11, 12, nan, 1, 1, 1, 1])})
parquet.write_table(rows, "arrow.parquet", row_group_size=4)
polars.from_arrow(rows).write_parquet("polars.parquet", row_group_size=4)
duckdb.sql("COPY (FROM rows) TO 'duckdb.parquet' (ROW_GROUP_SIZE 4)")
conditions = ("x > 5", "x > 20", "isnan(x)", "isnan(x) OR x > 5", "NOT isfinite(x)")
all_rows = [[2, 4, 5, 6, 7], [2, 7], [2, 7], [2, 4, 5, 6, 7], [2, 7]]


def by_duckdb(source):
    return [[row[0] for row in duckdb.sql(f"SELECT id FROM {source} WHERE {one} ORDER BY id").fetchall()] for one in conditions]


for source in ("rows", "'arrow.parquet'", "'polars.parquet'", "'duckdb.parquet'"):
    found = by_duckdb(source)
    largest = duckdb.sql(f"SELECT max(x) FROM {source}").fetchall()[0][0]
    print(f"DuckDB, {source}: {found}, largest {largest}")
    lost = source in ("'arrow.parquet'", "'polars.parquet'")
    assert found == ([[4, 5, 6, 7], [], [], [4, 5, 6, 7], [2, 7]] if lost else all_rows)
    assert largest == 12 if source == "'arrow.parquet'" else np.isnan(largest)

above = daft.col("x") > 20
in_memory, in_file = (frame.where(above).to_pydict()["id"] for frame in (daft.from_arrow(rows), daft.read_parquet("arrow.parquet")))
print("daft, x > 20: memory", in_memory, "file", in_file)
assert in_memory == [2, 7] and in_file == []

not_below = ~(arrow.field("x") <= 20)
in_memory, in_file = (data.to_table(filter=not_below)["id"].to_pylist() for data in (arrow.dataset(rows), arrow.dataset("arrow.parquet")))
print("pyarrow, ~(x <= 20): memory", in_memory, "file", in_file)
assert in_memory == [2, 7] and in_file == []

lazy = polars.scan_parquet("arrow.parquet").filter(polars.col("x") > 5).collect()["id"].to_list()
stored = lance.write_dataset(rows, "rows.lance", max_rows_per_file=4).to_table(filter="x > 5")["id"].to_pylist()
print("polars", lazy, "Lance", stored)
assert lazy == stored == all_rows[0]
PY
echo "still so"
