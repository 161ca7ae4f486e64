"""Media in a bucket: indexed, changed, gone, away, and answered with a link; the server is moto's, on loopback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from indexer.catalog.sources import move
from indexer.events import Event, Finished, Scanned, Skipped
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library, LibraryError
from retrieval.domain.place import place_text
from retrieval.domain.query import Operand
from retrieval.errors import MediaUnreadable, MediaUnsupported
from retrieval.export.cut import save
from retrieval.media import objects
from retrieval.media.hashing import UNREACHABLE, VANISHED
from retrieval.render.json import as_dict
from tests.fakes import FakeProfile
from tests.retrieval.media import made_clips
from tests.scale import s3

ROOT = f"s3://{s3.BUCKET}/all"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[s3.Bucket]:
    """An empty bucket, which this process and its children find."""
    if not s3.is_installed():
        pytest.skip(s3.ABSENT)
    own = s3.Bucket()
    for name, value in own.environment.items():
        monkeypatch.setenv(name, value)
    objects.client.cache_clear()
    own.make()
    yield own
    own.stop()
    objects.client.cache_clear()


def index(
    home: Path, *roots: str, hear: Callable[[Event], None] = lambda event: None
) -> tuple[Finished, list[Skipped]]:
    """A run, and what it left out."""
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        hear(event)

    options = Options(profile=FakeProfile(), workers=1, speech=False)
    finished = index_folders(roots, library=home, options=options, on_event=on_event)
    return finished, [each for each in events if isinstance(each, Skipped)]


def answers(home: Path, words: str) -> list[str]:
    """The addresses of all that answers."""
    with Library.open(home, profile=FakeProfile()) as library:
        return sorted(place_text(hit.path) for hit in library.search(words).shown)


def picture(colour: str, side: int = 24) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "PNG")
    return file.getvalue()


def link_of(home: Path, words: str) -> str:
    """The link of the first hit."""
    with Library.open(home, profile=FakeProfile()) as library:
        return str(as_dict(library.search(words).shown[0])["link"])


def test_objects_are_found_as_files_are_and_answered_with_a_link(bucket: s3.Bucket, tmp_path: Path) -> None:
    """The link gives the object's bytes, and a part of them where a part is asked for, to whoever has it."""
    bucket.put("all/2019/a.png", picture("red"))
    bucket.put("all/b ü.png", picture("blue"))
    bucket.put("all/note.txt", b"The lighthouse keeper counts ships.")
    bucket.put("other/c.png", picture("green"))
    assert index(tmp_path, ROOT)[0].new == 3
    assert answers(tmp_path, "blue") == [f"{ROOT}/b ü.png"]
    assert answers(tmp_path, f"path:{ROOT}/2019") == answers(tmp_path, "path:2019") == [f"{ROOT}/2019/a.png"]
    address = link_of(tmp_path, "blue")
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == picture("blue")
    with urllib.request.urlopen(urllib.request.Request(address, headers={"Range": "bytes=1-3"})) as answer:
        assert (answer.status, answer.read()) == (206, b"PNG")


def test_what_is_known_is_opened_as_a_file_is(bucket: s3.Bucket, tmp_path: Path) -> None:
    """By its address: facts, the picture, the copy that is saved; no copy is left in the temporary folder."""
    bucket.put("all/a.png", picture("red"))
    index(tmp_path / "home", ROOT)
    with Library.open(tmp_path / "home", profile=FakeProfile()) as library:
        shown = library.show(f"{ROOT}/a.png")
        save(shown, tmp_path / "copy.png")
        explanation = library.explain("red", f"{ROOT}/a.png")
    assert (tmp_path / "copy.png").read_bytes() == picture("red")
    assert explanation is not None
    assert explanation.picture is not None
    assert explanation.picture[3, 3].tolist() == [255, 0, 0]


def test_changed_and_vanished_objects_are_noticed_by_their_tags(bucket: s3.Bucket, tmp_path: Path) -> None:
    """The same bytes sent again are no change; other bytes of the same length are one."""
    bucket.put("all/a.png", picture("red"))
    bucket.put("all/b.png", picture("blue"))
    bucket.put("all/note.txt", b"lighthouse")
    index(tmp_path, ROOT)
    bucket.put("all/b.png", picture("blue"))
    finished, _ = index(tmp_path)
    assert (finished.indexed, finished.new) == (0, 0)
    bucket.put("all/note.txt", b"waterfalls")
    bucket.delete("all/a.png")
    finished, _ = index(tmp_path)
    assert (finished.indexed, finished.new, finished.gone) == (1, 1, 2)
    assert answers(tmp_path, "waterfalls") == [f"{ROOT}/note.txt"]
    assert answers(tmp_path, "lighthouse") == answers(tmp_path, "path:a.png") == []


