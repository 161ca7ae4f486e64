"""Numbers that are measured on this machine: an encoder whose cosines are another's, moved, is judged as that one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.domain.media import Modality, Space, Vectors
from retrieval.encoders import reference, self_calibration, starter
from retrieval.encoders.calibration import CohortCalibration
from retrieval.encoders.profile import library_profile
from retrieval.encoders.registry import DefaultCalibration, find_model
from retrieval.protocols import Encoder

CONE = 1.5  # cosines of the moved encoder are (cosine + CONE) / (1 + CONE), as in a narrow cone
ASKED = [
    "a dog runs",
    "a snake in the grass",
    "ein Zebra in der Savanne",
    "两只猫睡在椅子上",
    "a spreadsheet with quarterly sales",
]


class Cone:
    """An encoder with one more number that is the same for everything."""

    def __init__(self, inner: Encoder) -> None:
        self.inner, self.accepts, self.form = inner, inner.accepts, inner.form
        self.space = replace(inner.space, encoder="cone", dimension=inner.space.dimension + 1)

    def encode(self, items: Sequence[Any]) -> Vectors:
        """Unit rows again."""
        return widened(self.inner.encode(items))


def widened(rows: Vectors) -> Vectors:
    """Unit rows of one number more."""
    return np.asarray(np.pad(rows, ((0, 0), (0, 1)), constant_values=CONE**0.5) / (1 + CONE) ** 0.5, np.float32)


@pytest.fixture(scope="module")
def shared() -> self_calibration.SelfCalibration:
    """That of the starter's towers in a cone; sounds left out, for they take the longest."""
    encoders: dict[Modality, Encoder] = {"text": Cone(starter.StarterText()), "image": Cone(starter.StarterImage())}
    return self_calibration.measure(encoders)


@pytest.fixture(scope="module")
def sentence() -> self_calibration.SelfCalibration:
    """That of the Universal Sentence Encoder in a cone."""
    return self_calibration.measure({"text": Cone(starter.SentenceText())})


@pytest.mark.parametrize("count", [20, 1_000])
@pytest.mark.parametrize("lead", [0.2, 0.35, 0.6])
def test_questions_to_pictures_are_judged_as_by_the_fitted_numbers(
    shared: self_calibration.SelfCalibration, count: int, lead: float
) -> None:
    """Log-odds of the same cosines differ by less than the half of one, whatever the question."""
    fitted = starter.backgrounds()["text-image"]
    assert isinstance(shared.cohort, CohortCalibration)
    for text in ASKED:
        own = starter.StarterText().encode([text])
        wanted = fitted.line(own, lead, count)
        found = shared.cohort.line(widened(own), (lead + CONE) / (1 + CONE), count)
        cosines = np.array([lead, lead - 0.1], np.float32)
        moved = (cosines + CONE) / (1 + CONE)
        assert found.odds(moved) == pytest.approx(wanted.odds(cosines), abs=0.5), text


def test_curves_stand_where_the_fitted_ones_do(
    shared: self_calibration.SelfCalibration, sentence: self_calibration.SelfCalibration
) -> None:
    """The cosine of confidence 0.5 is that of the fitted encoder, moved."""
    curve = find_model("use-multilingual").prior["text-text"]
    moved = sentence.priors["text-text"]
    assert moved.midpoint == pytest.approx((curve.midpoint + CONE) / (1 + CONE), abs=0.005)
    assert moved.slope == pytest.approx(curve.slope * (1 + CONE), rel=0.02)
    assert moved.growth == pytest.approx(curve.growth / (1 + CONE), rel=0.02)
    assert shared.priors["image-image"].slope > 10


def test_what_describes_a_scene_is_known_in_texts(sentence: self_calibration.SelfCalibration) -> None:
    """A description of a picture costs more in log-odds than a question to a text."""
    assert sentence.scene is not None
    told, asked = widened(starter.SentenceText().encode(["a peacock spreading its tail", "cause of ebb and flood"]))
    assert float(told @ sentence.scene) > float(asked @ sentence.scene) + 0.5


def test_the_librarys_own_pictures_make_the_typical_one(shared: self_calibration.SelfCalibration) -> None:
    """From a hundred on; their mean takes the place of that of the drawings, on the scale of pictures."""
    random = np.random.default_rng(1)
    pictures = random.normal(0, 1, (200, 513)).astype(np.float32) + random.normal(0, 1, 513).astype(np.float32)
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    assert shared.with_library(pictures[:50], 50).cohort is shared.cohort
    found = shared.with_library(pictures, 200)
    assert found.count == 200
    assert found.cohort is not None
    assert np.allclose(found.cohort.typical, pictures.mean(axis=0), atol=1e-6)
    assert found.cohort.typical_scale == found.cohort.scale


def test_a_file_says_the_same_again(tmp_path: Path, shared: self_calibration.SelfCalibration) -> None:
    """To a thousandth of a log-odd, for vectors are kept in float16; of another revision, or cut short, it says nothing."""
    path = tmp_path / "calibration" / "shared.npz"
    self_calibration.write(shared, path)
    again = self_calibration.read(path, shared.revision)
    assert again is not None
    assert again.cohort is not None
    assert shared.cohort is not None
    question = widened(starter.StarterText().encode(["a dog"]))
    one, other = (each.line(question, 0.7, 100).shift for each in (again.cohort, shared.cohort))
    assert one == pytest.approx(other, abs=0.02)
    assert again.priors == shared.priors
    assert self_calibration.read(path, "another") is None
    path.write_bytes(path.read_bytes()[:500])
    assert self_calibration.read(path, shared.revision) is None


def test_a_profile_takes_what_its_library_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentence: self_calibration.SelfCalibration
) -> None:
    """First the library's, then what was measured when the model came; else the curve of which nothing is known."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path))
    spaces = [Space("shared", "starter", "1", 512), Space("sentence", "lost", "1", 513)]
    assert library_profile("starter", spaces, home=tmp_path).prior("text-text") == DefaultCalibration()
    found = self_calibration.calibration_of(find_model("use-multilingual"), Space("sentence", "x", "3", 513), tmp_path)
    assert found is None
    self_calibration.write(sentence, self_calibration.model_file(Space("sentence", "x", "3", 513)))
    self_calibration.write(replace(sentence, count=7), self_calibration.library_file(tmp_path, "sentence"))
    for home, count in ((tmp_path, 7), (tmp_path / "other", 0), (None, 0)):
        found = self_calibration.calibration_of(find_model("use-multilingual"), Space("sentence", "x", "3", 513), home)
        assert found is not None
        assert found.count == count


def test_the_reference_set_is_whole() -> None:
    """Each thing has two drawings and several names; texts have questions; sentences of what is absent are many."""
    names = reference.names()
    form = starter.StarterImage().form
    drawings = list(reference.drawings(form))
    things = {each.answer for each in names}
    assert len(drawings) == 2 * len(things) == 2 * (max(things) + 1)
    assert len(names) >= 3 * len(things)
    assert drawings[0].shape == (224, 224, 3)
    assert float(np.abs(drawings[0].astype(int) - drawings[2]).mean()) > 5
    texts, questions = reference.passages()
    assert len(texts) == len(questions) >= 40
    assert len(reference.absent()) > 100
    assert len(reference.everyday()) > 300
