#!/usr/bin/env bash
# fsspec reads the names that its own find() returns as patterns: other files are read, and on some stores deleted.
#
# Libraries: fsspec 2026.9.0, s3fs 2026.9.0 against moto 5.2.5. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, a folder with `photo1.jpg` and `photo[1].jpg` (what browsers and mail programs call a second download):
#                                       local folder          memory             S3 (s3fs)
#   cat("photo[1].jpg")                 photo1.jpg's bytes    the same           the same
#   cat([that name]), a list            photo1.jpg's bytes    the same           the same
#   rm("photo[1].jpg")                  removes photo[1].jpg  removes photo1.jpg removes photo1.jpg
#   cat_file, rm_file, open (on the fs) photo[1].jpg          the same           the same
#   exists("photo[1].jpg") is True each time: the file is there, and another one is read.
# A media indexer must: use the calls that take one plain path (cat_file, pipe_file, rm_file, get_file, cp_file, fs.open), never
#   cat, get, copy or rm with names out of find().
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet fsspec==2026.9.0 s3fs==2026.9.0 aiobotocore==3.10.0 boto3==1.43.117 botocore==1.43.117 'moto[server]==5.2.5'
export HOME="$work" AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
venv/bin/python - <<'PY'
import logging
import os

import fsspec
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
s3 = fsspec.filesystem("s3", endpoint_url=f"http://{host}:{port}", use_listings_cache=False)
s3.mkdir("bucket")
stores = {
    "local": (fsspec.filesystem("file"), os.path.join(os.getcwd(), "folder")),
    "memory": (fsspec.filesystem("memory"), "/folder"),
    "s3": (s3, "bucket/folder"),
}
for name, (fs, root) in stores.items():
    fs.makedirs(root, exist_ok=True)
    for photo in ("photo1.jpg", "photo[1].jpg"):
        fs.pipe_file(f"{root}/{photo}", photo.encode())
    listed = next(path for path in fs.find(root) if path.endswith("photo[1].jpg"))
    assert fs.exists(listed)
    read, read_list = list(fs.cat(listed).values()), list(fs.cat([listed]).values())
    with fs.open(listed) as file:
        plain = file.read()
    assert plain == fs.cat_file(listed) == b"photo[1].jpg"
    fs.rm(listed)
    left = [path.rpartition("/")[2] for path in fs.find(root)]
    print(f"{name}: cat {read}, cat of a list {read_list}, left after rm {left}")
    assert read == read_list == [b"photo1.jpg"]
    assert left == (["photo1.jpg"] if name == "local" else ["photo[1].jpg"])
server.stop()
PY
echo "still so"
