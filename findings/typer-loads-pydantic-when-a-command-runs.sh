#!/usr/bin/env bash
# Typer brings pydantic along and loads it when a command runs, not when typer is imported: looking at imports does not show it.
#
# Library: typer 0.29.2 (pydantic 2.14.4, rich 15.0.0). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: an app of one command with one int option.
#   after `import typer`                 pydantic is not loaded, 0.06 s of processor time
#   after the command has run            pydantic is loaded, another 0.10 s
# A media indexer must: measure a cold command by running it, not by `-X importtime` of its modules; answer what must come in
# tenths of a second (a question to a running service) before the command line is parsed by typer.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet typer==0.29.2 pydantic==2.14.4 rich==15.0.0
cat >one.py <<'PY'
import sys
import time

import typer

print("imported", "pydantic" in sys.modules)
app = typer.Typer()


@app.command()
def one(number: int = 1) -> None:
    pass


start = time.process_time()
try:
    app([])
except SystemExit:
    print("ran", "pydantic" in sys.modules)
print(f"{time.process_time() - start:.2f} s of processor time", file=sys.stderr)
PY
seen=$(venv/bin/python one.py)
echo "$seen"
test "$seen" = "imported False
ran True"
venv/bin/pip show typer | grep '^Requires:.*pydantic'
