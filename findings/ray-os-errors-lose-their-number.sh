#!/usr/bin/env bash
# An OSError that crosses Ray is caught by its class, but its errno and filename are None.
#
# Library: ray 2.60.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a task raises FileNotFoundError(2, "nope", "/x"); ray.get raises an object that is a RayTaskError and a FileNotFoundError
#   at once, whose errno, strerror and filename are None. The same with OSError(ENOSPC): `except OSError` takes it, and
#   `error.errno == errno.ENOSPC` is False. The original with its number lies in error.cause.
# A media indexer must: look at error.cause of whatever a worker raised before it asks for errno, or turn its errors into values
#   in the worker: otherwise a full disk looks like one unreadable file, is skipped, and so is the next one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet ray==2.60.0
export HOME="$work" RAY_FOLDER="$work/r" RAY_USAGE_STATS_ENABLED=0
timeout 300 venv/bin/python - <<'PY'
import errno
import os

import ray

ray.init(num_cpus=1, include_dashboard=False, object_store_memory=128 * 2**20, log_to_driver=False, _temp_dir=os.environ["RAY_FOLDER"])


@ray.remote(max_retries=0)
def fail(kind, *arguments):
    raise kind(*arguments)


for kind, arguments in ((FileNotFoundError, (errno.ENOENT, "nope", "/x")), (OSError, (errno.ENOSPC, "No space left on device", "/y"))):
    try:
        ray.get(fail.remote(kind, *arguments))
    except OSError as error:
        print(type(error).__name__, "errno", error.errno, "filename", error.filename, "cause", repr(error.cause))
        assert isinstance(error, kind) and isinstance(error, ray.exceptions.RayTaskError)
        assert (error.errno, error.strerror, error.filename) == (None, None, None)
        assert (error.cause.errno, error.cause.filename) == (arguments[0], arguments[2])
ray.shutdown()
PY
echo "still so"
