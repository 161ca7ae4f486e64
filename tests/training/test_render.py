"""The renderer: what it draws is what it says, and training never sees what is kept for tests and samples."""

from __future__ import annotations

import itertools
import random

import pytest

from training import render, scenes


def test_seed_ranges_are_disjoint() -> None:
    """No seed is in two of the four ranges."""
    ranges = (scenes.TRAINING, scenes.CHOOSING, scenes.TESTING, scenes.SAMPLING)
    assert all(one.stop <= two.start for one, two in itertools.pairwise(ranges))


def test_a_seed_gives_one_picture() -> None:
    """The same seed draws the same pixels and sentences."""
    first, again = (render.draw(23, 96) for _ in range(2))
    assert render.fingerprint(first[0]) == render.fingerprint(again[0])
    assert first[1] == again[1]


def test_every_scene_is_told_in_two_languages() -> None:
    """Each kind of scene has English and Chinese sentences, as many of each, and Chinese ones are Chinese."""
    for seed in range(300):
        captions = scenes.compose(seed).captions
        assert [c.lang for c in captions].count("en") == [c.lang for c in captions].count("zh") > 0
        assert all(any(ord(char) > 0x2E7F for char in c.text) for c in captions if c.lang == "zh")


def _shapes(seeds: range) -> set[tuple[str, str, int]]:
    found = (scenes.compose(seed, "shapes").items for seed in seeds)
    return {(items[0].colour, items[0].shape, len(items)) for items in found}


def test_training_never_shows_held_out_combinations() -> None:
    """Colour, shape and number together: some are kept back from training, and tests show only those."""
    assert not any(scenes.held_out(*combination) for combination in _shapes(range(4_000)))
    testing = range(scenes.TESTING.start, scenes.TESTING.start + 1_000)
    assert all(scenes.held_out(*combination) for combination in _shapes(testing))


def test_items_lie_apart_and_inside() -> None:
    """Circles of items neither overlap nor leave the picture."""
    for seed in range(500):
        items = scenes.compose(seed, "shapes").items
        assert all(i.r <= i.x <= 1 - i.r and i.r <= i.y <= 1 - i.r for i in items)
        assert all((a.x - b.x) ** 2 + (a.y - b.y) ** 2 >= (a.r + b.r) ** 2 for a, b in itertools.combinations(items, 2))


@pytest.mark.parametrize("colour", scenes.COLOURS)
def test_colours_are_painted_as_named(colour: str) -> None:
    """The middle of a filled circle has the tone of its item, near the named colour."""
    scene = scenes.shapes(random.Random(5), scenes.TRAINING.start, colour, "square", 1)
    (item,) = scene.items
    picture = render.paint(scene, 128)
    found = picture.getpixel((round(item.x * 128), round(item.y * 128)))
    assert item.outline or found == item.paint
    assert all(abs(a - b) <= 30 for a, b in zip(item.paint, scenes.COLOURS[colour][1], strict=True))


def test_every_pictogram_has_names_and_a_glyph() -> None:
    """At least 500 pictograms, each with its own names in both languages; every 20th is painted."""
    table = scenes.pictograms()
    assert len(table) >= 500
    assert len({p.en for p in table}) == len({p.zh for p in table}) == len(table)
    for pictogram in table[::20]:
        picture = render.paint(scenes.pictogram(random.Random(1), 1, pictogram), 64)
        assert len(picture.getcolors(64 * 64) or []) > 8


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("cat", "cats"), ("mouse", "mice"), ("sheep", "sheep"), ("cup with straw", "cups with straw"),
        ("cherry", "cherries"), ("bus", "buses"), ("bread", "pictures of bread"), ("fork and knife", "pictures of a fork and knife"),
    ],
)  # fmt: skip
def test_plurals(one: str, many: str) -> None:
    """English plurals that the captions use."""
    assert scenes.plural(one) == many


def test_articles() -> None:
    """a, an, or none for plurals and mass nouns."""
    names = ("owl", "cat", "grapes", "bread", "umbrella", "unicorn", "bus", "glass of milk")
    expected = ["an owl", "a cat", "grapes", "bread", "an umbrella", "a unicorn", "a bus", "a glass of milk"]
    assert [scenes.article(name) for name in names] == expected


@pytest.mark.parametrize("attribute", ["colour", "shape", "count"])
def test_lineups_differ_in_one_attribute(attribute: str) -> None:
    """Eight pictures; colours and shapes are all different, each number from 1 to 4 comes twice."""
    row = render.lineup(attribute, scenes.TESTING.start + 3, 48)  # of the three
    texts = [caption.text for _, caption in row]
    assert len(row) == 8
    assert len(set(texts)) == (4 if attribute == "count" else 8)
