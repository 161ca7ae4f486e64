#!/usr/bin/env bash
# `import pymupdf` (2.0) loads ONNX Runtime: seven times the memory of PDFium, threads, and a telemetry database in the home.
#
# Libraries: pymupdf 2.0 (it requires pymupdf-layout, pymupdf4llm and onnxruntime now), onnxruntime 1.32.0; compared with pypdfium2 5.15.2.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, import alone, nothing opened: about 400 modules, 140 MB resident, 1.3 s of processor time, more threads and open files; and
#   ~/.cache/Microsoft/DeveloperTools/.onnxruntime/{deviceid,onnxruntime.db} written (ONNX Runtime's own telemetry). pypdfium2: 20 MB, one thread.
#   With ORT_DISABLE_TELEMETRY=1 the home stays clean; with None in sys.modules for "onnxruntime" and
#   "pymupdf.layout" before the import (the second alone is got round) nothing of it is loaded and pages are read as before.
# A media indexer must: not import it in the main process for a page count or a comparison; set the variable or block both packages first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pymupdf==2.0 onnxruntime==1.32.0 pypdfium2==5.15.2
cat > look.py <<'PY'
import os
import sys
import time

mode = sys.argv[1]
start = time.process_time()
if mode == "pdfium":
    import pypdfium2
else:
    if mode == "blocked":
        sys.modules["onnxruntime"] = sys.modules["pymupdf.layout"] = None
    import pymupdf
spent = time.process_time() - start
resident = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
threads = len(os.listdir("/proc/self/task"))
left = sorted(name for _, _, names in os.walk(os.environ["HOME"]) for name in names)
print(f"{mode}: {spent:.2f} s, {resident} MB, {threads} threads, {len(sys.modules)} modules, left in the home: {left}")
loaded = sys.modules.get("onnxruntime") is not None
if mode == "blocked":
    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "lighthouse")
    assert pymupdf.open("pdf", document.tobytes())[0].get_text().strip() == "lighthouse"
assert loaded == (mode in ("plain", "silent"))
assert ("onnxruntime.db" in left) == (mode == "plain")
assert threads > 3 or not loaded
assert (resident > 100) == loaded
PY
unset ORT_DISABLE_TELEMETRY
for mode in plain silent blocked pdfium; do
    mkdir "home-$mode"
    if [ "$mode" = silent ]; then export ORT_DISABLE_TELEMETRY=1; else unset ORT_DISABLE_TELEMETRY; fi
    env -u CI -u XDG_CACHE_HOME HOME="$work/home-$mode" venv/bin/python -W ignore look.py "$mode"
done
echo "still so"
