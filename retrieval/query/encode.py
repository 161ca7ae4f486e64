"""Operands of a question -> vectors in each space, and keywords: once, before a snapshot of the library is opened.

A text asks the sentence space, the shared space and the keywords. A picture asks the shared space. A recording asks by its
sound, and by the words spoken in it as texts; a video by its frames, its subtitles or speech, and its sound; a document by
its passages as texts and by the pictures inside. `like` asks with vectors and texts that the library holds already,
without a model: they are read in a snapshot, as is the asset that is the very file which asks. Media libraries are
imported only for files, so a text question stays light.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from retrieval.blas_threads import single_threaded_blas
from retrieval.domain.media import (
    MODALITIES,
    Lane,
    Modality,
    Space,
    Vectors,
)
from retrieval.domain.query import FileReader, Operand, Query, SentFile
from retrieval.domain.text import normalized, valid_text
from retrieval.errors import EncoderUnavailable, QueryError
from retrieval.kinds import KINDS, asked_of
from retrieval.settings import MOST_VIEWS

if TYPE_CHECKING:
    from retrieval.encoders.profile import Role
    from retrieval.protocols import Profile, Snapshot
    from retrieval.query.content import Content

_BYTES = re.compile("(?<![\ud800-\udbff])[\udc80-\udcff]")  # bytes that are no text, as Python hands them on

MOST_TEXTS = 16  # passages or sentences
KEPT_TEXTS = 256  # encoded questions that a library keeps; a few kilobytes each
KEYWORD_CHARS = 300  # a longer text is asked by its meaning alone

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

    @property
    def is_text(self) -> bool:
        """Whether words ask, not what a file or the library holds."""
        return bool(self.words) and self.digest is None and self.like is None


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


class TextVectors:
    """The texts that were asked lately, encoded: a page, its counts, its explanations and the next page ask the same text.

    Kept by text and by the spaces of the profile, whose revisions tell encoders apart; from any thread.
    """

    def __init__(self, most: int = KEPT_TEXTS) -> None:
        self._most = most
        self._kept: dict[tuple[str, tuple[Space, ...]], EncodedOperand] = {}  # the one asked last at its end
        self._lock = Lock()

    def encoded(self, text: str, profile: Profile) -> EncodedOperand:
        """One text operand. What lacks an encoder is not kept. Raises: as encode_query."""
        try:
            key = text, tuple(profile.space(role) for role in profile.spaces)
        except EncoderUnavailable:
            return _encode_text(text, profile)
        with self._lock:
            found = self._kept.pop(key, None)
            if found is not None:
                self._kept[key] = found
                return found
        made = _encode_text(text, profile)
        if not made.warnings:
            for rows in made.vectors.values():
                rows.flags.writeable = False
            with self._lock:
                self._kept[key] = made
                if len(self._kept) > self._most:
                    del self._kept[next(iter(self._kept))]
        return made


def encode_query(query: Query, profile: Profile, asked: TextVectors | None = None) -> EncodedQuery:
    """Encodes every operand of a query; costs the decoding of its files and the runs of the encoders.

    asked: texts that need not be encoded again.

    Raises:
        QueryError: an operand cannot be understood.
        MediaError: its file cannot be read.
        EncoderUnavailable: no encoder here can ask it at all.
    """
    with single_threaded_blas:
        return EncodedQuery(query, tuple(encode_operand(each, profile, asked) for each in query.operands), profile)


def encoded_for(encoded: EncodedQuery, profile: Profile) -> EncodedQuery:
    """The query as that profile encodes it. Raises: as encode_query."""
    return encoded if encoded.profile in (None, profile) else encode_query(encoded.query, profile)


def encode_operand(operand: Operand, profile: Profile, asked: TextVectors | None = None) -> EncodedOperand:
    """Encodes one operand. Raises: as encode_query."""
    if operand.sense == "text":
        text = _checked_text(operand.value)
        encoded = asked.encoded(text, profile) if asked is not None else _encode_text(text, profile)
    elif operand.sense == "like":
        encoded = EncodedOperand(like=str(operand.value))
    elif isinstance(operand.value, str | Path):
        encoded = _encode_file(Path(operand.value).expanduser(), operand.sense, profile)
    elif isinstance(operand.value, SentFile):
        encoded = _encode_file(operand.value.path, operand.sense, profile, operand.value.read)
    elif isinstance(operand.value, bytes | bytearray | memoryview):
        encoded = _encode_bytes(operand.value, operand.sense, profile)
    else:
        from retrieval.query.content import of_value

        encoded = _encode_content(of_value(operand, profile), profile)
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
    vectors, warnings = _encode_items({"text": [normalized(text)]}, profile)
    return EncodedOperand(vectors, text, warnings=warnings)


def _encode_content(content: Content, profile: Profile) -> EncodedOperand:
    """Content of a file as vectors, and its texts as keywords where they are not long."""
    items: dict[Modality, Sequence[Any]] = {"text": content.texts, "image": content.pictures, "sound": content.sounds}
    vectors, warnings = _encode_items(items, profile)
    said = " ".join(content.texts)
    words = said if len(said) <= KEYWORD_CHARS else ""
    return EncodedOperand(vectors, words, warnings=(*content.warnings, *warnings))


def _encode_items(
    items: Mapping[Modality, Sequence[Any]], profile: Profile
) -> tuple[dict[tuple[Role, Modality], Vectors], tuple[str, ...]]:
    """Vectors, and warnings: an encoder that is not here costs its lane and gives one, all of them are an error."""
    vectors: dict[tuple[Role, Modality], Vectors] = {}
    failures: list[EncoderUnavailable] = []
    for space in profile.spaces:
        for modality, values in items.items():
            if values and modality in asked_of(space) and not _is_elsewhere(profile, space, modality):
                rows = _encode(profile, space, modality, _thinned(values, _most(modality)), failures)
                if rows is not None:
                    vectors[space, modality] = rows
    if failures and not vectors:
        raise failures[0]
    return vectors, tuple(str(each) for each in failures)


def _is_elsewhere(profile: Profile, space: Role, modality: Modality) -> bool:
    """Whether a space of the profile's lacks a modality because another one holds it: sounds may have their own."""
    return modality not in profile.modalities(space) and any(
        modality in profile.modalities(other) and modality in asked_of(other) for other in profile.spaces
    )


