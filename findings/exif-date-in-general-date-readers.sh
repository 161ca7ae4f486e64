#!/usr/bin/env bash
# General date readers take a date as EXIF writes it for a time of today, or of the year 1, without a word.
#
# Libraries: python-dateutil 4.0.0, pandas 3.0.3, dateparser 1.5.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, '2019:07:14 10:11:12':
#   dateutil.parser.parse: the default date (today unless one is given) at 10:11:12; no error, no warning
#   pandas.to_datetime:    Timestamp('1-01-01 10:11:12'): the year 1
#   dateparser.parse:      None
#   '2019:07:14' without a time raises in the first two ("hour must be in 0..23"), so a test with a bare date does not show it.
# A media indexer must: read EXIF dates by their own pattern before any general reader sees them, and refuse a result whose year
#   is not in the text it was read from.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet python-dateutil==4.0.0 pandas==3.0.3 dateparser==1.5.0
venv/bin/python - <<'PY'
import datetime
import warnings

import dateparser
import pandas
from dateutil import parser

warnings.simplefilter("error")  # a warning would be a change
WRITTEN = "2019:07:14 10:11:12"
before = datetime.date.today()
read = parser.parse(WRITTEN)
print("dateutil", read)
assert before <= read.date() <= datetime.date.today() and read.time() == datetime.time(10, 11, 12)
assert parser.parse(WRITTEN, default=datetime.datetime(2001, 2, 3)) == datetime.datetime(2001, 2, 3, 10, 11, 12)
stamp = pandas.to_datetime(WRITTEN)
print("pandas", repr(stamp))
assert (stamp.year, stamp.month, stamp.day, stamp.hour) == (1, 1, 1, 10)
for name, reader in (("dateutil", parser.parse), ("pandas", pandas.to_datetime)):
    try:
        reader("2019:07:14")
    except ValueError as error:
        print(name, "bare date:", error)
    else:
        raise AssertionError("a bare date is read now")
assert parser.parse("2019-07-14 10:11:12").year == 2019  # the same with hyphens is right
warnings.simplefilter("ignore")
assert dateparser.parse(WRITTEN) is None
PY
echo "still so"
