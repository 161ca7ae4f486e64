"""A question to the service that serves a library on this machine, by a socket in its folder: no model is loaded here.

Only what the service answers exactly as this program would is asked there; else, and where it refuses, the question is
answered here.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retrieval import settings
from retrieval.catalog import layout

EMPTY = "this library is empty (crossmedia index FOLDER fills it)"
CONNECT_S, ANSWER_S = 1.0, 120.0
MOST_BYTES = 64 << 20


def ask(library: Path | None, body: dict[str, Any]) -> dict[str, Any] | None:
    """The answer to a body of POST /v1/search; None where no service of this user answers it."""
    home = library or settings.default_library()
    try:
        kept = layout.socket(home).stat()
        if not stat.S_ISSOCK(kept.st_mode) or kept.st_uid != os.getuid():
            return None
        with short_name(home) as place, socket.socket(socket.AF_UNIX) as line:
            line.settimeout(CONNECT_S)
            line.connect(place)
            line.settimeout(ANSWER_S)
            return _answer(line, json.dumps(body).encode())
    except (OSError, ValueError):  # it is not there any more, or another program is
        return None


def _answer(line: socket.socket, body: bytes) -> dict[str, Any] | None:
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    line.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    received = bytearray()
    while part := line.recv(1 << 16):
        received += part
        if len(received) > MOST_BYTES:
            return None
    begin, _, content = bytes(received).partition(b"\r\n\r\n")
    if begin.split(b" ", 2)[1:2] != [b"200"]:
        return None
    report: dict[str, Any] = json.loads(content)
    return report


@contextmanager
def short_name(library: Path) -> Iterator[str]:
    """A name of the library's socket within what an address of a socket holds, about a hundred bytes, while it lasts."""
    place = str(layout.socket(library))
    if len(os.fsencode(place)) < 100 or sys.platform != "linux":
        yield place
        return
    folder = os.open(library, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{layout.SOCKET}"
    finally:
        os.close(folder)


def lines_of(style: str) -> dict[str, Any]:
    """The part of a body that asks for what a person reads, where that is wanted."""
    if style not in ("table", "csv"):
        return {}
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    is_bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return {"lines": {"form": style, "width": width, "bold": is_bold, "folder": os.getcwd()}}


def complaints(report: dict[str, Any], style: str) -> list[str]:
    """What is said of a library where nothing sure was found."""
    state = report.get("library")
    if not state:
        return []
    if not state["assets"]:
        return [EMPTY]
    return [state["better"]] if style == "table" and state["better"] and report["best"] and not report["reason"] else []


def print_answer(report: dict[str, Any], style: str, end: str, *, everything: bool) -> None:
    """The answer of a service as the command prints its own. style: json, jsonl, csv, paths or table."""
    own = {name: value for name, value in report.items() if name not in ("next", "notes", "lines", "library")}
    if style == "json":
        print(json.dumps(own, ensure_ascii=False, indent=2))
    elif style == "jsonl":
        for part, sure in (("hits", True), ("possible", False)):
            for hit in own[part]:
                print(json.dumps(hit | {"sure": sure}, ensure_ascii=False))
    elif style == "paths":
        for hit in own["hits"] + (own["possible"] if everything else []):
            sys.stdout.buffer.write(path_bytes(hit) + end.encode())
    else:
        print(report["lines"], end="")


def path_bytes(hit: dict[str, Any]) -> bytes:
    """The path of a hit as the file system has it."""
    if "path_bytes" in hit:
        from base64 import b64decode

        return b64decode(hit["path_bytes"])
    return os.fsencode(hit["path"])
