"""Whisper weights are found, joined once, checked, and never fetched silently."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.encoders.speech.weights import (
    SpeechModel,
    Weights,
    _checked,
    digest,
    fetch,
    find_weights,
    here,
    speech_models,
)
from retrieval.errors import EncoderUnavailable

DATA = b"weights " * 1_000


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, an empty hub cache, and a folder for packages on the path."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # its variable is read once, at import
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(str(packages))
    return packages


def package(folder: Path, name: str, files: dict[str, bytes]) -> None:
    (folder / name / "data").mkdir(parents=True)
    (folder / name / "__init__.py").write_text("raise RuntimeError('package code must not run')\n")
    for file, content in files.items():
        (folder / name / "data" / file).write_bytes(content)


def divided(place: Path, name: str, sha256: str = hashlib.sha256(DATA).hexdigest()) -> SpeechModel:
    """A model in two packages, like the real one."""
    small = {"config.json": b"{}", "tokenizer.json": b"{}", "model.bin.part1": DATA[:3_001]}
    package(place, f"{name}_one", small)
    package(place, f"{name}_two", {"model.bin.part2": DATA[3_001:]})
    parts = (f"{name}_one/data/model.bin.part1", f"{name}_two/data/model.bin.part2")
    return SpeechModel(name, "nobody/nothing", len(DATA), "MIT", sha256, files=f"{name}_one/data", parts=parts)


def test_parts_are_joined_in_the_cache(place: Path) -> None:
    """Two halves become one file with its small files beside it; the package's code is not run."""
    model = divided(place, "whole")
    weights = _checked(model, place / "whole_one" / "data" / "model.bin.part1")
    assert (weights.path / "model.bin").read_bytes() == DATA
    assert sorted(each.name for each in weights.path.iterdir()) == ["config.json", "model.bin", "tokenizer.json"]


def test_a_join_that_was_cut_off_is_done_again(place: Path) -> None:
    """What a killed process left behind is no weights."""
    model = divided(place, "cut")
    folder = place.parent / "cache" / "whisper" / "cut"
    folder.mkdir(parents=True)
    (folder / ".model.bin.abc").write_bytes(DATA[:10])
    assert _checked(model, place / "cut_one" / "data" / "model.bin.part1").sha256 == model.sha256


def test_damaged_weights_are_refused(place: Path) -> None:
    """A digest that is not the stated one is one clear error, with what to do."""
    model = divided(place, "bad", sha256="0" * 64)
    with pytest.raises(EncoderUnavailable, match=r"damaged .*delete that folder"):
        _checked(model, place / "bad_one" / "data" / "model.bin.part1")


def test_a_digest_is_remembered_until_the_file_changes(place: Path) -> None:
    """The second asking reads nothing; another size or time reads again."""
    file = place / "file"
    file.write_bytes(b"a" * 100)
    first = digest(file)
    seen = file.stat()
    file.write_bytes(b"b" * 100)
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert digest(file) == first
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns + 1))
    assert digest(file) == hashlib.sha256(b"b" * 100).hexdigest()


def test_a_damaged_memory_of_digests_is_no_error(place: Path) -> None:
    """A file of digests that is not JSON is written anew."""
    folder = place.parent / "cache" / "whisper"
    folder.mkdir(parents=True)
    (folder / "digests.json").write_text("{")
    (place / "file").write_bytes(b"x")
    assert digest(place / "file") == digest(place / "file")


def test_weights_that_are_not_here_are_named_with_what_to_do(place: Path) -> None:
    """A known size that is not here says how to get it; nothing is fetched."""
    with pytest.raises(EncoderUnavailable, match=r"Whisper large-v3 .*models fetch large-v3 \(3087 MB\)"):
        find_weights("large-v3")


def test_an_unknown_name_lists_those_there_are(place: Path) -> None:
    """A name that nobody knows is answered with the names."""
    with pytest.raises(EncoderUnavailable, match="base, tiny"):
        find_weights("huge")


def test_a_folder_is_taken_as_it_is(place: Path) -> None:
    """A local folder with weights needs no entry."""
    (place / "mine").mkdir()
    (place / "mine" / "model.bin").write_bytes(DATA)
    assert find_weights(str(place / "mine")) == Weights("mine", place / "mine", hashlib.sha256(DATA).hexdigest())


@pytest.mark.parametrize("pinned", [True, False])
def test_the_hub_cache_is_used_when_it_is_whole(
    pinned: bool, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights of the pinned commit, or fetched by any program, are found; without the tokenizer, they are not.

    Other weights than the pinned ones are refused.
    """
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    entry = speech_models()["small"]
    monkeypatch.setitem(speech_models(), "small", replace(entry, sha256=hashlib.sha256(DATA).hexdigest()))
    repo = tmp_path / "hub" / "models--Systran--faster-whisper-small"
    snapshot = repo / "snapshots" / (entry.revision if pinned else "abc")
    snapshot.mkdir(parents=True)
    if not pinned:
        (repo / "refs").mkdir()
        (repo / "refs" / "main").write_text("abc")
    for name in ("model.bin", "config.json"):
        (snapshot / name).write_bytes(DATA)
    assert "small" not in here()
    (snapshot / "tokenizer.json").write_bytes(b"{}")
    assert "small" in here()
    assert find_weights("small").path == snapshot
    monkeypatch.setitem(speech_models(), "small", entry)
    with pytest.raises(EncoderUnavailable, match="are damaged"):
        find_weights("small")


def test_a_fetch_asks_for_the_pinned_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for whatever the repository's main branch is on that day."""
    hub = pytest.importorskip("huggingface_hub")
    asked = []

    def refuse(repo: str, **options: object) -> None:
        asked.append((repo, options["revision"]))
        raise OSError("no network")

    monkeypatch.setattr(hub, "snapshot_download", refuse)
    with pytest.raises(EncoderUnavailable, match="Whisper tiny could not be fetched: no network"):
        fetch("tiny")
    assert asked == [("Systran/faster-whisper-tiny", "d90ca5fe260221311c53c58e660288d3deb8d356")]


def test_every_entry_is_complete() -> None:
    """Each model states its repository, commit, size, digest and licence."""
    assert list(speech_models())[:3] == ["large-v3", "large-v3-turbo", "medium"]
    for model in speech_models().values():
        assert model.repo.count("/") == 1
        assert model.bytes > 10_000_000
        assert model.licence == "MIT"
        assert len(model.sha256) == 64
        assert len(model.revision) == 40


def test_looking_imports_nothing_heavy() -> None:
    """To know which weights are here, neither faster-whisper nor torch is imported."""
    import subprocess

    code = "import sys; from retrieval.encoders.speech.weights import here; here(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"torch", "faster_whisper", "ctranslate2", "av"}.isdisjoint(loaded)
