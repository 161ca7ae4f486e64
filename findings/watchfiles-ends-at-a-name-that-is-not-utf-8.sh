#!/usr/bin/env bash
# watchfiles stops watching a whole tree when one file appears whose name is not UTF-8.
#
# Libraries: watchfiles 1.3.0, compared with watchdog 7.1.0. Met on 29 November 2026, CPython 3.11, Linux.
# Seen: `caf\xe9.jpg` (Latin-1, as old cameras, archives and network shares leave them) is made in a watched folder:
#   watchfiles.watch raises WatchfilesRustInternalError 'Unable to decode path "..." to string' out of the generator; what was made
#   in the same moment is not reported, and nothing after that.
#   watchdog reports the file under a surrogate-escaped name, which exists for os.path.exists, and everything else.
# A media indexer must: catch the error, rescan, and watch anew (the name does not come back by itself), or use watchdog;
#   its own paths have to be bytes or surrogate-escaped strings all the way.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet watchfiles==1.3.0 watchdog==7.1.0
venv/bin/python - <<'PY'
import os
import threading
import time

import watchfiles
from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

NAME = b"caf\xe9.jpg"
os.makedirs("one")
os.makedirs("two")
seen, ended, stop = [], [], threading.Event()


def watch():
    try:
        for changes in watchfiles.watch("one", stop_event=stop, debounce=100, step=50, rust_timeout=500):
            seen.extend(os.path.basename(path) for _, path in changes)
    except Exception as error:  # noqa: BLE001
        ended.append(f"{type(error).__name__}: {error}")


def make(folder, name):
    with open(os.path.join(os.fsencode(folder), name), "wb") as file:
        file.write(b"x")
    time.sleep(1.5)


thread = threading.Thread(target=watch)
thread.start()
time.sleep(1)
make("one", b"first.jpg")
make("one", NAME)
make("one", b"last.jpg")
stop.set()
thread.join(10)
print("watchfiles saw", seen, "and ended with", ended)
assert seen == ["first.jpg"] and len(ended) == 1 and "Unable to decode path" in ended[0]

made = []


class Handler(FileSystemEventHandler):
    def on_created(self, event):
        made.append(event.src_path)


observer = Observer()
observer.schedule(Handler(), "two")
observer.start()
time.sleep(1)
for name in (b"first.jpg", NAME, b"last.jpg"):
    make("two", name)
observer.stop()
observer.join()
print("watchdog saw", made)
assert [os.fsencode(os.path.basename(path)) for path in made] == [b"first.jpg", NAME, b"last.jpg"]
assert all(os.path.exists(path) for path in made)
PY
echo "still so"
