"""Whisper's encoder out of weights in the CTranslate2 format: a graph for OpenVINO, and the numbers that go into it.

A `model.bin` is little-endian: version, name and revision of the specification, then each variable as its name, rank,
sizes, type, number of bytes and bytes, then names that stand for others (CTranslate2, `specs/model_spec.py`). The layers
are those of "Robust Speech Recognition via Large-Scale Weak Supervision" (Radford et al. 2022): two convolutions,
positions, and blocks of attention and feed-forward that are normalised before.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retrieval.encoders.openvino import model_of, opset

Numbers = NDArray[np.float32]

VERSION: Final = 6  # of the container
TYPES: Final = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}  # by CTranslate2's number
PART: Final = "encoder/"
EPSILON: Final = 1e-5  # of the normalisation, torch's own


class _Reader:
    """Numbers and names from a place onward."""

    def __init__(self, data: Any) -> None:
        self._data, self._at = data, 0

    def number(self, form: str) -> int:
        """The next number, by a letter of `struct`."""
        found: int = struct.unpack_from(f"<{form}", self._data, self._at)[0]
        self._at += struct.calcsize(f"<{form}")
        return found

    def bytes(self, count: int) -> bytes:
        """The next so many. Raises: ValueError at the end."""
        found = bytes(self._data[self._at : self._at + count])
        if len(found) < count:
            raise ValueError("the weights are cut off")
        self._at += count
        return found

    def name(self) -> str:
        """Text with its length before it and a zero behind it."""
        return self.bytes(self.number("H")).rstrip(b"\0").decode()

    def skip(self, count: int) -> None:
        """Leaves out so many."""
        self._at += count


def read_encoder(path: Path) -> dict[str, Numbers]:
    """The encoder's variables by name, "encoder/" left out, float32 of any shape; int8 ones times their scale.

    path: `model.bin` of a Whisper model in the CTranslate2 format.
    Raises: ValueError where it is none that is known, OSError where it cannot be read.
    """
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = _variables(_Reader(data))
    except (struct.error, UnicodeDecodeError, KeyError) as error:
        raise ValueError(f"the weights are not as expected: {error}") from error
    scaled = {name: found.pop(f"{name}_scale") for name in list(found) if f"{name}_scale" in found}
    whole = {name: values.astype(np.float32) for name, values in found.items()}
    for name, scale in scaled.items():
        whole[name] /= scale[:, None].astype(np.float32)
    return whole


def _variables(reader: _Reader) -> dict[str, NDArray[Any]]:
    version, name = reader.number("I"), reader.name()
    if version != VERSION or name != "WhisperSpec":
        raise ValueError(f"the weights are of {name}, version {version}, not of Whisper, version {VERSION}")
    reader.number("I")  # revision of the specification
    found: dict[str, NDArray[Any]] = {}
    for _ in range(reader.number("I")):
        name = reader.name()
        shape = [reader.number("I") for _ in range(reader.number("B"))]
        kind, size = reader.number("B"), reader.number("I")
        if name.startswith(PART):
            found[name.removeprefix(PART)] = np.frombuffer(reader.bytes(size), TYPES[kind]).reshape(shape)
        else:
            reader.skip(size)
    for _ in range(reader.number("I")):
        name, stands_for = reader.name(), reader.name()
        if name.startswith(PART):
            found[name.removeprefix(PART)] = found[stands_for.removeprefix(PART)]
    return found


def encoder_graph(weights: Mapping[str, Numbers]) -> Any:
    """OpenVINO's model of the encoder: (n, mels, 2 * positions) float32, a spectrogram -> (n, positions, width) float32.

    weights: as `read_encoder` gives them. Raises: KeyError, ValueError where one is missing or of another shape.
    """
    return _Builder(weights).model()


class _Builder:
    """Layers by the names of their weights."""

    def __init__(self, weights: Mapping[str, Numbers]) -> None:
        self._weights, self._ops = weights, opset()

    def model(self) -> Any:
        """See `encoder_graph`."""
        ops, weights = self._ops, self._weights
        positions, mels = len(weights["position_encodings/encodings"]), weights["conv1/weight"].shape[1]
        given = ops.parameter([-1, mels, 2 * positions], np.float32)
        x = self._convolved(self._convolved(given, "conv1", 1), "conv2", 2)
        x = ops.add(ops.transpose(x, self._numbers([0, 2, 1])), self._constant("position_encodings/encodings"))
        number = 0
        while f"layer_{number}/ffn/linear_0/weight" in weights:
            x = ops.add(x, self._attention(x, f"layer_{number}/self_attention"))
            x = ops.add(x, self._forward(x, f"layer_{number}/ffn"))
            number += 1
        return model_of(self._normalised(x, "layer_norm"), given)

    def _constant(self, name: str) -> Any:
        return self._ops.constant(self._weights[name])

    def _numbers(self, values: list[int]) -> Any:
        return self._ops.constant(np.array(values, np.int64))

    def _convolved(self, x: Any, name: str, stride: int) -> Any:
        bias = self._ops.constant(self._weights[f"{name}/bias"].reshape(1, -1, 1))
        x = self._ops.convolution(x, self._constant(f"{name}/weight"), [stride], [1], [1], [1])
        return self._ops.gelu(self._ops.add(x, bias), "erf")

    def _normalised(self, x: Any, name: str) -> Any:
        plain = self._ops.mvn(x, self._numbers([-1]), True, EPSILON, "inside_sqrt")
        scaled = self._ops.multiply(plain, self._constant(f"{name}/gamma"))
        return self._ops.add(scaled, self._constant(f"{name}/beta"))

    def _linear(self, x: Any, name: str) -> Any:
        product = self._ops.matmul(x, self._constant(f"{name}/weight"), False, True)
        return self._ops.add(product, self._constant(f"{name}/bias"))

    def _attention(self, x: Any, name: str) -> Any:
        ops, width = self._ops, self._weights[f"{name}/layer_norm/gamma"].size
        heads = int(self._weights["num_heads"])
        asked = self._linear(self._normalised(x, f"{name}/layer_norm"), f"{name}/linear_0")
        apart, turned = self._numbers([0, 0, heads, width // heads]), self._numbers([0, 2, 1, 3])
        parts = ops.split(asked, ops.constant(np.int64(2)), 3).outputs()
        found = ops.scaled_dot_product_attention(
            *(ops.transpose(ops.reshape(one, apart, True), turned) for one in parts)
        )
        joined = ops.reshape(ops.transpose(found, turned), self._numbers([0, 0, width]), True)
        return self._linear(joined, f"{name}/linear_1")

    def _forward(self, x: Any, name: str) -> Any:
        inside = self._linear(self._normalised(x, f"{name}/layer_norm"), f"{name}/linear_0")
        return self._linear(self._ops.gelu(inside, "erf"), f"{name}/linear_1")
