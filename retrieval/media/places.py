"""Names of where something was taken, from a gazetteer on this machine: the nearest place, the city round it, its region
and country. docs/decisions/0128
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval import resources

NEAR_KM: Final = 50.0  # how far the nearest place may be away to name it
COUNTRY_KM: Final = 150.0  # and to name its region and country
CITY: Final = 50_000  # people from which a place names what lies within its reach
EARTH_KM: Final = 6371.0088


class _Names(NamedTuple):
    """Texts of UTF-8 (n,) uint8 that end at (m,) uint32; names of one thing, one a line."""

    text: NDArray[np.uint8]
    ends: NDArray[np.uint32]

    def of(self, at: int) -> list[str]:
        start = int(self.ends[at - 1]) if at else 0
        return self.text[start : int(self.ends[at])].tobytes().decode().split("\n")


class _Gazetteer(NamedTuple):
    """directions: (n, 3) float32 on the unit sphere; reach: (n,) km; regions, countries: (n,) places in their names."""

    directions: NDArray[np.float32]
    reach: NDArray[np.float32]
    people: NDArray[np.uint32]
    regions: NDArray[np.uint16]
    countries: NDArray[np.uint8]
    names: _Names
    region_names: _Names
    country_names: _Names


def places_of(latitude: float | None, longitude: float | None) -> tuple[str, ...]:
    """Names of a place in degrees: first one for people ("Voss, Vestland, Norway"), then each by itself, also in other
    languages, of the nearest place, of the city in whose reach it lies, of region and country; empty where nothing is known.
    """
    if latitude is None or longitude is None or not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return ()
    table = _gazetteer()
    away = _km_to(table.directions, latitude, longitude)
    nearest = int(away.argmin())
    if away[nearest] > COUNTRY_KM:
        return ()
    around = np.flatnonzero((away <= table.reach) & (table.countries == table.countries[nearest]))
    city = int(around[table.people[around].argmax()]) if len(around) else nearest
    region = table.region_names.of(int(table.regions[nearest]))
    country = table.country_names.of(int(table.countries[nearest]))
    named = dict.fromkeys([nearest, city]) if away[nearest] <= NEAR_KM else {}
    own = [table.names.of(at) for at in named]
    shown = dict.fromkeys([*(names[0] for names in own), region[0], country[0]])
    every = dict.fromkeys(name for names in (*own, region, country) for name in names)
    return (", ".join(filter(None, shown)), *filter(None, every))


def _km_to(directions: NDArray[np.float32], latitude: float, longitude: float) -> NDArray[np.float32]:
    """(n,) km along the sphere to each direction, by the chord: exact to metres where it is short."""
    here = _directions(np.array([[latitude, longitude]], np.float64))[0]
    chord = np.sqrt(((directions - here) ** 2).sum(axis=1))
    return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(chord / 2, 1)), np.float32)


def _directions(degrees: NDArray[Any]) -> NDArray[np.float32]:
    """(n, 3) on the unit sphere of latitudes and longitudes (n, 2)."""
    latitude, longitude = np.radians(degrees.astype(np.float64)).T
    level = np.cos(latitude)
    return np.stack([level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)], 1).astype(np.float32)


@cache
def _gazetteer() -> _Gazetteer:
    with np.load(resources.places()) as file:
        people = file["people"]
        # A town of 50,000 reaches 3 km, a city of a million 14: as far as its houses, by the square root of its people.
        reach = np.where(people >= CITY, np.sqrt(people.astype(np.float32)) / 71, 0)
        named = [_Names(file[f"{table}_text"], file[f"{table}_ends"]) for table in ("name", "region", "country")]
        places = file["regions"], file["countries"]
        return _Gazetteer(_directions(file["degrees"]), reach.astype(np.float32), people, *places, *named)
