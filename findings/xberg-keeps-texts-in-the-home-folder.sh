#!/usr/bin/env bash
# xberg writes the text of every document it reads into ~/.cache/xberg, unasked, and answers from there in later runs.
#
# Library: xberg 1.3.9. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: nothing is left behind by a library that extracts text.
# Seen: one extract() leaves a .msgpack file with the words of the document in $HOME/.cache/xberg/extraction; it stays when the document is
#   deleted. With use_cache=False in the ExtractionConfig nothing is written.
# A media indexer must: pass use_cache=False, or texts of encrypted or removed files stay readable in a place that nobody clears.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet xberg==1.3.9
mkdir home
export HOME="$work/home"
venv/bin/python - <<'PY'
import asyncio
import pathlib

import xberg


def left(config):
    path = pathlib.Path("secret.html")
    path.write_text("<p>the combination is marmalade</p>")

    async def run():
        return await xberg.extract(xberg.ExtractInput(kind="uri", uri=str(path)), config)

    asyncio.run(run())
    path.unlink()
    return [file for file in pathlib.Path("home").rglob("*") if file.is_file() and b"marmalade" in file.read_bytes()]


without = left(xberg.ExtractionConfig(use_cache=False))
print("use_cache=False:", without)
assert without == []
files = left(xberg.ExtractionConfig())
print("as it is:", [str(file.parent) for file in files])
assert len(files) == 1 and files[0].suffix == ".msgpack" and not pathlib.Path("secret.html").exists()
PY
echo "still so"
