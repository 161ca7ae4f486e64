"""One picture file turned into facts and pixels. The only module that knows how a picture becomes an encoder's input.

The rule of pixels, for training and use alike:
1. A JPEG with more than MARGIN times the wanted size on both sides is decoded at 1/2, 1/4 or 1/8 (Pillow's `draft`),
   never below MARGIN times the wanted size.
2. The picture is turned upright, brought to 8-bit RGB, transparency laid on a plain ground (`to_rgb`).
3. `fit` resizes with the form's filter, Pillow's antialiasing and `reducing_gap` 3, which changes nothing in shrinks
   below six times.
Colour profiles are not applied.
"""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageSequence, UnidentifiedImageError

from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata, ModelInput, Segment
from retrieval.errors import MediaError, MediaTooLarge, MediaUnreadable, MediaUnsupported
from retrieval.media.image import deep, live, metadata, raw
from retrieval.media.image.rgb import to_rgb
from retrieval.media.image.tone import HLG, PQ, tone_mapped
from retrieval.media.sniff import identify
from retrieval.settings import LIMITS, Limits

Pixmap = NDArray[np.uint8]

MARGIN: Final = 1.5  # of the wanted size, that a JPEG decoded in part has at least
BOMB_BYTES: Final = 600 << 20  # unpacked; above it a picture must hold a byte in the file for `archive_ratio` of them
BEFORE_JPEG: Final = 64  # bytes in which the start of a JPEG is looked for
LEAST_READ: Final = 0.25  # of the rows of a picture that is cut short
STILL: Final = 2.0  # mean difference (0..255) up to which two frames of an animation are one view
FRAMES_SEEN: Final = 2_000  # frames of one animation that are looked at; the rest is taken to repeat
PAGED: Final = frozenset({"TIFF"})  # frames of these are pages, not moments

Image.MAX_IMAGE_PIXELS = None  # our own limits are checked on the header, before any decoding


def open_image(
    path: Path, limits: Limits = LIMITS, side: int = 0, *, page: int | None = None, at_ms: int = 0
) -> Image.Image:
    """The picture of a file, upright, RGB: the first one, or a page (1-based) of a multi-page TIFF, or the frame of an
    animation at a time; the last there is, where there are fewer. `side` > 0: at least so many pixels a side are wanted,
    fewer need not be decoded.

    Raises:
        MediaUnreadable: missing, empty, truncated or damaged.
        MediaTooLarge: more pixels than limits.pixels, or far more than the file can hold.
        MediaUnsupported: not a picture.
    """
    with _decoding(path), _opened(path, limits) as (image, _):
        if page is not None and page > 1:
            image.seek(max(0, min(page, _pages(image)) - 1))
            _check_size(image, path.stat().st_size, path.name, limits)
        if at_ms > 0 and getattr(image, "is_animated", False):
            return to_rgb(_frame_at(image, at_ms)).copy()
        return _upright(image, side)


def fit(image: Image.Image, form: ImageSpec) -> Pixmap:
    """uint8 (height, width, 3): an RGB picture in an encoder's shape, a square one but by `whole` and `grid`."""
    filter_ = Image.Resampling[form.resample.upper()]
    width, height = image.size
    if form.fit == "whole":
        scale = min(1.0, 4 * form.size / min(width, height))
        return np.asarray(image.resize((round(width * scale), round(height * scale)), filter_, reducing_gap=3.0))
    if form.fit == "grid":
        return np.asarray(image.resize(form.grid(width, height), filter_, reducing_gap=3.0))
    if form.fit == "squeeze":
        return np.asarray(image.resize((form.size, form.size), filter_, reducing_gap=3.0))
    outer = min if form.fit == "crop" else max
    scale = form.size / outer(width, height)
    size = (max(1, int(width * scale + 1e-9)), max(1, int(height * scale + 1e-9)))
    scaled = image.resize(size, filter_, reducing_gap=3.0)
    left, top = round((size[0] - form.size) / 2), round((size[1] - form.size) / 2)
    if form.fit == "crop":
        return np.asarray(scaled.crop((left, top, left + form.size, top + form.size)))
    ground = Image.new("RGB", (form.size, form.size), (form.fill,) * 3)
    ground.paste(scaled, (-left, -top))
    return np.asarray(ground)


