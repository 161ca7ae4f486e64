"""Small pictures of hits for terminals that show them: Kitty's, iTerm2's and Sixel graphics.

Sources: the Kitty graphics protocol's and iTerm2's documentation; DEC STD 070 and libsixel's notes for Sixel. A
terminal says by "primary device attributes" (CSI c) whether it knows Sixel (attribute 4).
"""

from __future__ import annotations

import base64
import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from retrieval.domain.media import Medium
from retrieval.domain.result import Hit

if TYPE_CHECKING:
    from PIL.Image import Image

Protocol: TypeAlias = Literal["kitty", "iterm", "sixel"]

ROWS = 4  # of the terminal, high
SIDE = 96  # pixels, at most
COLOURS = 64  # of a Sixel picture
ANSWER_S = 0.15  # a terminal that is silent so long does not answer


def protocol(environment: Mapping[str, str] = os.environ) -> Protocol | None:
    """How this terminal shows pictures, None if it does not. Standard output must be a terminal."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if "TMUX" in environment or term.startswith(("screen", "tmux")) or term == "dumb":
        return None  # a multiplexer would print the picture as text
    if "KITTY_WINDOW_ID" in environment or term == "xterm-kitty" or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return "sixel" if _knows_sixel() else None


def _knows_sixel() -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    attributes = _ask_terminal(b"\x1b[c", b"c").partition(b"?")[2].rstrip(b"c").split(b";")
    return b"4" in attributes


def _ask_terminal(question: bytes, last: bytes) -> bytes:
    """What the terminal answers, up to the byte `last`; empty if it is silent."""
    try:
        import select
        import termios
        import tty
    except ImportError:
        return b""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    answer = b""
    try:
        tty.setcbreak(terminal)
        os.write(sys.stdout.fileno(), question)
        while not answer.endswith(last) and select.select([terminal], [], [], ANSWER_S)[0]:
            answer += os.read(terminal, 1)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
    return answer


def thumbnail(hit: Hit, way: Protocol) -> str:
    """The escape sequence that shows a hit's picture or best frame; empty where it has none or it cannot be read."""
    small = None if hit.offline else picture(hit.path, hit.medium, _best_ms(hit))
    return {"kitty": kitty, "iterm": iterm, "sixel": sixel}[way](small) if small else ""


def picture(path: Path, medium: Medium, at_ms: int, side: int = SIDE) -> Image | None:
    """A picture, or a frame of a video or animation, at most `side` pixels wide and high; None where none can be shown."""
    from retrieval.errors import MediaError
    from retrieval.media.objects import localized

    if medium not in ("image", "video"):
        return None
    try:
        with localized(path) as here:
            small = _opened(here, medium, at_ms, side)
    except (MediaError, OSError):  # gone or changed since it was indexed; its line still stands
        return None
    small.thumbnail((side, side))
    return small.convert("RGB")


def _opened(path: Path, medium: Medium, at_ms: int, side: int) -> Image:
    if medium == "image":
        from retrieval.media.motion import photo_at

        return photo_at(path, side=side, at_ms=at_ms)
    from retrieval.media.av.video import frame_at

    return frame_at(path, at_ms)


def _best_ms(hit: Hit) -> int:
    """When the best frame is shown; of a video found by what is said, the middle of that."""
    shots = [each for each in hit.segments if each.kind in ("shot", "image")]
    if shots and shots[0].at_ms is not None:
        return shots[0].at_ms
    span = hit.segments[0].span if hit.segments else None
    return (span.start + span.end) // 2 if span else 0


def _png(picture: Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def kitty(picture: Image) -> str:
    """A PNG in pieces of 4,096 characters, ROWS rows high."""
    data = base64.b64encode(_png(picture)).decode()
    pieces = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    heads = [f"a=T,f=100,r={ROWS}," if not at else "" for at in range(len(pieces))]
    more = [int(at + 1 < len(pieces)) for at in range(len(pieces))]
    return "".join(f"\x1b_G{head}m={m};{piece}\x1b\\" for head, m, piece in zip(heads, more, pieces, strict=True))


def iterm(picture: Image) -> str:
    """A PNG inline, ROWS rows high."""
    data = _png(picture)
    encoded = base64.b64encode(data).decode()
    return f"\x1b]1337;File=inline=1;size={len(data)};height={ROWS};preserveAspectRatio=1:{encoded}\a"


def sixel(picture: Image) -> str:
    """Bands of six rows; each band names its colours one after the other, runs of four and more shortened."""
    import numpy as np

    indexed = picture.quantize(COLOURS)
    palette = np.array(indexed.getpalette() or [], dtype=int).reshape(-1, 3) * 100 // 255
    pixels = np.asarray(indexed)
    parts = [f'\x1bPq"1;1;{picture.width};{picture.height}']
    parts += [f"#{number};2;{r};{g};{b}" for number, (r, g, b) in enumerate(palette.tolist())]
    for top in range(0, picture.height, 6):
        band = pixels[top : top + 6]
        weights = 1 << np.arange(len(band))
        rows = [f"#{c}" + _runs(((band == c) * weights[:, None]).sum(0).tolist()) for c in np.unique(band).tolist()]
        parts.append("$".join(rows) + "-")
    return "".join(parts) + "\x1b\\"


def _runs(columns: list[int]) -> str:
    """Sixel characters of one colour in one band; `columns`: six bits each."""
    found, at = [], 0
    while at < len(columns):
        end = at
        while end < len(columns) and columns[end] == columns[at]:
            end += 1
        character = chr(63 + columns[at])
        found.append(f"!{end - at}{character}" if end - at > 3 else character * (end - at))
        at = end
    return "".join(found)
