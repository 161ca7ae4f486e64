"""Calibrates spaces of encoders that nobody fitted to the library that they fill, and again when it has grown tenfold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexer.catalog import read as catalog_read
from retrieval.encoders import self_calibration
from retrieval.encoders.profile import ModelProfile
from retrieval.encoders.registry import is_unknown
from retrieval.errors import EncoderUnavailable, SpaceMismatch

if TYPE_CHECKING:
    from retrieval.catalog.engine import Engine
    from retrieval.domain.media import Vectors
    from retrieval.protocols import Profile, SpaceName

GROWN = 10  # times as many vectors as when it was calibrated
SAMPLE = 2_000  # pictures and frames of a library that make its typical one


def calibrate(engine: Engine, home: Path, profile: Profile) -> list[str]:
    """Writes the calibration of each space whose encoder is unknown, where it is missing or out of date.

    Returns what could not be measured, and why; there answers go by the curve of encoders of which nothing is known.
    """
    problems: list[str] = []
    for role in profile.spaces if isinstance(profile, ModelProfile) else ():
        assert isinstance(profile, ModelProfile)
        if is_unknown(profile.model(role)):
            try:
                _calibrate(engine, home, profile, role)
            except (EncoderUnavailable, SpaceMismatch) as error:
                problems.append(f"{profile.model(role).name} is not calibrated: {error}")
    return problems


def _calibrate(engine: Engine, home: Path, profile: ModelProfile, role: SpaceName) -> None:
    with engine.connect() as connection:
        space = next((each for each in catalog_read.publishing(connection) if each.name == role), None)
    wanted = profile.space(role)
    path = self_calibration.library_file(home, role)
    before = self_calibration.read(path, wanted.revision)
    count = space.rows + space.fresh - space.deleted if space else 0
    if space is None or (before is not None and count < GROWN * max(before.count, self_calibration.ENOUGH)):
        return
    model = profile.model(role)
    encoders = {each: profile.encoder(role, each) for each in profile.modalities(role)}
    base = self_calibration.measured(model, encoders)
    self_calibration.write(base.with_library(_pictures(engine, space), count), path)


def _pictures(engine: Engine, space: catalog_read.Publishing) -> Vectors:
    """(n, dimension) float32, n <= SAMPLE: some of the pictures and frames of a space."""
    with engine.connect() as connection:
        tables = catalog_read.all_vectors(connection, space.space_id, space.dimension)[1]
    found = [tables[kind][1] for kind in ("image", "shot") if kind in tables]
    rows = np.concatenate(found) if found else np.zeros((0, space.dimension), np.float32)
    chosen = np.random.default_rng(0).permutation(len(rows))[:SAMPLE]
    return np.asarray(rows[chosen], np.float32)
