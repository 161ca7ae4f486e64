"""Nouns with vectors of their own: whose words they are, and where they end up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training import data, lexicon  # noqa: E402
from training.vocabulary import Term  # noqa: E402
from training.words import SURE, TOLD, Told  # noqa: E402


def _told() -> Told:
    """20 photos: ten of dogs, ten of boats; the German captions say Hund, and kind where the English say dog."""
    texts = [("en", "dog"), ("en", "boat"), ("en", "kind"), ("de", "Hund"), ("de", "Boot")]
    shown = np.zeros((20, len(texts)), np.uint8)
    shown[:10, [0, 3]] = SURE
    shown[10:, [1, 4]] = SURE
    shown[::2, 2] = SURE
    shown[10, 0] = TOLD
    terms = [Term(lang, text, frozenset(), frozenset()) for lang, text in texts]
    return Told([f"{n}.png" for n in range(20)], [False] * 20, terms, shown)


def test_words_mean_the_noun_of_their_photos_and_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """By photos, dictionary and emoji; a German Kind is no English kind, so neither is listed."""
    monkeypatch.setattr(data, "dictionary", lambda: [("dog", "狗"), ("boat", "船"), ("cat", "猫")])
    told = _told()
    chosen = lexicon.nouns(told)
    assert [told.terms[n].text for n in chosen] == ["dog", "boat", "kind"]
    names = {"es": {"dog": ["perro"], "cat": ["gato"], "boat": ["perro"]}, "nl": {"dog": ["kind"]}}
    found = lexicon.meanings(told, chosen, names)
    assert found == {"dog": 0, "boat": 1, "hund": 0, "boot": 1, "狗": 0, "船": 1, "perro": 0}


def test_a_noun_moves_to_its_photos_and_stays_near_its_word() -> None:
    """Photos that show it come first; a photo of which one caption tells counts neither way."""
    torch.manual_seed(1)
    centre = torch.nn.functional.normalize(torch.randn(3, 512), dim=1)
    photos = torch.nn.functional.normalize(centre[[0] * 10 + [1] * 10] + 0.02 * torch.randn(20, 512), dim=1)
    begun = torch.nn.functional.normalize(centre[[2, 2, 2]] + 0.02 * torch.randn(3, 512), dim=1)
    vectors = lexicon.learn(begun, _told().shown[:, :3], photos)
    scores = vectors[:2] @ photos.T
    assert set(scores[0].topk(10).indices.tolist()) == set(range(10))
    assert set(scores[1].topk(10).indices.tolist()) == set(range(10, 20))
    near = (vectors * begun).sum(1)
    assert (near > 0.5).all()
    assert (near[:2] < 0.99).all()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Rows of int8 keep their direction."""
    rows = np.random.default_rng(0).standard_normal((2, 512)).astype(np.float32)
    cosines = np.array([[0.1, 0.1, 0.4, 0.01], [0.2, 0.1, 0.3, 0.2]], np.float32)
    lexicon.write(tmp_path / "lexicon.npz", {"hund": 1, "dog": 1, "boat": 0}, ["boat", "dog"], rows, cosines)
    with np.load(tmp_path / "lexicon.npz") as file:
        assert file["words"].tobytes().decode().split("\n") == ["boat", "dog", "hund"]
        assert file["rows"].tolist() == [0, 1, 1]
        assert file["nouns"].tobytes().decode().split("\n") == ["boat", "dog"]
        assert np.array_equal(file["cosines"], cosines)
        held = file["vectors"] * file["scale"]
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(held, axis=1)
    assert ((rows * held).sum(1) / lengths > 0.9999).all()


def test_cosines_are_those_of_photos_that_show_a_noun_and_of_those_that_do_not() -> None:
    """A photo of which one caption tells counts neither way."""
    photos = torch.nn.functional.normalize(torch.randn(20, 512, generator=torch.manual_seed(2)), dim=1)
    shown = _told().shown[:, :1]
    found = lexicon.cosines(photos[:1], shown, photos)
    scores = (photos @ photos[0]).numpy()
    expected = [scores[11:].mean(), scores[11:].std(), scores[:10].mean(), 10 / 19]
    assert found[0].tolist() == pytest.approx(expected, abs=1e-6)
