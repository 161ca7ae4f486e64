"""Operands of a question -> vectors in each space, and keywords: once, before a snapshot of the library is opened.

A text asks the sentence space, the shared space and the keywords. A picture asks the shared space. A recording asks by its
sound, and by the words spoken in it as texts; a video by its frames, its subtitles or speech, and its sound; a document by
its passages as texts and by the pictures inside. `like` asks with vectors and texts that the library holds already,
without a model: they are read in a snapshot, as is the asset that is the very file which asks. Media libraries are
imported only for files, so a text question stays light.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.blas_threads import single_threaded_blas
from retrieval.domain.media import (
    MODALITIES,
    AudioSpec,
    ExtractedSegment,
    ImageSpec,
    Lane,
    Medium,
    Metadata,
    Modality,
    Vectors,
)
from retrieval.domain.query import Operand, Query
from retrieval.domain.text import normalized, valid_text
from retrieval.errors import EncoderUnavailable, MediaError, MediaUnreadable, QueryError
from retrieval.kinds import KINDS, asked_of
from retrieval.media.hashing import whole_hash
from retrieval.protocols import Snapshot
from retrieval.query.names import segments_named
from retrieval.settings import RATE

if TYPE_CHECKING:
    from retrieval.encoders.profile import Profile, Role

_BYTES = re.compile("(?<![\ud800-\udbff])[\udc80-\udcff]")  # bytes that are no text, as Python hands them on

MOST_VIEWS = 48  # frames or sound windows of one operand that are asked
MOST_TEXTS = 16  # passages or sentences
KEYWORD_CHARS = 300  # a longer text is asked by its meaning alone
SPEECH_CHUNKS = 10  # of 30 s: what is transcribed of a recording that asks

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class EncodedOperand:
    """One operand as a search compares it with a library.

    vectors: unit rows (n, dimension) float32 by space and the modality that they come from. words: text for the keywords.
    lane: the only one that it asks. digest: BLAKE2b-256 of the file that asks. like: a segment, path or
    hash of the library, whose vectors are still to be read.

    Known in a snapshot only, see `resolve`: identical: the asset that is, byte for byte, the file that asks. more, less:
    (1, dimension) the mean of what the answers shall be more like, or less, by space and modality.
    """

    vectors: Mapping[tuple[Role, Modality], Vectors] = field(default_factory=dict)
    words: str = ""
    identical: int | None = None
    weight: float = 1.0
    warnings: tuple[str, ...] = ()
    lane: Lane | None = None
    more: Mapping[tuple[Role, Modality], Vectors] = field(default_factory=dict)
    less: Mapping[tuple[Role, Modality], Vectors] = field(default_factory=dict)
    digest: bytes | None = None
    like: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EncodedQuery:
    """A query whose operands are encoded; it may be asked of any library, as often as wanted.

    profile: what encoded it; a library of other models encodes it again.
    """

    query: Query
    operands: tuple[EncodedOperand, ...]
    profile: Profile | None = None

    def changed(self, **parts: Any) -> EncodedQuery:
        """The same operands with other fields of the query, as filters, limit or min_confidence."""
        return replace(self, query=replace(self.query, **parts))


@dataclass(slots=True)
class _Content:
    """The content of a file: texts, and views of pictures and sounds."""

    texts: list[str] = field(default_factory=list)
    pictures: list[NDArray[np.uint8]] = field(default_factory=list)
    sounds: list[NDArray[np.float32]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def encode_query(query: Query, profile: Profile) -> EncodedQuery:
    """Encodes every operand of a query; costs the decoding of its files and the runs of the encoders.

    Raises:
        QueryError: an operand cannot be understood.
        MediaError: its file cannot be read.
        EncoderUnavailable: no encoder here can ask it at all.
    """
    with single_threaded_blas:
        return EncodedQuery(query, tuple(encode_operand(each, profile) for each in query.operands), profile)


def encoded_for(encoded: EncodedQuery, profile: Profile) -> EncodedQuery:
    """The query as that profile encodes it. Raises: as encode_query."""
    return encoded if encoded.profile in (None, profile) else encode_query(encoded.query, profile)


def encode_operand(operand: Operand, profile: Profile) -> EncodedOperand:
    """Encodes one operand. Raises: as encode_query."""
    if operand.weight <= 0:
        raise QueryError(f"the weight of an operand is {operand.weight}", "give a weight above 0")
    if operand.sense == "text":
        encoded = _encode_text(_checked_text(operand.value), profile)
    elif operand.sense == "like":
        encoded = EncodedOperand(like=str(operand.value))
    elif isinstance(operand.value, Path):
        encoded = _encode_file(operand.value, operand.sense, profile)
    else:
        encoded = _encoded(_of_value(operand, profile), profile)
    return replace(encoded, weight=operand.weight, lane=operand.lane)


def resolve(encoded: EncodedOperand, snapshot: Snapshot, spaces: Mapping[Role, tuple[int, int]]) -> EncodedOperand:
    """An operand with what only the library knows: vectors of `like`, and the asset that is the file which asks.

    spaces: catalog id and dimension of the library's spaces.

    Raises:
        QueryError: it names nothing in the library.
    """
    if encoded.like is not None:
        found = read_like(encoded.like, snapshot, spaces)
        return replace(encoded, vectors=found.vectors, words=found.words)
    if encoded.digest is not None:
        return replace(encoded, identical=snapshot.assets.with_hash(encoded.digest))
    return encoded


def _checked_text(value: Any) -> str:
    if not isinstance(value, str):
        raise QueryError(f"a text operand holds {type(value).__name__}", "give a str")
    if not value.strip():
        raise QueryError("the question is empty", "give some words, a file or a filter")
    if (wrong := _BYTES.search(value)) is not None:
        raise QueryError(f"the question is not UTF-8 at character {wrong.start() + 1}", "check the terminal's encoding")
    return value.strip()


# ---------------------------------------------------------------- texts


def _encode_text(text: str, profile: Profile) -> EncodedOperand:
    text = valid_text(text)
    return replace(_encoded(_Content(texts=[normalized(text)]), profile), words=text)


def _encoded(content: _Content, profile: Profile) -> EncodedOperand:
    """Content as vectors; an encoder that is not here costs its lane and gives a warning, all of them are an error."""
    vectors: dict[tuple[Role, Modality], Vectors] = {}
    failures: list[EncoderUnavailable] = []
    items: dict[Modality, Sequence[Any]] = {"text": content.texts, "image": content.pictures, "sound": content.sounds}
    for space in profile.spaces:
        for modality, values in items.items():
            if values and modality in asked_of(space):
                rows = _encode(profile, space, modality, _thinned(values, _most(modality)), failures)
                if rows is not None:
                    vectors[space, modality] = rows
    if failures and not vectors:
        raise failures[0]
    said = " ".join(content.texts)
    words = said if len(said) <= KEYWORD_CHARS else ""
    return EncodedOperand(vectors, words, warnings=(*content.warnings, *(str(each) for each in failures)))


def _most(sense: Modality) -> int:
    return MOST_TEXTS if sense == "text" else MOST_VIEWS


def _encode(
    profile: Profile, role: Role, sense: Modality, items: Sequence[Any], failures: list[EncoderUnavailable]
) -> Vectors | None:
    try:
        return profile.encoder(role, sense).encode(items)
    except EncoderUnavailable as error:
        failures.append(error)
        return None


def _thinned(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` items, evenly spread, the first and last among them."""
    if len(items) <= most:
        return list(items)
    return [items[int(at)] for at in np.linspace(0, len(items) - 1, most).round()]


