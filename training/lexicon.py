"""Writes lexicon.npz: everyday nouns in fifteen languages, and where the photos that show them lie in the shared space.

    python -m training.lexicon --data DIR --more DIR --annotations DIR --work DIR --start data/starter --out DIR

A word alone says less than a caption, and the sentence vectors of one noun in two languages are further apart than those of
two captions. So the nouns that FEWEST photos or more are told to show get a vector of their own: it begins as the English
word's and learns, with all these photos as positives, while the tower and the adapter stay. A word of another language
takes the vector of the English noun that it means: by the photos that captions tell of (`training.vocabulary.foreign`), by
CC-CEDICT, or by the CLDR's names of emoji. What sounds are found by keeps the English word's vector as it is
(docs/decisions/0113-nouns-have-vectors-of-their-own.md). Arguments are those of `training.words`; `training.calibration`
follows.
"""

from __future__ import annotations

import argparse
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from retrieval.encoders.starter import LEXICON
from training import data, sound, vocabulary
from training.calibration import Curve
from training.export import write_config
from training.model import Starter
from training.restore import restore
from training.vocabulary import Term
from training.words import NOT, SURE, TOLD, Album, Told, seen

FEWEST = 8  # photos of a noun
ALIKE = 0.5  # Dice coefficient of the photos of a foreign word and of the noun that it means
LONGEST = 4  # letters of a Chinese word
NEAREST = 0.45  # cosine of the sentence vectors of a word and of the noun that it means
OTHERWISE = frozenset({"kind"})  # left out: in German and Dutch a child
STEPS, RATE, PHOTOS = 200, 5e-3, 2500  # PHOTOS of a step
KEEN = 12.0  # how sharply photos are told apart
NEAR = 1.0  # weight of the squared distance from the English word's vector
LEVELS = 127  # of a stored number


def pictures(model: Starter, album: Album, told: Told, classes: Tensor, work: Path) -> Tensor:
    """(files, 512) unit vectors of the photos, as the tower gives them. classes: sentence vectors (1000, 512)."""
    found = seen(album, model, told.files, work)
    with torch.inference_mode():
        classes = model.adapter(classes)
        parts = zip(*(rows.split(2048) for rows in (found.features, found.logits, found.statistics)), strict=True)
        return torch.cat([model.join(features, logits, classes, looked) for features, logits, looked in parts]).clone()


def nouns(told: Told) -> list[int]:
    """Columns of the terms that are English nouns with photos enough."""
    count = (told.shown == SURE).sum(0)
    return [n for n, term in enumerate(told.terms) if term.lang == "en" and " " not in term.text and count[n] >= FEWEST]


def meanings(told: Told, chosen: Sequence[int], names: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, int]:
    """Words of all languages in small letters, each with the place of its noun in `chosen`. names: the CLDR's.

    Of the nouns that a word may mean it means the one with the nearest sentence vector. An English noun that is written
    like a word of another language means itself, unless it stands in OTHERWISE.
    """
    place = {told.terms[column].text: n for n, column in enumerate(chosen)}
    found = _by_photos(told, chosen)
    for english, chinese in data.dictionary():
        if english in place and len(chinese) <= LONGEST:
            found[chinese].add(place[english])
    for of in names.values():
        for english in of.keys() & place.keys():
            for word in of[english]:
                found[word.casefold()].add(place[english])
    vectors = data.sentence_vectors([*place, *found])
    english, foreign = vectors[: len(place)], vectors[len(place) :]
    meant: dict[str, int] = {}
    for (word, likely), near in zip(found.items(), foreign @ english.T, strict=True):
        best = max(likely, key=lambda n, near=near: float(near[n]))  # type: ignore[misc]
        if word in place:
            if word in OTHERWISE:
                place.pop(word)
        elif near[best] >= NEAREST:
            meant[word] = best
    return meant | place


def _by_photos(told: Told, chosen: Sequence[int]) -> dict[str, set[int]]:
    """Words of captions in other languages with the nouns whose photos are nearly theirs."""
    others = [(n, term) for n, term in enumerate(told.terms) if term.lang != "en" and " " not in term.text]
    mine = (told.shown[:, chosen] == SURE).astype(np.float32)
    found: dict[str, set[int]] = defaultdict(set)
    for start in range(0, len(others), 512):
        part = others[start : start + 512]
        theirs = (told.shown[:, [n for n, _ in part]] == SURE).astype(np.float32)
        dice = 2 * theirs.T @ mine / (theirs.sum(0)[:, None] + mine.sum(0))
        for (_, term), row in zip(part, dice, strict=True):
            if likely := np.flatnonzero(row >= ALIKE).tolist():
                found[term.text.casefold()].update(likely)
    return found


