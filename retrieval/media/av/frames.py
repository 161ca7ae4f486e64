"""Decoded frames as they are shown: upright, with square pixels, in the colours of a common screen."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any, Final

import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from retrieval.media.image.tone import HLG, PQ, tone_mapped

HD: Final = 720  # lines from which players take BT.709 for what says nothing
UNSAID: Final = 2  # colour space "unspecified" of ITU-T H.273
HDR_SIDE: Final = 1920  # pixels of the longer side to which frames of high dynamic range are shrunk
STRETCH: Final = 5  # pixels more than this times as wide as high, or as high as wide, are damaged tags


def picture(
    frame: Any, aspect: Fraction | None = None, scaler: VideoReformatter | None = None, least: int = 0
) -> Image.Image:
    """A decoded frame as it is shown: RGB, upright. aspect: width of a pixel to its height, None for square ones.

    least: pixels that the shorter side keeps at least, where the picture may be shrunk by a whole number; 0: it may not.
    scaler: kept by the caller for frames of one size and one `least`.
    """
    scaler = scaler or VideoReformatter()
    image = Image.fromarray(_hdr(frame, scaler) if is_hdr(frame) else _sdr(frame, scaler, least))
    if aspect and aspect != 1 and Fraction(1, STRETCH) <= aspect <= STRETCH:
        image = image.resize(_square(image.width, image.height, aspect))
    for step in turn(frame):
        image = image.transpose(step)
    return image


def squeezed(frame: Any, side: int, resample: str, scaler: VideoReformatter) -> NDArray[np.uint8]:
    """(side, side, 3) uint8 of a decoded frame, not of high dynamic range, as it is shown; the shape of its pixels is lost.

    resample: "bicubic", "bilinear" or "lanczos", which widen with the shrinking as those of Pillow do. scaler: as of
    `picture`.
    """
    rgb = scaler.reformat(
        frame, side, side, "rgb24", src_colorspace=_colours(frame), interpolation=resample.upper(), threads=1
    )
    image = Image.fromarray(rgb.to_ndarray())
    for step in turn(frame):
        image = image.transpose(step)
    return np.asarray(image)


def is_hdr(frame: Any) -> bool:
    """Whether a frame's brightness is to be mapped for a common screen."""
    return frame.color_trc in (PQ, HLG)


def shown_size(frame: Any, aspect: Fraction | None) -> tuple[int, int]:
    """Width and height of a frame as it is shown."""
    width, height = frame.width, frame.height
    if aspect and aspect != 1 and Fraction(1, STRETCH) <= aspect <= STRETCH:
        width, height = _square(width, height, aspect)
    turned = any(step == Image.Transpose.TRANSPOSE for step in turn(frame))
    return (height, width) if turned else (width, height)


def aspect_of(stream: Any) -> Fraction | None:
    """Width of a stream's pixels to their height; None for square ones and for what says nothing."""
    said = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return Fraction(said) if said and said > 0 and said != 1 else None


def turn(frame: Any) -> list[Image.Transpose]:
    """What brings a frame upright, one step after the other: its display matrix in quarter turns, mirrors included."""
    for side in frame.side_data:
        if side.type.name == "DISPLAYMATRIX" and len(bytes(side)) >= 36:
            a, b, _, c, d = struct.unpack("<5i", bytes(side)[:20])
            swaps = abs(b) + abs(c) > abs(a) + abs(d)
            across, down = (c, b) if swaps else (a, d)
            steps = [Image.Transpose.TRANSPOSE] if swaps else []
            steps += [Image.Transpose.FLIP_LEFT_RIGHT] if across < 0 else []
            return steps + ([Image.Transpose.FLIP_TOP_BOTTOM] if down < 0 else [])
    return []


def is_plain(frame: Any) -> bool:
    """Whether a frame is shown as it is stored."""
    return not turn(frame) and not is_hdr(frame)


def _square(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def _sdr(frame: Any, scaler: VideoReformatter, least: int) -> NDArray[np.uint8]:
    """(h, w, 3) uint8, both sides divided by one whole number."""
    times = max(1, min(frame.width, frame.height) // least) if least else 1
    size = (frame.width // times, frame.height // times)
    interpolation = "AREA" if times > 1 else None
    rgb = scaler.reformat(frame, *size, "rgb24", src_colorspace=_colours(frame), interpolation=interpolation, threads=1)
    return np.asarray(rgb.to_ndarray())


def _colours(frame: Any) -> Colorspace | None:
    """What players take the colours for, where a frame does not say it; None: as it says."""
    unsaid = (
        frame.colorspace == UNSAID
        and frame.height >= HD
        and not frame.format.name.startswith(("rgb", "bgr", "gbr", "pal"))
    )
    return Colorspace.ITU709 if unsaid else None


def _hdr(frame: Any, scaler: VideoReformatter) -> NDArray[np.uint8]:
    """(h, w, 3) uint8, with at most HDR_SIDE pixels a side."""
    scale = min(1.0, HDR_SIDE / max(frame.width, frame.height))
    size = (max(2, round(frame.width * scale)), max(2, round(frame.height * scale)))
    rgb = scaler.reformat(frame, *size, "rgb48le", src_colorspace=Colorspace.BT2020, threads=1)
    return tone_mapped(rgb.to_ndarray(), frame.color_trc)
