"""Every profile keeps the promises of protocols.Profile, the fake one too."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.encoders.profile import make_profile
from retrieval.errors import EncoderUnavailable
from retrieval.kinds import KINDS
from retrieval.protocols import Profile
from tests.fakes import FakeProfile


@pytest.fixture(params=["starter", "fake"])
def profile(request: pytest.FixtureRequest) -> Profile:
    return FakeProfile() if request.param == "fake" else make_profile(request.param)


def test_every_kind_has_its_space(profile: Profile) -> None:
    """The spaces of the table of kinds are there, each of a name and dimension of its own encoder."""
    assert {kind.space for kind in KINDS.values()} <= set(profile.spaces)
    for name in profile.spaces:
        assert profile.space(name).name == name
        assert profile.space(name) == profile.encoder(name, "text").space


def test_every_modality_of_a_space_gives_unit_rows(profile: Profile) -> None:
    """A text, or a grey picture, or a second of silence."""
    items = {"text": "a dog", "image": np.full((224, 224, 3), 99, np.uint8), "sound": np.zeros(80_000, np.float32)}
    for name in profile.spaces:
        for modality in profile.modalities(name):
            rows = profile.encoder(name, modality).encode([items[modality]])
            assert rows.shape == (1, profile.space(name).dimension)
            assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-3)


def test_a_modality_that_a_space_has_not_is_an_error_of_the_family(profile: Profile) -> None:
    """The sentence space takes texts alone."""
    if isinstance(profile, FakeProfile):
        profile = FakeProfile(missing=frozenset({"image"}))
        with pytest.raises(EncoderUnavailable):
            profile.encoder("shared", "image")
    else:
        with pytest.raises(EncoderUnavailable):
            profile.encoder("sentence", "image")
