"""indexer.identify: content hashes and segment ids."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from indexer.identify import content_hash, segment_key, segment_keys
from retrieval.domain import Segment, Span
from retrieval.errors import MediaUnreadable


def test_the_hash_is_blake2b_256_of_the_bytes(tmp_path: Path) -> None:
    """The same as hashlib's, over block borders."""
    content = bytes(range(256)) * 8193
    (tmp_path / "f").write_bytes(content)
    assert list(content_hash(tmp_path / "f"))[-1] == hashlib.blake2b(content, digest_size=32).digest()


def test_a_file_that_is_gone_is_named_as_vanished(tmp_path: Path) -> None:
    """Its Skip is not kept."""
    with pytest.raises(MediaUnreadable) as error:
        list(content_hash(tmp_path / "gone"))
    assert error.value.reason == "vanished"


def test_a_fifo_in_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    """Opening without a writer returns at once."""
    import os

    os.mkfifo(tmp_path / "pipe")
    assert len(list(content_hash(tmp_path / "pipe"))[-1]) == 32


def test_segment_ids_are_stable() -> None:
    """They are a promise to other programs: this very value, on every machine and in every version."""
    assert segment_key(b"\0" * 32, Segment("shot", Span(0, 1500))) == "tasgwfd674u5fkn6"


def test_segments_of_one_place_get_different_ids() -> None:
    """Two pictures of one page, and kinds and spans in all combinations."""
    same = [Segment("image", page=1), Segment("image", page=1), Segment("image", page=2), Segment("passage", page=1)]
    keys = segment_keys(b"\1" * 32, same)
    assert len(set(keys)) == len(same)
    assert all(len(key) == 16 and key.islower() for key in keys)
