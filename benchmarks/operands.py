"""What a question of many parts costs, up to the most that are allowed, and how soon more are refused.

    python -m benchmarks.operands [--library DIR]

Prints JSON, then a table. Without a library, the samples are indexed into one. Each question is asked three times by
`Library.search`; `ratio` is its median time to that of one part in the same run, `per_part` that by the number of parts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from indexer import demo
from retrieval import Library, QueryError
from retrieval.query.checked import MOST_OPERANDS

WORDS = (
    "cat", "boat", "museum", "sunset", "panda", "coffee", "bicycle", "violin", "lighthouse", "weather", "rain", "garden",
    "castle", "horse", "train", "bread",
)  # fmt: skip
COUNTS = (1, 2, 4, 8, 16, 32, MOST_OPERANDS)
TOO_MANY = 1_200


def question(count: int) -> str:
    """So many different parts, each one of which is enough."""
    return " OR ".join(f'"{WORDS[n % len(WORDS)]} {n}"' for n in range(count)) + (" -nothing" if count == 1 else "")


def seconds(library: Library, text: str) -> float:
    """Median of three."""
    spent = []
    for _ in range(3):
        start = time.perf_counter()
        library.search(text, min_confidence=0.0)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def measure(home: Path) -> dict[str, object]:
    """Times by the number of parts, and that of the refusal."""
    with Library.open(home) as library:
        library.search("warm OR up")
        found = {count: seconds(library, question(count)) for count in COUNTS}
        start = time.perf_counter()
        try:
            library.search(question(TOO_MANY))
            refused = ""
        except QueryError as error:
            refused = str(error)
        refusal = time.perf_counter() - start
    rows = [
        {"parts": n, "seconds": round(s, 4), "ratio": round(s / found[1], 1), "per_part": round(s / found[1] / n, 2)}
        for n, s in found.items()
    ]
    return {"rows": rows, "too_many": {"parts": TOO_MANY, "seconds": round(refusal, 4), "said": refused}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--library", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.library or Path(folder) / "library"
        if given.library is None:
            demo.fill(home, lambda event: None)
        report = measure(home)
    print(json.dumps(report, indent=2))
    print(f"{'parts':>6} {'seconds':>8} {'ratio':>6} {'per part':>8}")
    for row in report["rows"]:  # type: ignore[attr-defined]
        print(f"{row['parts']:>6} {row['seconds']:>8.4f} {row['ratio']:>6.1f} {row['per_part']:>8.2f}")


if __name__ == "__main__":
    main()
