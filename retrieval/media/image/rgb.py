"""8-bit RGB of a decoded picture of any mode."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageCms

DARK: Final = 64  # of 255
LABELS: Final = 0.01  # of a light drawing that is dark: letters on it
BETWEEN: Final = 150  # a ground on which light and dark are both seen


def to_rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB of a decoded picture of any mode; transparency laid on white, on dark grey where the drawing is light."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in ("I", "F", "I;16", "I;16B", "I;16L", "I;16N"):
        return _to_8_bit(image).convert("RGB")
    if image.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        made = ImageCms.profileToProfile(image, lab, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return made if made is not None else image.convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return _on_ground(image.convert("RGBA"))
    return image.convert("RGB")


def _to_8_bit(image: Image.Image) -> Image.Image:
    """(h, w) uint8: integers of a PNG by 1/257, others by the smallest depth that holds them, floats by their own range."""
    values = np.asarray(image).astype(np.float32)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if image.mode == "F" or low < 0 or high >= 65536:
        values = (values - low) * (255.0 / max(high - low, 1e-9))
    else:
        depths = (16,) if image.format == "PNG" else (8, 10, 12, 14, 16)
        bits = next(bits for bits in depths if high < 2**bits)
        values = values * (255.0 / (2**bits - 1))
    return Image.fromarray(np.nan_to_num(values).clip(0, 255).astype(np.uint8))


def _on_ground(image: Image.Image) -> Image.Image:
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return image.convert("RGB")
    small = np.asarray(image.resize((64, 64), Image.Resampling.BOX), np.float32)
    weight = small[..., 3].sum()
    light = (small[..., :3].mean(axis=2) * small[..., 3]).sum() / weight if weight else 0.0
    dark = small[..., 3][small[..., :3].mean(axis=2) < DARK].sum() / weight if weight else 0.0
    grey = 255 if light <= 200 else BETWEEN if dark > LABELS else 64
    ground = Image.new("RGB", image.size, (grey,) * 3)
    ground.paste(image, mask=alpha)
    return ground