def heard() -> set[str]:
    """English words that the sound tower's labels are."""
    single = {text.removeprefix("a ") for texts in sound.LABELS.values() for text in texts if text.isascii()}
    return single | {f"{word}s" for word in single}


def learn(begun: Tensor, shown: NDArray[np.uint8], photos: Tensor) -> Tensor:
    """Unit vectors of nouns (n, 512) that begin as `begun` and find the photos (m, 512) that show them (m, n)."""
    torch.manual_seed(0)
    moved = torch.nn.Parameter(torch.zeros_like(begun))
    optimiser, table = torch.optim.Adam([moved], lr=RATE), torch.from_numpy(shown)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        rows = torch.randint(0, len(photos), (PHOTOS,))
        marks = table[rows]
        scores = photos[rows] @ functional.normalize(begun + moved, dim=1).T * KEEN
        chances = scores.masked_fill(marks == TOLD, -1e4).log_softmax(0)
        right = (marks == SURE).float()
        count = right.sum(0)
        losses = -(chances * right).sum(0)[count > 0] / count[count > 0]
        loss = losses.mean() + NEAR * moved.square().sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return functional.normalize(begun + moved, dim=1).detach()


def cosines(vectors: Tensor, shown: NDArray[np.uint8], photos: Tensor) -> NDArray[np.float32]:
    """(nouns, 4) of nouns (n, 512) and photos (m, 512) that show them (m, n), as NounCalibration wants them."""
    scores = (photos @ vectors.T).numpy()
    rows = []
    for column, marks in zip(scores.T, shown.T, strict=True):
        absent, right = column[marks == NOT], column[marks == SURE]
        rows.append((absent.mean(), absent.std(), right.mean(), len(right) / (len(right) + len(absent))))
    return np.array(rows, np.float32)


def write(
    path: Path,
    words: Mapping[str, int],
    nouns: Sequence[str],
    vectors: NDArray[np.float32],
    measured: NDArray[np.float32],
) -> None:
    """words with rows of nouns (n) and their vectors (n, 512), in int8 with a scale each; measured (n, 4): `cosines`."""
    scale = np.abs(vectors).max(1, keepdims=True) / LEVELS
    held = sorted(words)
    np.savez_compressed(
        path,
        words=np.frombuffer("\n".join(held).encode(), np.uint8),
        nouns=np.frombuffer("\n".join(nouns).encode(), np.uint8),
        rows=np.array([words[word] for word in held], np.uint16),
        vectors=np.rint(vectors / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        cosines=measured,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Give everyday nouns vectors of their own.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--more", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True, help="the npm package cldr-annotations-full")
    parser.add_argument("--work", type=Path, required=True, help="caches, as of training.starter")
    parser.add_argument("--start", type=Path, required=True, help="folder of the weights")
    parser.add_argument("--out", type=Path, required=True, help="a folder that holds these weights as well")
    given = parser.parse_args()
    corpus, model = data.read_corpus(given.data, given.work), restore(given.start)
    album = Album.read(corpus, given.more, given.work)
    told = Told.of(album, given.annotations)
    chosen = nouns(told)
    words = meanings(told, chosen, vocabulary.cldr(given.annotations))
    terms: list[Term] = [told.terms[column] for column in chosen]
    with torch.inference_mode():
        begun = model.adapter(torch.from_numpy(data.sentence_vectors([term.text for term in terms]))).clone()
    photos = pictures(model, album, told, torch.from_numpy(corpus.class_vectors), given.work)
    vectors = learn(begun, told.shown[:, chosen], photos)
    still = [n for n, term in enumerate(terms) if term.text in heard()]
    vectors[still] = begun[still]
    print(f"{len(words)} words, {len(terms)} nouns, mean cosine with the word's {(vectors * begun).sum(1).mean():.3f}")
    measured = cosines(vectors, told.shown[:, chosen], photos)
    write(given.out / LEXICON, words, [term.text for term in terms], vectors.numpy(), measured)
    stated = tomllib.loads((given.out / "starter.toml").read_text("utf-8"))["calibration"]
    write_config(given.out, {way: Curve(**curve) for way, curve in stated.items()})


if __name__ == "__main__":
    main()
