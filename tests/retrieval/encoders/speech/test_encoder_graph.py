"""Whisper's encoder out of CTranslate2's weights: what is read of the file, and what the graph computes."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.encoders.openvino import CompiledGraph, Plan
from retrieval.encoders.speech.encoder_graph import VERSION, encoder_graph, read_encoder

MELS, WIDTH, POSITIONS, HEADS = 5, 16, 6, 2


def weights(seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Of an encoder with two blocks."""
    random = np.random.default_rng(seed)

    def some(*shape: int) -> NDArray[np.float32]:
        return (random.standard_normal(shape) * 0.4).astype(np.float32)

    found = {
        "conv1/weight": some(WIDTH, MELS, 3),
        "conv1/bias": some(WIDTH),
        "conv2/weight": some(WIDTH, WIDTH, 3),
        "conv2/bias": some(WIDTH),
        "position_encodings/encodings": some(POSITIONS, WIDTH),
        "num_heads": np.float32(HEADS),
        "layer_norm/gamma": some(WIDTH),
        "layer_norm/beta": some(WIDTH),
    }
    for block in ("layer_0", "layer_1"):
        for part, inner, out in (("self_attention", 3 * WIDTH, WIDTH), ("ffn", 4 * WIDTH, 4 * WIDTH)):
            name = f"{block}/{part}"
            found |= {f"{name}/layer_norm/{each}": some(WIDTH) for each in ("gamma", "beta")}
            found |= {f"{name}/linear_0/weight": some(inner, WIDTH), f"{name}/linear_0/bias": some(inner)}
            found |= {f"{name}/linear_1/weight": some(WIDTH, out), f"{name}/linear_1/bias": some(WIDTH)}
    return {name: np.asarray(values, np.float32) for name, values in found.items()}


def packed(variables: Mapping[str, NDArray[Any]], version: int = VERSION, aliases: Mapping[str, str] = {}) -> bytes:
    """A model.bin with these variables."""
    types = {"float32": 0, "int8": 1, "int16": 2, "float16": 4}

    def name(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    parts = [struct.pack("<I", version), name("WhisperSpec"), struct.pack("<II", 3, len(variables))]
    for each, values in variables.items():
        parts += [name(each), struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)]
        parts += [struct.pack("<BI", types[values.dtype.name], values.nbytes), values.tobytes()]
    parts += [struct.pack("<I", len(aliases)), *(name(each) for pair in aliases.items() for each in pair)]
    return b"".join(parts)


def test_weights_are_read_whatever_their_type(tmp_path: Path) -> None:
    """float16 as it is, int8 by its scales, an alias by what it stands for; the decoder's are left out."""
    exact = np.array([[1.5, -2.0], [0.25, 3.0]])
    variables = {
        "decoder/embeddings/weight": np.ones((3, 2), np.float32),
        "encoder/a/weight": exact.astype(np.float16),
        "encoder/b/weight": np.array([[100, -50], [127, 1]], np.int8),
        "encoder/b/weight_scale": np.array([50, 2], np.float32),
        "encoder/num_heads": np.asarray(np.int16(8)),
    }
    path = tmp_path / "model.bin"
    path.write_bytes(packed(variables, aliases={"encoder/c/weight": "encoder/a/weight"}))
    found = read_encoder(path)
    assert set(found) == {"a/weight", "b/weight", "c/weight", "num_heads"}
    assert np.array_equal(found["a/weight"], exact)
    assert np.array_equal(found["c/weight"], exact)
    assert np.array_equal(found["b/weight"], [[2, -1], [63.5, 0.5]])
    assert found["num_heads"] == 8
    assert all(each.dtype == np.float32 for each in found.values())


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"PK" + data, lambda _: b"x"])
def test_other_files_are_refused(tmp_path: Path, damage: Any) -> None:
    """Cut off, shifted or nothing at all: one kind of error, after which CTranslate2 serves."""
    path = tmp_path / "model.bin"
    path.write_bytes(damage(packed({"encoder/a/weight": np.ones((2, 2), np.float32)})))
    with pytest.raises(ValueError, match="weights"):
        read_encoder(path)


def test_a_version_to_come_is_refused(tmp_path: Path) -> None:
    """Its variables may lie otherwise."""
    path = tmp_path / "model.bin"
    path.write_bytes(packed({}, version=VERSION + 1))
    with pytest.raises(ValueError, match=f"version {VERSION + 1}"):
        read_encoder(path)


def gelu(x: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))))


def computed(of: Mapping[str, NDArray[np.float32]], frames: NDArray[np.float32]) -> NDArray[Any]:
    """The encoder in plain sums: (mels, 2 * positions) -> (positions, width)."""

    def convolved(x: NDArray[Any], name: str, stride: int) -> NDArray[Any]:
        wide = np.pad(x, ((0, 0), (1, 1)))
        spans = [wide[:, at : at + 3] for at in range(0, x.shape[1], stride)]
        sums = [np.einsum("oik,ik->o", of[f"{name}/weight"], span) for span in spans]
        return gelu(np.stack(sums, axis=1) + of[f"{name}/bias"][:, None])

    def normalised(x: NDArray[Any], name: str) -> NDArray[Any]:
        apart = x - x.mean(axis=1, keepdims=True)
        spread = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        return np.asarray(apart / spread * of[f"{name}/gamma"] + of[f"{name}/beta"])

    def linear(x: NDArray[Any], name: str) -> NDArray[Any]:
        return np.asarray(x @ of[f"{name}/weight"].T + of[f"{name}/bias"])

    def attention(x: NDArray[Any], name: str) -> NDArray[Any]:
        asked = linear(normalised(x, f"{name}/layer_norm"), f"{name}/linear_0")
        found = []
        for head in range(HEADS):
            width = WIDTH // HEADS
            q, k, v = (asked[:, at * WIDTH + head * width :][:, :width] for at in range(3))
            chances = np.exp(q @ k.T / math.sqrt(width))
            found.append(chances / chances.sum(axis=1, keepdims=True) @ v)
        return linear(np.concatenate(found, axis=1), f"{name}/linear_1")

    x = convolved(convolved(frames, "conv1", 1), "conv2", 2).T + of["position_encodings/encodings"]
    for block in ("layer_0", "layer_1"):
        x = x + attention(x, f"{block}/self_attention")
        inside = linear(normalised(x, f"{block}/ffn/layer_norm"), f"{block}/ffn/linear_0")
        x = x + linear(gelu(inside), f"{block}/ffn/linear_1")
    return normalised(x, "layer_norm")


def test_the_graph_computes_the_encoder() -> None:
    """The same as plain sums, for each of several windows."""
    pytest.importorskip("openvino")
    own = weights()
    frames = np.random.default_rng(1).standard_normal((3, MELS, 2 * POSITIONS)).astype(np.float32)
    graph = CompiledGraph(lambda: encoder_graph(own), Plan("f32"))
    found = np.concatenate(graph.run(list(frames[:, None])))
    assert found.shape == (3, POSITIONS, WIDTH)
    assert np.allclose(found, [computed(own, each) for each in frames], atol=1e-4)
