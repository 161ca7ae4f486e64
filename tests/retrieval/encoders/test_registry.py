"""Models as data, records of what is here, and files that are no longer what was recorded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders import profile_registry, registry
from retrieval.encoders.install import add, check
from retrieval.encoders.profile import make_profile
from retrieval.encoders.profile_registry import better_fetch, list_profiles, resolve_profile
from retrieval.encoders.registry import (
    DefaultCalibration,
    ModelState,
    files_of,
    find_model,
    list_models,
)
from retrieval.errors import EncoderUnavailable, SpaceMismatch

PROFILES = ("starter", "clip", "clip-multilingual", "clip-large", "omni")
DIRECTIONS = ("text-image", "image-image")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path, onnx_folder: Callable[[str], Path]) -> Path:
    """A copy of an ONNX folder, to be changed."""
    shutil.copytree(onnx_folder("free"), tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_whole(name: str, cache: Path) -> None:
    """Each profile's models are entries with licence, dimension, modalities and source, and its curves rise with cosine."""
    profile = make_profile(name)
    for model in (profile.shared, profile.sentence):
        assert model.licence != "unknown"
        assert model.dimension
        assert model.source
    assert {"text", "image"} <= profile.modalities("shared")
    for direction in DIRECTIONS:
        low, high = profile.prior(direction).line(registry.USUAL).odds(np.array([0.0, 1.0], np.float32))
        assert low < -1.0
        assert high > 1.0


def test_these_profiles_ship() -> None:
    """Those that the documentation names."""
    assert [state.name for state in list_profiles()] == list(PROFILES)


def test_what_is_said_needs_a_nearer_meaning_than_a_passage() -> None:
    """Sentences are nearer to each other than a question to a passage; a model that names no prior for them has one."""
    said, written = (make_profile("starter").prior(each) for each in ("text-speech", "text-text"))
    assert said.midpoint > written.midpoint
    other = make_profile("starter", sentence="all-minilm-l6-v2")
    assert other.prior("text-speech") == other.prior("text-text")


def test_a_prior_is_even_at_its_midpoint_and_rises_with_the_vectors() -> None:
    """Log-odds 0 at the midpoint among the usual number of vectors, lower among more."""
    prior = DefaultCalibration(0.2, 10.0, growth=0.01)
    cosines = np.array([[0.1, 0.2, 0.3]], np.float32)
    usual, many = (prior.line(count).odds(cosines) for count in (registry.USUAL, 100 * registry.USUAL))
    assert usual[0] == pytest.approx([-1.0, 0.0, 1.0], abs=1e-6)
    assert (many < usual).all()


def test_unknown_names_list_the_known() -> None:
    """A wrong profile and a wrong model each name what there is."""
    with pytest.raises(EncoderUnavailable, match="clip-multilingual"):
        make_profile("klip")
    with pytest.raises(EncoderUnavailable, match="use-multilingual"):
        find_model("klip")


def test_any_name_and_tag_of_open_clip_is_a_model(cache: Path) -> None:
    """NAME/TAG needs no entry; that it is not here is said with the command that fetches it."""
    model = find_model("ViT-L-14/laion2b_s32b_b82k")
    assert (model.family, model.architecture, model.tag) == ("open_clip", "ViT-L-14", "laion2b_s32b_b82k")
    with pytest.raises(EncoderUnavailable, match="models fetch ViT-L-14/laion2b_s32b_b82k"):
        files_of(model)


def test_missing_weights_name_fetch_and_size(cache: Path) -> None:
    """A profile whose weights are not here says what to do and how large that is."""
    with pytest.raises(EncoderUnavailable, match=r"models fetch clip-vit-b-32 \(605 MB\)"):
        make_profile("clip").encoder("shared", "text")


def test_profile_without_sound_says_so(cache: Path) -> None:
    """CLIP hears nothing, and says who does."""
    profile = make_profile("clip")
    assert "sound" not in profile.modalities("shared")
    with pytest.raises(EncoderUnavailable, match="no encoder of sound"):
        profile.encoder("shared", "sound")


def test_the_fetch_that_would_find_more_is_one_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best profile that this machine can use, its size and licence; none of the best, and none where one is here."""
    monkeypatch.setattr(profile_registry, "has_gpu", lambda: False)
    line = better_fetch("starter")
    assert "crossmedia models fetch clip-multilingual brings 1,540 MB, Apache-2.0;" in line
    assert "crossmedia rebuild --profile clip-multilingual --keep" in line
    assert better_fetch("clip-multilingual") == better_fetch("one of ones own") == ""
    monkeypatch.setattr(profile_registry, "model_state", lambda model: ModelState(model, here=True))
    assert better_fetch("starter") == ""


def test_auto_takes_what_is_here(cache: Path, folder: Path) -> None:
    """With nothing fetched it is the starter."""
    assert resolve_profile("auto") == "starter"


def test_added_folder_serves_in_a_profile(cache: Path, folder: Path) -> None:
    """An ONNX folder of the user's becomes a shared space without code, and its encoders share one space."""
    state = add(folder)
    profile = make_profile("clip", shared="tiny")
    text, image = profile.encoder("shared", "text"), profile.encoder("shared", "image")
    assert (state.here, state.model.family, state.model.dimension) == (True, "onnx", 16)
    assert text.space == image.space == profile.space("shared")
    assert text.encode(["a dog"]).shape == (1, 16)
    assert "tiny" in {each.model.name for each in list_models() if each.here}


