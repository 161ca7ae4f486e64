#!/usr/bin/env bash
# The time zone of a place differs between two libraries in Xinjiang by two hours, and on the antimeridian by a day.
#
# Libraries: timezonefinder 9.0.0, tzfpy 2.1.1 (both of the same public map). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: of 20,000 random places 70 differ:
#   51 in Xinjiang: timezonefinder Asia/Urumqi (+6), tzfpy Asia/Shanghai (+8), whose clocks the cameras of most people there show;
#   18 in the sea around Easter Island, the rest at county lines;
#   longitude -180: timezonefinder Etc/GMT-12, tzfpy Etc/GMT+12, 24 hours apart; longitude 180 is Etc/GMT-12 in both.
#   latitude and longitude exchanged: timezonefinder raises ValueError, tzfpy answers "".
#   tzfpy.get_tzs() of Kashgar names both zones.
# A media indexer must: keep the zone's source beside a time worked out from a place, treat "" as unknown, and never let the zone of a
#   place move a time whose offset the picture states itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet timezonefinder==9.0.0 timezonefinder-data==3.2026.3.post1 tzfpy==2.1.1
venv/bin/python - <<'PY'
import collections
import random

import tzfpy
from timezonefinder import TimezoneFinder

finder = TimezoneFinder()


def both(latitude, longitude):
    return finder.timezone_at(lng=longitude, lat=latitude), tzfpy.get_tz(longitude, latitude)


random.seed(1)
places = [(random.uniform(-90, 90), random.uniform(-180, 180)) for _ in range(20000)]
pairs = collections.Counter(pair for pair in (both(*place) for place in places) if pair[0] != pair[1])
print("differ:", pairs.most_common())
assert pairs["Asia/Urumqi", "Asia/Shanghai"] > 30 and 40 < sum(pairs.values()) < 140
kashgar = both(39.47, 75.99)
print("Kashgar:", kashgar, tzfpy.get_tzs(75.99, 39.47))
assert kashgar == ("Asia/Urumqi", "Asia/Shanghai") and sorted(tzfpy.get_tzs(75.99, 39.47)) == ["Asia/Shanghai", "Asia/Urumqi"]
print("0 N 180 W:", both(0, -180), " 0 N 180 E:", both(0, 180))
assert both(0, -180) == ("Etc/GMT-12", "Etc/GMT+12") and both(0, 180) == ("Etc/GMT-12", "Etc/GMT-12")
assert tzfpy.get_tz(30, 120) == ""
try:
    finder.timezone_at(lng=30, lat=120)
except ValueError as error:
    print("exchanged:", error)
else:
    raise SystemExit("timezonefinder takes a latitude of 120 now")
PY
echo "still so"
