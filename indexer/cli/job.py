"""What changes the library for a service: one task as a line of JSON on standard input, its events on standard output.

See retrieval.service.jobs, which starts this program as a child.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.errors import LibraryLocked, RetrievalError

if TYPE_CHECKING:
    from indexer.writer import Writer

PROGRAM = (sys.executable, "-m", "indexer.cli.job")
NICE = 10  # a service answers first
ENDING = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """The program."""
    # A thread waits for the signals: a handler could come while the main thread holds what cancelling needs.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    _end_with_parent()
    task = json.loads(sys.stdin.readline())
    os.nice(task.get("nice", NICE))
    try:
        result = _do(task)
    except RetrievalError as error:
        locked = isinstance(error, LibraryLocked)
        _say({"event": "failed", "what": error.what, "hint": error.hint, "locked": locked})
        sys.exit(1)
    _say({"event": "result", **result})


def _cancel_when_asked(writer: Writer) -> None:
    signal.sigwait(ENDING)
    while True:  # what begins after the first time clears it
        writer.cancel()
        time.sleep(0.1)


def _end_with_parent() -> None:
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _say(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)


def _do(task: dict[str, Any]) -> dict[str, Any]:
    from indexer.pipeline.options import Options
    from indexer.pipeline.progress import json_events
    from indexer.writer import Writer

    unfinished = frozenset(map(os.fsencode, task.get("unfinished", ())))
    # This process is nice already, and so are its children.
    options = Options(workers=task.get("workers") or 1, nice=0, unfinished=unfinished)
    writer = Writer(task["library"], options=options, on_event=json_events)
    threading.Thread(target=_cancel_when_asked, args=(writer,), daemon=True).start()
    doing = {"index": _index, "add": _add, "forget": _forget, "rebuild": _rebuild, "remove source": _remove}
    return doing[task["do"]](writer, task)


def _index(writer: Writer, task: dict[str, Any]) -> dict[str, Any]:
    done = writer.index(*task.get("folders", ()))
    return {"new": done.new, "gone": done.gone, "skipped": sum(done.unread.values()), "stopped": done.stopped}


def _add(writer: Writer, task: dict[str, Any]) -> dict[str, Any]:
    said = {"text": task.get("text", ""), "keywords": task.get("keywords", ())}
    file = Path(task["file"])
    add = (
        partial(writer.add_bytes, file.read_bytes(), task["name"])
        if task.get("keep")
        else partial(writer.add_file, file)
    )
    return {"asset": add(**said)}


def _forget(writer: Writer, task: dict[str, Any]) -> dict[str, Any]:
    return {"files": sum(writer.forget(each) for each in task["paths"])}


def _rebuild(writer: Writer, task: dict[str, Any]) -> dict[str, Any]:
    writer.rebuild(task.get("profile"))
    return {}


def _remove(writer: Writer, task: dict[str, Any]) -> dict[str, Any]:
    from indexer.catalog.sources import remove

    return {"files": remove(writer.path, Path(task["folder"])).files}


if __name__ == "__main__":
    main()
