#!/usr/bin/env bash
# On S3 an empty range reads the whole object, and open("xb").close() empties the object that it should have spared.
#
# Libraries: fsspec 2026.9.0, s3fs 2026.9.0 against moto 5.2.5. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, the same calls on an object of ten bytes:
#                                       local and memory      S3
#   cat_file(p, start=3, end=3)         b''                   all ten bytes
#   cat_file(p, start=10, end=20)       b''                   OSError: The requested range is not satisfiable
#   open(p, "xb").close()               FileExistsError       no error, the object is empty after it (with a write: FileExistsError)
#   pipe_file(p, data, mode="create")   FileExistsError       FileExistsError
#   a key that ends in a slash ("album/", as web consoles make folders) is an entry of find(), a file named '' in walk()
# A media indexer must: not ask for empty ranges, treat "past the end" as an empty read on its own, create objects (lock files)
#   exclusively by pipe_file(mode="create") alone, and pass over listed names that end in a slash.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet fsspec==2026.9.0 s3fs==2026.9.0 aiobotocore==3.10.0 boto3==1.43.117 botocore==1.43.117 'moto[server]==5.2.5'
export HOME="$work" AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
timeout 300 venv/bin/python - <<'PY'
import logging
import os

import fsspec
from moto.server import ThreadedMotoServer

TEN, taken = b"0123456789", "FileExistsError"
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
s3 = fsspec.filesystem("s3", endpoint_url=f"http://{host}:{port}", use_listings_cache=False)
s3.mkdir("bucket")


def outcome(call):
    try:
        return call()
    except OSError as error:
        return type(error).__name__


def exclusive(fs, path):
    fs.open(path, "xb").close()  # as for a lock file
    return fs.cat_file(path)


def exclusive_with_bytes(fs, path):
    with fs.open(path, "xb") as file:
        file.write(b"new")


try:
    stores = ("local", fsspec.filesystem("file"), os.getcwd()), ("memory", fsspec.filesystem("memory"), "/folder"), ("s3", s3, "bucket/folder")
    for name, fs, root in stores:
        path = f"{root}/ten.bin"
        fs.makedirs(root, exist_ok=True)
        fs.pipe_file(path, TEN)
        seen = (
            outcome(lambda: fs.cat_file(path, start=3, end=3)),
            outcome(lambda: fs.cat_file(path, start=10, end=20)),
            outcome(lambda: fs.pipe_file(path, b"new", mode="create")),
            outcome(lambda: exclusive_with_bytes(fs, path)),
            outcome(lambda: exclusive(fs, path)),
        )
        print(f"{name}: empty range {seen[0]!r}, past the end {seen[1]!r}, pipe_file(create) {seen[2]!r}, xb {seen[3]!r}, without bytes {seen[4]!r}")
        assert seen == ((TEN, "OSError", taken, taken, b"") if name == "s3" else (b"", b"", taken, taken, taken))
    s3.pipe_file("bucket/album/", b"")
    s3.pipe_file("bucket/album/x.jpg", b"x")
    found, walked = s3.find("bucket/album"), list(s3.walk("bucket/album"))
    print("find", found, "walk", walked)
    assert found == ["bucket/album/", "bucket/album/x.jpg"] and walked == [("bucket/album", [], ["", "x.jpg"])]
finally:
    server.stop()
PY
echo "still so"
