"""The web page: static files of the folder `page`, held in memory and served under a strict policy.

Only names that were there at the start are served, so that no path leads out of the folder. The page asks the HTTP API as
any program does; a question stands in the fragment of its address, which browsers do not send.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from retrieval.service.desktop import Desktop

FOLDER = Path(__file__).parent / "page"
KINDS = {".js": "text/javascript", ".json": "application/json", ".svg": "image/svg+xml", ".css": "text/css"}
POLICY = "Content-Security-Policy"
HEADERS = {
    POLICY: (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}
TOKEN = b'<meta name="page-token" content="%s"></head>'
ASKED_ANEW = "no-cache"  # with the ETag, so that page and service are of one version
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page. etag: of its bytes, with quotes. cache: what a browser may do with it."""

    content: bytes
    media_type: str
    etag: str
    cache: str = ASKED_ANEW


def read_page(folder: Path = FOLDER) -> dict[str, PageFile]:
    """The files of the page by their names below the folder, `lang/index.json` with the languages among them.

    `index.html` names the others below a folder that is called by the digest of all: what a browser has kept of it never
    changes, and an upgrade is another folder.
    """
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    contents = {name: path.read_bytes() for name, path in found.items()}
    languages = {Path(name).stem: json.loads(each)["language"] for name, each in contents.items() if "lang/" in name}
    contents["lang/index.json"] = json.dumps(languages).encode()
    digest = hashlib.sha256(repr(sorted(contents.items())).encode()).hexdigest()[:16]
    contents["index.html"] = contents["index.html"].replace(b'"page/', f'"page/{digest}/'.encode())
    files = {name: _file(each, Path(name).suffix) for name, each in contents.items()}
    return files | {f"{digest}/{name}": replace(each, cache=FOREVER) for name, each in files.items()}


def _file(content: bytes, suffix: str) -> PageFile:
    kind = KINDS.get(suffix) or mimetypes.types_map.get(suffix, "text/plain")
    return PageFile(content, kind, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def add_page(
    app: FastAPI, desktop: Desktop | None = None, origins: Callable[[], Iterable[str]] = frozenset[str]
) -> None:
    """Serves the page at `/` and its files below `/page/`. desktop: opens folders for this machine's own page; origins: of
    buckets, whose films and recordings it may play."""
    files = read_page()
    if desktop is not None:
        app.include_router(desktop.routes())

    @app.get("/", include_in_schema=False)
    @app.get("/page/{name:path}", include_in_schema=False)
    async def page(request: Request, name: str = "index.html") -> Response:
        known = files.get(name)
        if known is None:
            return Response("there is no such page", 404, HEADERS, "text/plain")
        if name == "index.html" and desktop is not None and (token := desktop.token_for(request)):
            known = _file(known.content.replace(b"</head>", TOKEN % token.encode()), ".html")
        headers = {**HEADERS, "ETag": known.etag, "Cache-Control": known.cache}
        if name == "index.html" and (places := await run_in_threadpool(origins)):
            plays = " ".join(["media-src 'self' blob:", *sorted(places)])
            headers[POLICY] = headers[POLICY].replace("media-src 'self' blob:", plays)
        if request.headers.get("if-none-match") == known.etag:
            return Response(None, 304, headers)
        return Response(known.content, 200, headers, known.media_type)
