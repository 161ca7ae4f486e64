"""Documentation that cannot go stale."""

from __future__ import annotations

import re
import subprocess
from pathlib import PurePosixPath

import pytest

from retrieval import errors
from tests.docs import formats, lines, pages

GUIDE = pages.DOCS / "python.md"


def test_the_page_of_commands_is_current() -> None:
    """docs/cli.md is what the program's help says; `make docs` writes it."""
    assert pages.cli_page() == (pages.DOCS / "cli.md").read_text("utf-8")


def test_the_page_of_errors_is_current() -> None:
    """docs/errors.md has a row for each class."""
    assert pages.errors_page() == (pages.DOCS / "errors.md").read_text("utf-8")


def test_the_page_of_lines_is_current() -> None:
    """docs/lines.md has every line that is printed."""
    assert lines.page() == (pages.DOCS / "lines.md").read_text("utf-8")


def test_the_page_of_formats_is_current() -> None:
    """docs/formats.md has a row for each format that a file can be known as."""
    assert formats.page() == (pages.DOCS / "formats.md").read_text("utf-8")


def test_every_format_of_the_page_is_known() -> None:
    """Nothing is promised that no table holds."""
    held = {name for names in formats.known().values() for name in names}
    held |= {name for names in formats.MORE.values() for name in names}
    assert held == set(formats.TAKEN)


FAULTS = {
    "a plural of one": r"\b1 \w+s\b(?! ago)|…\}? (?:file|group|source|document|question|image|video)s?\(s\)|\w\(s\)",
    "what is no something": r"(?<![Tt]here )\b(?:is|are|was|were) no (?!longer|such|more\b)\w",
    "a task in the passive": r"[Nn]othing is to be|is to be done",
    "an error of the system": r"\[Errno|Errno \d|Traceback|0x[0-9a-f]{4}",
    "somebody who is not there": r"\b(?:please|sorry|oops|unfortunately)\b",
    "blanks doubled in a sentence": r"\w  \w+ \w+ \w",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_line_has_a_known_fault(fault: str) -> None:
    """Those that were met once do not come back."""
    assert [line for line in lines.page().splitlines() if re.search(FAULTS[fault], line)] == []


def test_the_tree_is_current() -> None:
    """Each module has its line."""
    if not (pages.ROOT / ".git").exists():
        pytest.skip("only a clone knows which files are tracked")
    assert pages.architecture_page() == (pages.DOCS / "architecture.md").read_text("utf-8")


def test_the_index_of_decisions_is_current() -> None:
    """Each record has its row."""
    assert pages.decisions_page() == (pages.DOCS / "decisions" / "README.md").read_text("utf-8")


def test_the_page_of_commands_has_every_command() -> None:
    """A new command joins the list."""
    listed = {command for command in pages.COMMANDS if len(command) == 1}
    shown = re.findall(r"^  (\w+)  ", pages.help_of(pages.COMMANDS)[0], re.MULTILINE)
    assert {(name,) for name in shown} == listed


@pytest.mark.parametrize("error", list(pages.error_classes()), ids=lambda error: error.__name__)
def test_every_error_says_what_happened_and_what_to_do(error: type[errors.RetrievalError]) -> None:
    """One line with both, an exit code, and its place in the drawing of the family."""
    assert str(error("a is broken", "mend it")) == "a is broken (mend it)"
    assert error.code in (1, 2)
    assert error.__name__ in (errors.__doc__ or "")


def test_no_page_names_this_machine() -> None:
    """Paths of whoever wrote it are of no use to whoever reads it."""
    texts = [
        path.read_text("utf-8")
        for path in [pages.ROOT / "README.md", *pages.DOCS.glob("*.md"), *pages.DOCS.glob("*.svg")]
    ]
    assert not any(re.search(r"/(work|root|tmp|home)/", text) for text in texts)


def test_the_example_for_python_is_short() -> None:
    """At most 30 lines that are not blank."""
    code = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)[0]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 30


def test_links_between_pages_lead_somewhere() -> None:
    """Relative links of the README."""
    links = re.findall(r"\]\(([\w./-]+)\)", (pages.ROOT / "README.md").read_text("utf-8"))
    assert links
    assert [link for link in links if not (pages.ROOT / link).exists()] == []


def test_the_readme_names_both_commands_of_the_makefile() -> None:
    """`make demo` and `make test` are targets."""
    for target in ("demo", "test"):
        done = subprocess.run(
            ["make", "--dry-run", target], capture_output=True, text=True, check=False, cwd=pages.ROOT
        )
        assert done.returncode == 0, done.stderr


NAMED = re.compile(r"`((?:[\w.-]+/)*\w+\.py|(?:tests|retrieval|indexer|training|benchmarks|findings|data)/[\w/.-]*)(?:::(\w+))?`")
RUN = re.compile(r"python -m ((?:tests|retrieval|indexer|training|benchmarks)[\w.]*)")
ONLY_IN_WHEELS = "retrieval/_shipped"


def test_every_file_that_a_page_names_is_there() -> None:
    """Named from the root or from some folder on; so is the test in it that is named, and each module that is run."""
    if not (pages.ROOT / ".git").exists():
        pytest.skip("only a clone knows which files are tracked")
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=pages.ROOT)
    files = [PurePosixPath(each) for each in listed.stdout.split("\0") if each]
    known = {"/".join(path.parts[start:]) for path in files for start in range(len(path.parts))}
    known |= {str(parent) for path in files for parent in path.parents} | {ONLY_IN_WHEELS}
    named = set()
    for page in (pages.ROOT / "README.md", *pages.DOCS.rglob("*.md")):
        text = page.read_text("utf-8")
        named |= {(page.name, path.rstrip("/"), test) for path, test in NAMED.findall(text)}
        named |= {(page.name, module.rstrip(".").replace(".", "/"), "") for module in RUN.findall(text)}
    assert len(named) > 200
    assert [(page, path) for page, path, _ in named if not {path, f"{path}.py"} & known] == []
    tests = [(page, path, test) for page, path, test in named if test]
    assert [each for each in tests if f"def {each[2]}(" not in (pages.ROOT / each[1]).read_text("utf-8")] == []
