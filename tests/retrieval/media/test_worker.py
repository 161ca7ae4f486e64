from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from indexer.pipeline.steps import task_of
from retrieval.domain.media import ImageSpec
from retrieval.errors import InstallationError, MediaError, RetrievalError
from retrieval.media.worker import ProcessWorker
from retrieval.settings import LIMITS


def read(path: Path) -> None:
    worker = ProcessWorker(LIMITS)
    try:
        list(worker.run(task_of("read", path, "video", ImageSpec(32), LIMITS)))
    finally:
        worker.close()


def test_an_installation_that_lacks_a_part_is_not_the_file_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops and says what cannot be imported, instead of skipping every file as damaged."""
    (tmp_path / "av.py").write_text("raise ImportError('libav.so: cannot open shared object file', name='av')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(RetrievalError, match=r"installation.*libav\.so") as caught:
        read(tmp_path / "clip.mp4")
    assert not isinstance(caught.value, MediaError)


def test_a_broken_reader_of_text_in_pictures_is_not_the_file_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops with what is to be installed, instead of leaving out every picture."""
    (tmp_path / "rapidocr.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    picture = Image.new("RGB", (640, 160), "white")
    ImageDraw.Draw(picture).text((20, 40), "EXIT TO THE HARBOUR", "black", ImageFont.load_default(48))
    picture.save(tmp_path / "picture.png")
    worker = ProcessWorker(LIMITS)
    try:
        with pytest.raises(InstallationError, match=r"libGL\.so\.1.*crossmedia\[ocr\]"):
            list(worker.run(task_of("ocr", tmp_path / "picture.png", "image", ImageSpec(32), LIMITS)))
    finally:
        worker.close()


def test_a_file_that_is_no_video_is_the_file_s_fault(tmp_path: Path) -> None:
    """The twin of the test above: with a whole installation the same call blames the file."""
    (tmp_path / "clip.mp4").write_bytes(b"no video at all")
    with pytest.raises(MediaError):
        read(tmp_path / "clip.mp4")
