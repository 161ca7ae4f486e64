"""Copies are grouped, other files are not, and the best copy is the one to keep."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from indexer.catalog import write as catalog_write
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library, Operand
from retrieval.catalog.engine import open_engine
from retrieval.render.duplicates import duplicates_lines
from retrieval.render.json import duplicates_report
from retrieval.search import duplicates
from retrieval.search.duplicates import Group
from tests.fakes import FakeProfile
from tests.retrieval.media import made_clips
from training import render, scenes


def drawn(seed: int, size: int = 240) -> Image.Image:
    return render.paint(scenes.compose(scenes.CHOOSING.start + seed, "pictogram"), size)


def noise(seconds: float, seed: int) -> np.ndarray:
    """Noise whose colour and loudness change, at 16 kHz."""
    rng = np.random.default_rng(seed)
    parts = [np.convolve(rng.normal(0, 0.1, 1600), rng.normal(size=6), "same") for _ in range(int(10 * seconds))]
    return np.concatenate(parts).clip(-1, 1).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, clips and sounds with copies."""
    folder = tmp_path_factory.mktemp("media")
    for seed in range(6):
        drawn(seed).save(folder / f"picture{seed}.png")
    drawn(0, 120).save(folder / "small.jpg", quality=60)
    ImageOps.mirror(drawn(1)).save(folder / "mirrored.jpg")
    shutil.copy(folder / "picture2.png", folder / "same.png")
    scenes_of = {name: [made_clips.pattern(10 * at + n) for n in range(4)] for at, name in enumerate("ab")}
    for name, shots in scenes_of.items():
        made_clips.write(folder / f"{name}.mp4", made_clips.frames(shots, [60, 75, 60, 75]))
    pictures = [*made_clips.frames(scenes_of["a"], [60, 75, 60, 75])]
    made_clips.write(folder / "part of a.mkv", [each[::2, ::2] for each in pictures[40:240]])
    from retrieval.media.av.ffmpeg import av

    for name, samples in (("x", noise(9, 1)), ("y", noise(9, 2)), ("part of x", 0.5 * noise(9, 1)[25_000:120_000])):
        with av.open(str(folder / f"{name}.wav"), "w") as container:
            stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
            frame = av.AudioFrame.from_ndarray((samples * 32_767).astype(np.int16)[None], "s16", "mono")
            frame.sample_rate = 16_000
            container.mux(stream.encode(frame))
    return folder


