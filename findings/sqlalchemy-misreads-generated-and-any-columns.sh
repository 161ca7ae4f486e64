#!/usr/bin/env bash
# SQLAlchemy reads SQLite's generated columns wrong when two share a line, and ANY columns as NUMERIC: batch migrations fail.
#
# Libraries: SQLAlchemy 2.1.9, Alembic 1.20.1, SQLite of CPython. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: inspector.get_columns()[...]["computed"]
#   `g text generated always as (upper(n)) stored, v text generated always as (lower(n)) virtual` on one line:
#      g has the expression "upper(n)) stored, v text generated always as (lower(n)": everything up to the last bracket;
#   the same with a line break between the two columns: both right;
#   a CHECK with brackets later on the line is swallowed in the same way;
#   the short form `g text as (upper(n))`: an empty expression.
#   A column of type ANY in a STRICT table comes back as NUMERIC. Alembic's batch mode keeps STRICT and so writes a table that
#   SQLite refuses: unknown datatype ... "NUMERIC" (it also keeps WITHOUT ROWID, which one would not expect of a copy).
# A media indexer must: write each column of raw DDL on a line of its own, hand batch_alter_table its table (copy_from=) instead
#   of letting it be read back, and test every migration against a table made by raw DDL.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet sqlalchemy==2.1.9 alembic==1.20.1
venv/bin/python - <<'PY'
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

print("SQLite", sa.create_engine("sqlite://").dialect.dbapi.sqlite_version)


def computed(ddl):
    with sa.create_engine("sqlite://").connect() as connection:
        connection.execute(sa.text(ddl))
        columns = sa.inspect(connection).get_columns("t")
    return {column["name"]: column["computed"]["sqltext"] for column in columns if column.get("computed")}


first, second = "g text generated always as (upper(n)) stored", "v text generated always as (lower(n)) virtual"
one_line = computed(f"create table t (n text, {first}, {second})")
two_lines = computed(f"create table t (n text, {first},\n {second})")
check = computed("create table t (n text, g text generated always as (upper(n)) virtual, m integer check (m < (3)))")
short = computed("create table t (n text, g text as (upper(n)))")
print(one_line, two_lines, check, short, sep="\n")
assert one_line == {"g": "upper(n)) stored, v text generated always as (lower(n)", "v": "lower(n)"}
assert two_lines == {"g": "upper(n)", "v": "lower(n)"}
assert check == {"g": "upper(n)) virtual, m integer check (m < (3)"}
assert short == {"g": ""}
with sa.create_engine("sqlite://").connect() as connection:
    connection.execute(sa.text("create table t (id integer primary key, n integer, value any) strict"))
    kind = str(sa.inspect(connection).get_columns("t")[2]["type"])
    try:
        with Operations(MigrationContext.configure(connection)).batch_alter_table("t") as batch:
            batch.alter_column("n", nullable=False)
    except sa.exc.OperationalError as error:
        print("ANY is", kind, "and a migration says:", error.orig)
        assert kind == "NUMERIC" and 'unknown datatype' in str(error.orig)
    else:
        raise SystemExit("the migration runs now")
with sa.create_engine("sqlite://").connect() as connection:
    connection.execute(sa.text("create table w (k text primary key, gone text) without rowid"))
    with Operations(MigrationContext.configure(connection)).batch_alter_table("w") as batch:
        batch.drop_column("gone")
    kept = connection.execute(sa.text("select sql from sqlite_schema where name = 'w'")).scalar()
    assert "WITHOUT ROWID" in kept and "gone" not in kept
PY
echo "still so"
