"""Photos by the same model in txtai and in clip-retrieval: two parts of `peers`.

Each side encodes the same photos by a ViT-B-32-256 and keeps the vectors; ours is the whole index run without OCR. txtai
takes the model in the form of transformers, with its own random weights; clip-retrieval takes the checkpoint of open_clip by
its path. Both import torchvision, whose compiled half fits one build of torch only; where it does not, its two operators
that are looked for at import, and that no picture needs, are declared.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PACKAGES = {
    "txtai": ("torch==2.13.0", "torchvision==0.28.0", "txtai==9.14.0", "sentence-transformers==6.2.0"),
    "clip-retrieval": ("torch==2.13.0", "torchvision==0.28.0", "clip-retrieval==2.45.0"),
}
OPERATORS = """
import sys, torch
if not hasattr(torch.ops.torchvision, "nms"):
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""
# The tokenizer of CLIP is its 256 bytes, the same at the end of a word, merged pairs in their order, and two marks.
FOLDER = (
    OPERATORS
    + """
import gzip, json
from pathlib import Path
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode
pairs, folder = sys.argv[1], Path(sys.argv[2])
merges = gzip.open(pairs).read().decode().split("\\n")[1 : 49152 - 256 - 2 + 1]
signs = list(bytes_to_unicode().values())
words = [*signs, *(f"{each}</w>" for each in signs), *(each.replace(" ", "") for each in merges)]
words += ["<|startoftext|>", "<|endoftext|>"]
folder.mkdir()
(folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
(folder / "merges.txt").write_text("\\n".join(["#version: 0.2", *merges, ""]))
tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
vision = {"image_size": 256, "patch_size": 32, "hidden_size": 768, "intermediate_size": 3072,
          "num_hidden_layers": 12, "num_attention_heads": 12}
torch.manual_seed(0)
CLIPModel(CLIPConfig(vision_config=vision, text_config={}, projection_dim=512)).save_pretrained(folder)
pictures = CLIPImageProcessor(size={"shortest_edge": 256}, crop_size={"height": 256, "width": 256})
CLIPProcessor(pictures, tokenizer).save_pretrained(folder)
"""
)
TXTAI = (
    OPERATORS
    + """
from pathlib import Path
from PIL import Image
from txtai import Embeddings
photos, model, out = sys.argv[1:]
found = Embeddings(path=model, method="sentence-transformers", content=False)
found.index((str(each), Image.open(each), None) for each in sorted(Path(photos).glob("*.jpg")))
found.save(out)
assert found.count() == len(list(Path(photos).glob("*.jpg")))
"""
)
CLIP_RETRIEVAL = (
    OPERATORS
    + """
from pathlib import Path
import numpy
from clip_retrieval.clip_inference.main import main
photos, checkpoint, out = sys.argv[1:]
main(input_dataset=photos, output_folder=out, clip_model=f"open_clip:ViT-B-32-256/{checkpoint}", enable_text=False,
     enable_metadata=False, num_prepro_workers=2, batch_size=32, use_jit=False)
assert len(numpy.load(Path(out) / "img_emb/img_emb_0.npy")) == len(list(Path(photos).glob("*.jpg")))
"""
)
OFFLINE = {"HF_HUB_OFFLINE": "1"}
Theirs = Callable[[Path], Any]  # photos -> what the run took


def write_folder(work: Path) -> None:
    """The model as transformers keeps it, for txtai. Raises: CalledProcessError."""
    if not (work / "clip-folder").exists():
        pairs = work / "rclip-data/tokenizer/bpe_simple_vocab_16e6.txt.gz"
        subprocess.run([work / "txtai/bin/python", "-c", FOLDER, pairs, work / "clip-folder"], check=True)


def peers(work: Path, run: Callable[..., Any]) -> Mapping[str, Theirs]:
    """By name what indexes photos by that peer. run: of `benchmarks.peers`."""

    def by(name: str, code: str, model: Path, photos: Path) -> Any:
        out = work / f"{name}-index"
        shutil.rmtree(out, ignore_errors=True)
        return run([work / name / "bin/python", "-c", code, photos, model, out], env=OFFLINE)

    return {
        "txtai": lambda photos: by("txtai", TXTAI, work / "clip-folder", photos),
        "clip-retrieval": lambda photos: by(
            "clip-retrieval", CLIP_RETRIEVAL, work / "checkpoint/open_clip_model.safetensors", photos
        ),
    }
