"""How right the answers over labelled media are: python -m benchmarks.fixtures MEDIA [--work DIR] [--reuse]

MEDIA is laid out like the fixtures: images/special, videos, audio and documents, each with its tables of truth. A copy
without tables and READMEs is indexed; --reuse asks the library that an earlier call left in --work.

    files_*      broken files that were taken, good files that were left out
    documents_*  exact words in the top 3, paraphrases in the top 5; the same by the words alone and the meaning alone
    speech_*     word errors in percent, as said and with numbers written out; clips without speech that were given words
    seen_*       sentences that say what is seen find their clip in the top 3
    stills_*     pictures out of clips find the joined clip behind their own, and in it their shot
    readings_*   recordings find the clip that they were laid under first
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

# As `crossmedia search` does it for a question in words: threads that wait for each other cost more than they save.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks.report import report
from benchmarks.speech import UNPLAIN, edits, table, words, written_out
from indexer.pipeline.run import index_folders
from retrieval import Library, Operand
from retrieval.domain.media import Span
from retrieval.domain.result import Answer
from retrieval.media.av.video import frame_at

READINGS = {"sp_014": "v_18", "sp_034": "v_16", "sp_035": "v_15"}  # laid under, as the fixtures' README says
DOCUMENTS = (("exact", 3), ("paraphrase", 5))
Figures = dict[str, float | str]


def share(found: Sequence[bool]) -> float:
    """Percent; nothing asked is 0."""
    return 100 * sum(found) / max(len(found), 1)


def names(answer: Answer) -> list[str]:
    """File names of what is shown, best first."""
    return [hit.path.name for hit in answer.shown]


def miss(text: str) -> None:
    """Tells what a figure holds against us."""
    print(f"  {text}", file=sys.stderr)


def files(library: Library, media: Path) -> Figures:
    """Whether the catalog holds what opens, and only that."""
    told = {row["file"]: row["opens"] for row in table(media / "images/special/special.tsv")}
    either = {name for name, opens in told.items() if "yes before" in opens}  # some versions of Pillow open them
    broken = {name for name, opens in told.items() if opens != "yes"} - either
    skipped = {skip.path.name: skip.reason for skip in library.skips()}
    taken, lost = sorted(broken - set(skipped)), sorted(set(skipped) - broken - either)
    for name in lost:
        miss(f"left out: {name}, {skipped[name]}")
    state = library.status()
    counts = {f"files_{medium}": float(count) for medium, count in sorted(state.media.items())}
    return {
        **counts,
        "files_broken_taken": ", ".join(taken) or "none",
        "files_good_left_out": ", ".join(lost) or "none",
    }


def documents(library: Library, media: Path) -> Figures:
    """Fused answers, and those of one way of looking alone."""
    figures: Figures = {}
    rows = table(media / "documents/queries.tsv")
    for kind, most in DOCUMENTS:
        asked = [(row["query"], row["file"]) for row in rows if row["kind"] == kind]
        for lane in ("fused", "meaning", "words"):
            found = [file in names(_by(library, text, lane, most)) for text, file in asked]
            figures[f"documents_{kind}_top{most}_{lane}"] = share(found)
            for (text, file), right in zip(asked, found, strict=True):
                if not right and lane == "fused":
                    miss(f"{kind}: {file} not found by {text}")
    return figures


def _by(library: Library, text: str, lane: str, most: int) -> Answer:
    """What one way of looking finds, or all of them."""
    if lane == "fused":
        return library.search(text, media={"document"}, limit=most)
    encoded = library.encode(text)
    (asked,) = encoded.operands
    texts = {place: rows for place, rows in asked.vectors.items() if place[0] == "sentence" and lane == "meaning"}
    only = replace(encoded, operands=(replace(asked, vectors=texts, words="" if lane == "meaning" else asked.words),))
    return library.search(only, media={"document"}, limit=most, min_confidence=0.0)


def speech(library: Library, media: Path, audio: Path) -> Figures:
    """Word errors of what the catalog holds, and words where none are spoken."""
    wrong = wrong_numbers = total = 0
    for row in table(media / "audio/transcripts.tsv"):
        if row["lang"] != "en" or not row["transcript"].strip() or row["file"] in UNPLAIN:
            continue
        truth, found = words(row["transcript"]), words(" ".join(spoken(library, audio / row["file"])))
        errors = edits(written_out(truth), written_out(found))
        wrong, wrong_numbers, total = wrong + edits(truth, found), wrong_numbers + errors, total + len(truth)
        if errors:
            miss(f"{row['file']}: {errors}/{len(truth)} words wrong: {' '.join(found)}")
    said = {row["file"]: " ".join(spoken(library, audio / row["file"])) for row in table(media / "audio/sounds.tsv")}
    invented = sorted(name for name, text in said.items() if text.strip())
    return {
        "speech_wer_en": 100 * wrong / max(total, 1),
        "speech_wer_en_numbers": 100 * wrong_numbers / max(total, 1),
        "speech_invented": ", ".join(f"{name} ({said[name]})" for name in invented) or "none",
    }


def spoken(library: Library, path: Path) -> list[str]:
    """What the catalog says is spoken in a file, in order; copies of one content have one text."""
    return [each.segment.text or "" for each in library.show(path).segments if each.segment.kind == "speech"]


def seen(library: Library, media: Path) -> Figures:
    """Sentences to clips."""
    rows = [(row["seen"], row["file"]) for row in table(media / "videos/clips.tsv") if row["seen"].strip()]
    found = {text: names(library.search(text, media={"video"}, limit=18, min_confidence=0.0)) for text, _ in rows}
    for text, file in rows:
        if file not in found[text][:3]:
            place = found[text].index(file) + 1 if file in found[text] else "no"
            miss(f"{file} at place {place}: {text} ({', '.join(found[text][:3])})")
    return {
        "seen_top3": share([file in found[text][:3] for text, file in rows]),
        "seen_top1": share([file in found[text][:1] for text, file in rows]),
        "seen_top3_with_cut": share([file in names(library.search(text, {"video"}, 3)) for text, file in rows]),
    }


def joined_shots(media: Path) -> Iterator[tuple[str, str, Span]]:
    """Clip, the clip it was joined into, and when it is seen there."""
    for row in table(media / "videos/clips.tsv"):
        if row["source"].startswith("as v_"):
            clip = row["source"].removeprefix("as ").split()[0].rstrip(",;")
            yield clip, row["file"], Span(round(1000 * float(row["start"])), round(1000 * float(row["end"])))


def stills(library: Library, media: Path) -> Figures:
    """Three stills out of the first scene of each clip that was joined into another one."""
    scenes: Mapping[str, dict[str, str]] = {
        row["file"].partition(".")[0]: row for row in reversed(table(media / "videos/clips.tsv"))
    }
    clips, shots = [], []
    for clip, joined, truth in joined_shots(media):
        row = scenes[clip]
        start, end = 1000 * float(row["start"]), 1000 * float(row["end"])
        for part in (0.25, 0.5, 0.75):
            at = round(start + part * (end - start))
            operand = Operand("image", frame_at(media / "videos" / row["file"], at))
            others = [hit for hit in library.search(operand, {"video"}, 18) if hit.path.name != row["file"]]
            place = next((nth for nth, each in enumerate(others, 1) if each.path.name == joined), 0)
            segments = others[place - 1].segments if place else ()
            best = next((each.span for each in segments if each.kind == "shot"), None)
            clips.append(place == 1)
            shots.append(best is not None and 2 * best.overlap(truth) > best.length)
            if not (clips[-1] and shots[-1]):
                miss(f"still of {clip} at {at} ms: {joined} at place {place or 'none'}, its best shot {best}")
    return {"stills": float(len(clips)), "stills_clip_next": share(clips), "stills_shot": share(shots)}


def readings(library: Library, audio: Path) -> Figures:
    """Recordings to clips."""
    found = []
    for name, clip in READINGS.items():
        recording = next(audio.glob(f"{name}.*"))
        answer = library.search(Operand("audio", recording), {"video"}, 3)
        found.append(names(answer)[:1] == [next((audio.parent / "videos").glob(f"{clip}.*")).name])
        if not found[-1]:
            miss(f"{recording.name}: {', '.join(names(answer)) or 'nothing'}")
    return {"readings_first": share(found)}


def prepare(media: Path, work: Path, *, reuse: bool) -> None:
    """The copy without truth, and its library."""
    copy, home = work / "media", work / "library"
    if not copy.exists():
        shutil.copytree(media, copy, ignore=shutil.ignore_patterns("*.tsv", "README.md"), symlinks=True)
    if not reuse:
        shutil.rmtree(home, ignore_errors=True)
        index_folders([copy], library=home)


def measure(media: Path, work: Path, *, reuse: bool = False) -> Figures:
    """All figures of the head of this module."""
    prepare(media, work, reuse=reuse)
    audio = work / "media" / "audio"
    with Library.open(work / "library") as library:
        return {
            **files(library, media),
            **documents(library, media),
            **speech(library, media, audio),
            **seen(library, media),
            **stills(library, media),
            **readings(library, audio),
        }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fixtures", description=__doc__.splitlines()[0])
    parser.add_argument("media", type=Path, help="folder with the tables of truth")
    parser.add_argument("--work", type=Path, help="where the copy and the library lie, and stay")
    parser.add_argument("--reuse", action="store_true", help="ask the library that is there, index nothing")
    parser.add_argument("--out", type=Path, help="file for the JSON line")
    options = parser.parse_args()
    if options.reuse and (options.work is None or not (options.work / "library").is_dir()):
        parser.error("--reuse needs --work with the library of an earlier call")
    with tempfile.TemporaryDirectory() as scratch:
        work = (options.work or Path(scratch)).resolve()
        report("fixtures", measure(options.media.resolve(), work, reuse=options.reuse), options.out)


if __name__ == "__main__":
    main()
