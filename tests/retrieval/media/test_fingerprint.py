"""Fingerprints tell copies of a picture or sound from other ones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from retrieval.media import fingerprint
from training import render, scenes


def drawn(seed: int, kind: str = "landscape") -> Image.Image:
    """A drawing, another for each seed."""
    return render.paint(scenes.compose(scenes.CHOOSING.start + seed, kind), 240)


def fingerprint_of(picture: Image.Image) -> NDArray[np.uint8]:
    return fingerprint.picture_fingerprint(np.asarray(picture.convert("RGB")))


CHANGES = {
    "smaller": lambda picture: picture.resize((90, 90)),
    "squeezed": lambda picture: picture.resize((240, 160)),
    "mirrored": ImageOps.mirror,
    "brightened": lambda picture: ImageEnhance.Brightness(picture).enhance(1.6),
    "darkened": lambda picture: ImageEnhance.Brightness(picture).enhance(0.6),
    "grey": ImageOps.grayscale,
    "cropped": lambda picture: picture.crop((24, 6, 240, 222)),
    "cropped on one side": lambda picture: picture.crop((24, 0, 240, 240)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_the_same_picture(change: str) -> None:
    """Whatever was done to the copy, one of the two directions says so."""
    for seed in range(5):
        one, other = fingerprint_of(drawn(seed)), fingerprint_of(CHANGES[change](drawn(seed)))
        assert fingerprint.same_pictures(one, other[None])[0] or fingerprint.same_pictures(other, one[None])[0]


def test_other_pictures_are_not_the_same() -> None:
    """Thirty drawings of one kind: each is only itself."""
    greys = np.stack([fingerprint_of(drawn(seed, "pictogram")) for seed in range(30)])
    table = np.stack([fingerprint.same_pictures(each, greys) for each in greys])
    assert (table == np.eye(30, dtype=bool)).all()


def test_a_plain_picture_is_like_none() -> None:
    """Two white pages are not called copies of each other."""
    white = fingerprint_of(Image.new("RGB", (50, 40), "white"))
    assert fingerprint.is_plain(white[None]).all() and not fingerprint.same_pictures(white, white[None]).any()
    assert fingerprint.same_pictures(white, np.empty((0, fingerprint.BYTES), np.uint8)).shape == (0,)


def test_a_fingerprint_keeps_the_mean_of_each_area() -> None:
    """A picture of two halves has a fingerprint of two halves, also where its side is no multiple."""
    pixels = np.zeros((50, 36, 3), np.uint8)
    pixels[25:] = 200
    (greys,) = fingerprint.greys_of(fingerprint.picture_fingerprint(pixels)[None])
    assert greys.shape == (24, 24) and (greys[:12] == 0).all() and (greys[12:] == 200).all()


def test_colour_tells_pictures_of_one_brightness_apart() -> None:
    """The same drawing with red and blue exchanged is another picture; without its colours it is a copy."""
    picture = Image.new("RGB", (96, 96), (90, 90, 90))
    picture.paste((220, 60, 40), (20, 20, 70, 60))
    one = fingerprint_of(picture)
    assert not fingerprint.same_pictures(one, fingerprint_of(Image.merge("RGB", picture.split()[::-1]))[None])[0]
    assert fingerprint.same_pictures(one, fingerprint_of(picture.convert("L"))[None])[0]


def noise(seconds: float, seed: int) -> NDArray[np.float32]:
    """Noise whose colour changes, at 16 kHz."""
    rng = np.random.default_rng(seed)
    gains = np.repeat(rng.uniform(0.05, 1, int(seconds * 10) + 1), 1600)[: int(seconds * 16_000)]
    return (np.convolve(rng.normal(0, 0.1, len(gains)), rng.normal(size=8), "same") * gains).astype(np.float32)


def test_words_of_a_sound_survive_loudness_and_noise() -> None:
    """A quieter, noisier copy keeps most bits; another sound has them by chance."""
    sound, other = noise(4, 1), noise(4, 2)
    copy = 0.3 * sound + np.random.default_rng(3).normal(0, 0.003, len(sound)).astype(np.float32)
    words = fingerprint.sound_fingerprint(sound, 16_000)
    assert len(words) == (4000 - fingerprint.FRAME_MS) // fingerprint.STEP_MS
    assert fingerprint.equal_bits(words, fingerprint.sound_fingerprint(copy, 16_000)) > 0.85
    assert fingerprint.equal_bits(words, fingerprint.sound_fingerprint(other, 16_000)) < 0.6


def test_silence_has_no_words() -> None:
    """Two silent stretches are not called copies: their words are 0, and so are not compared."""
    sound = noise(4, 1)
    sound[16_000:48_000] = 0
    words = fingerprint.sound_fingerprint(sound, 16_000)
    assert (words[20:50] == 0).all() and (words[:10] != 0).all()


def test_a_sound_shorter_than_a_frame_has_no_words() -> None:
    """Nothing to compare is no error."""
    assert len(fingerprint.sound_fingerprint(np.zeros(100, np.float32), 16_000)) == 0


def test_pairs_are_compared_as_one_by_one() -> None:
    """All pairs of drawings and their copies, compared many at a time, give what each gives alone."""
    sources = [drawn(seed) for seed in range(4)]
    data = np.stack([fingerprint_of(each) for each in (*sources, *(CHANGES["cropped"](each) for each in sources))])
    white = fingerprint_of(Image.new("RGB", (50, 40), "white"))
    data = np.concatenate([data, white[None], white[None]])
    pairs = np.argwhere(~np.eye(len(data), dtype=bool))
    alone = [bool(fingerprint.same_pictures(data[one], data[[other]])[0]) for one, other in pairs]
    assert fingerprint.same_pairs(data, pairs).tolist() == alone
    assert sum(alone) >= len(sources)
    assert fingerprint.same_pairs(data, np.empty((0, 2), np.int64)).tolist() == []