@pytest.fixture(scope="module")
def home(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of that folder."""
    home = tmp_path_factory.mktemp("duplicates") / "library"
    index_folders([folder], library=home, options=Options(profile=FakeProfile(), speech=False, workers=1))
    engine = open_engine(home, write=True)
    with catalog_write.transaction(engine) as connection:
        catalog_write.set_fact(connection, "profile", "starter")  # which the command can open; it asks no model
    engine.dispose()
    return home


@pytest.fixture(scope="module")
def groups(home: Path) -> list[Group]:
    with Library.open(home, profile=FakeProfile()) as library:
        return library.duplicates()


def names(groups: list[Group], medium: str) -> set[tuple[str, ...]]:
    return {tuple(copy.path.name for copy in each.copies) for each in groups if each.medium == medium}


def test_copies_of_pictures_are_grouped_the_largest_first(groups: list[Group]) -> None:
    """Made smaller, mirrored, and byte for byte; the others are in no group."""
    assert names(groups, "image") == {
        ("picture0.png", "small.jpg"),
        ("picture1.png", "mirrored.jpg"),
        ("same.png", "picture2.png"),
    }


def test_a_part_of_a_video_is_found_in_the_whole(groups: list[Group]) -> None:
    """Cut at both ends, half the size, another container; the longer one is to be kept."""
    assert names(groups, "video") == {("a.mp4", "part of a.mkv")}


def test_a_part_of_a_recording_is_found_in_the_whole(groups: list[Group]) -> None:
    """A quieter part that begins between two windows."""
    assert names(groups, "audio") == {("x.wav", "part of x.wav")}


def test_an_exact_copy_is_named_as_such(groups: list[Group]) -> None:
    """`same` says that the bytes are equal."""
    marked = {copy.path.name for group in groups for copy in group.copies if copy.same}
    assert marked == {"same.png", "picture2.png"}


@pytest.mark.sqlite  # a command is a process of its own, and finds a catalog by the folder's own settings
def test_the_command_prints_groups_for_people_and_programs(home: Path) -> None:
    """A table with the file to keep, and JSON with the promised keys."""
    ask = [sys.executable, "-m", "indexer.cli.app", "duplicates", "--library", str(home), "--in", "image"]
    table = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
    assert "keep" in table and "3 groups" in table
    report = json.loads(subprocess.run([*ask, "--json"], capture_output=True, text=True, check=True).stdout)
    assert {each["medium"] for each in report["groups"]} == {"image"}
    for group in report["groups"]:
        assert group["keep"] == group["files"][0]["path"]
        assert group["spare_bytes"] == sum(each["bytes"] for each in group["files"][1:])


def test_a_library_without_such_media_has_no_groups(tmp_path: Path) -> None:
    """Nothing of a medium is no error."""
    (tmp_path / "media").mkdir()
    drawn(0).save(tmp_path / "media" / "one.png")
    index_folders([tmp_path / "media"], library=tmp_path / "library", options=Options(profile=FakeProfile()))
    with Library.open(tmp_path / "library", profile=FakeProfile()) as library:
        assert library.duplicates() == []


def test_links_join_sets() -> None:
    """What is linked through others is one set."""
    assert sorted(duplicates.joined([(1, 2), (5, 4), (2, 3)])) == [[1, 2, 3], [4, 5]]


def test_copies_fold_into_one_hit_of_a_question_in_words(home: Path, folder: Path) -> None:
    """Eight pictures answer with six hits, two of which count a copy; who asks with a picture sees all."""
    with Library.open(home, profile=FakeProfile()) as library:
        hits = library.search("white", media={"image"}, min_confidence=0.0)
        assert sorted(hit.alike for hit in hits) == [0, 0, 0, 0, 1, 1]
        assert {hit.path.name for hit in hits if hit.alike} <= {
            "picture0.png",
            "small.jpg",
            "picture1.png",
            "mirrored.jpg",
        }
        first = library.search("white", media={"image"}, min_confidence=0.0, limit=2)
        second = library.search("white", media={"image"}, min_confidence=0.0, limit=4, offset=2)
        assert [hit.path for hit in (*first, *second)] == [hit.path for hit in hits]
        asked = library.search(Operand("image", folder / "picture0.png"), media={"image"}, min_confidence=0.0)
        assert len(asked) == 8 and not any(hit.alike for hit in asked)


def test_the_last_line_counts_groups_and_what_copies_take(groups: list[Group]) -> None:
    """One group is one."""
    *_, one = duplicates_lines(groups[:1])
    *_, all_of_them = duplicates_lines(groups)
    assert one.startswith("1 group;")
    assert all_of_them.startswith(f"{len(groups)} groups;")


def test_links_are_neither_copies_nor_kept(tmp_path: Path) -> None:
    """One file by device and inode; of a file that only a link leads to there is nothing to spare."""
    media, elsewhere = tmp_path / "media", tmp_path / "elsewhere"
    media.mkdir()
    elsewhere.mkdir()
    for seed, name in enumerate(("real.png", "hard.png", "../elsewhere/far.png", "twice.png")):
        drawn(seed).save(media / name)
    (media / "a.png").symlink_to("real.png")
    os.link(media / "hard.png", media / "a longer name.png")
    (media / "far.png").symlink_to(elsewhere / "far.png")
    shutil.copy(media / "twice.png", media / "another.png")
    (media / "c.png").symlink_to("twice.png")
    index_folders([media], library=tmp_path / "library", options=Options(profile=FakeProfile(), workers=1))
    with Library.open(tmp_path / "library", profile=FakeProfile()) as library:
        (group,) = library.duplicates(["image"])
    assert [(each.path.name, [link.name for link in each.links]) for each in group.copies] == [
        ("twice.png", ["c.png"]),
        ("another.png", []),
    ]
    report = duplicates_report([group])["groups"][0]
    assert report["spare_bytes"] == (media / "another.png").stat().st_size
    assert "another.png" not in report["keep"]
    lines = "\n".join(duplicates_lines([group]))
    assert "link" in lines
    assert lines.count("c.png") == 1
