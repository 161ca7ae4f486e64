"""A model hub in this process: one repository, its revisions, and what a bad line or a bad mirror does to them."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

REPOSITORY = "immich-app/ViT-B-32__laion2b-s34b-b79k"


class Hub(ThreadingHTTPServer):
    """Answers as the hub does: /api/models/OWNER/NAME/revision/REVISION and /OWNER/NAME/resolve/COMMIT/PATH.

    revisions: folders by name, "main" first; cut: bytes after which every file's connection ends; damage: names of files
    whose bytes are others than the list says; status: of every answer, where it is none of 200 and 206. asked: each file
    with the byte from which on; sent: bytes of bodies.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.revisions = {"main": folder}
        self.cut: int | None = None
        self.damage: set[str] = set()
        self.status = 200
        self.asked: list[tuple[str, int]] = []

    @property
    def folder(self) -> Path:
        return self.revisions["main"]

    @property
    def sent(self) -> list[str]:
        """The files that were asked for."""
        return [name for name, _ in self.asked]

    def commit(self, revision: str) -> str:
        """40 hex digits for what the folder of a revision holds now."""
        folder = self.revisions[revision]
        content = [each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()]
        return hashlib.sha1(b"".join(content)).hexdigest()

    def named(self, asked: str) -> str | None:
        """The revision that a name or a commit is."""
        return next((name for name in self.revisions if asked in (name, self.commit(name))), None)


class Answers(BaseHTTPRequestHandler):
    """One request."""

    server: Hub

    def do_GET(self) -> None:
        if self.server.status != 200:
            return self.send_error(self.server.status)
        path = unquote(self.path.partition("?")[0])
        listed, of, asked = path.partition(f"/api/models/{REPOSITORY}/revision/")
        if of and not listed:
            revision = self.server.named(asked)
            return self._list(revision) if revision else self.send_error(404)
        _, of, rest = path.partition(f"/{REPOSITORY}/resolve/")
        asked, _, name = rest.partition("/")
        revision = self.server.named(asked) if of else None
        file = self.server.revisions[revision] / name if revision else None
        return self._file(file, name) if file and file.is_file() else self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _list(self, revision: str) -> None:
        folder = self.server.revisions[revision]
        files = []
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            row = {"rfilename": path.relative_to(folder).as_posix(), "size": path.stat().st_size}
            if path.suffix == ".onnx":  # the hub knows the sha256 of large files only
                row["lfs"] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
            files.append(row)
        content = json.dumps({"sha": self.server.commit(revision), "siblings": files}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _file(self, file: Path, name: str) -> None:
        content = file.read_bytes()
        if name in self.server.damage:
            content = content[::-1]
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.server.asked.append((name, start))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut = self.server.cut
        self.wfile.write(content[start:] if cut is None else content[start : start + cut])
        self.close_connection = True


@contextmanager
def serving(folder: Path) -> Iterator[Hub]:
    """A hub whose main revision is in a folder."""
    server = Hub(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
