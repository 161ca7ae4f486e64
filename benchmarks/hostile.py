"""Broken and hostile files cost a Skip each, no more: python -m benchmarks.hostile MEDIA [--files N]

Makes N fuzzed files from the media folder (cut short, bytes flipped, blocks repeated or zeroed, heads exchanged) and
a list of traps (bombs, giants, fifos, loops, odd names), lays good files beside them, indexes all,
and says what happened.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import importlib
import io
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

from PIL import Image

from benchmarks.report import report
from indexer.events import Event, Skipped
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders

GOOD = 20


def fuzzed(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """The file broken in one of five ways."""
    data = bytearray(content)
    how = chance.randrange(5)
    if how == 0:
        return bytes(data[: chance.randrange(1, len(data))])
    if how == 1:
        for _ in range(chance.randrange(1, 200)):
            data[chance.randrange(len(data))] = chance.randrange(256)
    elif how == 2:
        at, length = chance.randrange(len(data)), chance.randrange(1, 5000)
        data[at:at] = data[at : at + length] * chance.randrange(2, 20)
    elif how == 3:
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(1, 5000)] = bytes(chance.randrange(1, 5000))
    else:
        data[: min(64, len(data))] = other[:64]
    return bytes(data)


def make_fuzzed(media: Path, samples: Path, folder: Path, count: int, seed: int) -> None:
    """`count` broken copies of files of every kind; each third is of one of the samples."""
    chance = random.Random(seed)
    found = [
        path
        for path in sorted(media.rglob("*"))
        if path.is_file() and path.suffix not in (".tsv", "") and 0 < path.stat().st_size < 5_000_000
    ]
    ours = sorted(samples.iterdir())
    folder.mkdir()
    for number in range(count):
        chosen, other = chance.choice(found if number % 3 else ours), chance.choice(found)
        content = fuzzed(chosen.read_bytes(), other.read_bytes(), chance)
        (folder / f"{number:04d}{chosen.suffix}").write_bytes(content)


def make_samples(folder: Path) -> None:
    """Small files of the formats that a folder of media lacks."""
    folder.mkdir()
    picture = io.BytesIO()
    Image.effect_noise((200, 150), 60).convert("RGB").save(picture, "PNG")
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Date"] = "Ann <a@example.org>", "Öl", "Sun, 14 Jul 2019 16:03:11 +0200"
    mail.set_content("The keeper slept.\n" * 40)
    mail.add_alternative("<html><body><p>The keeper slept.</p></body></html>", subtype="html")
    mail.add_attachment(picture.getvalue(), maintype="image", subtype="png", filename="pier.png")
    mail.add_attachment("nr;bird\n1;kestrel\n", filename="birds.csv")
    content = mail.as_bytes()
    cells = [{"cell_type": "markdown", "source": ["# Tides"]}, {"cell_type": "code", "source": "f()", "outputs": [
        {"output_type": "display_data", "data": {"image/png": base64.b64encode(picture.getvalue()).decode()}}]}]  # fmt: skip
    event = "BEGIN:VEVENT\r\nDTSTART:20190714T160300Z\r\nSUMMARY:Open day\r\nEND:VEVENT\r\n"
    styled = "[Script Info]\n[V4+ Styles]\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
    related = b"MIME-Version: 1.0\r\nSnapshot-Content-Location: https://example.org\r\nSubject: x\r\nDate: x\r\n"
    texts = {
        "a.eml": content, "a.emlx": b"%d\n%s" % (len(content), content),
        "a.mbox": (b"From a@example.org Sun Jul 14 16:03:11 2019\n" + content + b"\n\n") * 5,
        "a.mhtml": related + b'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
        b"<html><body><p>The keeper slept.</p></body></html>\r\n--b--\r\n",
        "a.ipynb": json.dumps({"nbformat": 4, "cells": cells}).encode(),
        "a.json": json.dumps([{"name": "pier", "deep": [{"bird": "kestrel"}] * 40}] * 20).encode(),
        "a.ics": f"BEGIN:VCALENDAR\r\n{event * 30}END:VCALENDAR\r\n".encode(),
        "a.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><title>Bay</title>' + b"<text>pier</text>" * 50 + b"</svg>",
        "a.ass": (styled + "Dialogue: 0,0:00:01.00,0:00:02.00,Default,{\\i1}The keeper\n" * 40).encode(),
        "a.lrc": b"[00:01.00]The keeper slept.\n" * 50,
        "a.rtf": rb"{\rtf1\ansi{\info{\title x}}" + rb"The keeper {\footnote slept}\par " * 40 + b"}",
        "a.txt": "La crème brûlée était déjà prête. ".encode("cp1252") * 50,
        "a.py": b"def tide():\n    return 1\n\n" * 30,
    }  # fmt: skip
    for name, body in texts.items():
        (folder / name).write_bytes(body)
    noise = Image.open(picture)
    noise.save(folder / "a.avif")
    noise.save(folder / "a.jpg", comment=b"pier", xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    with suppress(ImportError, OSError):
        importlib.import_module("pillow_jxl")
        noise.save(folder / "a.jxl")


def make_text_traps(folder: Path) -> None:
    """Text that unpacks or nests without end."""
    inner = EmailMessage()
    inner.set_content("the innermost")
    for _ in range(60):
        outer = EmailMessage()
        outer["Subject"] = "again"
        outer.add_attachment(inner)
        inner = outer
    (folder / "nested.eml").write_bytes(inner.as_bytes())
    (folder / "parts.eml").write_bytes(
        b"Subject: x\nDate: x\nMIME-Version: 1.0\n"
        + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3_000))
    )
    (folder / "deep.json").write_bytes(b"[" * 1_000_000)
    (folder / "deep.ipynb").write_bytes(b'{"cells":' * 100_000)
    (folder / "deep.svg").write_bytes(b"<svg>" + b"<g>" * 500_000)
    (folder / "folded.ics").write_bytes(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:" + b"x\n " * 2_000_000)
    (folder / "times.srt").write_bytes(b"1\n00:00:01,000 --> 00:00:02,000\n" * 200_000)
    (folder / "drawn.ass").write_bytes(
        b"[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00," + b"{\\p1}m" * 500_000
    )


def make_traps(folder: Path) -> None:
    """What hostile or unlucky people leave in folders."""
    folder.mkdir()
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("not a picture", "utf-8")
    with open(folder / "sparse.mp4", "wb") as file:
        file.truncate(8 << 30)
    Image.new("1", (16_000, 16_000)).save(folder / "bomb.png")
    frames = [Image.new("P", (64, 64), n % 256) for n in range(400)]
    frames[0].save(folder / "endless.gif", save_all=True, append_images=frames[1:] * 5, duration=20)
    zeros = bytes(300 << 20)
    for name, inner in (("bomb.docx", "word/document.xml"), ("bomb.epub", "OEBPS/chapter.xhtml")):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            if name.endswith("epub"):
                archive.writestr("mimetype", "application/epub+zip")
            else:
                archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr(inner, zeros)
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    svg = io.BytesIO(f'<!DOCTYPE x [<!ENTITY e0 "lol">{entities}]><html>&e9;</html>'.encode())
    (folder / "laughs.html").write_bytes(svg.getvalue())
    (folder / "bomb.txt.gz").write_bytes(gzip.compress(zeros[: 1 << 20]))
    os.mkfifo(folder / "fifo.mp4")
    (folder / "loop").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    Image.new("RGB", (30, 30), "red").save(folder / "two\nlines.png")
    with open(os.path.join(os.fsencode(folder), b"\xff\xfe.png"), "wb") as file:
        Image.new("RGB", (31, 30), "red").save(file, "PNG")
    locked = folder / "locked.jpg"
    Image.new("RGB", (32, 30)).save(locked)
    locked.chmod(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    skipped: list[Skipped] = []

    def watch(event: Event) -> None:
        if isinstance(event, Skipped):
            skipped.append(event)

    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "media"
        root.mkdir()
        make_samples(Path(scratch) / "samples")
        make_fuzzed(arguments.media, Path(scratch) / "samples", root / "fuzzed", arguments.files, arguments.seed)
        make_traps(root / "traps")
        make_text_traps(root / "traps")
        (root / "good").mkdir()
        for number in range(GOOD):
            Image.new("RGB", (100 + number, 80), "blue").save(root / "good" / f"{number}.png")
        start = time.perf_counter()
        finished = index_folders(
            [root], library=Path(scratch) / "library", options=Options(speech=False), on_event=watch
        )
        bad_good = [event for event in skipped if "/good/" in str(event.path)]
        reasons = Counter(event.reason for event in skipped)
        for event in skipped:
            print(f"{event.reason:22} {event.path.name!r}  {event.detail[:120]}", file=sys.stderr)
        figures: dict[str, float | str] = {
            "files": float(arguments.files),
            "indexed": float(finished.indexed),
            "skipped": float(sum(reasons.values())),
            "good files skipped": float(len(bad_good)),
            "crashed decoders": float(reasons["crashes its decoder"]),
            "hung decoders": float(reasons["too slow"]),
            "largest decoder MiB": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
            "seconds": time.perf_counter() - start,
        }
        shutil.rmtree(root, ignore_errors=True)
    report("hostile", figures, arguments.out)
    sys.exit(1 if bad_good else 0)


if __name__ == "__main__":
    main()
