#!/usr/bin/env bash
# Starlette's FileResponse states an ETag and ignores it when it comes back; GZipMiddleware compresses HEIC and JPEG XL photos again.
#
# Libraries: starlette 1.10.0, uvicorn 0.54.0, httpx 0.28.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: GET with If-None-Match or If-Modified-Since of what FileResponse said itself: 200 and the whole file; StaticFiles says 304.
#   If-Range is honoured, so range requests are right.
#   GZipMiddleware leaves JPEG, AVIF, MP4, FLAC alone and compresses image/heic and image/jxl; the compressed answer keeps the strong
#     ETag and "Accept-Ranges: bytes" of the plain one, though ranges are cut from the plain bytes.
#   Range in another unit, which HTTP says to ignore, is 400; "bytes=0-" of an empty file is 416.
# A media indexer must: serve originals and thumbnails by StaticFiles, or compare the ETag itself, and add HEIC and JPEG XL to what is
#   not compressed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet starlette==1.10.0 uvicorn==0.54.0 httpx==0.28.1
venv/bin/python - <<'PY'
import pathlib
import socket
import threading
import time

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

folder = pathlib.Path("files")
folder.mkdir()
DATA = bytes(range(256)) * 40
for name in ("a.jpg", "a.avif", "a.heic", "a.jxl", "a.mp4", "a.flac"):
    (folder / name).write_bytes(DATA)
(folder / "empty.mp4").touch()


async def file(request):
    return FileResponse(folder / request.path_params["name"])


app = Starlette(routes=[Route("/file/{name}", file), Mount("/static", StaticFiles(directory=folder))])
app.add_middleware(GZipMiddleware, minimum_size=100)
listening = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
thread.start()
while not server.started:
    time.sleep(0.05)
try:
    with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", headers={"Accept-Encoding": "gzip"}) as client:
        first = client.get("/file/a.mp4")
        known = {"If-None-Match": first.headers["etag"]}
        since = {"If-Modified-Since": first.headers["last-modified"]}
        for where in ("/file/a.mp4", "/static/a.mp4"):
            answers = [client.get(where, headers=headers) for headers in (known, since)]
            print(where, [(answer.status_code, len(answer.content)) for answer in answers])
            expected = (200, len(DATA)) if where.startswith("/file") else (304, 0)
            assert [(answer.status_code, len(answer.content)) for answer in answers] == [expected] * 2
        part = client.get("/file/a.mp4", headers={"Range": "bytes=0-9", "If-Range": first.headers["etag"]})
        assert part.status_code == 206 and part.content == DATA[:10]
        packed = [name for name in sorted(folder.iterdir()) if "content-encoding" in client.get(f"/file/{name.name}").headers]
        print("compressed:", [name.name for name in packed])
        assert [name.name for name in packed] == ["a.heic", "a.jxl"]
        plain = client.get("/file/a.heic", headers={"Accept-Encoding": "identity"})
        again = client.get("/file/a.heic")
        assert plain.headers["etag"] == again.headers["etag"] and again.headers["accept-ranges"] == "bytes"
        odd = [client.get("/file/a.mp4", headers={"Range": "items=0-1"}), client.get("/file/empty.mp4", headers={"Range": "bytes=0-"})]
        print("another unit, empty file:", [answer.status_code for answer in odd])
        assert [answer.status_code for answer in odd] == [400, 416]
finally:
    server.should_exit = True
    thread.join()
PY
echo "still so"
