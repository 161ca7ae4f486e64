"""What an operand holds: files, bytes and arrays -> texts, and views of pictures and sounds for the encoders."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, ExtractedSegment, ImageSpec, InputSpec, Medium, Metadata
from retrieval.domain.query import FileReader, Operand
from retrieval.errors import EncoderUnavailable, MediaError, MediaUnreadable, QueryError
from retrieval.kinds import KINDS, space_among
from retrieval.settings import MOST_VIEWS, RATE

if TYPE_CHECKING:
    from retrieval.protocols import Profile

SPEECH_CHUNKS = 10  # of 30 s: what is transcribed of a recording that asks


@dataclass(slots=True)
class Content:
    """The content of a file: texts, and views of pictures and sounds."""

    texts: list[str] = field(default_factory=list)
    pictures: list[NDArray[np.uint8]] = field(default_factory=list)
    sounds: list[NDArray[np.float32]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


# ---------------------------------------------------------------- files


def of_file(path: Path, sense: str, profile: Profile, read: FileReader | None = None) -> Content:
    """What a file holds. read: what opens it; None: this process.

    Raises:
        MediaError: there is none, it cannot be read, or there is nothing in it to ask with.
        QueryError: it is of another medium than `sense`.
    """
    if not path.is_file():
        raise MediaUnreadable(f"there is no file {path}", "check the path")
    read = read or partial(_read_here, path)
    (medium,) = read("identify")
    if medium != sense and not {medium, sense} == {"audio", "video"}:
        raise QueryError(f"{path.name} is {_a(medium)}, not {_a(sense)}", f"ask with --{medium}")
    content = _READERS[medium](read, profile)
    if not (content.texts or content.pictures or content.sounds):
        raise MediaUnreadable(f"nothing to ask with was found in {path.name}", "it may be silent or empty")
    return content


def _read_here(path: Path, step: str, medium: Medium | None = None, spec: InputSpec = None) -> Generator[Any]:
    from retrieval.media import extract, sniff

    if step == "identify":
        yield sniff.identify(path)[0]
    else:
        yield from getattr(extract, step)(path, medium, spec)


def _a(medium: str) -> str:
    return f"an {medium}" if medium[0] in "aeiou" else f"a {medium}"


def _pixels(profile: Profile) -> ImageSpec:
    form = profile.encoder("shared", "image").form
    if not isinstance(form, ImageSpec):
        raise EncoderUnavailable(f"the image encoder of profile {profile.name} takes no pixels")
    return form


def _read_image(read: FileReader, profile: Profile) -> Content:
    content = Content()
    _take(content, read("read", "image", _pixels(profile)))
    content.texts.clear()
    return content


def _read_document(read: FileReader, profile: Profile) -> Content:
    content = Content()
    _take(content, read("read", "document", _pixels(profile)))
    return content


def _read_audio(read: FileReader, profile: Profile) -> Content:
    content = Content()
    _listen(content, read, profile)
    _transcribe(content, read, profile)
    return content


def _read_video(read: FileReader, profile: Profile) -> Content:
    content = Content()
    form = _pixels(profile)
    facts = _take(content, read("read", "video", form))
    _take(content, read("watch", "video", form))
    if facts is None or facts.has_sound:
        _listen(content, read, profile)
        if facts is None or not facts.has_subtitles:
            _transcribe(content, read, profile)
    return content


_READERS: dict[Medium, Callable[[FileReader, Profile], Content]] = {
    "image": _read_image,
    "document": _read_document,
    "audio": _read_audio,
    "video": _read_video,
}


def _take(content: Content, values: Iterable[Metadata | ExtractedSegment]) -> Metadata | None:
    """Sorts what was read into texts and views; memory does not grow with the file's length."""
    facts = None
    for value in values:
        if isinstance(value, Metadata):
            facts = value
            continue
        if value.segment.text:
            content.texts.append(value.segment.text)
        kept = content.sounds if value.segment.kind == "sound" else content.pictures
        for view in value.views:
            kept.append(view.array)
            if len(kept) >= 4 * MOST_VIEWS:
                del kept[1::2]
    return facts


