#!/usr/bin/env bash
# FastWARC ends the archive behind the first page that is both chunked and compressed, without an error.
#
# Library: FastWARC 2.0.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, six records with Transfer-Encoding: chunked and Content-Encoding: gzip, the usual form of pages of the web:
#   ArchiveIterator(..., auto_decode="all") gives 1 record, rightly decoded, and stops; deflate and br the same; also when each record
#   is its own gzip member. auto_decode="content" raises "Gzip decompression error" at the second. With "none", and where a page is only
#   chunked or only compressed, all six come. warcio 1.8.1 gives all six, decoded.
#   After records larger than the buffer that were not read to their end, the loop raises "Invalid WARC header" instead.
# A media indexer must: read with auto_decode="none" and decode bodies itself, or use warcio; and compare the number of records with an
#   index, for the loss is silent.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet FastWARC==2.0.1 warcio==1.8.1
venv/bin/python - <<'PY'
import gzip
import io
import zlib

from fastwarc.warc import ArchiveIterator
from warcio.archiveiterator import ArchiveIterator as Warcio

PAGE = b"<p>a page of the archive</p>" * 40


def chunked(body):
    pieces = (body[at : at + 100] for at in range(0, len(body), 100))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def record(body, *fields):
    block = "\r\n".join(("HTTP/1.1 200 OK", "Content-Type: text/html", *fields, "", "")).encode() + body
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000001>\r\n"
        "WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: http://example.org/\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def count(archive, mode):
    pages = []
    try:
        for each in ArchiveIterator(io.BytesIO(archive), auto_decode=mode):
            pages.append(each.reader.read())
    except OSError as error:
        return f"{len(pages)} and {error}"
    return len(pages), sum(page == PAGE for page in pages)


packed = gzip.compress(PAGE)
kinds = {
    "plain": record(PAGE),
    "gzip": record(packed, "Content-Encoding: gzip"),
    "chunked": record(chunked(PAGE), "Transfer-Encoding: chunked"),
    "chunked gzip": record(chunked(packed), "Transfer-Encoding: chunked", "Content-Encoding: gzip"),
    "chunked deflate": record(chunked(zlib.compress(PAGE)), "Transfer-Encoding: chunked", "Content-Encoding: deflate"),
}
for name, one in kinds.items():
    for form, archive in (("plain file", one * 6), (".warc.gz", gzip.compress(one) * 6)):
        seen = {mode: count(archive, mode) for mode in ("none", "all")}
        other = [each.content_stream().read() for each in Warcio(io.BytesIO(archive))]
        print(f"{name:16}{form:11} none {seen['none']}, all (records, decoded rightly) {seen['all']}, warcio {len(other)}")
        assert other == [PAGE] * 6 and seen["none"][0] == 6
        assert seen["all"] == ((1, 1) if name in ("chunked gzip", "chunked deflate") else (6, 6))
PY
echo "still so"
