#!/usr/bin/env bash
# At the end of its graceful time uvicorn answers what is under way with 500 and logs a traceback of the application.
#
# Libraries: uvicorn 0.54.0, starlette 1.10.0, httpx 0.28.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a request that takes 30 s, timeout_graceful_shutdown=1, SIGTERM: the client gets "500 Internal Server Error"; the log has
#   "Exception in ASGI application" with a traceback that ends in CancelledError, though the application did nothing wrong.
# A media indexer must: answer what waits by 503 itself when it is told to stop, before that time ends; not count such
#   tracebacks as faults.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet uvicorn==0.54.0 starlette==1.10.0 httpx==0.28.1
cat > app.py <<'PY'
import asyncio

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def slow(request):
    print("under way", flush=True)
    await asyncio.sleep(30)
    return PlainTextResponse("done")


app = Starlette(routes=[Route("/slow", slow)])
PY
venv/bin/python - <<'PY'
import signal
import subprocess
import sys
import threading

import httpx

with open("log", "w") as log:
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app:app", "--port", "0", "--timeout-graceful-shutdown", "1"],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
port = None
while port is None:
    for line in open("log"):
        if "running on" in line:
            port = int(line.split("127.0.0.1:")[1].split()[0])
seen = []
asking = threading.Thread(target=lambda: seen.append(httpx.get(f"http://127.0.0.1:{port}/slow", timeout=60)))
asking.start()
for line in server.stdout:
    if line.strip() == "under way":
        break
server.send_signal(signal.SIGTERM)
asking.join()
server.wait()
text = open("log").read()
print(seen[0].status_code, repr(seen[0].text))
print([line for line in text.splitlines() if "Exception in" in line or "CancelledError" in line or "ERROR" in line])
assert seen[0].status_code == 500
assert "Exception in ASGI application" in text and "CancelledError" in text
PY
echo "still so"
