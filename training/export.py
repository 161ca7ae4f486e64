"""Writes the starter's image tower and adapter in the form that the program reads.

`python -m training.export CHECKPOINT --classes CLASSES.npy --out DIR` writes DIR/image.onnx and DIR/adapter.npz.

The graph is built node by node: pixels uint8 (n, s, s, 3) -> vector float32 (n, 512), unit rows. Every large matrix is
stored as int8 with one scale a row, and turned to float32 by the runtime while it loads (`Cast` and `Mul` of constants
are folded), so the file is a quarter of the size and the arithmetic that of float32. See
docs/decisions/0101-int8-weights.md.
"""

from __future__ import annotations

import argparse
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from retrieval.encoders.starter import LEXICON
from training.backbone import Backbone, Block, FoldedConv, _same_padding, read_weights
from training.calibration import Curve
from training.model import (
    DETAILED,
    DIMENSION,
    FROZEN,
    LIGHTEST,
    PROBED,
    ROOTS,
    SIZE,
    Adapter,
    Detail,
    Probe,
    Starter,
    Weigher,
    read_checkpoint,
)

OPSET, IR = 21, 10  # the first with numbers of four bits
SOUND_FORM = {"rate": 16_000, "window_ms": 4_000, "hop_ms": 4_000}
LARGE = 1024  # elements; smaller arrays stay float32


