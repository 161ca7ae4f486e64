"""Files that ask are opened in children: what is too long or too large is refused, and the service goes on."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from retrieval import Library
from retrieval.domain.media import AudioSpec, ImageSpec
from retrieval.errors import MediaError
from retrieval.media import extract, sniff
from retrieval.media.av import audio
from retrieval.search import pictures
from retrieval.service.decoding import LIMITS, Decoders
from retrieval.service.pictures import PictureCache
from tests.service.test_attacks import bomb, picture_bomb


@contextmanager
def decoders(seconds: float = 60.0) -> Iterator[Decoders]:
    children = Decoders(LIMITS, seconds)
    try:
        yield children
    finally:
        children.close()


def picture(folder: Path) -> Path:
    Image.new("RGB", (40, 30), (200, 30, 30)).save(folder / "red.png")
    return folder / "red.png"


def long_recording(folder: Path) -> Path:
    """Noise of forty minutes."""
    with wave.open(str(folder / "noise.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(0).integers(-9000, 9000, 2400 * 8000, np.int16).tobytes())
    return folder / "noise.wav"


@pytest.mark.parametrize("name", ["images/photo1.jpg", "audio", "documents"])
def test_this_process_opens_none(client: TestClient, samples: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers that fail here are not missed."""

    def fails(*_: object, **__: object) -> None:
        raise AssertionError("the service opens a file itself")

    for reader in ("read", "watch", "listen", "samples"):
        monkeypatch.setattr(extract, reader, fails)
    monkeypatch.setattr(sniff, "identify", fails)
    file = samples / name if (samples / name).is_file() else next(each for each in sorted((samples / name).iterdir()))
    answer = client.post("/v1/search", files={"file": (file.name, file.read_bytes())})
    assert answer.status_code == 200, answer.text
    assert answer.json()["hits"][0]["path"].endswith(file.name)


def test_this_process_opens_none_of_the_library(
    client: TestClient, served: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures and waveforms come from children: readers that fail here are not missed."""

    def fails(*_: object, **__: object) -> None:
        raise AssertionError("the service opens a file itself")

    monkeypatch.setattr(pictures, "picture_of", fails)
    monkeypatch.setattr(audio, "chunks", fails)
    monkeypatch.setattr(PictureCache, "get", lambda *_: None)
    seen = {each.path.name: each.hash for each in served.seen().values()}
    made = client.get(f"/v1/assets/{seen['photo1.jpg']}/thumbnail")
    assert made.headers["content-type"] == "image/webp"
    assert client.get(f"/v1/assets/{seen['a3.wav']}/waveform").json()["peaks"]


def test_what_takes_too_long_is_cut_off(tmp_path: Path) -> None:
    """A valid file that is long; its child is gone, and the next file has another one."""
    with decoders(seconds=0.2) as children:
        sent = children.file(long_recording(tmp_path))
        with pytest.raises(MediaError, match=r"^noise\.wav takes longer than") as caught:
            list(sent.read("listen", "audio", AudioSpec()))
        assert caught.value.reason == "too slow"
        assert children._workers.mine()._process is None
        with pytest.raises(MediaError, match="takes longer than"):  # its time is over, whatever is wanted of it
            list(sent.read("identify"))
    with decoders() as children:
        assert list(children.file(picture(tmp_path)).read("identify")) == ["image"]


def test_a_child_is_used_again(tmp_path: Path) -> None:
    """Also after a file that it refused."""
    with decoders() as children:
        sent = children.file(picture(tmp_path))
        assert len(list(sent.read("read", "image", ImageSpec(32)))) == 2  # metadata and a picture
        first = children._workers.mine()._process
        (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
        with pytest.raises(MediaError, match=r"bad\.png") as caught:
            list(children.file(tmp_path / "bad.png").read("read", "image", ImageSpec(32)))
        assert str(tmp_path) not in str(caught.value)
        assert len(list(children.file(picture(tmp_path)).read("read", "image", ImageSpec(32)))) == 2
        assert first is not None
        assert children._workers.mine()._process is first


@pytest.mark.parametrize(("name", "content"), [("a.png", picture_bomb), ("a.docx", bomb)])
def test_a_bomb_is_refused(client: TestClient, name: str, content: object) -> None:
    assert callable(content)
    answer = client.post("/v1/search", files={"file": (name, content())})
    assert answer.status_code == 422, answer.text
    assert client.post("/v1/search", json={"query": "cat"}).status_code == 200
