"""Pictures of high dynamic range as others: tone mapping of PQ and HLG in BT.2020 to sRGB.

Sources: ITU-R BT.2100 (transfer functions), BT.2408 (diffuse white at 203 cd/m²), BT.2087 (conversion of colours).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PQ: Final = 16  # transfer characteristics of ITU-T H.273
HLG: Final = 18
WHITE: Final = 203.0  # cd/m² of paper
KNEE: Final = 0.8  # of white; what is brighter is pressed into the rest
HLG_PEAK: Final = 1000.0  # cd/m²
HLG_GAMMA: Final = 1.2
TO_709: Final = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)


def tone_mapped(pixels: NDArray[Any], transfer: int) -> NDArray[np.uint8]:
    """uint8 (h, w, 3) sRGB of uint8 or uint16 (h, w, 3) R'G'B' of BT.2020, full range. transfer: PQ or HLG."""
    light = _light(transfer, int(np.iinfo(pixels.dtype).max))[pixels]
    if transfer == HLG:  # the display's own curve acts on brightness
        bright = light @ np.array([0.2627, 0.6780, 0.0593], np.float32)
        light = light * (HLG_PEAK / WHITE * np.maximum(bright, 1e-6) ** (HLG_GAMMA - 1))[..., None]
    most = np.maximum(light.max(axis=2, keepdims=True), 1e-6)
    pressed = np.where(most <= KNEE, most, KNEE + (1 - KNEE) * (1 - np.exp(-(most - KNEE) / (1 - KNEE))))
    shown = ((light * (pressed / most)) @ TO_709.T).clip(0.0, 1.0)
    coded = np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * coded), np.uint8)


@cache
def _light(transfer: int, most: int) -> NDArray[np.float32]:
    """(most + 1,) float32 light of each code value: 1 is white (PQ), or 1 is the brightest of the scene (HLG)."""
    signal = np.linspace(0.0, 1.0, most + 1)
    if transfer == PQ:
        c1, c2, c3, m1, m2 = 0.8359375, 18.8515625, 18.6875, 0.1593017578125, 78.84375
        root = signal ** (1 / m2)
        light = 10_000 / WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return light.astype(np.float32)
