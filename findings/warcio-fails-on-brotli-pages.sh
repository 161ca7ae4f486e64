#!/usr/bin/env bash
# warcio cannot decode a page compressed with Brotli: with the brotli package it raises, without it it hands out the compressed bytes.
#
# Libraries: warcio 1.8.1, brotli 1.2.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, a response with Content-Encoding: br:
#   brotli not installed: content_stream().read() returns the compressed bytes, without an error or a warning;
#   brotli 1.2.1 installed: the same call raises AttributeError: 'brotli.Decompressor' object has no attribute 'unused_data', because
#     warcio sets that attribute on an object of an extension type that takes none. gzip and deflate pages are decoded both times.
# A media indexer must: read raw_stream and decode "br" itself, in both cases, before it takes a body for text.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet warcio==1.8.1
cat >read.py <<'PY'
import base64
import gzip
import importlib.util
import io

from warcio.archiveiterator import ArchiveIterator

PAGE = b"<p>a page of the archive</p>" * 4
BROTLI = base64.b64decode("G28A+B0HdsyxzthKx2cNwhMGp17o0qcMLUtRBbVcIQuAcrG+RzdN")


def record(body, encoding):
    block = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {encoding}\r\n\r\n".encode() + body
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000001>\r\n"
        "WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: http://example.org/\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def body(archive):
    for each in ArchiveIterator(io.BytesIO(archive)):
        return each.content_stream().read()


assert body(record(gzip.compress(PAGE), "gzip")) == PAGE
if importlib.util.find_spec("brotli") is None:
    got = body(record(BROTLI, "br"))
    print("no brotli package:", got[:20])
    assert got == BROTLI
else:
    import brotli

    assert brotli.decompress(BROTLI) == PAGE
    try:
        body(record(BROTLI, "br"))
    except AttributeError as error:
        print("brotli", brotli.__version__, error)
        assert "unused_data" in str(error)
    else:
        raise SystemExit("Brotli pages are decoded now")
PY
venv/bin/python read.py
venv/bin/pip install --quiet brotli==1.2.1
venv/bin/python read.py
echo "still so"
