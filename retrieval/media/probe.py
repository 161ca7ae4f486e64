"""What FFmpeg makes of a file that begins like none of our formats: rare containers, and sound behind other bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import av

from retrieval.domain.media import Medium

SURE: Final = frozenset({"mp3", "mpegts", "mpeg", "h264", "hevc", "m4v", "dv", "mxf", "w64", "dsf", "aac", "gxf"})


def probe(path: Path) -> tuple[Medium, str] | None:
    """Medium and format of a film or recording; None for what FFmpeg does not open, or only takes for one by its name."""
    try:
        with (
            open(path, "rb") as file,
            av.open(file, "r", metadata_errors="ignore", options={"protocol_whitelist": "file"}) as container,
        ):
            streams: list[Any] = [
                one for one in container.streams if one.type in ("video", "audio") and one.codec_context
            ]
            name = container.format.name.split(",")[0]
            if not streams or name not in SURE or next(container.decode(streams[0]), None) is None:
                return None
            return ("video" if any(one.type == "video" for one in streams) else "audio"), name
    except (av.FFmpegError, OSError, ValueError, OverflowError, AssertionError, RuntimeError, StopIteration):
        return None
