"""retrieval.media.hashing: the hash of a file's bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from retrieval.errors import MediaUnreadable
from retrieval.media.hashing import content_hash, whole_hash


def test_the_hash_is_blake2b_256_of_the_bytes(tmp_path: Path) -> None:
    """The same as hashlib's, over block borders."""
    content = bytes(range(256)) * 8193
    (tmp_path / "f").write_bytes(content)
    assert whole_hash(tmp_path / "f") == hashlib.blake2b(content, digest_size=32).digest()


def test_a_file_that_is_gone_is_named_as_vanished(tmp_path: Path) -> None:
    """Its Skip is not kept."""
    with pytest.raises(MediaUnreadable) as error:
        list(content_hash(tmp_path / "gone"))
    assert error.value.reason == "vanished"


def test_a_fifo_in_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    """Opening without a writer returns at once."""
    import os

    os.mkfifo(tmp_path / "pipe")
    assert len(whole_hash(tmp_path / "pipe")) == 32


def test_a_long_file_gives_signs_of_life(tmp_path: Path) -> None:
    """An empty value after each 64 MiB, then the digest."""
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(130 << 20)
    *alive, digest = content_hash(tmp_path / "sparse")
    assert alive == [b"", b""]
    assert digest == whole_hash(tmp_path / "sparse")
