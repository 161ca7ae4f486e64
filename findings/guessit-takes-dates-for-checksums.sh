#!/usr/bin/env bash
# GuessIt reads the date in a camera's file name as a CRC, "MVI_1234" as season 12 episode 34, and 2019-07-14 10.11.12 as 2010.
#
# Library: guessit 4.4.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: IMG_20190714_101112.jpg, VID_20200101.mp4, PXL_20230105_120000123.mp4 and 20190714_101112.mp4: crc32 '20190714' and the like, no date;
#   2019-07-14 10.11.12.mp4: date 2010-07-14 and year 2019, title "11 12"; 2019-07-14.mp4 alone is right.
#   MVI_1234.MOV: season 12, episode 34; WhatsApp Video 2023-01-05 at 12.00.00.mp4: episodes 12 and 0; Apollo 13.mkv: episode 13;
#   The 100.mkv: title "The", season 1, episode 0.
# A media indexer must: match the names of cameras and messengers by its own patterns first, and ask GuessIt for films and series only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet guessit==4.4.0
venv/bin/python - <<'PY'
import datetime

from guessit import guessit

expected = {
    "IMG_20190714_101112.jpg": {"crc32": "20190714", "date": None},
    "VID_20200101.mp4": {"crc32": "20200101", "date": None},
    "PXL_20230105_120000123.mp4": {"crc32": "20230105", "date": None},
    "20190714_101112.mp4": {"crc32": "20190714", "date": None},
    "2019-07-14 10.11.12.mp4": {"date": datetime.date(2010, 7, 14), "year": 2019, "title": "11 12"},
    "2019-07-14.mp4": {"date": datetime.date(2019, 7, 14)},
    "MVI_1234.MOV": {"season": 12, "episode": 34},
    "WhatsApp Video 2023-01-05 at 12.00.00.mp4": {"date": datetime.date(2023, 1, 5), "episode": [12, 0]},
    "Apollo 13.mkv": {"title": "Apollo", "episode": 13},
    "The 100.mkv": {"title": "The", "season": 1, "episode": 0},
}
for name, facts in expected.items():
    guess = guessit(name)
    print(name, {key: str(value) for key, value in guess.items() if key not in ("container", "mimetype")})
    assert {key: guess.get(key) for key in facts} == facts, name
PY
echo "still so"
