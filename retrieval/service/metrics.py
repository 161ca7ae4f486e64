"""Numbers of a service in the text form of Prometheus: requests by place and status, their times, and what waits.

No label holds what a client sent: a place is one of a fixed list.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter

BOUNDS = (0.005, 0.02, 0.08, 0.3, 1.0, 5.0, 30.0)  # seconds
PLACES = frozenset(
    "search facets libraries similar explain explain.png curve thumbnail frame media captions.vtt tags duplicates stats"
    " assets segments jobs events index sources rebuild searches watch mcp metrics healthz readyz".split()
)


class Metrics:
    """Counts since the service began; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._times: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def count(self, path: str, status: int, seconds: float) -> None:
        """Notes a request that was answered."""
        place = place_of(path)
        with self._lock:
            self._requests[place, status] += 1
            self._times.setdefault(place, [0] * (len(BOUNDS) + 1))[bisect_left(BOUNDS, seconds)] += 1
            self._seconds[place] = self._seconds.get(place, 0.0) + seconds

    def text(self, inside: int) -> str:
        """All of it; inside: questions that wait or are being answered."""
        with self._lock:
            requests, times = dict(self._requests), {name: list(each) for name, each in self._times.items()}
            seconds = dict(self._seconds)
        lines = ["# TYPE crossmedia_requests_total counter"]
        for (place, status), count in sorted(requests.items()):
            lines.append(f'crossmedia_requests_total{{place="{place}",status="{status}"}} {count}')
        lines.append("# TYPE crossmedia_request_seconds histogram")
        for place, counts in sorted(times.items()):
            for at, bound in enumerate((*map(str, BOUNDS), "+Inf")):
                least = sum(counts[: at + 1])
                lines.append(f'crossmedia_request_seconds_bucket{{place="{place}",le="{bound}"}} {least}')
            lines.append(f'crossmedia_request_seconds_sum{{place="{place}"}} {seconds[place]:.6f}')
            lines.append(f'crossmedia_request_seconds_count{{place="{place}"}} {sum(counts)}')
        lines += ["# TYPE crossmedia_questions_inside gauge", f"crossmedia_questions_inside {inside}"]
        return "\n".join(lines) + "\n"


def place_of(path: str) -> str:
    """The place of a path, of PLACES, or `other`."""
    parts = [each for each in path.split("/") if each and each != "v1"]
    if len(parts) == 2 and parts[0] in ("assets", "segments", "jobs", "searches"):
        return parts[0]
    return parts[-1] if len(parts) in (1, 3) and parts[-1] in PLACES else "other"
