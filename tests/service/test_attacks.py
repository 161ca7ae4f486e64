"""Attacks on a service of a library whose folder lies beside a secret: each is answered by 4xx, and nothing is told or left."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library
from retrieval.service.app import create_app
from retrieval.service.guard import Rules
from retrieval.service.keys import add_key, list_keys
from tests.fakes import FakeProfile

SECRET = "the secret of the quokka"
HOST = "localhost"


class Target:
    """A service with keys and one without, of one library; `asset` is a picture of it."""

    def __init__(self, base: Path, library: Library) -> None:
        self.base, self.library = base, library
        names = frozenset({"hooks.example.com", "localhost"})
        rules = Rules(frozenset({HOST}), burst=100_000, webhook_hosts=names)
        self.open = TestClient(create_app(library, rules, ("false",)), base_url=f"http://{HOST}")
        self.key = add_key(base, "reader")
        keyed = replace(rules, keys=lambda: list_keys(base))
        self.keyed = TestClient(create_app(library, keyed, ("false",)), base_url=f"http://{HOST}")
        (self.asset,) = library.seen()

    def files(self) -> set[Path]:
        """All that lies there, but for what the catalog keeps for itself."""
        own = ("-wal", "-shm", "service.sqlite", "incoming")
        return {each for each in self.base.rglob("*") if not each.name.endswith(own)}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    base = tmp_path_factory.mktemp("attacked")
    (base / "photos").mkdir()
    (base / "secret.txt").write_text(SECRET)
    Image.new("RGB", (40, 30), (200, 30, 30)).save(base / "photos" / "red.png")
    index_folders([base / "photos"], library=base / "library", options=Options(profile=FakeProfile(), ocr=False))
    with Library.open(base / "library", FakeProfile()) as library:
        target = Target(base, library)
        with target.open, target.keyed:
            yield target


NAMES = (
    "..%2f..%2fsecret.txt", "%2e%2e%2f%2e%2e%2fsecret.txt", "..%5c..%5csecret.txt", "%2fetc%2fpasswd", "....%2f%2fsecret.txt",
    "secret.txt", "red.png", "..", ".", "%00", "a%00.png", "0" * 63, "0" * 64, "f" * 65, "x" * 5000, "%c0%ae%c0%ae%c0%afsecret.txt",
    "file:%2f%2f%2fetc%2fpasswd", "~root", "%25%32%65%25%32%65%25%32%66secret.txt", "日本", "' OR 1=1 --", "*", "%0d%0aSet-Cookie:x",
)  # fmt: skip
PLACES = ("/v1/assets/{}/media", "/v1/segments/{}/thumbnail")
TEXTS = (
    "image:{}/secret.txt", "image:'{}/secret.txt'", "document:{}/secret.txt", "audio:/dev/zero", "video:file:///etc/passwd",
    "cat OR image:/etc/passwd", "(image:{}/photos/red.png)", "-image:/etc/passwd cat", "document:~/.ssh/id_rsa",
)  # fmt: skip
BODIES: tuple[Any, ...] = (
    {"like": "{}/secret.txt"}, {"like": "http://10.0.0.1/v1/segments/../../x"}, {"like": ["../../secret.txt"]},
    {"query": "x" * 20_000}, {"query": "-(" * 2000}, {"query": " OR ".join("a" * 200)}, {"query": "cat", "limit": 10**9},
    {"query": "cat", "offset": -1}, {"query": "cat", "files": True}, {"query": "cat", "more_like": ["/etc/passwd"]},
    {"query": "cat", "filters": {"near": [1e999, 0, 0]}}, {"query": "cat", "filters": {"after": "'; DROP TABLE assets; --"}},
    {"query": {"$ne": ""}}, {"query": ["cat"]}, None, [], 7, "cat", {"query": "cat", "like": ["x"] * 1000},
    {"query": "cat", "less_like": ["y"] * 51}, {"__proto__": {"files": True}, "query": "cat"}, {"query": "cat", "cursor": "A" * 300},
)  # fmt: skip
HOSTS = (
    "evil.example", "evil.example:80", "localhost.evil.example", "localhost@evil.example", "127.0.0.1.nip.io", "[::1]", "169.254.169.254",
    "0.0.0.0", "localhost, evil.example", "evil.example#localhost", " ", "2130706433",
)  # fmt: skip
ORIGINS = (
    "https://evil.example", "null", "http://localhost.evil.example", "http://localhost:1", "https://localhost:443", "file://",
    "chrome-extension://x", "http://127.0.0.1", "http://LOCALHOST.evil", "about:blank",
)  # fmt: skip
KEYS = (
    "", "Bearer", "Bearer ", "Bearer x", "Bearer cm_", "Basic cm_x", "Bearer null", "bearer\tx", "Bearer " + "A" * 8000, "Token x",
    "Bearer {key}x", "Bearer {key},{key}", "Basic {key}",
)  # fmt: skip
KINDS = (
    "", "text/plain", "application/x-www-form-urlencoded", "text/html", "application/json5", "multipart/mixed",
    "multipart/form-data", "multipart/form-data; boundary=" + "x" * 500,
)  # fmt: skip
WEBHOOKS = (  # of a service that may send to hooks.example.com, and to localhost by name, but to no address of this machine
    "http://localhost/", "https://localhost/x", "http://localhost:8765/v1/index", "http://127.0.0.1/", "http://127.1/", "http://[::1]/",
    "http://[::ffff:127.0.0.1]/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://0.0.0.0/", "http://10.0.0.1/",
    "http://192.168.0.1/", "http://169.254.169.254/latest/meta-data/", "http://metadata.google.internal/", "http://[fe80::1%25lo]/",
    "http://[64:ff9b::7f00:1]/", "https://evil.example/", "https://hooks.example.com.evil.example/", "https://evilhooks.example.com/",
    "https://hooks.example.com:8443/", "https://hooks.example.com@127.0.0.1/", "https://user:pass@hooks.example.com/",
    "https://evil.example#hooks.example.com", "https://evil.example/?https://hooks.example.com/", "https://evil.example\\@hooks.example.com/",
    "https://hooks.example.com%00.evil.example/", "https://hooks.example.com/\r\nHost: localhost", "https://hooks.example.com /", "//hooks.example.com/",
    "file:///etc/passwd", "gopher://hooks.example.com/", "unix:///var/run/docker.sock", "javascript:alert(1)", "https://", "https://hooks.example.com:x/",
    "https://hooks.example.com:99999/", "https://ｈooks.example.com/", "https://hooks.example.com/" + "x" * 3000, "",
)  # fmt: skip
WRITES = (
    ("POST", "/v1/assets"), ("DELETE", "/v1/assets/x"), ("POST", "/v1/index"), ("POST", "/v1/rebuild"),
    ("POST", "/v1/searches"), ("PUT", "/v1/searches/x"), ("DELETE", "/v1/searches/x"), ("DELETE", "/v1/sources?folder=/"), ("DELETE", "/v1/jobs/x"), ("PUT", "/v1/search"), ("PATCH", "/v1/assets/x"),
)  # fmt: skip


def bomb() -> bytes:
    """A document of a kilobyte or so that unpacks to 64 MiB."""
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("word/document.xml", bytes(64 << 20))
    return held.getvalue()


def picture_bomb() -> bytes:
    """A whole picture of 60,000 x 60,000 black pixels in half a megabyte, as Pillow would write it in ten seconds: each
    of its rows is the same packed block."""
    side = 60_000
    row = bytes(1 + side // 8)  # its filter, and a bit for each pixel
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    block = packer.compress(row * 100) + packer.flush(zlib.Z_FULL_FLUSH)  # refers to nothing before it
    checksum = (len(row) * side % 65_521) << 16 | 1  # Adler-32 of zeros
    rows = b"\x78\x9c" + block * (side // 100) + b"\x03\x00" + struct.pack(">I", checksum)
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0), b"IDAT" + rows, b"IEND")
    packed = (struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


UPLOADS: dict[str, Any] = {
    "no picture": ("a.jpg", b"MZ\x90\x00" + bytes(200)),
    "a page": ("a.png", b"<html><script>alert(1)</script>"),
    "a link": ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
    "a picture bomb": ("a.png", picture_bomb),
    "a document bomb": ("a.docx", bomb),
    "nothing": ("a.png", b""),
    "a playlist": ("a.m3u8", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
    "a list for ffmpeg": ("a.txt.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n"),
    "a program": ("a.py", b"\x7fELF" + bytes(500)),
    "a foreign name": ("../../../etc/cron.d/x", b"x"),
}
MEDIA = ("a link", "a picture bomb", "a document bomb")  # taken by what they begin with; a run's child refuses the rest


def attacks() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and request of each. `keyed`: of the service that asks for keys."""
    for name in NAMES:
        for place in PLACES:
            yield f"name {name[:30]} {place[-9:]}", {"method": "GET", "url": place.format(name)}
    for text in TEXTS:
        yield f"text {text[:40]}", {"method": "POST", "url": "/v1/search", "json": {"query": text}}
    for body in BODIES:
        yield (
            f"body {str(body)[:40]}",
            {"method": "POST", "url": "/v1/search", "content": json.dumps(body), "kind": "application/json"},
        )
    for host in HOSTS:
        yield f"host {host}", {"method": "GET", "url": "/v1/stats", "headers": {"Host": host}}
    for origin in ORIGINS:
        yield f"origin {origin}", {"method": "POST", "url": "/v1/index", "json": {}, "headers": {"Origin": origin}}
    for site in ("cross-site", "same-site"):
        yield f"site {site}", {"method": "POST", "url": "/v1/index", "json": {}, "headers": {"Sec-Fetch-Site": site}}
    for key in KEYS:
        yield f"key {key[:20]!r}", {"method": "GET", "url": "/v1/stats", "keyed": key}
    for kind in KINDS:
        yield f"kind {kind[:40]}", {"method": "POST", "url": "/v1/search", "content": b'{"query": "cat"}', "kind": kind}
    for method, url in WRITES:
        yield f"reader {method} {url}", {"method": method, "url": url, "keyed": "Bearer {key}", "json": {}}
    for url in WEBHOOKS:
        kept = {"name": "x", "query": {"query": "cat"}, "webhook": {"url": url}}
        yield f"webhook {url[:50]!r}", {"method": "POST", "url": "/v1/searches", "json": kept}
    for name in UPLOADS:
        if name not in MEDIA:
            yield f"upload {name}", {"method": "POST", "url": "/v1/assets", "upload": name}
        if name != "a foreign name":  # which a file that asks may have, as it is not used
            yield f"asking {name}", {"method": "POST", "url": "/v1/search", "upload": name}
    yield "endless body", {"method": "POST", "url": "/v1/search", "content": "endless", "kind": "application/json"}
    yield (
        "endless file",
        {"method": "POST", "url": "/v1/search", "content": "endless", "kind": "multipart/form-data; boundary=b"},
    )
    yield "trace", {"method": "TRACE", "url": "/v1/stats"}
    yield "absolute", {"method": "GET", "url": "//etc/passwd"}
    yield "dots", {"method": "GET", "url": "/v1/../../../../etc/passwd"}


