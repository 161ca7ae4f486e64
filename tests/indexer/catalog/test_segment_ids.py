"""indexer.catalog.segment_ids: segment ids."""

from __future__ import annotations

from indexer.catalog.segment_ids import segment_key, segment_keys
from retrieval.domain.media import Box, Segment, Span


def test_segment_ids_are_stable() -> None:
    """They are a promise to other programs: this very value, on every machine and in every version."""
    assert segment_key(b"\0" * 32, Segment("shot", Span(0, 1500))) == "tasgwfd674u5fkn6"


def test_segments_of_one_place_get_different_ids() -> None:
    """Two pictures of one page, and kinds and spans in all combinations."""
    same = [Segment("image", page=1), Segment("image", page=1), Segment("image", page=2), Segment("passage", page=1)]
    keys = segment_keys(b"\1" * 32, same)
    assert len(set(keys)) == len(same)
    assert all(len(key) == 16 and key.islower() for key in keys)


def test_what_a_segment_says_is_not_what_it_is() -> None:
    """Another transcriber hears other words in the same place: the id stays."""
    one, other = (Segment("speech", Span(0, 9), text=text, lang=lang) for text, lang in (("a", "en"), ("b", "de")))
    assert segment_key(b"\1" * 32, one) == segment_key(b"\1" * 32, other)


def test_every_part_of_the_place_counts() -> None:
    """Content, kind, span, characters, page, ordinal; of a region its box, of nothing else."""
    base = Segment("passage", page=1, chars=Span(0, 9))
    changed = [
        Segment("image", page=1, chars=Span(0, 9)),
        Segment("passage", page=2, chars=Span(0, 9)),
        Segment("passage", page=1, chars=Span(0, 8)),
        Segment("passage", page=1, chars=Span(1, 9)),
        Segment("passage", Span(0, 9), page=1),
    ]
    keys = [segment_key(b"\1" * 32, each) for each in (base, *changed)]
    keys += [segment_key(b"\2" * 32, base), segment_key(b"\1" * 32, base, 1)]
    assert len(set(keys)) == len(keys)
    boxes = Box(0, 0, 5, 5), Box(0, 0, 5, 6)
    regions, lines = (
        [segment_key(b"\1" * 32, Segment(kind, box=box)) for box in boxes] for kind in ("region", "text_line")
    )
    assert regions[0] != regions[1]
    assert lines[0] == lines[1]


def test_ordinals_count_among_equals_alone() -> None:
    """The second of two equal ones is the same whatever stands between them."""
    image, page = Segment("image", page=1), Segment("passage", page=1)
    near, far = segment_keys(b"\1" * 32, [image] * 3), segment_keys(b"\1" * 32, [image, page, image, image])
    assert [far[0], *far[2:]] == near
    assert near == [segment_key(b"\1" * 32, image, ordinal) for ordinal in range(3)]
