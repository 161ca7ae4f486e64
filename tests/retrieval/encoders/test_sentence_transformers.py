"""sentence-transformers by torch and by ONNX, on the real MiniLM weights that a package carries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval.domain.media import Space
from retrieval.encoders import onnx, sentence_transformers
from retrieval.errors import EncoderUnavailable

SPACE = Space("all-minilm-l6-v2", "sentence_transformers", "1", 384)
TEXTS = [
    "a dog runs on the beach",
    "  A dog!  ",
    "",
    "沙滩上的一只狗",
    "a long text about everything " * 90,
    "The cat sat.",
]


@pytest.fixture(scope="session")
def exported(minilm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MiniLM as an ONNX folder."""
    pytest.importorskip("torch")
    target = tmp_path_factory.mktemp("exports") / "minilm"
    sentence_transformers.export(minilm, target)
    return target


@pytest.mark.torch
def test_torch_form_is_the_librarys(minilm: Path) -> None:
    """Our encoder gives what the library's own encode gives."""
    from sentence_transformers import SentenceTransformer

    own = SentenceTransformer(str(minilm), device="cpu").encode(TEXTS, normalize_embeddings=True)
    ours = sentence_transformers.TorchSentences(minilm, SPACE).encode(TEXTS)
    assert (ours * own).sum(1).min() >= 0.9999


@pytest.mark.torch
def test_exported_form_is_the_librarys(minilm: Path, exported: Path) -> None:
    """The ONNX form gives the same, for short, long, empty and foreign texts in one call."""
    ours = onnx.OnnxText(exported, SPACE).encode(TEXTS)
    theirs = sentence_transformers.TorchSentences(minilm, SPACE).encode(TEXTS)
    assert (ours * theirs).sum(1).min() >= 0.999


@pytest.mark.torch
def test_paraphrase_is_nearer_than_another_subject(exported: Path) -> None:
    """Real weights give real answers."""
    ask, same, other = onnx.OnnxText(exported, SPACE).encode(
        ["how do I bake bread", "instructions for making a loaf", "the stock market fell sharply today"]
    )
    assert float(ask @ same) > float(ask @ other) + 0.2


@pytest.mark.torch
def test_export_serves_without_torch(exported: Path) -> None:
    """A process that encodes by the export imports neither torch nor sentence_transformers."""
    script = (
        "import sys; from pathlib import Path; from retrieval.domain.media import Space; from retrieval.encoders import onnx;"
        "onnx.OnnxText(Path(sys.argv[1]), Space('t', 's', '1', 384)).encode(['a dog']);"
        "print(sorted({'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(exported)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.torch
def test_cut_weights_are_named(minilm: Path, tmp_path: Path) -> None:
    """Truncated weights give one line with the folder."""
    for file in minilm.rglob("*"):
        if file.is_file():
            target = tmp_path / file.relative_to(minilm)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = file.read_bytes()
            target.write_bytes(content[:-5000] if file.suffix == ".safetensors" else content)
    with pytest.raises(EncoderUnavailable, match="cannot be loaded by sentence-transformers"):
        sentence_transformers.TorchSentences(tmp_path, SPACE).encode(["a dog"])


def test_dimension_is_read_from_the_folder(minilm: Path) -> None:
    """The dimension is known without loading the model."""
    assert sentence_transformers.dimension(minilm) == 384


def test_empty_input_gives_no_rows(tmp_path: Path) -> None:
    """No texts, no rows, and nothing is loaded for them."""
    assert sentence_transformers.TorchSentences(tmp_path, SPACE).encode([]).shape == (0, 384)
    assert sentence_transformers.TorchSentences(tmp_path, SPACE).encode([]).dtype == np.float32


def test_folder_of_something_else_is_named(tmp_path: Path) -> None:
    """A folder without modules.json gives one line."""
    with pytest.raises(EncoderUnavailable, match=r"modules\.json cannot be read"):
        sentence_transformers.dimension(tmp_path)
