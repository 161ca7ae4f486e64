"""indexer.pipeline.steps: which steps a file needs, and that every row of the table can be run."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from indexer.pipeline.steps import STEPS, steps_of, task_of
from retrieval.domain.media import ImageSpec, Metadata
from retrieval.settings import LIMITS


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (Metadata("image", format="jpeg"), ["ocr"]),
        (Metadata("document", format="docx"), []),
        (Metadata("document", format="pdf"), ["ocr"]),
        (Metadata("document", format="pdf, letters unreadable"), ["ocr"]),
        (Metadata("audio", has_sound=True), ["listen", "transcribe"]),
        (Metadata("audio", has_sound=True, has_subtitles=True), ["listen"]),
        (Metadata("audio"), []),
        (Metadata("video", has_pictures=True), ["watch", "ocr"]),
        (Metadata("video", has_sound=True), ["listen", "transcribe"]),
        (Metadata("video", has_pictures=True, has_sound=True), ["watch", "listen", "transcribe", "ocr"]),
        (Metadata("video", has_pictures=True, has_sound=True, has_subtitles=True), ["watch", "listen", "ocr"]),
    ],
)
def test_a_file_needs_the_steps_of_what_it_holds(metadata: Metadata, expected: list[str]) -> None:
    """After `read`, in the order of the table; regions are marked by the catalog, which knows the sizes."""
    assert steps_of(metadata) == expected


def test_images_and_documents_come_first_and_speech_after_pictures() -> None:
    """Search is useful in minutes: the order of the table is the order of a run."""
    assert list(STEPS) == ["read", "watch", "listen", "transcribe", "ocr", "regions"]


@pytest.mark.parametrize("name", STEPS)
def test_every_reader_has_the_one_signature(name: str) -> None:
    """Path, medium, input spec, limits, sign of progress."""
    module, _, function = STEPS[name].reader.partition(":")
    parameters = list(inspect.signature(getattr(import_module(module), function)).parameters)
    assert parameters == ["path", "medium", "spec", "limits", "alive"]


def test_a_task_carries_what_its_row_says() -> None:
    """The reader by name, and whether model inputs get fingerprints."""
    spec = ImageSpec(32)
    task = task_of("watch", Path("a.mp4"), "video", spec, LIMITS)
    assert (task.reader, task.medium, task.spec, task.has_fingerprints) == (
        "retrieval.media.extract:watch", "video", spec, True
    )  # fmt: skip
    assert not task_of("ocr", Path("a.jpg"), "image", None, LIMITS).has_fingerprints


def test_a_task_without_a_medium_is_identified_first() -> None:
    """By the task of the same file that gives its Identity and needs no encoder."""
    task = task_of("read", Path("a"), None, ImageSpec(32), LIMITS).identifying
    assert (task.path, task.reader, task.spec, task.has_fingerprints) == (
        Path("a"), "retrieval.media.worker:identify", None, False
    )  # fmt: skip


def test_speech_is_written_down_by_one_worker_and_text_in_pictures_by_few() -> None:
    """A transcriber and the models of text in pictures are large."""
    assert [name for name, step in STEPS.items() if step.is_transcribed] == ["transcribe"]
    assert {name: step.max_workers for name, step in STEPS.items() if step.max_workers} == {"transcribe": 1, "ocr": 4}
