"""The real program in a child process: exit codes, forms of output, and what it says to odd input."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from indexer.pipeline.run import index_folders

ROOT = Path(__file__).resolve().parents[3]


class Program:
    """`crossmedia` on one library."""

    def __init__(self, library: Path) -> None:
        self._env = {**os.environ, "CROSSMEDIA_LIBRARY": str(library), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}

    def __call__(self, *arguments: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "indexer.cli.app", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, env=self._env, input=given)
        out, err = done.stdout.decode(errors="surrogateescape"), done.stderr.decode()
        return subprocess.CompletedProcess(command, done.returncode, out, err)


@pytest.fixture(scope="module")
def ask(sample_library: Path) -> Program:
    return Program(sample_library)


def test_words_find_a_picture(ask: Program) -> None:
    """A table with the right picture first, and exit code 0."""
    done = ask("search", "a", "cat", "--in", "image")
    assert done.returncode == 0, done.stderr
    assert "images/photo1.jpg" in done.stdout.splitlines()[0]


def test_explain_says_why_and_draws_it(ask: Program, samples: Path, tmp_path: Path) -> None:
    """Lanes and the place in the picture as lines, and a picture where it was asked for; JSON says the same."""
    target = tmp_path / "why.png"
    done = ask("explain", "a", "cat", samples / "images" / "photo1.jpg", "-o", target)
    assert done.returncode == 0, done.stderr
    assert "shows" in done.stdout
    assert "where" in done.stdout
    assert done.stdout.rstrip().endswith("why.png")
    assert target.read_bytes().startswith(b"\x89PNG")
    report = json.loads(ask("explain", "a cat", samples / "images" / "photo1.jpg", "--no-picture", "--json").stdout)
    assert report["segment"]["kind"] == "image"
    assert len(report["box"]) == 4


def test_a_picture_that_nobody_named_is_not_put_where_it_would_be_indexed(
    sample_library: Path, samples: Path, tmp_path: Path
) -> None:
    """In a followed folder it goes to the cache, elsewhere it stays here; its path is printed."""
    env = {**os.environ, "CROSSMEDIA_LIBRARY": str(sample_library), "PYTHONPATH": str(ROOT)}
    env["CROSSMEDIA_CACHE"] = str(tmp_path / "cache")
    command = [sys.executable, "-m", "indexer.cli.app", "explain", "a cat", str(samples / "images" / "photo1.jpg")]
    for folder, expected in ((samples / "images", tmp_path / "cache" / "explanations"), (tmp_path, tmp_path)):
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=env)
        assert (folder / done.stdout.splitlines()[-1]).resolve() == (expected / "why-photo1.png").resolve()
        assert (expected / "why-photo1.png").is_file()
    assert not (samples / "images" / "why-photo1.png").exists()


def test_explain_marks_the_words_of_a_passage(ask: Program, samples: Path) -> None:
    """The words that were found are listed."""
    done = ask("explain", "museum", samples / "documents" / "museum.docx", "--no-picture")
    assert done.returncode == 0, done.stderr
    assert "museum" in done.stdout.split("found")[-1].lower()


def test_explain_without_a_question_or_with_an_unknown_file_is_refused(ask: Program, samples: Path) -> None:
    """One line each, exit code 2."""
    for arguments in ([samples / "images" / "photo1.jpg"], ["cat", "/nowhere/cat.jpg"]):
        done = ask("explain", *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith("crossmedia: ")


def test_operators_are_read_and_printed_back(ask: Program) -> None:
    """--explain says on standard error how the question was read; --plain takes the same words as they are."""
    done = ask("search", "a cat -dog in:image", "--explain", "--limit", "1", "--paths")
    assert done.stderr == "asked: a cat -dog in:image\n"
    assert done.stdout.strip().endswith("photo1.jpg")
    plain = ask("search", "a cat -dog in:image", "--explain", "--plain", "--all", "--json")
    assert json.loads(plain.stdout)["query"]["operands"][0]["value"] == "a cat -dog in:image"


def test_options_stand_beside_the_fields_of_a_text(ask: Program, samples: Path) -> None:
    """A file given by an option is one more operand, a filter replaces that of the text."""
    done = ask("search", "cat in:video", "--in", "image", "--image", samples / "images" / "photo1.jpg", "--json")
    report = json.loads(done.stdout)
    assert report["query"]["filters"] == {"media": ["image"]}
    assert [*report["hits"], *report["possible"]][0]["path"].endswith("photo1.jpg")


def test_a_broken_operator_is_one_line_with_its_place(ask: Program) -> None:
    """Exit code 2, what was expected, and the option that takes any words."""
    done = ask("search", "cat AND")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "at character 8 (expected a word" in done.stderr
    assert "--plain" in done.stderr and "Query" not in done.stderr


def test_nothing_found_is_exit_code_1_and_says_how_near_it_was(ask: Program) -> None:
    """As grep does."""
    done = ask("search", "a unicorn playing chess against a submarine", "--min-confidence", "0.999")
    assert done.returncode == 1
    assert done.stdout.startswith("Nothing in this library matches")


def test_every_form_names_the_same_hits(ask: Program) -> None:
    """JSON, lines of JSON and CSV both parts of an answer, paths what is sure of it unless all is asked for."""
    question = ("search", "a dog", "--in", "image", "--limit", "20")
    whole = json.loads(ask(*question, "--json").stdout)
    told = [(hit["path"], sure) for part, sure in (("hits", True), ("possible", False)) for hit in whole[part]]
    sure = [path for path, is_sure in told if is_sure]
    assert sure and len(sure) < len(told)
    lines = [json.loads(line) for line in ask(*question, "--jsonl").stdout.splitlines()]
    assert [(line["path"], line["sure"]) for line in lines] == told
    rows = list(csv.DictReader(io.StringIO(ask(*question, "--csv").stdout)))
    assert [(row["path"], row["sure"] == "True") for row in rows] == told
    assert ask(*question, "--paths").stdout.splitlines() == sure
    assert ask(*question, "-0").stdout.split("\0")[:-1] == sure
    everything = json.loads(ask(*question, "--all", "--json").stdout)
    paths = [hit["path"] for part in ("hits", "possible") for hit in everything[part]]
    assert ask(*question, "--all", "--paths").stdout.splitlines() == paths and len(paths) == 20
    assert json.loads(ask(*question, "--sure", "--json").stdout)["possible"] == []


def test_exit_code_0_means_that_something_is_sure(ask: Program) -> None:
    """What is only possible is shown below a line that says so, and the code is 1."""
    done = ask("search", "海上的帆船", "--in", "image", "--limit", "2")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "Nothing sure; nearest:")
    assert "images/d1.jpg" in done.stdout.splitlines()[1]
    both = ask("search", "a dog", "--in", "image", "--limit", "20")
    assert both.returncode == 0 and "── less sure ──" in both.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cat", "--after", "2999"), "Nothing in this library fulfils the filters."),
        (("cat", "--after", "2020", "--before", "2019"), "The range is empty: after 2020, before 2019."),
        (("--in", "video", "--offset", "90"), "Beyond the last hit (5 in all)."),
    ],
)
def test_an_empty_answer_says_why(ask: Program, arguments: tuple[str, ...], said: str) -> None:
    """One line, exit code 1."""
    done = ask("search", *arguments)
    assert (done.returncode, done.stdout) == (1, said + "\n")


def test_a_picture_comes_by_standard_input(ask: Program, samples: Path) -> None:
    """`-` reads the file there, whatever it is called."""
    done = ask("search", "--image", "-", "--limit", "1", "--paths", given=(samples / "images" / "d1.jpg").read_bytes())
    assert done.stdout.strip().endswith("d1.jpg")


def test_the_file_that_asks_must_fit_the_filters_too(ask: Program, samples: Path) -> None:
    """An indexed picture asked for videos is not among the hits."""
    found = json.loads(
        ask("search", "--image", samples / "images" / "d1.jpg", "--in", "video", "--all", "--json").stdout
    )
    assert {hit["medium"] for part in ("hits", "possible") for hit in found[part]} == {"video"}


def test_an_answer_is_asked_again(ask: Program) -> None:
    """As --json prints it, from standard input; words beside it are refused."""
    first = ask("search", "a cat -dog in:image", "--limit", "2", "--json").stdout
    again = json.loads(ask("search", "--from-json", "-", "--json", given=first.encode()).stdout)
    assert again["query"] == json.loads(first)["query"]
    assert again["hits"] == json.loads(first)["hits"]
    done = ask("search", "dog", "--from-json", "-", given=b"no JSON")
    assert (done.returncode, "a whole question" in done.stderr) == (2, True)
    done = ask("search", "--from-json", "none.json")
    assert (done.returncode, done.stderr) == (
        2,
        "crossmedia: none.json cannot be read: No such file or directory (check the path)\n",
    )


def test_filters_alone_list(ask: Program) -> None:
    """No words are needed where a filter says what is wanted."""
    done = ask("search", "--in", "audio", "--limit", "3", "--paths")
    assert len(done.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search",), "the question is empty"),
        (("search", "x", "--in", "Pictures"), "invalid --in: Pictures (expected image, video, audio, document"),
        (("search", "x", "--after", "yesterday"), "2019-07-14"),
        (("search", "x", "--after", "2019-13"), "invalid --after: 2019-13"),
        (("search", "x", "--min-duration", "soon"), "1:30"),
        (("search", "x", "--json", "--csv"), "exclude each other"),
        (("search", "x", "--sure", "--all"), "exclude each other"),
        (("search", "--image", "/no/such/file.jpg"), "/no/such/file.jpg"),
        (("search", "--image", "-"), "standard input is empty"),
        (("search", "--image", "-", "--audio", "-"), "only once"),
        (("search", "x", "--library", "/no/such/library"), "crossmedia index FOLDER makes one"),
        (("search", "--like", "nonsense"), "nonsense"),
        (("search", "x", "--limit", "0"), "limit"),
    ],
)
def test_a_bad_question_is_one_line_and_exit_code_2(ask: Program, arguments: tuple[str, ...], said: str) -> None:
    """It names what was wrong or what to write instead; no traceback."""
    done = ask(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_show_knows_a_file_and_a_segment(ask: Program, samples: Path, tmp_path: Path) -> None:
    """By path all segments, by id that one; --save writes its text."""
    whole = json.loads(ask("show", samples / "documents" / "lighthouse.txt", "--json").stdout)
    assert whole["medium"] == "document"
    one = whole["segments"][0]
    assert ask("show", one["id"]).returncode == 0
    assert ask("show", one["id"], "--save", tmp_path / "passage.txt").returncode == 0
    assert (tmp_path / "passage.txt").read_text("utf-8").strip() == one["text"].strip()


def test_show_cuts_a_frame_and_a_clip(ask: Program, tmp_path: Path) -> None:
    """A shot becomes a picture or a video that opens."""
    from PIL import Image

    from retrieval.media.sniff import identify

    video = json.loads(ask("search", "--in", "video", "--limit", "1", "--json").stdout)["hits"][0]["path"]
    shot = next(each for each in json.loads(ask("show", video, "--json").stdout)["segments"] if each["kind"] == "shot")
    for name in ("frame.png", "clip.mp4"):
        done = ask("show", shot["id"], "--save", tmp_path / name)
        assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "frame.png") as frame:
        assert frame.width > 0
    assert identify(tmp_path / "clip.mp4")[0] == "video"


def test_show_and_clip_write_over_a_file_only_by_force(ask: Program, samples: Path, tmp_path: Path) -> None:
    """One line that names the output; the path is printed of what was written."""
    target = tmp_path / "cat.png"
    for arguments, code, said in (
        ((), 0, ""),
        ((), 1, f"crossmedia: {target} is there already (--force writes over it)\n"),
        (("--force",), 0, ""),
    ):
        done = ask("show", "photo1.jpg", "--save", target, *arguments)
        assert (done.returncode, done.stderr) == (code, said)
        assert done.stdout.rstrip().endswith("cat.png") == (code == 0)
    (tmp_path / "reel.srt").write_text("mine")
    done = ask("clip", "sailing boat", "-o", tmp_path / "reel.mp4")
    assert (done.returncode, done.stdout) == (1, "")
    assert "reel.srt is there already (--force" in done.stderr


@pytest.mark.parametrize(
    ("name", "suffix", "said"),
    [
        ("images/photo1.jpg", ".mp4", "a picture cannot be saved as .mp4 (--save FILE.jpg or .png)"),
        ("audio/a1.ogg", ".jpg", "a sound cannot be saved as .jpg (--save FILE.wav or .mp3)"),
        ("documents/weather.pdf", ".jpg", "a passage cannot be saved as .jpg (--save FILE.txt)"),
        ("video/v1.mp4", ".xyz", "a video cannot be saved as .xyz (--save FILE.jpg, .mp4 or .wav)"),
        ("video/v1.mp4", "", "a video cannot be saved as a file without suffix (--save FILE.jpg, .mp4 or .wav)"),
    ],
)
def test_show_refuses_a_form_that_does_not_fit(
    ask: Program, samples: Path, tmp_path: Path, name: str, suffix: str, said: str
) -> None:
    """One line that names those that do, and no file."""
    done = ask("show", samples / name, "--save", tmp_path / f"out{suffix}")
    assert (done.returncode, done.stderr) == (1, f"crossmedia: {said}\n")
    assert list(tmp_path.iterdir()) == []


def test_show_saves_a_whole_recording_in_the_form_of_the_suffix(ask: Program, samples: Path, tmp_path: Path) -> None:
    """Not the bytes of the one under the name of the other."""
    assert ask("show", samples / "audio/a1.ogg", "--save", tmp_path / "a.wav").returncode == 0
    with wave.open(str(tmp_path / "a.wav")) as file:
        seconds = file.getnframes() / file.getframerate()
    told = json.loads(ask("show", samples / "audio/a1.ogg", "--json").stdout)["facts"]["duration_ms"]
    assert seconds == pytest.approx(told / 1000, abs=0.1)


def test_show_of_something_unknown_says_what_to_give(ask: Program) -> None:
    """Exit code 2, one line."""
    done = ask("show", "/nowhere")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_status_counts_the_media_and_names_the_skips(ask: Program) -> None:
    """For people and as JSON."""
    state = json.loads(ask("status", "--json", "--skipped").stdout)
    assert set(state["media"]) == {"image", "video", "audio", "document"}
    assert len(state["skips"]) == state["skipped"]
    assert "documents" in ask("status").stdout


def test_a_closed_pipe_is_quiet(ask: Program, sample_library: Path) -> None:
    """`crossmedia ... | head -1` prints no complaint."""
    command = (
        f"{sys.executable} -m indexer.cli.app search --in image --all --jsonl --library {sample_library} | head -c 1"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, cwd=ROOT, env=env)
    assert done.stderr == b""


def test_an_empty_library_is_told_from_one_that_holds_nothing_like_it(tmp_path: Path, ask: Program) -> None:
    """A search that must fail says why, and only there."""
    (tmp_path / "empty").mkdir()
    index_folders([tmp_path / "empty"], library=tmp_path / "library")
    done = Program(tmp_path / "library")("search", "cat")
    assert (done.returncode, done.stderr) == (
        1,
        "crossmedia: this library is empty (crossmedia index FOLDER fills it)\n",
    )
    assert ask("search", "cat", "--after", "2999").stderr == ""


def test_a_new_library_is_told_of_where_there_is_none(tmp_path: Path) -> None:
    """`crossmedia index` without a folder has nothing to do."""
    done = Program(tmp_path / "none")("index")
    assert done.returncode == 1
    assert "crossmedia index FOLDER makes one" in done.stderr
