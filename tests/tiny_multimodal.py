"""Tiny random models of several media as sentence-transformers saves them; fixtures to be imported.

Weights are drawn wide, so that other pixels, other words and other sound give another vector: as a library initialises
them, all pictures lie within a thousandth of each other and any comparison passes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_models import CORPUS

SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>")
GEMMA_SPECIAL = ("<|image>", "<|image|>", "<image|>", "<|audio>", "<|audio|>", "<audio|>", "<|video|>")
GEMMA_NAMES = {
    "boi_token": "<|image>",
    "image_token": "<|image|>",
    "eoi_token": "<image|>",
    "boa_token": "<|audio>",
    "audio_token": "<|audio|>",
    "eoa_token": "<audio|>",
}
PROMPTS = {"query": "task: search result | query: ", "document": "title: none | text: "}


@pytest.fixture(scope="session")
def multimodal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sentence-transformers that takes texts and pictures: CLIP as transformers has it."""
    return _once("multimodal", lambda: _save_clip(tmp_path_factory.mktemp("multimodal")))


@pytest.fixture(scope="session")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sentence-transformers that holds a tiny EmbeddingGemma 2: texts, pictures and sounds."""
    return _once("gemma", lambda: _save_gemma(tmp_path_factory.mktemp("gemma")))


@pytest.fixture(scope="session")
def gemma_export(gemma: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its ONNX form, which takes half a minute to write, whatever the size of the model."""

    def make() -> Path:
        from retrieval.encoders import sentence_transformers

        target = tmp_path_factory.mktemp("exports") / "tiny-gemma-onnx"
        sentence_transformers.export(gemma, target)
        return target

    return _once("gemma_export", make)


@pytest.fixture(scope="session")
def clap(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function: "fused" or "plain" to a tiny CLAP checkpoint, saved by transformers itself."""
    return lambda kind: _once(f"clap {kind}", lambda: _save_clap(tmp_path_factory.mktemp("clap"), kind))


@pytest.fixture(scope="session")
def clap_export(clap: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function: kind to the ONNX form of its checkpoint."""

    def make(kind: str) -> Path:
        from retrieval.encoders import clap as family

        target = tmp_path_factory.mktemp("exports") / f"tiny-clap-{kind}"
        family.export(clap(kind), target)
        return target

    return lambda kind: _once(f"clap export {kind}", lambda: make(kind))


_MADE: dict[str, Path] = {}  # made once, though several folders of tests have the fixtures


def _once(name: str, make: Any) -> Path:
    if name not in _MADE:
        _MADE[name] = make()
    return _MADE[name]


def _tokenizer(special: tuple[str, ...], **names: Any) -> Any:
    from tokenizers import Tokenizer, models, normalizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokens = [*SPECIAL, *special, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=tokens, show_progress=False)
    tokenizer.train_from_iterator([*CORPUS, *PROMPTS.values()], trainer)
    both = [("<bos>", 2), ("<eos>", 1)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A <eos>", special_tokens=both)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        unk_token="<unk>",
        padding_side="right",
        **names,
    )


def _widen(model: Any, factor: float) -> None:
    import torch

    torch.manual_seed(7)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.normal_(0.0, factor / weights.shape[-1] ** 0.5)


def _save(model: Any, processor: Any, folder: Path, *, pooled: bool = True) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules.transformer import Transformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

    model.save_pretrained(folder / "raw")
    processor.save_pretrained(folder / "raw")
    whole = Transformer(str(folder / "raw"))
    rest = [Pooling(48, "mean"), Normalize()] if pooled else []
    made = SentenceTransformer(modules=[whole, *rest], prompts=PROMPTS if pooled else None, device="cpu")
    made.save_pretrained(str(folder / "model"))
    return folder / "model"


def _save_clip(folder: Path) -> Path:
    pytest.importorskip("torch")
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    half = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {"vocab_size": 600, "max_position_embeddings": 32, "eos_token_id": 1, "bos_token_id": 2, "pad_token_id": 0}
    config = CLIPConfig(
        text_config={**half, **text}, vision_config={**half, "image_size": 64, "patch_size": 16}, projection_dim=40
    )
    model = CLIPModel(config).eval()
    _widen(model, 1.5)
    pixels = CLIPImageProcessor(size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64})
    processor = CLIPProcessor(pixels, _tokenizer((), model_max_length=32))
    return _save(model, processor, folder, pooled=False)


