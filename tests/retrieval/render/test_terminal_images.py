"""Pictures for terminals: which protocol, and that what is written decodes to the picture."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval.domain.result import Hit
from retrieval.render import terminal_images


@pytest.fixture
def picture() -> Image.Image:
    """Left half red, right half blue, a height that is no multiple of six."""
    pixels = np.zeros((20, 32, 3), np.uint8)
    pixels[:, :16], pixels[:, 16:] = (255, 0, 0), (0, 0, 255)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, None),
        ({"TERM": "dumb"}, None),
        ({"TERM": "xterm"}, None),
    ],
)
def test_the_terminal_is_known_by_its_environment(environment: dict[str, str], expected: str | None) -> None:
    """A multiplexer or an unknown terminal gets no picture."""
    assert terminal_images.protocol(environment) == expected


def test_kitty_gets_a_png_in_pieces(picture: Image.Image) -> None:
    """All pieces but the last say that more follows; together they are the picture."""
    noisy = Image.fromarray(np.random.default_rng(1).integers(0, 255, (96, 96, 3), np.uint8))
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", terminal_images.kitty(noisy))
    assert [head[-1] for head, _ in pieces] == ["1"] * (len(pieces) - 1) + ["0"]
    assert len(pieces) > 1
    decoded = Image.open(io.BytesIO(base64.b64decode("".join(data for _, data in pieces))))
    assert np.array_equal(np.asarray(decoded), np.asarray(noisy))


def test_iterm_gets_a_png_and_its_size(picture: Image.Image) -> None:
    """The size in bytes is the real one."""
    found = re.fullmatch(r"\x1b]1337;File=inline=1;size=(\d+);[^:]*:([^\a]*)\a", terminal_images.iterm(picture))
    assert found is not None
    data = base64.b64decode(found[2])
    assert len(data) == int(found[1])
    assert Image.open(io.BytesIO(data)).size == (32, 20)


def test_sixel_draws_every_pixel_in_its_colour(picture: Image.Image) -> None:
    """A small Sixel reader gives the picture back."""
    assert np.abs(_drawn(terminal_images.sixel(picture)).astype(int) - np.asarray(picture)).max() <= 3


def _drawn(text: str) -> np.ndarray:
    """The picture that a terminal would draw."""
    size = re.search(r'"1;1;(\d+);(\d+)', text)
    assert size is not None
    drawn = np.zeros((int(size[2]), int(size[1]), 3), np.uint8)
    palette, colour, x, top = {}, 0, 0, 0
    body = text[size.end() : text.index("\x1b\\")]
    for number, definition, count, sixel, control in re.findall(
        r"#(\d+)((?:;\d+){4})?|(?:!(\d+))?([?-~])|([$-])", body
    ):
        if number:
            colour = int(number)
            if definition:
                palette[colour] = [int(each) * 255 / 100 for each in definition.split(";")[2:]]
        elif sixel:
            for _ in range(int(count or 1)):
                for bit in range(6):
                    if (ord(sixel) - 63) >> bit & 1:
                        drawn[top + bit, x] = palette[colour]
                x += 1
        elif control == "-":
            x, top = 0, top + 6
        else:
            x = 0
    return drawn


@pytest.mark.parametrize(
    ("medium", "offline"), [("audio", False), ("document", False), ("image", True), ("image", False)]
)
def test_what_has_no_picture_gets_none(medium: str, offline: bool, tmp_path: Path) -> None:
    """Sound, text, offline and vanished files are lines without a picture, not errors."""
    gone = tmp_path / "gone.jpg"
    assert terminal_images.thumbnail(Hit(gone, (gone,), "00", medium, 0.3, 0.9, (), None, offline), "kitty") == ""
