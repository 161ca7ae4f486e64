"""One suite over all forms of Encoder. A new form joins FORMS and is done when this passes.

Fakes and ONNX folders are made here; the starter and MiniLM are the real ones; what needs torch is marked.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from retrieval.domain.media import AudioSpec, ImageSpec, Space
from retrieval.encoders import onnx
from retrieval.encoders.profile import make_profile
from retrieval.errors import EncoderUnavailable
from retrieval.protocols import Encoder
from tests.fakes import FakeProfile

TEXTS = ["a dog on the beach", "沙滩上的一只狗", "รูปภาพ", "", "x" * 3000, "line\nbreak\x00 and\tcontrol", "🐕‍🦺"]


def _shipped(role: Any, modality: Any) -> Callable[..., Encoder]:
    """The encoder of the starter profile; skips while data/starter is absent."""

    def make(request: pytest.FixtureRequest) -> Encoder:
        try:
            return make_profile("starter").encoder(role, modality)
        except EncoderUnavailable as error:
            pytest.skip(str(error))

    return make


def _onnx(modality: str, kind: str) -> Callable[..., Encoder]:
    def make(request: pytest.FixtureRequest) -> Encoder:
        folder = request.getfixturevalue("onnx_folder")(kind)
        space = Space("shared", "tiny", "1", onnx.dimension(folder))
        return onnx.OnnxText(folder, space) if modality == "text" else onnx.OnnxImage(folder, space)

    return make


def _torch(modality: str) -> Callable[..., Encoder]:
    def make(request: pytest.FixtureRequest) -> Encoder:
        from retrieval.encoders import open_clip

        folder = request.getfixturevalue("checkpoint")("vit")
        text, image = open_clip.torch_encoders(folder, Space("shared", "tiny", "1", open_clip.dimension(folder)))
        return text if modality == "text" else image

    return make


def _sentences(request: pytest.FixtureRequest) -> Encoder:
    from retrieval.encoders import sentence_transformers

    return sentence_transformers.TorchSentences(
        request.getfixturevalue("minilm"), Space("sentence", "minilm", "1", 384)
    )


FORMS = {
    "fake text": lambda _: FakeProfile().encoder("shared", "text"),
    "fake image": lambda _: FakeProfile().encoder("shared", "image"),
    "fake sound": lambda _: FakeProfile().encoder("shared", "sound"),
    "sentence text": _shipped("sentence", "text"),
    "starter text": _shipped("shared", "text"),
    "starter image": _shipped("shared", "image"),
    "starter sound": _shipped("shared", "sound"),
    "onnx text": _onnx("text", "free"),
    "onnx image": _onnx("image", "free"),
    "onnx text, batch of one": _onnx("text", "one"),
    "onnx image, batch of one": _onnx("image", "one"),
    "onnx image of bytes": _onnx("image", "bytes"),
    "open_clip text": _torch("text"),
    "open_clip image": _torch("image"),
    "sentence-transformers": _sentences,
}
NEED_TORCH = {"open_clip text", "open_clip image", "sentence-transformers"}


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.torch if name in NEED_TORCH else ()) for name in FORMS])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    """Each form."""
    make: Callable[[pytest.FixtureRequest], Encoder] = FORMS[request.param]
    return make(request)


def items_for(encoder: Encoder) -> list[Any]:
    """Seven items of the modality and form that the encoder takes."""
    random = np.random.default_rng(2)
    if isinstance(encoder.form, ImageSpec):
        size = encoder.form.size
        flat = [np.full((size, size, 3), value, np.uint8) for value in (0, 255)]
        return [*flat, *(random.integers(0, 256, (size, size, 3), dtype=np.uint8) for _ in range(5))]
    if isinstance(encoder.form, AudioSpec):
        length = encoder.form.rate * encoder.form.window_ms // 1000
        tones = [np.sin(np.arange(length) * step).astype(np.float32) * 0.3 for step in (0.02, 0.05, 0.11, 0.3, 0.7)]
        return [np.zeros(length, np.float32), random.normal(0, 0.1, length).astype(np.float32), *tones]
    return list(TEXTS)


def test_is_an_encoder(encoder: Encoder) -> None:
    """It has what the protocol names, and its form fits its modality."""
    assert isinstance(encoder, Encoder)
    wanted = {"text": type(None), "image": ImageSpec, "sound": AudioSpec}[encoder.accepts]
    assert isinstance(encoder.form, wanted)


def test_rows_are_unit_float32_of_the_spaces_dimension(encoder: Encoder) -> None:
    """(n, dimension) float32, finite, of length 1, whatever the items hold."""
    rows = encoder.encode(items_for(encoder))
    assert rows.dtype == np.float32
    assert rows.shape == (7, encoder.space.dimension)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)


def test_no_items_give_no_rows(encoder: Encoder) -> None:
    """(0, dimension) float32 for none."""
    rows = encoder.encode([])
    assert rows.shape == (0, encoder.space.dimension)
    assert rows.dtype == np.float32


def test_order_is_kept_and_company_does_not_matter(encoder: Encoder) -> None:
    """An item alone, or at another place of a longer call, has the same vector."""
    items = items_for(encoder)
    together = encoder.encode(items * 6)  # more than one batch
    alone = np.concatenate([encoder.encode([item]) for item in items])
    backwards = encoder.encode(items[::-1])[::-1]
    assert (together[-7:] * alone).sum(1).min() > 0.9999
    assert (backwards * alone).sum(1).min() > 0.9999


def test_different_items_have_different_vectors(encoder: Encoder) -> None:
    """It looks at what it is given."""
    rows = encoder.encode([items_for(encoder)[place] for place in (0, -1)])
    assert float(rows[0] @ rows[1]) < 0.9999


def test_items_are_left_as_they_were(encoder: Encoder) -> None:
    """Arrays may be shared memory that others read: they are not written to."""
    items = items_for(encoder)
    for item in items:
        if isinstance(item, np.ndarray):
            item.flags.writeable = False
    encoder.encode(items)


def test_threads_agree(encoder: Encoder) -> None:
    """Four threads at once get what one gets."""
    items = items_for(encoder)
    expected = encoder.encode(items)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: encoder.encode(items), range(8)))
    assert min((rows * expected).sum(1).min() for rows in found) > 0.9999
