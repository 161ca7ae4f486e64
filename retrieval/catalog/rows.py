"""Rows that come back from the catalog, as arrays and paths."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, select

from retrieval.catalog import dialect
from retrieval.domain.media import MEDIA
from retrieval.domain.records import ROW


def path_of(root: bytes, relative: bytes) -> Path:
    """The path of a file below the root of its source, both as the bytes of the file system."""
    return Path(os.fsdecode(root)) / os.fsdecode(relative)


def as_one_row(segment: ColumnElement[int], asset: ColumnElement[int], medium: ColumnElement[str]) -> Select[Any]:
    """Three columns as one row of JSON arrays: fetching a thousand rows one by one costs more than finding them."""
    return select(dialect.collected(segment), dialect.collected(asset), dialect.collected(medium))


def read_rows(connection: Connection, query: Select[Any], ids: Iterable[int]) -> NDArray[Any]:
    """(n,) of dtype ROW: the rows of an `as_one_row` query for some ids, by segment, then asset; vector 0."""
    segment, asset, medium = map(dialect.values_of, connection.execute(query, {"ids": dialect.id_list(ids)}).one())
    found = np.zeros(len(asset), ROW)
    found["segment"], found["asset"] = segment, asset
    found["medium"] = [MEDIA.index(each) for each in medium]
    found.sort(order=["segment", "asset"])
    return found
