"""Profiles of the user's own: files that say which models encode."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.domain.media import Space
from retrieval.encoders.factory import make_encoder
from retrieval.encoders.profile import library_profile, make_profile
from retrieval.encoders.profile_registry import add_profile, list_profiles, profile_state, remove_profile
from retrieval.errors import EncoderUnavailable, SpaceMismatch

STARTER = Space("shared", "starter", "1", 512)
SENTENCES = Space("sentence", "use-multilingual", "3", 512)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path))
    return tmp_path


def test_a_profile_of_ones_own_is_listed_after_those_that_ship(cache: Path) -> None:
    """It is a file that says the same again, and `make_profile` takes it by name."""
    add_profile("mine", shared="starter", sentence="all-minilm-l6-v2", about='fast "and" small')
    own = list_profiles()[-1]
    assert (own.name, own.about, own.own) == ("mine", 'fast "and" small', True)
    assert [model.name for model in own.models] == ["starter", "all-minilm-l6-v2"]
    assert make_profile("mine").sentence.name == "all-minilm-l6-v2"
    assert (cache / "models/profiles/mine.toml").is_file()


def test_the_same_again_is_the_same_and_other_models_are_refused() -> None:
    """A name never changes its meaning in silence, and none of those that ship is replaced."""
    add_profile("mine", shared="starter", sentence="use-multilingual")
    add_profile("mine", shared="starter", sentence="use-multilingual")
    with pytest.raises(SpaceMismatch, match="mine"):
        add_profile("mine", shared="clip-vit-b-32", sentence="use-multilingual")
    with pytest.raises(SpaceMismatch, match="starter"):
        add_profile("starter", shared="clip-vit-b-32", sentence="use-multilingual")


@pytest.mark.parametrize(
    ("name", "shared", "sentence", "said"),
    [
        ("auto", "starter", "use-multilingual", "cannot be a profile's name"),
        ("a/b", "starter", "use-multilingual", "cannot be a profile's name"),
        ("mine", "nothing", "use-multilingual", "no model is called nothing"),
        ("mine", "starter", "starter", "not one for sentences"),
    ],
)
def test_what_is_no_profile_is_refused(name: str, shared: str, sentence: str, said: str) -> None:
    """One line, and no file."""
    with pytest.raises(EncoderUnavailable, match=said):
        add_profile(name, shared=shared, sentence=sentence)
    assert not any(each.own for each in list_profiles())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("shared = [", "cannot be read as a profile"),
        ('shared = "starter"', "lacks sentence"),
        ('shared = "starter"\nsentence = "use-multilingual"\nvoice = "x"', "unknown fields: voice"),
    ],
)
def test_a_file_that_is_no_profile_is_named(cache: Path, content: str, said: str) -> None:
    """With what is wrong in it."""
    (cache / "models/profiles").mkdir(parents=True)
    (cache / "models/profiles/mine.toml").write_text(content)
    with pytest.raises(EncoderUnavailable, match=said):
        profile_state("mine")


def test_a_broken_file_costs_no_other_profile(cache: Path) -> None:
    """Libraries of others are asked as before; the list names the file."""
    (cache / "models/profiles").mkdir(parents=True)
    (cache / "models/profiles/broken.toml").write_text("shared = [")
    add_profile("mine", shared="starter", sentence="use-multilingual")
    assert make_profile("mine").shared.name == make_profile("starter").shared.name == "starter"
    assert library_profile("starter", [STARTER, SENTENCES]).name == "starter"
    with pytest.raises(EncoderUnavailable, match=r"broken\.toml cannot be read"):
        list_profiles()


def test_a_profile_is_removed_and_one_that_ships_is_not() -> None:
    """Its file goes."""
    add_profile("mine", shared="starter", sentence="use-multilingual")
    remove_profile("mine")
    assert "mine" not in [each.name for each in list_profiles()]
    with pytest.raises(EncoderUnavailable, match="ships with the program"):
        remove_profile("clip")
    with pytest.raises(EncoderUnavailable, match="no profile is called mine"):
        remove_profile("mine")


def test_a_library_goes_by_the_models_of_its_spaces() -> None:
    """Not by what the profile of that name holds today; a profile that is gone costs nothing."""
    spaces = [Space("shared", "clip-vit-b-32", "1", 512), SENTENCES]
    assert library_profile("starter", spaces).shared.name == "clip-vit-b-32"
    assert library_profile("gone", spaces).shared.name == "clip-vit-b-32"
    assert library_profile("starter", []) == make_profile("starter")
    assert library_profile("starter", spaces, shared="starter").shared.name == "starter"
    assert library_profile("gone", [], "starter", "use-multilingual").shared.name == "starter"
    with pytest.raises(EncoderUnavailable, match="no profile is called gone"):
        library_profile("gone", [])


def test_a_model_that_nothing_here_knows_is_missed_when_it_is_asked() -> None:
    """With its name and what adds it; the other space goes on."""
    profile = library_profile("starter", [Space("shared", "lost", "1", 99), SENTENCES])
    with pytest.raises(EncoderUnavailable, match="model lost, which encoded this library"):
        profile.encoder("shared", "text")
    assert profile.space("sentence").encoder == "use-multilingual"
    with pytest.raises(EncoderUnavailable, match="model lost"):
        make_encoder(
            library_profile("starter", [STARTER, Space("sentence", "lost", "1", 9)]).sentence, "sentence", "text"
        )


def test_any_name_and_tag_of_open_clip_is_known_by_what_a_space_records() -> None:
    """NAME--TAG, as a model is called where a slash cannot stand."""
    profile = library_profile("clip", [Space("shared", "ViT-L-14--laion2b_s32b_b82k", "1", 768), SENTENCES])
    assert (profile.shared.architecture, profile.shared.tag) == ("ViT-L-14", "laion2b_s32b_b82k")
