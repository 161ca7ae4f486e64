#!/usr/bin/env bash
# Garmin's own reader of FIT ends at the first record with a short time stamp; fit-tool puts a camera without a fix at 180, 180.
#
# Libraries: garmin-fit-sdk 21.218.0, fit-tool 0.9.16; fitdecode 0.11.0 and fitparse 1.2.0 are right. Met on 29 November 2026, CPython
# 3.11, Linux x86-64.
# Seen: of four records, the last three with a compressed time stamp header (part of the protocol from the start), the official SDK returns
#   one; it raises nothing and puts a RuntimeError into the second part of its answer. The other three libraries return four.
#   Of a record whose values are all "invalid" (before the first fix) fit-tool gives latitude and longitude 179.99999991618097, altitude
#   12607 m, 255 beats and 65.535 m/s, with is_valid() true of each; the others leave the values out.
#   local_timestamp of the activity is a time in UTC for fitdecode (two hours off in summer), a bare number for the SDK and fit-tool.
# A media indexer must: read such tracks with fitdecode or fitparse, and drop places of 180, 180 before it places photos by them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet garmin-fit-sdk==21.218.0 fit-tool==0.9.16 fitdecode==0.11.0 fitparse==1.2.0
venv/bin/python - <<'PY'
import datetime
import io
import struct

import fitdecode
import fitparse
from fit_tool.fit_file import FitFile
from garmin_fit_sdk import Decoder, Stream

UINT8, UINT16, UINT32, SINT32, ENUM = 2, 0x84, 0x86, 0x85, 0
TABLE = (0, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401, 0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400)


def crc(data):
    value = 0
    for byte in data:
        for nibble in (byte & 15, byte >> 4):
            value = (value >> 4) ^ TABLE[value & 15] ^ TABLE[nibble]
    return value


def file_of(*records):
    body = b"".join(records)
    head = struct.pack("<BBHI4s", 14, 0x20, 2195, len(body), b".FIT")
    head += struct.pack("<H", crc(head))
    return head + body + struct.pack("<H", crc(head + body))


def definition(local, number, fields):
    return struct.pack("<BBBHB", 0x40 | local, 0, 0, number, len(fields)) + b"".join(map(bytes, fields))


def semicircles(degrees):
    return int(degrees * 2**31 / 180)


PLACE = [(0, 4, SINT32), (1, 4, SINT32), (2, 2, UINT16), (6, 2, UINT16), (3, 1, UINT8)]
START = 1_000_000_030
HEAD = definition(0, 0, [(0, 1, ENUM), (1, 2, UINT16), (4, 4, UINT32)]) + struct.pack("<BBHI", 0, 4, 1, START)
LONG = definition(1, 20, [(253, 4, UINT32), *PLACE])


def values(latitude):
    return semicircles(latitude), semicircles(11.5), (520 + 500) * 5, 3000, 120


first = LONG + struct.pack("<BIiiHHB", 1, START, *values(48.5))
short = [
    struct.pack("<BiiHHB", 0x80 | 2 << 5 | (START + later) & 31, *values(48.5 + later / 100)) for later in (1, 5, 30)
]
compressed = file_of(HEAD, first, definition(2, 20, PLACE), *short)
no_fix = file_of(HEAD, LONG + struct.pack("<BIiiHHB", 1, START, 0x7FFFFFFF, 0x7FFFFFFF, 0xFFFF, 0xFFFF, 0xFF))
local = file_of(HEAD, definition(1, 34, [(253, 4, UINT32), (5, 4, UINT32)]) + struct.pack("<BII", 1, START, START + 7200))


def by_fitdecode(data, kind="record"):
    with fitdecode.FitReader(io.BytesIO(data)) as reader:
        messages = [m for m in reader if isinstance(m, fitdecode.FitDataMessage) and m.name == kind]
    return [{f.name: f.value for f in m.fields if f.value is not None} for m in messages]


def by_fitparse(data, kind="record"):
    found = fitparse.FitFile(io.BytesIO(data)).get_messages(kind)
    return [{name: value for name, value in m.get_values().items() if value is not None} for m in found]


def by_fit_tool(data, kind="record"):
    messages = [r.message for r in FitFile.from_bytes(data).records if not r.is_definition and r.message.name == kind]
    return [{f.name: f.get_value() for f in m.fields if f.is_valid() and f.get_value() is not None} for m in messages]


def by_sdk(data, kind="record"):
    messages, errors = Decoder(Stream.from_byte_array(bytearray(data))).read()
    return messages[f"{kind}_mesgs"], errors


for reader in (by_fitdecode, by_fitparse, by_fit_tool):
    records = reader(compressed)
    print(reader.__name__, len(records), "records")
    assert len(records) == 4
times = [record["timestamp"] for record in by_fitdecode(compressed)]
assert [(time - times[0]).seconds for time in times] == [0, 1, 5, 30]
records, errors = by_sdk(compressed)
print("garmin-fit-sdk", len(records), "record", errors)
assert len(records) == 1 and "not currently supported" in str(errors[0])
print("no fix:", by_fitdecode(no_fix), by_fit_tool(no_fix))
assert list(by_fitdecode(no_fix)[0]) == list(by_fitparse(no_fix)[0]) == list(by_sdk(no_fix)[0][0]) == ["timestamp"]
(record,) = by_fit_tool(no_fix)
assert record["position_lat"] == record["position_long"] and 179.99 < record["position_lat"] < 180
assert (record["altitude"], record["heart_rate"], record["speed"]) == (12607, 255, 65.535)
(activity,) = by_fitdecode(local, "activity")
print("local time:", activity["local_timestamp"], by_sdk(local, "activity")[0][0]["local_timestamp"])
assert activity["local_timestamp"] - activity["timestamp"] == datetime.timedelta(hours=2)
assert activity["local_timestamp"].tzinfo is datetime.timezone.utc
assert by_sdk(local, "activity")[0][0]["local_timestamp"] == by_fit_tool(local, "activity")[0]["local_timestamp"] == START + 7200
PY
echo "still so"