@dataclass(slots=True)
class Graph:
    """A graph in the making: nodes in order of computation, and constants."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, array: NDArray[np.generic]) -> str:
        """The name of a constant."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, op: str, *inputs: str, **attributes: object) -> str:
        """The name of the node's output."""
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def weight(self, values: Tensor) -> str:
        """A float32 constant; a large one is held as int8 with a scale for each index of its first axis."""
        array = values.detach().float().numpy()
        if array.size < LARGE:
            return self.constant(array)
        small, scale = (self.add("Cast", self.constant(each), to=TensorProto.FLOAT) for each in rounded(array))
        return self.add("Mul", small, scale)

    def convolution(self, x: str, layer: FoldedConv, side: int) -> tuple[str, int]:
        """The convolution with its batch norm folded in; its output and the side of it. `x` has that `side`."""
        weight, bias = layer.folded()
        kernel = weight.shape[-1]
        before, after = _same_padding(side, kernel, layer.stride)
        out = self.add(
            "Conv",
            x,
            self.weight(weight),
            self.constant(bias.detach().numpy()),
            kernel_shape=[kernel, kernel],
            strides=[layer.stride, layer.stride],
            pads=[before, before, after, after],
            group=len(weight) if layer.depthwise else 1,
        )
        if layer.active:
            out = self.add("Clip", out, self.constant(np.float32(0.0)), self.constant(np.float32(6.0)))
        return out, -(-side // layer.stride)

    def block(self, x: str, block: Block, side: int) -> tuple[str, int]:
        """An inverted bottleneck."""
        out = x
        for layer in block.steps:
            assert isinstance(layer, FoldedConv)
            out, side = self.convolution(out, layer, side)
        return (self.add("Add", x, out) if block.shortcut else out), side

    def linear(self, x: str, weight: Tensor, bias: Tensor) -> str:
        """x weight' + bias."""
        return self.add("Gemm", x, self.weight(weight), self.constant(bias.detach().float().numpy()), transB=1)

    def coarse(self, x: str, weight: Tensor, bias: Tensor | None = None, *, group: int) -> str:
        """x weight' + bias, the weight in four bits with a scale for every `group` numbers of a row."""
        rows = weight.detach().float().numpy()
        groups, scale = rounded(rows.reshape(-1, group), 7)
        small, scale = groups.reshape(rows.shape).astype(ml_dtypes.int4), scale.reshape(len(rows), -1)
        scaled = self.constant(scale.astype(np.float32))
        held = self.add("DequantizeLinear", self.constant(small), scaled, axis=1, block_size=group)
        added = [] if bias is None else [self.constant(bias.detach().float().numpy())]
        return self.add("Gemm", x, held, *added, transB=1)

    def statistics(self, x: str) -> str:
        """What `model.statistics` computes."""
        mean = self.add("Flatten", self.add("GlobalAveragePool", x))
        squares = self.add("Flatten", self.add("GlobalAveragePool", self.add("Mul", x, x)))
        variance = self.add(
            "Max", self.add("Sub", squares, self.add("Mul", mean, mean)), self.constant(np.float32(1e-6))
        )
        largest = self.add("Flatten", self.add("GlobalMaxPool", x))
        return self.add("Concat", mean, self.add("Sqrt", variance), largest, axis=1)

    def detail(self, statistics: str, detail: Detail) -> str:
        """What `model.Detail` computes."""
        x = self.add("Sub", statistics, self.constant(detail.middle.numpy()))
        x = self.add("Div", x, self.constant(detail.spread.numpy()))
        x = self.add("Clip", x, self.constant(np.float32(-4.0)), self.constant(np.float32(4.0)))
        hidden = self.add("Relu", self.linear(x, detail.a.weight, detail.a.bias))
        gate = self.add("Sigmoid", self.linear(x, detail.opens.weight, detail.opens.bias))
        return self.add("Mul", self.linear(hidden, detail.b.weight, detail.b.bias), gate)

    def weighed(self, features: str, chances: str, certain: str, weigher: Weigher) -> str:
        """What `model.Weigher` computes; `certain` is the sum of the squares of `chances`."""
        x = self.add("Sub", features, self.constant(weigher.middle.numpy()))
        x = self.add("Div", x, self.constant(weigher.spread.numpy()))
        x = self.add("Clip", x, self.constant(np.float32(-4.0)), self.constant(np.float32(4.0)))
        roots, sure = (
            self.add("Mul", each, self.constant(np.float32(ROOTS))) for each in (self.add("Sqrt", chances), certain)
        )
        row = [self.constant(part.detach().numpy()) for part in (weigher.row.weight, weigher.row.bias)]
        share = self.add("Sigmoid", self.add("Gemm", self.add("Concat", x, roots, sure, axis=1), *row, transB=1))
        share = self.add("Mul", share, self.constant(np.float32(1 - LIGHTEST)))
        return self.add("Add", share, self.constant(np.float32(LIGHTEST)))

    def probed(self, logits: str, probe: Probe) -> str:
        """PROBED times what `model.Probe` computes."""
        x = self.add("Sub", logits, self.constant(probe.middle.numpy()))
        x = self.add("Div", x, self.constant(probe.spread.numpy()))
        x = self.add("Clip", x, self.constant(np.float32(-5.0)), self.constant(np.float32(5.0)))
        read = self.unit(self.coarse(x, probe.turn.weight, probe.turn.bias, group=200))
        return self.add("Mul", read, self.constant(np.float32(PROBED)))

    def unit(self, x: str, name: str = "") -> str:
        """Rows at length 1."""
        out = self.add("LpNormalization", x, axis=1, p=2)
        if name:
            self.nodes[-1].output[0] = name
        return name or out


def rounded(array: NDArray[np.float32], levels: int = 127) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole numbers from -levels to levels, and a scale for each index of the first axis; their product is nearly `array`.

    The scale is the one of eight candidates that gives the least squared error: a few outliers may be cut off.
    """
    rows = array.reshape(len(array), -1)
    largest = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-12)
    scales = [(largest * share / levels).astype(np.float32) for share in np.linspace(0.72, 1.0, 8)]
    held = [np.clip(np.rint(rows / scale), -levels, levels) for scale in scales]
    errors = np.stack([((h * s - rows) ** 2).sum(axis=1) for h, s in zip(held, scales, strict=True)])
    best = errors.argmin(axis=0)
    take = np.arange(len(rows))
    small = np.stack(held)[best, take].astype(np.int8).reshape(array.shape)
    scale = np.stack(scales)[best, take].reshape(-1, *[1] * (array.ndim - 1))
    return small, scale.astype(np.float16)


def _pixels(graph: Graph) -> str:
    """Normalised pixels."""
    x = graph.add("Cast", graph.add("Transpose", "pixels", perm=[0, 3, 1, 2]), to=TensorProto.FLOAT)
    return graph.add("Sub", graph.add("Mul", x, graph.constant(np.float32(2 / 255))), graph.constant(np.float32(1.0)))


def _features(graph: Graph, x: str, network: Backbone, side: int, looked: list[str]) -> str:
    """Pooled features of a network from the map after its constant blocks; statistics of its maps go to `looked`."""
    for number, block in enumerate(network.blocks[FROZEN:], FROZEN):
        assert isinstance(block, Block)
        x, side = graph.block(x, block, side)
        if number in DETAILED:
            looked.append(graph.statistics(x))
    x, _ = graph.convolution(x, network.head, side)
    return graph.add("Flatten", graph.add("GlobalAveragePool", x))


def _known(graph: Graph, model: Starter, size: int) -> tuple[str, int, str, str]:
    """The map that both networks go on from, its side, class logits and statistics."""
    looked: list[str] = []
    x, side = graph.convolution(_pixels(graph), model.classes.stem, size)
    for number, block in enumerate(model.classes.blocks[:FROZEN]):
        assert isinstance(block, Block)
        x, side = graph.block(x, block, side)
        if number in DETAILED:
            looked.append(graph.statistics(x))
    layer = model.classes.classes
    logits = graph.coarse(_features(graph, x, model.classes, side, looked), layer.weight, layer.bias, group=128)
    return x, side, logits, graph.add("Concat", *looked, axis=1)


def _model(graph: Graph, name: str, size: int, outputs: dict[str, int]) -> onnx.ModelProto:
    """The finished graph with its outputs, name and number of axes, checked."""
    found = [
        helper.make_tensor_value_info(o, TensorProto.FLOAT, ["n", *[None] * (axes - 1)]) for o, axes in outputs.items()
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", size, size, 3])
    made = helper.make_model(
        helper.make_graph(graph.nodes, name, [pixels], found, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="crossmedia",
    )
    onnx.checker.check_model(made)
    return made


def known_graph(model: Starter, size: int) -> onnx.ModelProto:
    """What never changes alone: pixels -> class logits, statistics."""
    graph = Graph()
    _, _, logits, looked = _known(graph, model, size)
    return _model(graph, "starter-known", size, {logits: 2, looked: 2})


def seen_graph(model: Starter, size: int) -> onnx.ModelProto:
    """All that a vector is joined from: pixels -> features of captions, class logits, statistics."""
    graph = Graph()
    x, side, logits, looked = _known(graph, model, size)
    features = _features(graph, x, model.captions, side, [])
    return _model(graph, "starter-seen", size, {features: 2, logits: 2, looked: 2})


def image_graph(model: Starter, classes: Tensor, size: int = SIZE) -> onnx.ModelProto:
    """The image tower, with the adapted class names (1000, 512) inside."""
    graph = Graph()
    x, side, logits, looked = _known(graph, model, size)
    features = _features(graph, x, model.captions, side, [])
    seen = graph.unit(graph.coarse(features, model.head.weight, model.head.bias, group=128))
    if model.probe is not None:
        seen = graph.add("Add", seen, graph.probed(logits, model.probe))
    if model.detail is not None:
        seen = graph.add("Add", seen, graph.detail(looked, model.detail))
    chances = graph.add("Softmax", logits, axis=1)
    squares = graph.add("ReduceSumSquare", chances, graph.constant(np.array([1], np.int64)))
    certain = graph.add("Mul", squares, graph.constant(model.certainty.numpy()))
    certain = graph.add("Add", certain, graph.constant(np.float32(1)))
    if model.weigher is not None:
        certain = graph.add("Mul", certain, graph.weighed(features, chances, squares, model.weigher))
    named = graph.coarse(chances, model.class_term * classes.T, group=200)
    graph.unit(graph.add("Add", seen, graph.add("Mul", named, certain)), "vector")
    return _model(graph, "starter-image", size, {"vector": 2})


def adapter_arrays(adapter: Adapter) -> dict[str, NDArray[np.float16]]:
    """What `StarterText.adapt` reads."""
    parts = {
        "w": adapter.w.weight,
        "a": adapter.a.weight,
        "a_bias": adapter.a.bias,
        "b": adapter.b.weight,
        "b_bias": adapter.b.bias,
    }
    return {name: value.detach().numpy().astype(np.float16) for name, value in parts.items()}


def model_digests(folder: Path) -> dict[str, str]:
    """SHA-256 by name of the files whose vectors are stored or compared with stored ones."""
    paths = [*folder.glob("*.onnx"), folder / "adapter.npz"]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def revision_of(digests: Mapping[str, str]) -> str:
    """The starter's revision, of the digests that `model_digests` gives."""
    return hashlib.sha256("".join(digests[name] for name in sorted(digests)).encode()).hexdigest()[:8]


def write_config(folder: Path, curves: Mapping[str, Curve]) -> None:
    """Write starter.toml: revision, forms, digests of the files that are there, calibration.

    The revision is taken from the digests of the models, so vectors of different weights are never compared.
    Windows of sound are as `sound.toml` in the folder states, where the sound tower's training left one.
    """
    digests = model_digests(folder)
    revision = revision_of(digests)
    if (lexicon := folder / LEXICON).is_file():  # questions alone go through it, so what is stored stays valid
        digests[LEXICON] = hashlib.sha256(lexicon.read_bytes()).hexdigest()
    stated = folder / "sound.toml"  # top-level rate, window_ms, hop_ms
    form = SOUND_FORM | (tomllib.loads(stated.read_text("utf-8")) if stated.is_file() else {})
    lines = [
        "# Written by training/export.py; see CARD.md.",
        f'revision = "{revision}"',
        f"dimension = {DIMENSION}",
        "",
        "[pixels]",
        f'size = {SIZE}\nfit = "squeeze"\nresample = "bicubic"',
        "",
        "[samples]",
        *[f"{name} = {form[name]}" for name in SOUND_FORM],
        "",
        "[sha256]",
        *[f'"{name}" = "{digests[name]}"' for name in sorted(digests)],
        "",
        "# confidence = 1 / (1 + exp(-(slope * cosine + offset)))",
        "[calibration]",
        *[f"{way} = {curve.stated()}" for way, curve in sorted(curves.items())],
    ]
    (folder / "starter.toml").write_text("\n".join(lines) + "\n", "utf-8")


def load(checkpoint: Path, key: str = "ema") -> Starter:
    """The model of a checkpoint, ready for inference."""
    model = Starter(read_weights("lite0"))
    state = read_checkpoint(checkpoint, key)
    if any(name.startswith("detail.") for name in state):
        model.detailed()
    if any(name.startswith("weigher.") for name in state):
        model.weigher = Weigher()
    if any(name.startswith("probe.") for name in state):
        model.probe = Probe()
    model.load_state_dict(state)
    return model.eval()


def export(model: Starter, class_sentences: Tensor, out: Path, size: int = SIZE) -> None:
    """Write image.onnx and adapter.npz. `class_sentences`: unit sentence vectors (1000, 512) of the class names."""
    with torch.no_grad():
        classes = model.adapter(class_sentences)
        (out / "image.onnx").write_bytes(image_graph(model, classes, size).SerializeToString())
    np.savez(out / "adapter.npz", **adapter_arrays(model.adapter))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the starter's image tower and adapter from a checkpoint.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--classes", type=Path, required=True, help="npy: sentence vectors (1000, 512) of class names")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    sentences = torch.nn.functional.normalize(torch.from_numpy(np.load(given.classes)).float(), dim=1)
    export(load(given.checkpoint), sentences, given.out)


if __name__ == "__main__":
    main()
