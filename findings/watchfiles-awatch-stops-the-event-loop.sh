#!/usr/bin/env bash
# watchfiles.awatch walks the whole tree inside the event loop before it waits in a thread: the service answers nobody meanwhile.
#
# Library: watchfiles 1.3.0. Met on 29 November 2026, CPython 3.11, Linux x86-64, 2 cores.
# Seen, 12,000 folders: the first step of awatch builds its notifier, which sets one inotify watch for every folder, in the thread of the
#   event loop; no other coroutine runs for 1.6 s (0.07 s was the longest gap otherwise). Only the waiting that follows is in a thread, as
#   documented. A library of 100,000 folders on a network share stops a service for as long as `find` needs.
# A media indexer must: run watchfiles.watch in a thread of its own and hand over its changes, in place of awatch.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet watchfiles==1.3.0
venv/bin/python - <<'PY'
import asyncio
import os
import threading
import time

import watchfiles
import watchfiles.main

for outer in range(40):
    for inner in range(50):
        os.makedirs(f"tree/{outer}/{inner}")
ticks = 0
built = {}
genuine = watchfiles.main.RustNotify


def notifier(*arguments):
    before, start = ticks, time.perf_counter()
    made = genuine(*arguments)
    built.update(thread=threading.current_thread(), seconds=time.perf_counter() - start, ticks=ticks - before)
    return made


watchfiles.main.RustNotify = notifier


async def tick():
    global ticks
    while True:
        await asyncio.sleep(0)
        ticks += 1


async def main():
    stop = asyncio.Event()
    ticking = asyncio.create_task(tick())

    async def watch():
        async for _ in watchfiles.awatch("tree", stop_event=stop, rust_timeout=100, yield_on_timeout=True):
            stop.set()

    await asyncio.wait_for(watch(), 60)
    ticking.cancel()


asyncio.run(main())
watches = 2000 + 40 + 1
print(f"{watches} watches set in {built['seconds']:.3f} s in {built['thread'].name}; {built['ticks']} ticks meanwhile, {ticks} in all")
assert built["thread"] is threading.main_thread() and built["ticks"] == 0 and ticks > 0
PY
echo "still so"
