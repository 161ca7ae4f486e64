"""Shows a file in the file manager of this machine, for its own user alone.

The page asks with a token that it was served with; only a service without keys on loopback, called by a name of loopback,
has one. Other pages cannot read it, and a proxy before the service calls it by another name.
"""

from __future__ import annotations

import hmac
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from retrieval.domain.place import is_object
from retrieval.service.context import Service
from retrieval.service.guard import Rules, is_loopback

HEADER = "x-page-token"
Opener = Callable[[Path], None]


def file_manager() -> Opener | None:
    """What shows a file in this desktop's file manager; None where there is no desktop."""
    if sys.platform == "darwin":
        return lambda file: _start("open", "-R", str(file))
    program = shutil.which("xdg-open")
    if program is None or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return None
    return lambda file: _start(program, str(file.parent))


def _start(*command: str) -> None:
    silent = subprocess.DEVNULL
    subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent, start_new_session=True)


class Desktop:
    """The token of one process, and what it opens."""

    def __init__(self, service: Service, rules: Rules, opener: Opener) -> None:
        self._service = service
        self._rules = rules
        self._opener = opener
        self._token = secrets.token_urlsafe(32)

    def token_for(self, request: Request) -> str:
        """The token where the request comes from this machine; else nothing."""
        client = request.client.host if request.client is not None else ""
        is_own = self._rules.keys is None and is_loopback(client) and is_loopback(request.url.hostname or "")
        return self._token if is_own else ""

    def routes(self) -> APIRouter:
        """What the page asks for; no part of the API."""
        router = APIRouter(prefix="/v1", include_in_schema=False)

        @router.post("/assets/{name}/reveal")
        async def reveal(request: Request, name: str) -> Response:
            known = self.token_for(request)
            if not known or not hmac.compare_digest(known.encode(), request.headers.get(HEADER, "").encode()):
                raise HTTPException(403, "only the page on this machine opens folders")
            _, file = await self._service.queue.run(request, lambda: self._service.file_of(name))
            if is_object(file):
                raise HTTPException(404, "it lies in a bucket, not in a folder of this machine")
            self._opener(file)
            return Response(status_code=204)

        return router
