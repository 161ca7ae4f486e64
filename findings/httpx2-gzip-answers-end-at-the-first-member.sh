#!/usr/bin/env bash
# httpx and httpx2 end a gzip answer at its first member: of two members, as `cat a.gz b.gz` makes them, the second is lost without an error.
#
# Libraries: httpx 0.28.1, httpx2 2.16.2; requests 2.34.2 (urllib3 2.8.0) is right. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a JSON-lines file of 1000 lines in blocks of 100 lines each (one gzip member for each block, as bgzip, pigz -i, Hadoop and appended
#   logs write it), sent with Content-Encoding: gzip and its right Content-Length: both give 100 lines with status 200, by .content, by
#   .iter_lines() and by the async client, and raise nothing; requests gives 1000. RFC 1952 allows any number of members, and gzip.decompress
#   of the same bytes gives all. Content-Encoding: x-gzip, which RFC 9110 makes equal to gzip, is not decoded by either.
# A media indexer must: ask for catalogues with Accept-Encoding: identity, or read .iter_raw() and decompress with gzip itself, and compare
#   the count of lines with a stated one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet httpx==0.28.1 httpx2==2.16.2 requests==2.34.2 urllib3==2.8.0
venv/bin/python - <<'PY'
import asyncio
import gzip
import http.server
import json
import threading

import httpx
import httpx2
import requests

lines = [json.dumps({"id": number}) + "\n" for number in range(1000)]
body = b"".join(gzip.compress("".join(lines[at : at + 100]).encode()) for at in range(0, 1000, 100))
assert gzip.decompress(body).decode() == "".join(lines)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/jsonl")
        self.send_header("Content-Encoding", self.path.strip("/"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"


def streamed(library):
    with library.stream("GET", f"{url}/gzip") as answer:
        return len(list(answer.iter_lines()))


def raw(library):
    with library.stream("GET", f"{url}/gzip") as answer:
        return gzip.decompress(b"".join(answer.iter_raw())).count(b"\n")


async def by_async(library):
    async with library.AsyncClient() as client:
        answer = await client.get(f"{url}/gzip")
        return answer.status_code, answer.content.count(b"\n")


for library in (httpx, httpx2):
    whole = library.get(f"{url}/gzip").content.count(b"\n")
    print(library.__name__, library.__version__, whole, streamed(library), asyncio.run(by_async(library)), "iter_raw:", raw(library))
    assert whole == streamed(library) == 100 and asyncio.run(by_async(library)) == (200, 100) and raw(library) == 1000
    assert library.get(f"{url}/x-gzip").content == body
for encoding in ("gzip", "x-gzip"):
    assert requests.get(f"{url}/{encoding}").text.count("\n") == 1000
print("requests", requests.__version__, 1000)
server.shutdown()
PY
echo "still so"
