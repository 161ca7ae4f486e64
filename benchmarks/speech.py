"""What speech costs and how well it is written: python -m benchmarks.speech --media DIR [--model NAME]

DIR is laid out like the fixtures: audio/ with transcripts.tsv (file, lang, transcript) and sounds.tsv (file, label).

    wer_LANG     word errors in percent (characters for Chinese); wer_LANG_numbers: digits written out on both sides
    invented     files without speech that were given words, and which
    real_time    seconds of sound for each second of work, over the files with speech, loading left out
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.report import report
from retrieval.encoders.speech.whisper import make_transcriber
from retrieval.media.av.audio import chunks
from retrieval.protocols import Transcriber
from retrieval.settings import RATE

UNPLAIN = {"sp_001.mp3", "sp_004.flac", "sp_010.m4a", "sp_032.ogg"}  # no transcript, two voices at once, two languages
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
YEARS = range(1100, 2000)  # said in pairs


def words(text: str) -> list[str]:
    """Lower case, punctuation left out."""
    return re.sub(r"[^\w\s]", " ", text.lower()).split()


def spelled(number: int) -> list[str]:
    """0..9999 as it is said in English; years in pairs."""
    if number < 20:
        return [ONES[number]]
    if number < 100:
        return [TENS[number // 10], *([ONES[number % 10]] if number % 10 else [])]
    if number in YEARS and number % 100 > 9:
        return [*spelled(number // 100), *spelled(number % 100)]
    unit, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    return [*spelled(number // unit), name, *(spelled(number % unit) if number % unit else [])]


def written_out(found: list[str]) -> list[str]:
    """Numbers up to four digits as words."""
    return [part for word in found for part in (spelled(int(word)) if re.fullmatch(r"[0-9]{1,4}", word) else [word])]


def edits(a: list[str], b: list[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a tab-separated file without quoting."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def measure(transcriber: Transcriber, audio: Path) -> dict[str, float | str]:
    """All figures of the head of this module."""
    wrong: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    heard = worked = 0.0
    for row in table(audio / "transcripts.tsv"):
        start = time.perf_counter()
        parts = list(chunks(audio / row["file"]))
        found = words(" ".join(each.text or "" for each in transcriber.transcribe(parts)))
        worked, heard = worked + time.perf_counter() - start, heard + sum(map(len, parts)) / RATE
        if row["file"] in UNPLAIN or not row["transcript"].strip():
            continue
        truth = list(row["transcript"]) if row["lang"] == "zh" else words(row["transcript"])
        found = list("".join(found)) if row["lang"] == "zh" else found
        line = wrong[row["lang"]]
        line[0] += edits(truth, found)
        line[1] += edits(written_out(truth), written_out(found))
        line[2] += len(truth)
        print(
            f"{row['file']:14} {row['lang']:6} {edits(truth, found):3}/{len(truth):<3} {' '.join(found)}",
            file=sys.stderr,
        )
    invented: list[str] = []
    for row in table(audio / "sounds.tsv"):
        said = " ".join(each.text or "" for each in transcriber.transcribe(chunks(audio / row["file"])))
        if said:
            invented.append(row["file"])
            print(f"{row['file']:14} {row['label']}: {said}", file=sys.stderr)
    figures: dict[str, float | str] = {"revision": transcriber.revision}
    for lang, (plain, numbers, total) in sorted(wrong.items()):
        figures |= {f"wer_{lang}": 100 * plain / total, f"wer_{lang}_numbers": 100 * numbers / total}
    figures |= {"invented": float(len(invented)), "invented_in": ", ".join(invented), "real_time": heard / worked}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speech", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--media", type=Path, required=True, help="folder with audio/transcripts.tsv and audio/sounds.tsv"
    )
    parser.add_argument("--model", default="auto", help="a name of models.toml, a folder or a .pt file")
    parser.add_argument("--out", type=Path, help="file for the JSON line")
    options = parser.parse_args()
    transcriber = make_transcriber(options.model)
    list(
        transcriber.transcribe(
            chunks(options.media / "audio" / table(options.media / "audio" / "transcripts.tsv")[0]["file"])
        )
    )
    report("speech", measure(transcriber, options.media / "audio"), options.out)


if __name__ == "__main__":
    main()
