"""WAV files that FFmpeg opens and reads as noise, given to it in the form that it reads: RIFX, and 24 bits kept in 32.

Sources: Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (RIFF, RIFX); WAVEFORMATEXTENSIBLE.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from retrieval.errors import MediaUnsupported

EXTENSIBLE: Final = 0xFFFE
LARGEST_FORMAT: Final = 4096  # bytes of a chunk "fmt "
CHUNKS: Final = 200  # looked at before the samples
WIDTHS: Final = {1: (1, 2, 3, 4), 3: (4, 8)}  # bytes of a sample: whole numbers, floats


class _Overlaid(io.RawIOBase):
    """A file whose head is another one. width: bytes of each sample behind it that stand in the other order, 1 for none."""

    def __init__(self, file: BinaryIO, head: bytes, start: int, size: int, width: int) -> None:
        """start, size: of the samples in the file."""
        self._file, self._head, self._start, self._size, self._width = file, head, start, size, width
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See io.IOBase."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._head) + self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        """See io.RawIOBase; whole samples are read and turned."""
        at, most = self._at - len(self._head), (1 << 20) if size < 0 else size
        if at < 0:
            found = self._head[self._at : self._at + most]
        else:
            skip = at % self._width
            self._file.seek(self._start + at - skip)
            wanted = min(most, self._size - at) + skip
            samples = self._file.read(max(0, wanted + -wanted % self._width))
            whole = np.frombuffer(samples[: len(samples) // self._width * self._width], np.uint8)
            found = whole.reshape(-1, self._width)[:, ::-1].tobytes()[skip:wanted]
        self._at += len(found)
        return found


def as_ffmpeg_reads(path: Path, file: BinaryIO) -> Any:
    """An open file, or in its place one that gives what FFmpeg reads rightly. Leaves the file at its start.

    Raises:
        MediaUnsupported: RIFX of samples that are compressed.
    """
    head = file.read(12)
    file.seek(0)
    if head[8:] != b"WAVE" or head[:4] not in (b"RIFF", b"RIFX"):
        return file
    order = ">" if head[:4] == b"RIFX" else "<"
    found = _format_and_samples(file, order)
    file.seek(0)
    if found is None:
        return file
    chunk, start, size = found
    code, channels, rate, _, block, bits = struct.unpack(order + "HHIIHH", chunk[:16])
    width = block // max(1, channels)
    if code == EXTENSIBLE and len(chunk) >= 26:
        code = struct.unpack_from(order + "H", chunk, 24)[0]
    if order == "<" and not (code == 1 and width == 4 and _valid_bits(chunk, bits) == 24):
        return file
    if width not in WIDTHS.get(code, ()):
        raise MediaUnsupported(f"{path.name} is RIFX with compressed sound", "save it as WAV", "format not read")
    plain = struct.pack("<HHIIHH", code, channels, rate, rate * block, block, 8 * width)
    sizes = min(size, 0xFFFFFFFF - 64)
    whole = b"RIFF" + struct.pack("<I", sizes + 36) + b"WAVEfmt " + struct.pack("<I", 16) + plain
    return _Overlaid(file, whole + b"data" + struct.pack("<I", sizes), start, size, width if order == ">" else 1)


def _valid_bits(chunk: bytes, bits: int) -> int:
    """Bits of a sample that tell something; little-endian."""
    return int.from_bytes(chunk[18:20], "little") if len(chunk) >= 26 else bits


def _format_and_samples(file: BinaryIO, order: str) -> tuple[bytes, int, int] | None:
    """The chunk "fmt ", and start and size of the samples; None where one of them is not there."""
    at, chunk = 12, b""
    end = file.seek(0, io.SEEK_END)
    for _ in range(CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return None
        size = struct.unpack(order + "I", head[4:])[0]
        if head[:4] == b"fmt ":
            chunk = file.read(min(size, LARGEST_FORMAT))
        if head[:4] == b"data":
            return (chunk, at + 8, min(size, end - at - 8)) if len(chunk) >= 16 else None
        at += 8 + size + size % 2
    return None
