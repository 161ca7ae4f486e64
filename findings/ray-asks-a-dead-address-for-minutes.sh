#!/usr/bin/env bash
# ray.init() at an address where nobody listens does not fail for minutes; by ray:// it fails after half a minute.
#
# Library: ray 2.60.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: a refused connection is a ConnectionError within ten seconds, for both.
# Seen: ray.init("127.0.0.1:1") logs "Failed to connect to GCS ... within 5 seconds" and a time-out each half minute, and goes on: it had
#   not returned after 370 seconds (the kernel refuses the connection at once). ray.init("ray://127.0.0.1:1") raises ConnectionError
#   after 32 s. No argument of ray.init bounds either.
# A media indexer must: connect a socket to the address itself, with a time limit of its own, before it calls ray.init.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet ray==2.60.0
export HOME="$work" RAY_USAGE_STATS_ENABLED=0
cat > ask.py <<'PY'
import sys
import time

import ray

start = time.monotonic()
try:
    ray.init(sys.argv[1], log_to_driver=False, configure_logging=False)
except ConnectionError as error:
    took = time.monotonic() - start
    print(f"{sys.argv[1]}: {error} after {took:.0f} s")
    sys.exit(3 if took > 20 else 1)
PY
timeout 120 venv/bin/python -W ignore ask.py ray://127.0.0.1:1 2>/dev/null && code=0 || code=$?
test "$code" = 3
timeout 90 venv/bin/python -W ignore ask.py 127.0.0.1:1 2>/dev/null && code=0 || code=$?
echo "127.0.0.1:1: ended with $code after at most 90 s (124: it was still asking)"
test "$code" = 124
echo "still so"
