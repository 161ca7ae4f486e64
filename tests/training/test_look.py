"""The cheap look for writing: its masks are where letters stand, and the net that is written is the one that learned."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

torch = pytest.importorskip("torch")

from training import look  # noqa: E402 - after the check for torch

pytestmark = pytest.mark.torch
LETTERS = Path(__file__).resolve().parent.parent / "fonts" / "letters.ttf"


def latin() -> list[list[look.Hand]]:
    """One hand in one font."""
    return [[look.Hand(LETTERS, lambda rng: "Emergency exit")]]


def test_a_mask_stands_where_letters_stand() -> None:
    """What differs from the ground lies inside the mask, and most pictures of a seed get some writing."""
    written = 0
    for seed in range(12):
        image = Image.new("L", (look.WIDE, look.HIGH), 120)
        mask = np.asarray(look.write(image, latin(), random.Random(seed))) > 0
        changed = np.asarray(image) != 120
        written += bool(changed.any())
        regions, _ = ndimage.label(mask)
        for rows, across in ndimage.find_objects(regions):  # signs are rectangles a few pixels larger than the line
            changed[max(0, rows.start - 10) : rows.stop + 10, max(0, across.start - 10) : across.stop + 10] = False
        assert not changed.any()
    assert written >= 9


def test_letters_of_a_script_are_its_own() -> None:
    """Thai is written with Thai letters, Hebrew with Hebrew ones."""
    assert "ก" in look._letters("THAI") and "א" not in look._letters("THAI")
    assert "א" in look._letters("HEBREW")


def test_edges_of_writing_do_not_count() -> None:
    """A cell of -1 changes no loss, whatever is answered there."""
    masks = torch.zeros(2, 1, 28, 34)
    masks[1, :, 5, 5:9], masks[1, :, 5, 9] = 1, -1
    odds = torch.randn(2, 1, 28, 34, generator=torch.Generator().manual_seed(1))
    odds[:, :, 0, 0] = 9
    other = odds.clone()
    other[1, :, 5, 9] = 5
    assert torch.equal(look.loss_of(odds, masks, 1.0), look.loss_of(other, masks, 1.0))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the exporter, which the old graph form needs
def test_the_written_net_gives_the_odds_of_each_place(tmp_path: Path) -> None:
    """The ONNX file answers for sides it was not written with."""
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(1)
    net = look.net().eval()
    look.export(net, tmp_path / "look.onnx")
    grey = torch.randn(1, 1, 100, 173)
    with torch.no_grad():
        expected = net(grey).numpy()
    session = onnxruntime.InferenceSession(str(tmp_path / "look.onnx"), providers=["CPUExecutionProvider"])
    assert session.run(None, {"grey": grey.numpy()})[0] == pytest.approx(expected, abs=1e-4)