def _listen(content: Content, read: FileReader, profile: Profile) -> None:
    space = space_among(KINDS["sound"], profile.spaces)
    if "sound" not in profile.modalities(space):
        return
    try:
        form = profile.encoder(space, "sound").form
        _take(content, read("listen", "audio", form if isinstance(form, AudioSpec) else AudioSpec()))
    except (EncoderUnavailable, MediaError) as error:
        content.warnings.append(str(error))


def _transcribe(content: Content, read: FileReader, profile: Profile) -> None:
    try:
        with closing(read("samples", "audio")) as samples:
            _take_speech(content, islice(samples, SPEECH_CHUNKS), profile)
    except MediaError as error:
        content.warnings.append(str(error))


def _take_speech(content: Content, samples: Iterable[NDArray[np.float32]], profile: Profile) -> None:
    try:
        content.texts += [each.text for each in profile.transcriber().transcribe(samples) if each.text]
    except EncoderUnavailable as error:
        content.warnings.append(str(error))


# ---------------------------------------------------------------- arrays


def of_value(operand: Operand, profile: Profile) -> Content:
    """A picture or sound that is already in memory. Raises: QueryError for what is neither."""
    if operand.sense == "image":
        return Content(pictures=[_picture(operand.value, _pixels(profile))])
    if operand.sense == "audio" and isinstance(operand.value, np.ndarray):
        return _sound(_samples(operand.value), profile)
    raise QueryError(
        f"{_a(operand.sense)} operand cannot hold {type(operand.value).__name__}",
        "give a path or bytes; an image also as PIL image or array (h, w, 3), audio also as samples (n,) at 16 kHz",
    )


def _picture(value: Any, form: ImageSpec) -> NDArray[np.uint8]:
    from PIL import Image

    from retrieval.media.image.decode import fit
    from retrieval.media.image.rgb import to_rgb

    if isinstance(value, np.ndarray):
        value = Image.fromarray(_pixel_bytes(value))
    if not isinstance(value, Image.Image):
        raise QueryError(
            f"an image operand holds {type(value).__name__}", "give a path, bytes, a PIL image or an array"
        )
    return fit(to_rgb(value), form)


def _pixel_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 (h, w) or (h, w, 3 or 4) of such an array, or of floats in 0..1."""
    shaped = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    is_float = np.issubdtype(array.dtype, np.floating)
    if not shaped or not array.size or not (is_float or array.dtype == np.uint8):
        raise QueryError(
            f"an image array is {array.dtype} {array.shape}", "give uint8, or floats in 0..1, of (height, width, 3)"
        )
    if not is_float:
        return array
    if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise QueryError(f"an image array holds {array.min():.3g} to {array.max():.3g}", "floats lie in 0..1")
    return np.round(array * 255).astype(np.uint8)


def _samples(array: NDArray[Any]) -> NDArray[np.float32]:
    """float32 (n,) in -1..1 of floats or of int16."""
    is_float = np.issubdtype(array.dtype, np.floating)
    if array.ndim != 1 or not array.size or not (is_float or array.dtype == np.int16):
        raise QueryError(
            f"an audio array is {array.dtype} {array.shape}", "give floats in -1..1, or int16, of (n,) at 16 kHz"
        )
    if not np.isfinite(array).all():
        raise QueryError("an audio array holds values that are not finite", "give floats in -1..1")
    return (array if is_float else array / np.float32(32_768)).astype(np.float32)


def _sound(samples: NDArray[np.float32], profile: Profile) -> Content:
    content = Content()
    space = space_among(KINDS["sound"], profile.spaces)
    if "sound" in profile.modalities(space):
        form = profile.encoder(space, "sound").form
        content.sounds = list(_windows(samples, form if isinstance(form, AudioSpec) else AudioSpec()))
    _take_speech(content, [samples], profile)
    return content


def _windows(samples: NDArray[np.float32], form: AudioSpec) -> Iterator[NDArray[np.float32]]:
    """Windows of the encoder's form over samples at 16 kHz; the last one is filled up with silence."""
    if form.rate != RATE:
        times = np.arange(int(len(samples) * form.rate / RATE)) * (RATE / form.rate)
        samples = np.interp(times, np.arange(len(samples)), samples).astype(np.float32)
    width, hop = form.rate * form.window_ms // 1000, form.rate * form.hop_ms // 1000
    for start in range(0, max(len(samples) - width + hop, 1), hop):
        window = samples[start : start + width]
        yield np.pad(window, (0, width - len(window)))