# ---------------------------------------------------------------- files


def _encode_file(path: Path, sense: str, profile: Profile) -> EncodedOperand:
    from retrieval.media.sniff import identify

    if not path.is_file():
        raise MediaUnreadable(f"there is no file {path}", "check the path")
    medium, _ = identify(path)
    if medium != sense and not {medium, sense} == {"audio", "video"}:
        raise QueryError(f"{path.name} is {_a(medium)}, not {_a(sense)}", f"ask with --{medium}")
    content = _READERS[medium](path, profile)
    if not (content.texts or content.pictures or content.sounds):
        raise MediaUnreadable(f"nothing to ask with was found in {path.name}", "it may be silent or empty")
    return replace(_encoded(content, profile), digest=whole_hash(path))


def _a(medium: str) -> str:
    return f"an {medium}" if medium[0] in "aeiou" else f"a {medium}"


def _pixels(profile: Profile) -> ImageSpec:
    form = profile.encoder("shared", "image").form
    if not isinstance(form, ImageSpec):
        raise EncoderUnavailable(f"the image encoder of profile {profile.name} takes no pixels")
    return form


def _read_image(path: Path, profile: Profile) -> _Content:
    from retrieval.media.extract import read

    content = _Content()
    _take(content, read(path, "image", _pixels(profile)))
    content.texts.clear()
    return content


def _read_document(path: Path, profile: Profile) -> _Content:
    from retrieval.media.extract import read

    content = _Content()
    _take(content, read(path, "document", _pixels(profile)))
    return content


