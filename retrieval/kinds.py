"""The kinds of segment: which modality each is encoded by, and which retriever finds it."""

from __future__ import annotations

from retrieval.domain.media import Kind, Lane, Modality

KINDS: tuple[Kind, ...] = ("image", "region", "shot", "speech", "sound", "passage", "text_line")

# Which senses meet which kinds of segment: text meets text in the sentence space, all else in the shared one.
TEXT_KINDS: tuple[Kind, ...] = ("passage", "speech", "text_line")

SHARED_KINDS: tuple[Kind, ...] = ("image", "region", "shot", "sound")

LANE_OF: dict[Kind, Lane] = {
    "image": "shows",
    "region": "shows",
    "shot": "shows",
    "sound": "sounds",
    "speech": "said",
    "passage": "words",
    "text_line": "reads",
}

MODALITY_OF: dict[Kind, Modality] = {  # the sense by which a segment is encoded
    "image": "image",
    "region": "image",
    "shot": "image",
    "sound": "sound",
    "speech": "text",
    "passage": "text",
    "text_line": "text",
}
