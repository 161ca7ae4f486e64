#!/usr/bin/env bash
# The place of a time in a GPX track is, for gpxpy, the next point that was recorded, however late; short dates lose their points' time.
#
# Library: gpxpy 1.6.2. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, points at 10:00, 10:10 and 10:20, one degree apart:
#   get_location_at(10:01) gives the point of 10:10, nine minutes and 100 km ahead; 10:00 itself gives 10:00; 10:11 gives 10:20. There is
#     neither interpolation nor the nearest point, though the point carries its own time and so looks exact.
#   a <time> without a zone is naive, and one naive point beside the aware question raises TypeError;
#   <time> of 2020-06-01, 2020-06-01T10:00Z, 20200601T100000Z and the leap second 23:59:60Z are None, without an error or a warning.
# A media indexer must: interpolate between the two neighbours itself, give up beyond a gap of minutes, and read the times itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet gpxpy==1.6.2
venv/bin/python - <<'PY'
import datetime

import gpxpy

START = datetime.datetime(2020, 6, 1, 10, 0, tzinfo=datetime.timezone.utc)


def track(*points):
    inner = "".join(f'<trkpt lat="{at}" lon="0"><time>{time}</time></trkpt>' for at, time in points)
    head = '<gpx version="1.1" creator="own" xmlns="http://www.topografix.com/GPX/1/1">'
    return gpxpy.parse(f"{head}<trk><trkseg>{inner}</trkseg></trk></gpx>")


walk = track((0, "2020-06-01T10:00:00Z"), (1, "2020-06-01T10:10:00Z"), (2, "2020-06-01T10:20:00Z"))
for minutes, expected in ((0, 0), (1, 1), (5, 1), (9, 1), (10, 1), (11, 2), (20, 2)):
    (place,) = walk.get_location_at(START + datetime.timedelta(minutes=minutes))
    print(f"10:{minutes:02} -> latitude {place.latitude}, recorded {place.time:%H:%M}")
    assert place.latitude == expected
assert walk.get_location_at(START - datetime.timedelta(minutes=1)) == []
try:
    track((0, "2020-06-01T10:00:00"), (1, "2020-06-01T10:10:00")).get_location_at(START)
except TypeError as error:
    print("points without a zone:", error)
else:
    raise SystemExit("naive points are compared now")
for text in ("2020-06-01", "2020-06-01T10:00Z", "20200601T100000Z", "2016-12-31T23:59:60Z"):
    time = track((0, text)).tracks[0].segments[0].points[0].time
    print(text, "->", time)
    assert time is None
PY
echo "still so"