def _read_audio(path: Path, profile: Profile) -> _Content:
    content = _Content()
    _listen(content, path, profile)
    _transcribe(content, path, profile)
    return content


def _read_video(path: Path, profile: Profile) -> _Content:
    from retrieval.media.extract import read, watch

    content = _Content()
    form = _pixels(profile)
    facts = _take(content, read(path, "video", form))
    _take(content, watch(path, "video", form))
    if facts is None or facts.has_sound:
        _listen(content, path, profile)
        if facts is None or not facts.has_subtitles:
            _transcribe(content, path, profile)
    return content


_READERS: dict[Medium, Callable[[Path, Profile], _Content]] = {
    "image": _read_image,
    "document": _read_document,
    "audio": _read_audio,
    "video": _read_video,
}


def _take(content: _Content, values: Iterable[Metadata | ExtractedSegment]) -> Metadata | None:
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


def _listen(content: _Content, path: Path, profile: Profile) -> None:
    from retrieval.media.extract import listen

    if "sound" not in profile.senses("shared"):
        return
    try:
        form = profile.encoder("shared", "sound").form
        _take(content, listen(path, "audio", form if isinstance(form, AudioSpec) else AudioSpec()))
    except (EncoderUnavailable, MediaError) as error:
        content.warnings.append(str(error))


def _transcribe(content: _Content, path: Path, profile: Profile) -> None:
    from retrieval.media.extract import samples

    try:
        _take_speech(content, islice(samples(path, "audio"), SPEECH_CHUNKS), profile)
    except MediaError as error:
        content.warnings.append(str(error))


def _take_speech(content: _Content, samples: Iterable[NDArray[np.float32]], profile: Profile) -> None:
    try:
        content.texts += [each.text for each in profile.transcriber().transcribe(samples) if each.text]
    except EncoderUnavailable as error:
        content.warnings.append(str(error))


# ---------------------------------------------------------------- arrays


def _of_value(operand: Operand, profile: Profile) -> _Content:
    """A picture or sound that is already in memory."""
    if operand.sense == "image":
        return _Content(pictures=[_picture(operand.value, _pixels(profile))])
    if operand.sense == "audio" and isinstance(operand.value, np.ndarray) and operand.value.ndim == 1:
        return _sound(operand.value.astype(np.float32, copy=False), profile)
    raise QueryError(
        f"{_a(operand.sense)} operand cannot hold {type(operand.value).__name__}",
        "give a Path; an image also as PIL image or uint8 array (h, w, 3), audio also as float32 samples (n,) at 16 kHz",
    )


def _picture(value: Any, form: ImageSpec) -> NDArray[np.uint8]:
    from PIL import Image

    from retrieval.media.image.decode import fit, to_rgb

    if isinstance(value, np.ndarray):
        if value.dtype != np.uint8 or value.ndim != 3 or value.shape[2] != 3 or not value.size:
            raise QueryError(f"an image array is {value.dtype} {value.shape}", "give uint8 of (height, width, 3)")
        value = Image.fromarray(value)
    if not isinstance(value, Image.Image):
        raise QueryError(f"an image operand holds {type(value).__name__}", "give a Path, a PIL image or an array")
    return fit(to_rgb(value), form)


def _sound(samples: NDArray[np.float32], profile: Profile) -> _Content:
    content = _Content()
    if "sound" in profile.senses("shared"):
        form = profile.encoder("shared", "sound").form
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


# ---------------------------------------------------------------- what the library holds


def read_like(name: str, snapshot: Snapshot, spaces: Mapping[Role, tuple[int, int]]) -> EncodedOperand:
    """The vectors and texts that the library holds of a segment, path or hash. Raises: as asset_named."""
    _, named = segments_named(name, snapshot)
    found = [each for each in named if each.segment.kind != "region" or len(named) == 1]  # pictures as wholes
    senses: dict[int, Modality] = {each.id: KINDS[each.segment.kind].modality for each in found}
    vectors: dict[tuple[Role, Modality], Vectors] = {}
    for role, (space, dimension) in spaces.items():
        held = snapshot.vectors.of_segments(space, senses, dimension)
        owners = held.segments.tolist()
        for modality in MODALITIES:
            rows = [at for at, segment in enumerate(owners) if senses[segment] == modality]
            if rows:
                vectors[role, modality] = held.data[_thinned(rows, MOST_VIEWS)].astype(np.float32)
    said = " ".join(each.segment.text for each in found if each.segment.text)
    return EncodedOperand(vectors, said if len(said) <= KEYWORD_CHARS else "")
