#!/usr/bin/env bash
# PyAV: the side data of every frame that comes from a picture with EXIF raises ValueError, whatever is asked of it.
#
# Library: av 18.1.0 (FFmpeg 8.1.2). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen for JPEG, PNG, WebP, TIFF and AVIF with an Exif block: frame.side_data.get("DISPLAYMATRIX"), len(), bool() and a loop over it
#   raise "ValueError: 31 is not a valid Type", because this FFmpeg hands EXIF out as side data of a number that PyAV's list, which ends
#   at 27, does not have. TIFF raises always. The others are fine without EXIF, so a test with made pictures passes.
#   frame.rotation works on both and is -90 for orientation 6.
# A media indexer must: use frame.rotation, and never touch side_data of stills unguarded.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 pillow==13.0.0
venv/bin/python - <<'PY'
import io

import av
from av.sidedata.sidedata import Type
from PIL import Image

exif = Image.Exif()
exif[274], exif[271] = 6, "Maker"
block = exif.tobytes()
ways = {"get": lambda data: data.get("DISPLAYMATRIX"), "len": len, "bool": bool, "list": list}
print("highest type that PyAV knows:", max(kind.value for kind in Type))
for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
    for options in ({}, {"exif": block}):
        file = io.BytesIO()
        Image.new("RGB", (64, 32), "red").save(file, kind, **options)
        file.seek(0)
        with av.open(file) as container:
            frame = next(container.decode(video=0))
        said = []
        for way, ask in ways.items():
            try:
                said.append(ask(frame.side_data))
            except ValueError as error:
                said.append(str(error))
        print(f"{kind:5} {'with EXIF' if options else 'without'}: rotation {frame.rotation}, get, len, bool, list: {said}")
        assert frame.rotation == (-90 if options else 0)
        assert said == (["31 is not a valid Type"] * 4 if options or kind == "TIFF" else [None, 0, False, []])
PY
echo "still so"
