"""indexer.catalog.segment_ids: segment ids."""

from __future__ import annotations

from indexer.catalog.segment_ids import segment_key, segment_keys
from retrieval.domain.media import Segment, Span


def test_segment_ids_are_stable() -> None:
    """They are a promise to other programs: this very value, on every machine and in every version."""
    assert segment_key(b"\0" * 32, Segment("shot", Span(0, 1500))) == "tasgwfd674u5fkn6"


def test_segments_of_one_place_get_different_ids() -> None:
    """Two pictures of one page, and kinds and spans in all combinations."""
    same = [Segment("image", page=1), Segment("image", page=1), Segment("image", page=2), Segment("passage", page=1)]
    keys = segment_keys(b"\1" * 32, same)
    assert len(set(keys)) == len(same)
    assert all(len(key) == 16 and key.islower() for key in keys)
