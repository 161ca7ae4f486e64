"""Usage reports of libraries, switched off before they are imported; and what earlier versions of them left behind.

Several libraries record events, and send them where a network is, unless they are told not to before their import.
`import retrieval` and `import indexer` call `switch_off`; child processes inherit the variables. A program that
imported one of these libraries before us has decided for itself: see docs/python.md.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime 1.29 and newer: a device id and events on import
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, transformers, sentence-transformers
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
STUBBED = ("openvino_telemetry",)  # openvino takes a stub of its own where this cannot be imported


def switch_off() -> None:
    """Forbids usage reports in this process and its children. A user's own setting of a variable is overruled."""
    os.environ.update(VARIABLES)
    for name in STUBBED:
        if name not in sys.modules:
            sys.modules[name] = None  # type: ignore[assignment]  # Python's way to say: not importable


def left_behind(home: Path | None = None) -> list[Path]:
    """Folders that such libraries made in a user's home on import, for doctor to name; `home` is the user's own."""
    from pathlib import Path

    home = home or Path.home()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    places = [
        cache / "Microsoft" / "DeveloperTools" / ".onnxruntime",
        home / "intel" / "stats",
        home / "intel" / "openvino_ga_cid",
    ]
    return [each for each in places if each.exists()]
