"""The evidence of a hit as one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval import RetrievalError
from retrieval.domain.media import Box, Span
from retrieval.domain.result import FoundSegment, Hit
from retrieval.render import explanation_image
from retrieval.search.explain import Explanation
from retrieval.search.saliency import CELLS, WHOLE, SaliencyMap


def explained(**known: object) -> Explanation:
    """A picture that answers."""
    segment = FoundSegment("k" * 16, "image", None, None, None, 0.8, 0.4, {"shows": 0.7, "words": 0.3})
    hit = Hit(Path("/a/dog.jpg"), (Path("/a/dog.jpg"),), "00" * 32, "image", 0.4, 0.8, (segment,))
    return Explanation(hit, known.pop("segment", segment), **known)


def test_warm_places_keep_their_colour_and_cold_ones_lose_it() -> None:
    """The picture is grey where nothing answers; the box is drawn."""
    pixels = np.full((100, 100, 3), (20, 160, 220), np.uint8)
    values = np.zeros((CELLS, CELLS), np.float32)
    values[: CELLS // 2, : CELLS // 2] = 1
    heat = SaliencyMap(values, Box(0, 0, 5000, 5000))
    sheet, warnings = explanation_image.draw_explanation(explained(picture=pixels, heat=heat), "a dog")
    cold = np.asarray(sheet, int)[sheet.height - explanation_image.GAP - 40, explanation_image.MARGIN + 250]
    assert cold.max() - cold.min() < 80  # of 200 in the picture itself
    assert warnings == []


def test_where_the_whole_picture_answers_no_place_is_pointed_at() -> None:
    """Its colours stay as they are, wherever it is warmest."""
    pixels = np.full((100, 100, 3), (20, 160, 220), np.uint8)
    values = np.zeros((CELLS, CELLS), np.float32)
    values[0, 0] = 1
    sheet, _ = explanation_image.draw_explanation(explained(picture=pixels, heat=SaliencyMap(values, WHOLE)), "a dog")
    shown = np.asarray(sheet, int)[
        -explanation_image.GAP - 200 : -explanation_image.GAP - 4,
        explanation_image.MARGIN + 4 : explanation_image.MARGIN + 200,
    ]
    assert np.abs(shown - (20, 160, 220)).max() < 3


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_the_picture_is_written_in_the_form_of_its_name(tmp_path: Path, suffix: str) -> None:
    """Whatever is known of the hit, a picture of one width comes out."""
    explanation_image.save_explanation(explained(), "a dog", tmp_path / f"why{suffix}")
    with Image.open(tmp_path / f"why{suffix}") as made:
        assert made.width == explanation_image.WIDTH


def test_a_name_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    """One line says what to write instead."""
    with pytest.raises(RetrievalError, match=r"why\.mp4"):
        explanation_image.save_explanation(explained(), "a dog", tmp_path / "why.mp4")


def test_a_long_text_is_shown_around_its_first_mark() -> None:
    """What matched is on the picture however long the passage is: a mark in it is drawn."""
    text = "nothing to see here. " * 300 + "the otter" + " and more of it" * 200
    at = text.index("otter")
    passage = FoundSegment("k" * 16, "passage", None, 3, text, 0.8, 0.4, {"words": 1.0}, marks=(Span(at, at + 5),))
    sheet, _ = explanation_image.draw_explanation(explained(segment=passage), "otter")
    pixels = np.asarray(sheet).astype(int)
    assert ((pixels[..., 0] > 240) & (pixels[..., 1] > 210) & (pixels[..., 2] < 110)).any()
    assert sheet.height < 900
