#!/usr/bin/env bash
# A folder moved out of the tree stays watched by watchdog, and what happens in it is reported at paths that do not exist.
#
# Library: watchdog 7.1.0 (inotify); watchfiles 1.3.0 is the comparison. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: after tree/album is moved to outside/album, a DirDeletedEvent of tree/album comes; then a write, a new file and a rename in
#   outside/album are reported as FileModified tree/album/old.jpg, FileCreated tree/album/new.jpg, FileMoved tree/album/new.jpg ->
#   tree/album/newer.jpg. None of these paths exists. With a new folder of the old name in the tree the two are told apart by nothing: a
#   write outside is FileModified of tree/album/old.jpg. watchfiles reports none of it.
#   Renaming the watched folder itself gives no event at all, and its files go on being reported at their old paths.
# A media indexer must: look whether the path of an event exists before it believes it, and at a DirDeletedEvent of a whole folder schedule
#   the watch anew; check now and then that the root is still there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet watchdog==7.1.0 watchfiles==1.3.0
cat > watch.py <<'PY'
import os
import pathlib
import sys
import threading
import time

kind = sys.argv[1]
base = pathlib.Path(sys.argv[2]).resolve()
tree, outside = base / "tree", base / "outside"
(tree / "album").mkdir(parents=True)
outside.mkdir()
(tree / "album" / "old.jpg").write_text("x")
seen = []


def name(path):
    return os.path.relpath(os.fsdecode(path), base)


if kind == "watchdog":
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers import Observer

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event):
            moved = (name(event.dest_path),) if event.dest_path else ()
            seen.append((type(event).__name__.removesuffix("Event"), name(event.src_path), *moved))

    observer = Observer()
    observer.schedule(Handler(), str(tree), recursive=True)
    observer.start()
else:
    import watchfiles

    def watch():
        for changes in watchfiles.watch(tree, debounce=50, step=20, rust_timeout=100, yield_on_timeout=True):
            seen.extend((change.name, name(path)) for change, path in changes)
            ready.set()

    ready = threading.Event()
    threading.Thread(target=watch, daemon=True).start()
    ready.wait(30)


def until(*event):
    """Waits for an event; raises if it has not come after 30 seconds."""
    end = time.monotonic() + 30
    while event not in seen:
        if time.monotonic() > end:
            raise SystemExit(f"{event} did not come: {seen}")
        time.sleep(0.02)


def write(path):
    with open(path, "a") as file:
        file.write("y")


(tree / "album").rename(outside / "album")
until("DirDeleted" if kind == "watchdog" else "deleted", "tree/album")
seen.clear()
write(outside / "album" / "old.jpg")
write(outside / "album" / "new.jpg")
(outside / "album" / "new.jpg").rename(outside / "album" / "newer.jpg")
(tree / "mark").write_text("m")
if kind == "watchfiles":
    until("added", "tree/mark")
    print("watchfiles:", seen)
    assert not [event for event in seen if "album" in event[1]]
    os._exit(0)
until("FileCreated", "tree/mark")
for event in (
    ("FileModified", "tree/album/old.jpg"),
    ("FileCreated", "tree/album/new.jpg"),
    ("FileMoved", "tree/album/new.jpg", "tree/album/newer.jpg"),
):
    until(*event)
    print("watchdog:", *event)
assert not (tree / "album").exists()
(tree / "album").mkdir()
write(tree / "album" / "old.jpg")
until("FileCreated", "tree/album/old.jpg")
until("FileModified", "tree/album/old.jpg")
time.sleep(1)
before = (tree / "album" / "old.jpg").stat().st_mtime_ns
seen.clear()
write(outside / "album" / "old.jpg")
until("FileModified", "tree/album/old.jpg")
assert (tree / "album" / "old.jpg").stat().st_mtime_ns == before
print("watchdog: the file of the same name outside is reported as the one in the tree")
seen.clear()
tree.rename(base / "renamed")
write(base / "renamed" / "mark")
until("FileModified", "tree/mark")
assert not tree.exists() and {event[1] for event in seen} <= {"tree", "tree/mark"}
assert not [event for event in seen if event[0] in ("DirDeleted", "DirMoved", "FileDeleted", "FileMoved")], seen
print("watchdog: a renamed root gives", sorted(set(seen)))
PY
for kind in watchdog watchfiles; do mkdir "$kind"; venv/bin/python -W ignore watch.py "$kind" "$kind"; done
echo "still so"