def test_adding_twice_is_the_same_record(cache: Path, folder: Path) -> None:
    """Revision and record do not change."""
    assert add(folder).digest == add(folder).digest


def test_encoder_is_made_once(cache: Path) -> None:
    """The same object for every asking thread."""
    profile = make_profile("starter")
    assert profile.encoder("sentence", "text") is profile.encoder("sentence", "text")


def test_changed_file_is_a_mismatch(cache: Path, folder: Path) -> None:
    """Weights that changed after they were added do not answer for a library made with the old ones."""
    add(folder)
    weights = folder / "textual/model.onnx"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 0xFF
    weights.write_bytes(bytes(content))
    with pytest.raises(SpaceMismatch, match=r"textual/model\.onnx is not the file that was recorded"):
        make_profile("clip", shared="tiny").encoder("shared", "text")


def test_missing_file_is_named(cache: Path, folder: Path) -> None:
    """A file that is gone is named with what to do."""
    add(folder)
    (folder / "visual/model.onnx").unlink()
    with pytest.raises(EncoderUnavailable, match=r"visual/model\.onnx is gone"):
        make_profile("clip", shared="tiny").encoder("shared", "text")


def test_name_of_another_model_is_taken(cache: Path, folder: Path) -> None:
    """A shipped name, or that of another folder, is refused."""
    add(folder)
    shutil.copytree(folder, folder.parent / "other")
    for name in ("tiny", "clip-vit-b-32"):
        with pytest.raises(SpaceMismatch, match="already stands for another model"):
            add(folder.parent / "other", name)


@pytest.mark.parametrize("name", ["../up", "a b", "", ".hidden", "x" * 200])
def test_names_are_plain(cache: Path, folder: Path, name: str) -> None:
    """A model's name is a file name: nothing climbs out of the cache (an empty one is the folder's)."""
    if not name:
        assert add(folder, name).model.name == "tiny"
        return
    with pytest.raises(EncoderUnavailable, match="cannot be a model's name"):
        add(folder, name)


def test_folder_without_a_model_is_refused(cache: Path, tmp_path: Path) -> None:
    """What is wanted stands in the line."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderUnavailable, match=r"open_clip_config\.json"):
        add(tmp_path / "empty")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("textual/model.onnx", b"not a graph"),
        ("textual/tokenizer.json", b"{}"),
        ("config.json", b"{"),
        ("config.json", b'{"embed_dim": 99}'),
        ("visual/preprocess_cfg.json", b'{"size": [8, 16]}'),
        ("textual/tokenizer_config.json", b'{"pad_token": "<nothing>"}'),
    ],
)
def test_broken_folder_leaves_no_record(cache: Path, folder: Path, name: str, content: bytes) -> None:
    """A folder is tried when it is added; one that does not work is one line, and not known afterwards."""
    (folder / name).write_bytes(content)
    with pytest.raises((EncoderUnavailable, SpaceMismatch)) as caught:
        add(folder)
    assert "\n" not in caught.value.what
    with pytest.raises(EncoderUnavailable, match="no model is called tiny"):
        find_model("tiny")


def test_broken_record_is_as_none(cache: Path, folder: Path) -> None:
    """A record that a crash cut short does not stop other models."""
    add(folder)
    (cache / "models" / "tiny.json").write_text("{")
    assert find_model("use-multilingual").dimension == 512
    with pytest.raises(EncoderUnavailable, match="no model is called tiny"):
        find_model("tiny")


def test_bundled_text_encoder_gives_its_golden_vector(cache: Path) -> None:
    """The Universal Sentence Encoder gives today what it gave when it was recorded."""
    assert check("use-multilingual")["text"]


def test_another_models_vectors_are_caught(cache: Path, folder: Path) -> None:
    """The golden vector of one model is not another's."""
    add(folder)
    record = json.loads((cache / "models" / "tiny.json").read_text())
    record["entry"]["golden"] = {
        "text": "a dog on the beach",
        "head": list(find_model("use-multilingual").golden["head"]),
    }
    (cache / "models" / "tiny.json").write_text(json.dumps(record))
    with pytest.raises(SpaceMismatch, match="gives other vectors"):
        check("tiny")


def test_profiles_import_nothing_heavy() -> None:
    """Making a profile, listing all models and reading all priors loads none of the runtimes."""
    heavy = ["torch", "onnxruntime", "tokenizers", "PIL", "av", "open_clip", "faster_whisper", "huggingface_hub"]
    script = (
        "import sys; from retrieval.encoders import registry as models; from retrieval.encoders.profile import make_profile;"
        "p = make_profile('auto'); p.prior('text-image'); p.modalities('shared'); models.list_models();"
        f"print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.strip() == "[]"


def test_models_of_every_family_are_known() -> None:
    """Each entry names a family that can be made."""
    from retrieval.encoders.factory import FAMILIES

    assert {state.model.family for state in list_models()} <= set(FAMILIES)
    assert registry.has_gpu() in (True, False)


def test_more_vectors_ask_for_nearer_ones_where_a_prior_grows() -> None:
    """The midpoint holds among 200 vectors, is not lower among few, higher among many; without growth it stays."""
    growing, fixed = DefaultCalibration(0.4, 10.0, 0.1), DefaultCalibration(0.4, 10.0)
    middles = [-growing.line(count).shift / growing.slope for count in (20, 200, 20_000)]
    assert middles[:2] == pytest.approx([0.4, 0.4])
    assert middles[2] > 0.41
    assert {fixed.line(count).shift for count in (0, 20, 20_000)} == {-4.0}
