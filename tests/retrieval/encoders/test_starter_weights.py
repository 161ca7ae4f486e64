"""The weights that ship: what they give, how large they are, and what words and drawings say to each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval import resources
from retrieval.encoders.profile import make_profile
from retrieval.encoders.starter import SentenceText, StarterImage, StarterText, bare, config, lexicon


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    """Pictures and sentences with the vectors they had when the weights were made."""
    with np.load(resources.starter() / "golden.npz") as file:
        return {name: file[name] for name in file.files}


def test_pictures_have_the_vectors_they_had(golden: dict[str, Any]) -> None:
    """The image tower of this machine agrees with the one the weights were written on."""
    vectors = StarterImage().encode(list(golden["pixels"]))
    assert (vectors * golden["vectors"]).sum(axis=1) == pytest.approx(np.ones(len(vectors)), abs=2e-3)


def test_sentences_have_the_vectors_they_had(golden: dict[str, Any]) -> None:
    """So does the text tower, in four languages."""
    vectors = StarterText().encode(golden["texts"].tolist())
    assert (vectors * golden["text_vectors"]).sum(axis=1) == pytest.approx(np.ones(len(vectors)), abs=2e-3)


def test_one_sentence_in_two_languages_is_nearly_one_vector(golden: dict[str, Any]) -> None:
    """A dog on the beach: English and Chinese are nearer than another sentence is."""
    english, chinese, other, _ = StarterText().encode(golden["texts"].tolist())
    assert english @ chinese > 0.7 > english @ other


@pytest.mark.parametrize("word", ["Mountain", "a mountain", "Berg", "montagne", "جبل", "dağ", "山"])
def test_a_noun_has_one_vector_in_every_language(word: str) -> None:
    """Everyday nouns have vectors of their own, with an article and in capitals too, and not that of their sentence."""
    text = StarterText()
    noun, found = text.encode(["mountain", word])
    assert noun @ found == pytest.approx(1, abs=1e-5)
    plain = text.adapt(SentenceText().encode(["mountain"]))[0]
    assert 0.5 < noun @ plain < 0.99


def test_sentences_with_a_noun_go_through_the_adapter() -> None:
    """Only a noun alone has a vector of its own."""
    said = ["a mountain in the snow", "the", "Berg im Schnee"]
    text = StarterText()
    assert (text.encode(said) * text.adapt(SentenceText().encode(said))).sum(axis=1) == pytest.approx(
        np.ones(3), abs=1e-5
    )
    assert [bare(each) for each in ("The  Dog", "a", "an apple pie")] == ["dog", "a", "apple pie"]


def test_the_files_are_small() -> None:
    """The image tower has at most 9 MB, the folder at most 16."""
    sizes = {path.name: path.stat().st_size for path in Path(resources.starter()).iterdir()}
    assert sizes["image.onnx"] <= 9e6
    assert sum(sizes.values()) <= 16e6


def test_every_stated_digest_is_that_of_the_file() -> None:
    """No file of the folder was swapped without its line in starter.toml."""
    stated = config().values["sha256"]
    assert {"image.onnx", "adapter.npz"} <= stated.keys()
    assert all(config().file(name).is_file() for name in stated)


def test_the_profile_takes_its_confidences_from_the_calibration() -> None:
    """The middle of the curve of words and pictures is where starter.toml puts it."""
    curve = config().values["calibration"]["text-image"]
    prior = make_profile("starter").prior("text-image")
    assert prior.midpoint == pytest.approx(-curve["offset"] / curve["slope"])


def test_the_background_fits_these_weights() -> None:
    """The bank lies in the space of the shipped adapter: its first thing is encoded to its first row."""
    background = make_profile("starter").background("text-image")
    assert background is not None
    encoder = make_profile("starter").encoder("shared", "text")
    first = encoder.encode(["a dog"])[0]
    assert float(first @ background.everyday[0]) == pytest.approx(1.0, abs=2e-3)
    assert background.typical.shape == (encoder.space.dimension,)


def test_a_profile_that_nobody_measured_has_no_background() -> None:
    """Its prior counts alone."""
    assert make_profile("starter", shared="clip-vit-b-32").background("text-image") is None


def test_nouns_of_the_shipped_lexicon_are_judged_by_their_own_cosines() -> None:
    """A noun with an article, and its translation, are the noun; a caption is none."""
    background = make_profile("starter").background("text-image")
    assert background is not None
    assert background.nouns is not None
    encoder = make_profile("starter").encoder("shared", "text")
    for text in ("woman", "a woman", "Frau"):
        places = background.nouns.places(encoder.encode([text]))
        assert places is not None
        assert lexicon().nouns[int(places[0])] == "woman"
    assert background.nouns.places(encoder.encode(["a woman in a red coat"])) is None
