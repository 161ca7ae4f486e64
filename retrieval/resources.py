"""Files that ship with the program: migrations, weights, samples, the tag vocabulary."""

from __future__ import annotations

from pathlib import Path


def vocabulary() -> Path:
    """What media are tagged with everywhere."""
    return _shipped("data") / "tags" / "vocabulary.txt"


def _shipped(name: str) -> Path:
    """A folder that ships with the program: inside the package in a wheel, else beside it (clone, editable install).

    Inside goes first: beside an installed package lies the library `alembic`, which is not our folder of that name.
    """
    root = Path(__file__).resolve().parent
    inside = root / "_shipped"
    return (inside if inside.is_dir() else root.parent) / name


def migrations() -> Path:
    """Alembic's scripts."""
    return _shipped("alembic")


def starter() -> Path:
    """The weights of the starter profile."""
    return _shipped("data") / "starter"


def text_look() -> Path:
    """The net that tells whether a picture holds writing."""
    return _shipped("data") / "ocr" / "look.onnx"


def places() -> Path:
    """The gazetteer: names of places and where they lie."""
    return _shipped("data") / "places" / "places.npz"


def samples() -> Path:
    """The media of `crossmedia demo`."""
    return _shipped("data") / "samples"


def demo_queries() -> Path:
    """Questions of `crossmedia demo` with their expected answers."""
    return _shipped("data") / "queries.toml"


def reference() -> Path:
    """Pictures and texts by which unknown encoders are calibrated."""
    return _shipped("data") / "reference"
