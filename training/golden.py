"""Writes data/starter/golden.npz: two drawings and four sentences with the vectors that the shipped files give.

`python -m training.golden`, after every export. tests/retrieval/encoders/test_starter_weights.py compares.
"""

from __future__ import annotations

import numpy as np

from retrieval import resources
from retrieval.encoders.starter import StarterImage, StarterText
from training import data, scenes

TEXTS = ("a dog on the beach", "沙滩上的一只狗", "ein roter Kreis", "สุนัขบนชายหาด")


def main() -> None:
    image, text = StarterImage(), StarterText()
    pixels = data.draw(scenes.CHOOSING[:2], image.form.size).pixels
    np.savez_compressed(
        resources.starter() / "golden.npz",
        pixels=pixels,
        vectors=image.encode(list(pixels)).astype(np.float16),
        texts=np.array(TEXTS),
        text_vectors=text.encode(TEXTS).astype(np.float16),
    )


if __name__ == "__main__":
    main()
