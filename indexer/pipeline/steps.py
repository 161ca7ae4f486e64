"""The one table of indexing steps and of which a file needs, in the order that makes search useful early.

A new step is a row and its reader.

    read (pictures, documents, metadata of all media) -> watch (video) -> listen (sound) -> transcribe (speech)
         -> ocr (text in pictures) -> regions (parts of large pictures, where they are wanted)

A program of its own may add rows before it indexes: STEPS["faces"] = IndexingStep(...).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from retrieval.domain.media import InputSpec, Medium, Metadata, Modality, Step
from retrieval.media.worker import Task
from retrieval.protocols import SpaceName
from retrieval.settings import Limits


@dataclass(frozen=True, slots=True)
class IndexingStep:
    """One step of one file.

    reader: "module:function" of that signature in retrieval/media/extract.py; it runs in a worker. is_needed: by what
    `read` found. modality: of the encoder whose input spec the reader takes; None: it gives text. label: in the
    progress display. plan: what is done with a file, as a dry run says it. usual_rate: files a second, or milliseconds
    of media a second, for estimates. is_per_file: its work grows with the number of files, not with their length.
    max_workers: None: as many as the run has. is_transcribed: the reader gives samples, which the transcriber turns
    into text. has_fingerprints: its model inputs get perceptual ones. space, own_space: of the encoder that `modality`
    names, as of retrieval.kinds.
    """

    reader: str
    is_needed: Callable[[Metadata], bool]
    modality: Modality | None
    label: str
    plan: str
    usual_rate: float
    is_per_file: bool = False
    max_workers: int | None = None
    is_transcribed: bool = False
    has_fingerprints: bool = False
    space: SpaceName = "shared"
    own_space: SpaceName = ""


def _shows_stills(metadata: Metadata) -> bool:
    return metadata.medium == "image" or _moves(metadata) or metadata.format.partition(",")[0] == "pdf"


def _moves(metadata: Metadata) -> bool:
    return metadata.medium == "video" and metadata.has_pictures


def _sounds(metadata: Metadata) -> bool:
    return metadata.medium in ("video", "audio") and metadata.has_sound


EXTRACT = "retrieval.media.extract"
STEPS: dict[Step, IndexingStep] = {
    "read": IndexingStep(
        reader=f"{EXTRACT}:read",
        is_needed=lambda metadata: True,
        modality="image",
        label="files",
        plan="read",
        usual_rate=60.0,
        is_per_file=True,
        has_fingerprints=True,
    ),
    "watch": IndexingStep(
        reader=f"{EXTRACT}:watch",
        is_needed=_moves,
        modality="image",
        label="video",
        plan="look through for shots, if they are videos",
        usual_rate=20_000.0,
        has_fingerprints=True,
    ),
    "listen": IndexingStep(
        reader=f"{EXTRACT}:listen",
        is_needed=_sounds,
        modality="sound",
        label="sound",
        plan="listen to, if they have sound",
        usual_rate=100_000.0,
        has_fingerprints=True,
        own_space="sound",
    ),
    "transcribe": IndexingStep(
        reader=f"{EXTRACT}:samples",
        is_needed=lambda metadata: _sounds(metadata) and not metadata.has_subtitles,
        modality=None,
        label="speech",
        plan="transcribe, if they hold speech",
        usual_rate=3_500.0,
        max_workers=1,
        is_transcribed=True,
    ),
    "ocr": IndexingStep(
        reader=f"{EXTRACT}:lines",
        is_needed=_shows_stills,
        modality=None,
        label="text",
        plan="read text in, if they show any",
        usual_rate=5.0,
        is_per_file=True,
        max_workers=4,  # each holds the models of the reader, about 300 MB
    ),
    "regions": IndexingStep(
        reader=f"{EXTRACT}:regions",
        is_needed=lambda metadata: False,  # the catalog marks the pictures that are large enough for the encoder
        modality="image",
        label="regions",
        plan="look at part by part, if they are large pictures",
        usual_rate=2.0,
        is_per_file=True,
    ),
}


def steps_of(metadata: Metadata) -> list[Step]:
    """The steps that an asset with this metadata needs after `read`, in order."""
    return [name for name, step in STEPS.items() if name != "read" and step.is_needed(metadata)]


def task_of(step: Step, path: Path, medium: Medium | None, spec: InputSpec, limits: Limits) -> Task:
    """The task of a step for one file."""
    row = STEPS[step]
    return Task(path, step, row.reader, medium, spec, limits, row.has_fingerprints)
