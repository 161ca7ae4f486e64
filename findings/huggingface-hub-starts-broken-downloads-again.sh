#!/usr/bin/env bash
# huggingface_hub throws away up to 10 MiB at every break of the line, and all of a download that failed; a killed one stays on the disk.
#
# Library: huggingface_hub 2.4.0 (httpx2 2.16.2), plain HTTP downloads. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, a server of its own that takes ranges and breaks the connection after so many bytes:
#   after 9 MiB each: "Trying to resume download..." five times, but every request is one for the whole file, as only full pieces of 10 MiB
#     are written; after six tries it gives up, 54 MiB have been sent, and no file is left for the next call, which starts at 0 again;
#   after 25 MiB each: it goes on at 20 MiB, not at 25;
#   a process killed with 10 MiB written leaves blobs/<hash>.<8 digits>.incomplete; the next call neither continues nor deletes it, nor does
#     any later one, so each kill costs the disk what had come. (Up to 1.x the next call went on with the file.)
# A media indexer must: fetch large models over a bad line by a client that keeps what it has (curl -C -), and delete old *.incomplete files
#   in the cache while no download runs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet huggingface_hub==2.4.0 httpx2==2.16.2
cat > server.py <<'PY'
"""A hub with one file of 30 MiB that breaks each answer after BREAK bytes; prints nothing, keeps what was asked in `asked`."""
import hashlib
import http.server
import os
import threading

MIB = 2**20
DATA = bytes(range(256)) * (30 * MIB // 256)
asked, limit = [], [0]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        asked.append(self.headers.get("Range"))
        self.answer()

    def answer(self):
        start = int(self.headers.get("Range", "bytes=0-").split("=")[1].split("-")[0])
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("ETag", f'"{hashlib.sha256(DATA).hexdigest()}"')
        if "Range" in self.headers:
            self.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        self.send_header("Content-Length", str(len(DATA) - start))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(DATA[start : start + limit[0]])
            if start + limit[0] < len(DATA):
                if hold:
                    hold[0].wait(60)
                self.close_connection = True
                self.connection.shutdown(2)

    def log_message(self, *arguments):
        pass


hold = []
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
server.handle_error = lambda *arguments: None  # a killed reader is no news
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
PY
cat > check.py <<'PY'
import os
import pathlib
import subprocess
import sys
import threading
import time

os.environ.update(HF_HOME=os.path.abspath("home"), HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
import server
from server import MIB, asked, limit

import huggingface_hub
from huggingface_hub.utils import logging

logging.set_verbosity_error()
blobs = pathlib.Path("home/hub/models--x--y/blobs")


def download():
    asked.clear()
    return pathlib.Path(huggingface_hub.hf_hub_download("x/y", "model.bin")).read_bytes() == server.DATA


def left():
    return sorted((path.suffix, path.stat().st_size) for path in blobs.glob("*"))


limit[0] = 9 * MIB
for _ in range(2):
    try:
        download()
    except Exception as error:
        print(f"breaks at 9 MiB: {type(error).__name__}; ranges asked for {asked}; files kept {left()}")
    else:
        raise SystemExit("arrives now")
    assert asked == [None] * 6 and left() == []

server.hold.append(threading.Event())
limit[0] = 21 * MIB
child = subprocess.Popen([sys.executable, "-c", "import huggingface_hub as h; h.hf_hub_download('x/y', 'model.bin')"])
end = time.monotonic() + 60
while not any(size >= 10 * MIB for _, size in left()) and time.monotonic() < end:
    time.sleep(0.05)
child.kill()
child.wait()
server.hold.pop().set()
((suffix, size),) = left()
print(f"killed: {suffix} of {size / MIB:.0f} MiB")
assert suffix == ".incomplete" and size >= 10 * MIB

limit[0] = 25 * MIB
assert download()
print(f"breaks at 25 MiB: ranges asked for {asked}; files kept {left()}")
assert asked == [None, f"bytes={20 * MIB}-"]
limit[0] = 100 * MIB
assert download() and asked == []
assert left() == [("", len(server.DATA)), (".incomplete", size)]
PY
venv/bin/python check.py
echo "still so"