def _save_gemma(folder: Path) -> Path:
    pytest.importorskip("torch")
    from transformers import EmbeddingGemma2Config, EmbeddingGemma2Model, Gemma4AudioFeatureExtractor
    from transformers.models.embedding_gemma2.processing_embedding_gemma2 import EmbeddingGemma2Processor
    from transformers.models.embedding_gemma2.video_processing_embedding_gemma2 import EmbeddingGemma2VideoProcessor
    from transformers.models.gemma4.image_processing_gemma4 import Gemma4ImageProcessor

    tokenizer = _tokenizer(GEMMA_SPECIAL, model_max_length=512, extra_special_tokens=GEMMA_NAMES)
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in GEMMA_NAMES.items()}
    model = EmbeddingGemma2Model(_gemma_config(EmbeddingGemma2Config, ids, tokenizer)).eval()
    _widen(model, 1.0)
    for module in model.audio_tower.modules():  # trained weights have such bounds; without them a lost one is not seen
        if hasattr(module, "input_max"):
            module.input_max.fill_(2.0)
            module.output_min.fill_(-1.5)
    processor = EmbeddingGemma2Processor(
        feature_extractor=Gemma4AudioFeatureExtractor(),
        image_processor=Gemma4ImageProcessor(max_soft_tokens=70),
        tokenizer=tokenizer,
        video_processor=EmbeddingGemma2VideoProcessor(),
    )
    return _save(model, processor, folder)


def _gemma_config(make: Any, ids: dict[str, int], tokenizer: Any) -> Any:
    wide = {"hidden_size": 32, "intermediate_size": 64, "head_dim": 16}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    text = {"vocab_size": 640, "num_hidden_layers": 2, "sliding_window_pattern": 2, "global_head_dim": 32}
    text |= {"hidden_size_per_layer_input": 16, "embedding_dim": 48, "sliding_window": 8}
    seen = {"model_type": "gemma4_vision", "num_hidden_layers": 1, "patch_size": 16, "pooling_kernel_size": 3}
    heard = {"model_type": "gemma4_audio", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    return make(
        text_config={**wide, **heads, **text},
        vision_config={**wide, "num_attention_heads": 2, "num_key_value_heads": 2, **seen},
        audio_config={**heard, "subsampling_conv_channels": [128, 4], "output_proj_dims": 32},
        boi_token_id=ids["boi_token"],
        eoi_token_id=ids["eoi_token"],
        image_token_id=ids["image_token"],
        video_token_id=tokenizer.convert_tokens_to_ids("<|video|>"),
        boa_token_id=ids["boa_token"],
        eoa_token_index=ids["eoa_token"],
        audio_token_id=ids["audio_token"],
    )


def _save_clap(folder: Path, kind: str) -> Path:
    pytest.importorskip("torch")
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    wide = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {"vocab_size": 600, "max_position_embeddings": 66, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1}
    sound = {"patch_embeds_hidden_size": 16, "depths": [1, 1, 1, 1], "num_attention_heads": [2, 2, 2, 2]}
    sound |= {"hidden_size": 128, "enable_fusion": kind == "fused", "spec_size": 256, "num_mel_bins": 64}
    config = ClapConfig(text_config={**wide, **text}, audio_config=sound, projection_dim=40)
    model = ClapModel(config).eval()
    _widen(model, 1.5)
    norm = model.audio_model.audio_encoder.batch_norm  # as trained: decibels in, numbers around 0 out
    norm.running_mean.fill_(-40.0)
    norm.running_var.fill_(400.0)
    model.save_pretrained(folder)
    padding = "repeatpad" if kind == "fused" else "repeat"
    truncation = "fusion" if kind == "fused" else "rand_trunc"
    ClapFeatureExtractor(truncation=truncation, padding=padding).save_pretrained(folder)
    _tokenizer((), model_max_length=64).save_pretrained(folder)
    return folder