ALL = dict(attacks())


def endless() -> Iterator[bytes]:
    """A body of 80 MB, if anybody reads it all."""
    yield b'{"query": "'
    for _ in range(80):
        yield b"a" * 1_000_000


def test_there_are_many() -> None:
    """Of every kind."""
    assert len(ALL) >= 120


@pytest.mark.parametrize("name", ALL)
def test_an_attack_is_refused(target: Target, name: str) -> None:
    """By a problem of 4xx that says nothing of the machine; nothing is left behind; no job is made."""
    sent = dict(ALL[name])
    client, headers = target.open, dict(sent.pop("headers", {}))
    if (key := sent.pop("keyed", None)) is not None:
        client, headers = target.keyed, {**headers, "Authorization": key.replace("{key}", target.key)}
    if (kind := sent.pop("kind", None)) is not None:
        headers["Content-Type"] = kind
    if isinstance(sent.get("content"), str):
        sent["content"] = endless() if sent["content"] == "endless" else sent["content"].replace("{}", str(target.base))
    if (upload := sent.pop("upload", None)) is not None:
        file, content = UPLOADS[upload]
        sent["files"] = {"file": (file, content() if callable(content) else content)}
    if set(sent.get("json", {})) == {"query"}:
        sent["json"] = {"query": sent["json"]["query"].replace("{}", str(target.base))}
    before = target.files()
    answer = client.request(headers=headers, follow_redirects=False, **sent)
    assert 400 <= answer.status_code < 500, answer.text[:300]
    for told in (SECRET, "root:", "Traceback", str(target.base / "library"), target.key):
        assert told not in answer.text
    assert "set-cookie" not in answer.headers
    assert target.files() == before
    assert target.open.get("/v1/jobs").json()["jobs"] == []  # there was none before
    assert target.open.get("/v1/searches").json()["items"] == []
