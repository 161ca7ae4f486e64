"""deploy/ is what its tools take: linted, by their schemas, and with commands that the program knows. Nothing of it is run."""

from __future__ import annotations

import importlib.util
import itertools
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from retrieval.catalog.location import location

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
NO_LINTERS = "no linters of deploy/: make test-scale installs them"
LINTERS = (
    ("hadolint", "Dockerfile"),
    ("yamllint", "--strict", "-c", "yamllint.yaml", "compose.yaml", "kubernetes.yaml"),
    ("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"),
    ("kubernetes-validate", "--strict", "kubernetes.yaml"),
)


@pytest.mark.parametrize("command", LINTERS, ids=lambda each: each[0])
def test_files_are_linted(command: tuple[str, ...]) -> None:
    """No complaint of any of them."""
    program = shutil.which(command[0], path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip(NO_LINTERS)
    done = subprocess.run([program, *command[1:]], cwd=DEPLOY, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_settings_are_one_library(tmp_path: Path) -> None:
    """The file, and its copy in the ConfigMap, are understood."""
    shutil.copy(DEPLOY / "crossmedia.toml", tmp_path)
    found = location(tmp_path)
    assert found.vectors == "pgvector"
    text = (DEPLOY / "kubernetes.yaml").read_text("utf-8")
    own = re.search(r"crossmedia\.toml: \|\n((?: {4}.*\n)+)", text)
    assert own is not None
    (tmp_path / "crossmedia.toml").write_text(re.sub("^ {4}", "", own[1], flags=re.MULTILINE))
    assert location(tmp_path) == found


def test_images_install_what_there_is() -> None:
    """Extras and folders of the project, each by its name."""
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [each.split(",") for each in re.findall(r"\[(\w+(?:,\w+)+)\]", (DEPLOY / "Dockerfile").read_text("utf-8"))]
    assert len(extras) == 2
    for each in extras:
        assert set(each) <= project["optional-dependencies"].keys()
        assert len({"cpu", "gpu"} & set(each)) == 1
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert {"retrieval", "indexer", *project["license-files"], project["readme"]} <= kept
    assert all((DEPLOY.parent / each).exists() for each in kept)


def test_commands_are_those_of_the_program() -> None:
    """Each is parsed; none is run."""
    if not importlib.util.find_spec("yamllint"):
        pytest.skip(NO_LINTERS)
    import yaml

    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    commands = [each["command"] for name, each in compose.items() if name != "database"]
    for document in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")):
        commands += [each["args"] for each in containers(document) if each["image"] == "crossmedia"]
    assert len(commands) == 4
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "indexer.cli.app", *command, "--help"],
            check=False, capture_output=True, text=True, cwd=DEPLOY.parent,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert all(each in done.stdout for each in command if each.startswith("--"))


def test_checks_of_health_use_a_name_that_is_served() -> None:
    """By any other the service refuses every request, and no container would ever be healthy."""
    rules = {}
    for name in ("compose", "kubernetes"):
        text = (DEPLOY / f"{name}.yaml").read_text("utf-8")
        (command,) = re.findall(r'\["serve", (.*?)\]', text, re.DOTALL)
        given = re.findall(r'"([^"]+)"', command)
        known = {each for option, each in itertools.pairwise(given) if option in ("--host", "--allow-host")}
        rules[name] = known, set(re.findall(r"http://([^:/]+):8765/healthz|name: Host, value: ([\w.]+)", text))
    assert {name: len(asked) for name, (_, asked) in rules.items()} == {"compose": 1, "kubernetes": 1}
    assert all({"".join(each) for each in asked} <= known for known, asked in rules.values())


def containers(document: Any) -> list[Any]:
    """All containers of a Kubernetes object."""
    if isinstance(document, dict):
        own = document.get("containers", [])
        return [*own, *(each for part in document.values() for each in containers(part))]
    return [each for part in document for each in containers(part)] if isinstance(document, list) else []