def _most(modality: Modality) -> int:
    return MOST_TEXTS if modality == "text" else MOST_VIEWS


def _encode(
    profile: Profile, role: Role, modality: Modality, items: Sequence[Any], failures: list[EncoderUnavailable]
) -> Vectors | None:
    try:
        return profile.encoder(role, modality).encode(items)
    except EncoderUnavailable as error:
        failures.append(error)
        return None


def _thinned(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` items, evenly spread, the first and last among them."""
    if len(items) <= most:
        return list(items)
    return [items[int(at)] for at in np.linspace(0, len(items) - 1, most).round()]


def _encode_file(path: Path, sense: str, profile: Profile, read: FileReader | None = None) -> EncodedOperand:
    from retrieval.media.hashing import whole_hash
    from retrieval.media.objects import localized
    from retrieval.query.content import of_file

    with localized(path) as here:
        return replace(_encode_content(of_file(here, sense, profile, read), profile), digest=whole_hash(here))


def _encode_bytes(data: bytes | bytearray | memoryview, sense: str, profile: Profile) -> EncodedOperand:
    """What a file of these bytes asks; decoders read files."""
    with tempfile.TemporaryDirectory(prefix="crossmedia-") as folder:
        file = Path(folder) / f"{sense} in memory"
        file.write_bytes(data)
        return _encode_file(file, sense, profile)


# ---------------------------------------------------------------- what the library holds


def read_like(name: str, snapshot: Snapshot, spaces: Mapping[Role, tuple[int, int]]) -> EncodedOperand:
    """The vectors and texts that the library holds of a segment, path or hash. Raises: as asset_named."""
    from retrieval.query.names import segments_named

    _, named = segments_named(name, snapshot)
    found = [each for each in named if each.segment.kind != "region" or len(named) == 1]  # pictures as wholes
    modalities: dict[int, Modality] = {each.id: KINDS[each.segment.kind].modality for each in found}
    vectors: dict[tuple[Role, Modality], Vectors] = {}
    stored = snapshot.vectors.of_segments(dict(spaces.values()), modalities)
    for role, (space, _) in spaces.items():
        owners = stored[space].segments.tolist()
        for modality in MODALITIES:
            rows = [at for at, segment in enumerate(owners) if modalities[segment] == modality]
            if rows:
                vectors[role, modality] = stored[space].data[_thinned(rows, MOST_VIEWS)].astype(np.float32)
    said = " ".join(each.segment.text for each in found if each.segment.text)
    return EncodedOperand(vectors, said if len(said) <= KEYWORD_CHARS else "")