def test_a_bucket_offline_is_not_deleted(bucket: s3.Bucket, tmp_path: Path) -> None:
    """Its media go on answering, and are brought up to date when it is back, as those of an unplugged disk."""
    bucket.put("all/a.png", picture("red"))
    index(tmp_path, ROOT)
    bucket.stop()
    finished, _ = index(tmp_path)
    assert finished.warnings == (f"{ROOT} is offline: what it holds stays searchable",)
    assert answers(tmp_path, "red") == [f"{ROOT}/a.png"]
    with Library.open(tmp_path, profile=FakeProfile()) as library:
        assert library.search("red").shown[0].offline
        with pytest.raises(MediaUnreadable, match=f"{ROOT}/a.png is offline"):
            library.frame(f"{ROOT}/a.png")
    with pytest.raises(LibraryError, match="s3://media/new cannot be listed"):
        index(tmp_path, "s3://media/new")
    bucket.start()
    bucket.put("all/b.png", picture("blue"))
    assert index(tmp_path)[0].new == 1
    assert answers(tmp_path, "path:*.png") == [f"{ROOT}/a.png", f"{ROOT}/b.png"]


def test_a_bucket_that_goes_away_in_mid_run_leaves_its_objects_for_the_next(bucket: s3.Bucket, tmp_path: Path) -> None:
    """They are no skips: what was listed and could not be read is read when the bucket is back."""
    for name in ("a", "b", "c"):
        bucket.put(f"all/{name}.png", picture("red", 20 + ord(name)))

    def stop(event: object) -> None:
        if isinstance(event, Scanned):
            bucket.stop()

    finished, skips = index(tmp_path, ROOT, hear=stop)
    assert {each.reason for each in skips} == {UNREACHABLE}
    assert (finished.new, finished.skipped) == (0, {})
    bucket.start()
    assert index(tmp_path)[0].new == 3


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("AWS_PROFILE", "nobody", "profile .nobody. could not be found"),
        ("AWS_ENDPOINT_URL_S3", "localhost:9000", "Invalid endpoint"),
        ("AWS_ENDPOINT_URL_S3", "http://me:secret@127.0.0.1:9", "Could not connect to the endpoint URL: .http://127"),
    ],
)
def test_settings_that_lead_nowhere_are_told(
    bucket: s3.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    """Without the password in an address; answers lack their links, and nothing else."""
    bucket.put("all/a.png", picture("red"))
    index(tmp_path, ROOT)
    monkeypatch.setenv(name, value)
    objects.client.cache_clear()
    with pytest.raises(LibraryError, match=reason) as error:
        index(tmp_path, ROOT)
    assert "secret" not in str(error.value)
    assert answers(tmp_path, "red") == [f"{ROOT}/a.png"]
    with Library.open(tmp_path, profile=FakeProfile()) as library:
        assert as_dict(library.search("red").shown[0])["path"] == f"{ROOT}/a.png"


def test_a_folder_that_no_object_lies_in_is_none(bucket: s3.Bucket, tmp_path: Path) -> None:
    """A wrong name is told at once; an empty bucket is one; without a bucket it is a name on a disk."""
    with pytest.raises(LibraryError, match="there is no object below s3://media/wrong"):
        index(tmp_path, f"s3://{s3.BUCKET}/wrong")
    assert index(tmp_path, f"s3://{s3.BUCKET}")[0].new == 0
    with pytest.raises(LibraryError, match="there is no folder s3:"):
        index(tmp_path, "s3://")


def test_an_object_asks(bucket: s3.Bucket, tmp_path: Path) -> None:
    """As a file does: --image s3://..."""
    bucket.put("all/a.png", picture("red"))
    index(tmp_path, ROOT)
    with Library.open(tmp_path, profile=FakeProfile()) as library:
        answer = library.search(Operand("image", Path(f"{ROOT}/a.png")))
    assert [place_text(hit.path) for hit in answer.shown] == [f"{ROOT}/a.png"]


def test_an_object_replaced_while_it_is_read_is_read_whole_later(
    bucket: s3.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranges of two states are never joined."""
    monkeypatch.setattr(objects, "RANGE", 16)
    bucket.put("all/note.txt", b"old " * 16)

    def replace() -> None:
        bucket.put("all/note.txt", b"new " * 16)

    path = Path(f"{ROOT}/note.txt")
    with pytest.raises(MediaUnreadable, match="was replaced") as error, objects.localized(path, replace):
        pass
    assert error.value.reason == VANISHED
    with objects.localized(path) as copy:
        assert copy.read_bytes() == b"new " * 16


def test_of_what_is_no_medium_only_the_beginning_is_fetched(
    bucket: s3.Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A table of numbers of many gigabytes costs one range."""
    monkeypatch.setattr(objects, "RANGE", 1024)
    bucket.put("all/numbers.parquet", b"PAR1" + bytes(range(256)) * 64)
    parts: list[None] = []
    with (
        pytest.raises(MediaUnsupported),
        objects.localized(Path(f"{ROOT}/numbers.parquet"), lambda: parts.append(None)),
    ):
        pass
    assert parts == []


def test_names_that_no_path_can_hold_are_told_as_such(bucket: s3.Bucket, tmp_path: Path) -> None:
    """A key with an empty part is another object than the one without, so it's left out; one that marks a folder is none."""
    bucket.put("all/x/", b"")
    bucket.put("all/x/a.png", picture("red"))
    bucket.put("all/x//a.png", picture("blue"))
    bucket.put("all/empty.txt", b"")
    finished, skips = index(tmp_path, ROOT)
    assert finished.new == 1
    assert sorted(each.reason for each in skips) == ["empty", "not a file"]


def test_subtitles_beside_a_film_are_read_with_it(bucket: s3.Bucket, tmp_path: Path) -> None:
    """The worker fetches what belongs to an object with it."""
    film = tmp_path / "film.mp4"
    made_clips.write(film, made_clips.frames([made_clips.pattern(1)], [25]))
    bucket.put("all/film.mp4", film.read_bytes())
    bucket.put("all/film.en.srt", b"1\n00:00:00,000 --> 00:00:01,000\nthe lighthouse keeper\n")
    bucket.put("all/film2.srt", b"1\n00:00:00,000 --> 00:00:01,000\nwaterfalls\n")
    home = tmp_path / "home"
    index(home, ROOT)
    assert answers(home, "lighthouse") == [f"{ROOT}/film.mp4"]


def test_a_run_leaves_no_copies_behind(bucket: s3.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its decoders have the last object that each of them read, and are killed."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    os.mkfifo(folder / f"{objects.FOLDER}pipe")  # of somebody else's, which would never open
    bucket.put("all/a.png", picture("red"))
    assert index(tmp_path / "home", ROOT)[0].new == 1
    assert [each.name for each in folder.glob(f"{objects.FOLDER}*")] == [f"{objects.FOLDER}pipe"]


def test_a_source_moves_to_a_bucket_and_back(bucket: s3.Bucket, tmp_path: Path) -> None:
    """What was uploaded is the same content: nothing is encoded again."""
    media = tmp_path / "media"
    media.mkdir()
    (media / "a.png").write_bytes(picture("red"))
    home = tmp_path / "home"
    index(home, str(media))
    bucket.put("all/a.png", picture("red"))
    move(home, media, Path(ROOT))
    assert answers(home, "red") == [f"{ROOT}/a.png"]
    finished, _ = index(home)
    assert (finished.indexed, finished.new) == (1, 0)
    move(home, Path(ROOT), media)
    assert answers(home, "red") == [str(media / "a.png")]


def test_the_commands_take_and_print_addresses(bucket: s3.Bucket, tmp_path: Path) -> None:
    """With the settings file that names the bucket, from an empty folder to an answer in JSON."""
    bucket.put("all/note.txt", b"The lighthouse keeper counts ships.")
    (tmp_path / "crossmedia.toml").write_text(f'sources = ["{ROOT}"]\n')

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "indexer.cli.app", *words, "--library", str(tmp_path / "crossmedia.toml")]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout

    run("index")
    (hit,) = json.loads(run("search", "lighthouse", "--json"))["hits"]
    assert hit["path"] == f"{ROOT}/note.txt"
    with urllib.request.urlopen(hit["link"]) as answer:
        assert answer.read() == b"The lighthouse keeper counts ships."
    assert ROOT in run("source", "list")
    assert f"{ROOT}/note.txt" in run("search", "lighthouse", "--paths")


def test_a_service_gives_the_way_to_the_object(bucket: s3.Bucket, tmp_path: Path) -> None:
    """It sends the media of a bucket through itself for pictures alone."""
    pytest.importorskip("fastapi")
    from starlette.testclient import TestClient

    from retrieval.service.app import create_app
    from retrieval.service.guard import Rules

    bucket.put("all/a.png", picture("red"))
    index(tmp_path, ROOT)
    with (
        Library.open(tmp_path, profile=FakeProfile()) as library,
        TestClient(create_app(library, Rules(frozenset({"here"}))), base_url="http://here:8765") as client,
    ):
        asset = library.search("red").shown[0].asset
        answer = client.get(f"/v1/assets/{asset}/media", follow_redirects=False)
        small = client.get(f"/v1/assets/{asset}/thumbnail")
        policy = client.get("/").headers["content-security-policy"]
    assert answer.status_code == 307
    assert f"media-src 'self' blob: {bucket.environment['AWS_ENDPOINT_URL_S3']};" in policy
    with urllib.request.urlopen(answer.headers["location"]) as file:
        assert file.read() == picture("red")
    assert Image.open(io.BytesIO(small.content)).convert("RGB").getpixel((2, 2))[0] > 200