def read_image(path: Path, form: ImageSpec, limits: Limits = LIMITS) -> Iterator[Metadata | ExtractedSegment]:
    """One Facts, then one `image` Reading; a multi-page TIFF gives one for each page, an animation one with several
    views.

    Raises: as `open_image`. Pages and frames behind a damaged one are left out; the first must be whole.
    """
    with _decoding(path), _opened(path, limits) as (image, name):
        pages = _pages(image)
        is_animated = getattr(image, "is_animated", False) and image.format not in ("ICO", "CUR", "PSD", "MPO", "HEIF")
        facts = _facts(path, image, name)
        one = None if pages > 1 or is_animated else ModelInput(fit(_upright(image, form.decoded), form))
        if image.info.get("incomplete"):
            facts = replace(facts, format=f"{name}, incomplete")
        yield replace(facts, pages=pages) if pages > 1 else facts
        if one is not None:
            yield ExtractedSegment(Segment("image"), (one,))
        elif pages > 1:
            yield from _read_pages(path, image, min(pages, limits.pages), form, limits)
        else:
            yield ExtractedSegment(Segment("image"), tuple(_views(image, form, limits)))


def picture_of(content: bytes, name: str, limits: Limits = LIMITS, side: int = 0) -> Image.Image:
    """The picture held in bytes (a part of a document, an embedded preview), upright, RGB. Raises: as `open_image`."""
    with _decoding(Path(name)), _plain_open(io.BytesIO(content), name) as image:
        _check_size(image, len(content), name, limits)
        _load_early(image)
        return _upright(image, side)


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    """Turns whatever Pillow and its plugins raise on a bad file into a MediaError; keeps their warnings quiet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (MediaError, GeneratorExit):
            raise
        except MemoryError as error:
            raise MediaTooLarge(f"{path.name} needs more memory than a decoder may use") from error
        except Exception as error:  # Pillow's plugins raise nearly every class there is on hostile input
            raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> MediaError:
    text = str(error)
    if isinstance(error, FileNotFoundError | PermissionError):
        return MediaUnreadable(f"cannot read {path.name}: {error.strerror}")
    cut = any(sign in text.lower() for sign in ("truncated", "end of file", "not enough", "eof", "bytes not processed"))
    return MediaUnreadable(
        f"{path.name} is {'truncated' if cut else 'damaged'}", reason="truncated" if cut else "damaged"
    )


@contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[tuple[Image.Image, str]]:
    """The picture of a file, not yet decoded, its size checked; of a camera RAW its largest preview. And its format."""
    medium, name = identify(path)
    if medium != "image":
        raise MediaUnreadable(f"{path.name} is {medium}, not a picture", reason="not media")
    with open(path, "rb") as file:
        size = path.stat().st_size
        source = _source(file, name)
        with _plain_open(source, path.name, name) as image:
            _check_size(image, size, path.name, limits)
            _load_early(image)
            image.info["transfer"] = _transfer(path) if name in ("avif", "heic") else 0
            if name == "raw":
                _turn_like_raw(path, image)
            yield image, name


def _load_early(image: Image.Image) -> None:
    """Decodes a PNG before its tags are asked for: Pillow would anyway, and a damaged one would pass as whole later."""
    if image.format == "PNG":
        _load(image)


def _load(image: Image.Image) -> None:
    """Decodes a picture; of one that is cut short what is there, which `info["incomplete"]` then says."""
    try:
        image.load()
    except OSError as error:
        if "truncated" not in str(error) or image.format not in ("JPEG", "MPO", "PNG"):
            raise
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            image.load()
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
        rows = np.asarray(image.convert("RGB").resize((16, image.height)))
        same = (rows == rows[-1]).all(axis=(1, 2))[::-1]
        if same.argmin() > (1 - LEAST_READ) * image.height or same.all():
            raise
        image.info["incomplete"] = True


def _turn_like_raw(path: Path, preview: Image.Image) -> None:
    """Gives a preview without an orientation that of its RAW."""
    with suppress(Exception):
        preview.getexif().setdefault(0x0112, metadata.raw_exif(path).get(0x0112, 1))


def _source(file: BinaryIO, name: str) -> BinaryIO | io.BytesIO:
    """What Pillow opens: the preview of a camera RAW where it has one, a JPEG without what stands before it."""
    if name == "raw":
        with suppress(MediaUnreadable):
            return raw.preview(file)
        file.seek(0)
        if file.read(4) not in (b"II*\0", b"MM\0*"):
            file.seek(0)
            return raw.preview(file)
    elif name == "jpeg":
        before = file.read(BEFORE_JPEG + 3).find(b"\xff\xd8\xff")
        if before > 0:
            file.seek(before)
            return io.BytesIO(file.read())
    file.seek(0)
    return file


def _transfer(path: Path) -> int:
    """The transfer characteristics (ITU-T H.273) that an AVIF or HEIF states; 0 for none."""
    with open(path, "rb") as file:
        head = file.read(1 << 16)
    at = head.find(b"colrnclx")
    return int.from_bytes(head[at + 10 : at + 12], "big") if at >= 0 else 0


def _plain_open(source: BinaryIO | io.BytesIO, name: str, form: str = "") -> Image.Image:
    """form: as `identify` names it; by it plugins are asked, not by their order."""
    _register(source)
    try:
        image = Image.open(source, formats={"avif": ["AVIF"], "heic": ["HEIF"], "jxl": ["JXL"]}.get(form))
        return deep.by_libtiff(source) if deep.is_taken_apart(image) else image
    except UnidentifiedImageError as error:
        if (found := deep.opened(source)) is not None:
            return found
        raise MediaUnreadable(f"{name} is damaged: its header cannot be read", reason="damaged") from error
    except KeyError as error:  # no plugin of that name
        raise MediaUnsupported(
            f"{name} is JPEG XL", "pip install 'crossmedia[jxl]' to index it", "format not read"
        ) from error


def _register(source: BinaryIO | io.BytesIO) -> None:
    """Adds HEIC and JPEG XL to Pillow when a file needs them: their import costs 40 ms that others should not pay."""
    head = source.read(12)
    source.seek(0)
    if head[4:8] == b"ftyp" and "HEIF" not in Image.OPEN:
        import pillow_heif

        Image.init()  # its own AVIF before the other one's
        pillow_heif.register_heif_opener(thumbnails=False)
    elif (head[4:8] == b"JXL " or head[:2] == b"\xff\x0a") and "JXL" not in Image.OPEN:
        with suppress(ImportError, OSError):
            importlib.import_module("pillow_jxl")


def _check_size(image: Image.Image, file_bytes: int, name: str, limits: Limits) -> None:
    pixels = image.width * image.height
    if pixels > limits.pixels:
        raise MediaTooLarge(f"{name} has {pixels / 1e6:.0f} megapixels, the limit is {limits.pixels / 1e6:.0f}")
    unpacked = pixels * len(image.getbands()) / (8 if image.mode == "1" else 1)
    if unpacked > BOMB_BYTES and unpacked > file_bytes * limits.archive_ratio:
        raise MediaTooLarge(
            f"{name} unpacks {file_bytes} bytes to {pixels / 1e6:.0f} megapixels", "a decompression bomb"
        )


def _upright(image: Image.Image, side: int) -> Image.Image:
    """The current frame decoded, turned upright by its EXIF, RGB."""
    if side and image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
        image.draft(image.mode, (ceil(MARGIN * side), ceil(MARGIN * side)))
    orientation = _orientation(image)
    _load(image)
    rgb = to_rgb(image)
    if image.info.get("transfer") in (PQ, HLG):
        rgb = Image.fromarray(tone_mapped(np.asarray(rgb), int(image.info["transfer"])))
    turn = _TURNS.get(orientation)
    return rgb.transpose(turn) if turn is not None else rgb


_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1..8. The decoder of HEIF has turned the picture already, that of AVIF has not."""
    if image.format in ("HEIF", "JXL"):
        return 1
    with suppress(Exception):
        return int(image.getexif().get(0x0112, 1))
    return 1


