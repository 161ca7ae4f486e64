"""What pictures say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from retrieval.domain.media import ImageSpec, Metadata
from retrieval.media.extract import read


@pytest.mark.parametrize(
    ("latitude", "longitude", "place"),
    [
        ((0, 0, 0), (0, 0, 0), (None, None)),
        ((0, 0, 0), (32, 30, 0), (0.0, 32.5)),
        ((51, 30, 0), (0, 0, 0), (51.5, 0.0)),
        ((0, 0, 0.036), (0, 0, 0), (1e-05, 0.0)),
    ],
)
def test_zero_for_both_is_no_place(
    tmp_path: Path,
    latitude: tuple[float, float, float],
    longitude: tuple[float, float, float],
    place: tuple[float | None, float | None],
) -> None:
    """A camera without a fix was not in the Gulf of Guinea; the equator and the prime meridian are places."""
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: latitude, 3: "E", 4: longitude})
    Image.new("RGB", (80, 80), "red").save(tmp_path / "a.jpg", exif=exif)
    facts = next(read(tmp_path / "a.jpg", "image", ImageSpec(32)))
    assert isinstance(facts, Metadata)
    assert (facts.latitude, facts.longitude) == place
