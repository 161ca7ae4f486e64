"""The weights that ship as a model that can learn on.

Reads image.onnx and adapter.npz back into a `Starter`: what training changed comes from there, in the precision it was
written with (docs/decisions/0101), the class network from its package. Owns the order in which `training.export` writes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from training.backbone import Backbone, FoldedConv, read_weights
from training.model import FROZEN, Detail, Probe, Starter, Weigher

_PLAIN = 6  # matrices of a graph without probe and weigher


class _Reader:
    """The matrices of a graph by the name of the node or constant that holds them."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        self._made = {node.output[0]: node for node in graph.node}
        self._nodes = list(graph.node)

    def of(self, *ops: str) -> list[onnx.NodeProto]:
        """The nodes of those operations, in order."""
        return [node for node in self._nodes if node.op_type in ops]

    def value(self, name: str) -> NDArray[np.float32]:
        """A constant, or the product of one in int8 and its scales."""
        if name in self._constants:
            return np.array(self._constants[name]).astype(np.float32)
        node = self._made[name]
        if node.op_type == "Cast":
            return self.value(node.input[0])
        if node.op_type == "DequantizeLinear":
            small, scale = (self.value(name) for name in node.input[:2])
            return (small.reshape(*scale.shape, -1) * scale[:, :, None]).reshape(small.shape)
        if node.op_type == "Mul":
            return self.value(node.input[0]) * self.value(node.input[1])
        raise ValueError(f"{name} is no constant but {node.op_type}")


def _convolutions(network: Backbone) -> list[FoldedConv]:
    """The convolutions of a network after the shared blocks, in order."""
    steps = [step for block in network.blocks[FROZEN:] for step in block.modules() if isinstance(step, FoldedConv)]
    return [*steps, network.head]


def _unfold(layer: FoldedConv, weight: Tensor, bias: Tensor) -> None:
    """Give a layer the folded convolution; a channel that its norm shuts keeps its weights."""
    scale = layer.scale
    usable = scale.abs() > 1e-6
    layer.weight.copy_(torch.where(usable, weight / torch.where(usable, scale, torch.ones_like(scale)), layer.weight))
    layer.bias.copy_(bias - layer.shift)


def _fill(layer: nn.Linear, reader: _Reader, node: onnx.NodeProto) -> None:
    layer.weight.copy_(torch.from_numpy(reader.value(node.input[1])))
    layer.bias.copy_(torch.from_numpy(reader.value(node.input[2])))


@torch.no_grad()
def restore(folder: Path) -> Starter:
    """The model whose files lie in `folder`, ready for inference; its two temperatures begin anew."""
    model = Starter(read_weights("lite0"))
    model.detailed()
    assert model.detail is not None
    reader = _Reader(onnx.load(folder / "image.onnx").graph)
    learned = _convolutions(model.captions)
    for layer, node in zip(learned, reader.of("Conv")[-len(learned) :], strict=True):
        weight, bias = (torch.from_numpy(reader.value(name)) for name in node.input[1:3])
        _unfold(layer, weight.reshape(layer.weight.shape), bias)
    nodes = reader.of("Gemm")  # the class layer first, the class names last
    _, head, detail, gate, turn, names = nodes if len(nodes) == _PLAIN else (*nodes[:2], *nodes[3:6], nodes[7])
    parts: list[Detail | Probe | Weigher] = [model.detail]
    filled = [(model.head, head), (model.detail.a, detail), (model.detail.opens, gate), (model.detail.b, turn)]
    if len(nodes) != _PLAIN:
        model.probe, model.weigher = Probe(), Weigher()
        filled += [(model.probe.turn, nodes[2]), (model.weigher.row, nodes[6])]
        parts = [model.probe, model.detail, model.weigher]
    for layer, node in filled:
        _fill(layer, reader, node)
    for part, less, over in zip(parts, reader.of("Sub")[-len(parts) :], reader.of("Div")[-len(parts) :], strict=True):
        part.middle.copy_(torch.from_numpy(reader.value(less.input[1])))
        part.spread.copy_(torch.from_numpy(reader.value(over.input[1])))
    squares = reader.of("ReduceSumSquare")[0].output[0]
    grown = next(node for node in reader.of("Mul") if node.input[0] == squares)
    model.certainty.fill_(reader.value(grown.input[1]).item())
    model.class_term.fill_(_length(reader, names))
    with np.load(folder / "adapter.npz") as file:
        held = {name: torch.from_numpy(file[name].astype(np.float32)) for name in file.files}
    adapter = model.adapter
    named = {"w": adapter.w.weight, "a": adapter.a.weight, "a_bias": adapter.a.bias}
    for name, parameter in (named | {"b": adapter.b.weight, "b_bias": adapter.b.bias}).items():
        parameter.copy_(held[name])
    return model.eval()


def _length(reader: _Reader, names: onnx.NodeProto) -> float:
    """The weight of the class term: the length of each class's vector in the graph, which is a unit one times it."""
    return round(float(np.linalg.norm(reader.value(names.input[1]), axis=0).mean()), 2)