def _pages(image: Image.Image) -> int:
    if image.format not in PAGED:
        return 1
    with suppress(Exception):
        return int(getattr(image, "n_frames", 1))
    return 1


def _read_pages(
    path: Path, image: Image.Image, pages: int, form: ImageSpec, limits: Limits
) -> Iterator[ExtractedSegment]:
    for page in range(pages):
        try:
            image.seek(page)
            _check_size(image, path.stat().st_size, path.name, limits)
            view = ModelInput(fit(_upright(image, form.decoded), form))
        except Exception:
            if page == 0:
                raise
            return
        yield ExtractedSegment(Segment("image", page=page + 1), (view,))


def _views(image: Image.Image, form: ImageSpec, limits: Limits) -> list[ModelInput]:
    """At most limits.frames views spread over an animation, repeated and still frames merged, each at its time.

    One pass without knowing the end: when the list is full every second view is dropped and the step doubles.
    """
    views: list[ModelInput] = []
    step, at_ms = 1, 0
    budget = min(FRAMES_SEEN, max(1, 4 * limits.pixels // (image.width * image.height)))
    for number, frame in enumerate(_frames(image)):
        if number >= budget:
            break
        if number % step == 0:
            array = fit(to_rgb(frame), form)
            if not views or _difference(array, views[-1].array) > STILL:
                views.append(ModelInput(array, at_ms))
        if len(views) > limits.frames:
            views, step = views[::2], step * 2
        at_ms += _lasts_ms(frame)
    return views


def _lasts_ms(frame: Image.Image) -> int:
    return int(frame.info.get("duration") or 100)


def _frame_at(image: Image.Image, at_ms: int) -> Image.Image:
    """The frame of an animation that is shown at a time; the last one where it ends before."""
    frame, until = image, 0
    for frame in _frames(image):
        until += _lasts_ms(frame)
        if until > at_ms:
            break
    return frame


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    """Frames up to the end or the first damaged one; the first frame must be whole."""
    frames = iter(ImageSequence.Iterator(image))
    if getattr(image, "default_image", False):  # of an APNG: shown where nothing moves, no part of what does
        next(frames)
    for number in range(FRAMES_SEEN + 1):
        try:
            frame = next(frames)
            frame.load()
        except StopIteration:
            return
        except Exception:
            if number == 0:
                raise
            return
        yield frame


def _difference(one: Pixmap, other: Pixmap) -> float:
    """Mean difference of two pixmaps, 0..255, over every fourth pixel."""
    return float(np.abs(one[::4, ::4].astype(np.int16) - other[::4, ::4]).mean())


def _facts(path: Path, image: Image.Image, name: str) -> Metadata:
    """What the file says of its picture; a damaged tag is left out. Width and height are those of the upright picture."""
    width, height = image.size
    if _orientation(image) >= 5:
        width, height = height, width
    said = metadata.read_metadata(image) if name != "raw" else metadata.read_raw_metadata(path, image)
    said = metadata.with_sidecar(path, said)
    return Metadata(
        "image",
        name,
        width,
        height,
        date=said.date,
        date_from=said.date_from,
        camera=said.camera,
        latitude=said.latitude,
        longitude=said.longitude,
        title=said.title,
        artist=said.artist,
        keywords=said.keywords,
        pair=live.still_identifier(image.getexif()),
    )
