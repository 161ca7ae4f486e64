#!/usr/bin/env bash
# rapidgzip reads a gzip file that was cut off to its end without an error, and reads lines hundreds of times slower than gzip.
#
# Library: rapidgzip 0.16.2, against gzip of CPython 3.11. Met on 29 November 2026, Linux x86-64, 2 cores.
# Seen: a file of JSON lines, compressed and cut 9, 12, 100, 1,000, 2,000, 10,000 or 20,000 bytes before its end (a copy under way, a broken
#   download): read() returns what is there, 153,878 of 1,230,000 bytes too few in the last case, and raises nothing, with one thread or
#   four, in one piece or in blocks. Cut by 8 bytes or fewer, or at other places, it raises RuntimeError or ValueError. gzip raises EOFError
#   for each.
#   A file padded with zeros (tapes, some cameras and object stores), which gzip reads by its manual, is refused with ValueError.
#   `for line in rapidgzip.open(...)` takes 4.9 s of processor for 30,000 lines, gzip 0.014 s: the object is a raw one without a buffer, so
#   each byte is a call. io.BufferedReader around it takes 0.007 s. Unlike gzip.open it asks for that.
# A media indexer must: put io.BufferedReader around it, compare the number of bytes read with the last four bytes of the file (or with its
#   list of members), and take such a file for incomplete until they agree.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet rapidgzip==0.16.2
venv/bin/python - <<'PY'
import gzip
import io
import time

import rapidgzip

lines = [b'{"id": %08d, "name": "holiday %04x"}\n' % (number, number * 7919 % 65536) for number in range(30000)]
data = b"".join(lines)
whole = gzip.compress(data, mtime=0)


def write(name, content):
    with open(name, "wb") as file:
        file.write(content)


def by_rapidgzip(name, threads, block=-1):
    with rapidgzip.open(name, parallelization=threads) as file:
        return b"".join(iter(lambda: file.read(block), b""))


def by_gzip(name):
    with gzip.open(name) as file:
        return file.read()


write("whole.gz", whole)
write("padded.gz", whole + bytes(512))
damaged = bytearray(whole)
damaged[-6] ^= 1
write("damaged.gz", damaged)
quiet = {}
for cut in (9, 12, 100, 1000, 2000, 5000, 10000, 20000):
    write("cut.gz", whole[:-cut])
    try:
        by_gzip("cut.gz")
    except EOFError:
        pass
    else:
        raise SystemExit("gzip takes a cut file")
    for threads in (1, 4):
        for block in (-1, 65536):
            assert by_rapidgzip("whole.gz", threads, block) == data
            try:
                read = by_rapidgzip("cut.gz", threads, block)
            except ValueError:
                continue
            assert data.startswith(read)
            quiet.setdefault(cut, set()).add(len(data) - len(read))
for cut, missing in quiet.items():
    print(f"cut by {cut:,} bytes: {missing} of {len(data):,} bytes are missing, no error")
assert len(quiet) >= 4 and max(max(missing) for missing in quiet.values()) > 1000
assert by_gzip("padded.gz") == data
for name in ("padded.gz", "damaged.gz"):
    try:
        by_rapidgzip(name, 1)
    except ValueError as error:
        print("rapidgzip:", name, error)
    else:
        raise SystemExit(f"{name} is read now")


def seconds(opened):
    start = time.process_time()
    with opened as file:
        assert sum(1 for _ in file) == 30000
    return time.process_time() - start


plain = seconds(gzip.open("whole.gz"))
buffered = seconds(io.BufferedReader(rapidgzip.open("whole.gz", parallelization=1), 65536))
bare = seconds(rapidgzip.open("whole.gz", parallelization=1))
print(f"30,000 lines: gzip {plain:.3f} s, rapidgzip {bare:.3f} s, rapidgzip in a BufferedReader {buffered:.3f} s")
assert bare > 20 * plain and buffered < bare / 20
PY
echo "still so"
