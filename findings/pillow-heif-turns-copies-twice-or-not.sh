#!/usr/bin/env bash
# A turned photo that is saved as HEIC stands upright, lies on its side or stands on its head, by the way in which it was handed over.
#
# Libraries: pillow-heif 1.8.1, pillow 13.0.0. Met on 30 November 2026, CPython 3.11, Linux x86-64.
# Seen, a JPEG with EXIF orientation 6, opened by Pillow and saved as HEIC:
#   photo.save("x.heic"), and with exif=photo.info["exif"] (bytes)   upright, right
#   photo.save("x.heic", exif=photo.getexif()) (the object)          not turned at all: lies on its side
#   from_pillow(photo).save("x.heic"), add_from_pillow               turned twice: stands on its head
#   The orientation of the file is 1 each time, so no reader can put it right. With 8 the same; with 3 both come out on their head, with
#   5 and 7 on their side; with 2 and 4 mirrored.
# A media indexer must: apply the turn to the pixels (ImageOps.exif_transpose) before it hands a picture over; and expect copies of a photo
#   in other turns when it looks for duplicates.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow-heif==1.8.1 pillow==13.0.0 numpy==2.4.6
venv/bin/python - <<'PY'
import numpy as np
import pillow_heif
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()
COLOURS = [(220, 20, 20), (20, 160, 20), (20, 20, 220), (230, 230, 230)]
picture = Image.new("RGB", (64, 128))
for at, colour in enumerate(COLOURS):
    picture.paste(colour, (at % 2 * 32, at // 2 * 64, at % 2 * 32 + 32, at // 2 * 64 + 64))


def corners(image):
    """Size of a picture as it is shown, and the numbers of the colours in its corners."""
    pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB")).astype(int)
    places = [pixels[row, column] for row in (4, -5) for column in (4, -5)]
    return pixels.shape[1::-1], [int(np.argmin([np.abs(place - colour).sum() for colour in np.array(COLOURS)])) for place in places]


def saved(write):
    write("copy.heic")
    with Image.open("copy.heic") as copy:
        assert copy.getexif()[0x0112] == 1
        return corners(copy)


def added(photo, path):
    file = pillow_heif.HeifFile()
    file.add_from_pillow(photo)
    file.save(path)


as_stored = corners(picture)
for orientation in range(2, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save("photo.jpg", exif=exif, quality=95)
    photo = Image.open("photo.jpg")
    shown = corners(photo)
    twice = corners(picture.rotate(180)) if orientation in (6, 8) else as_stored
    ways = {
        "plainly": (saved(photo.save), shown),
        "bytes of EXIF": (saved(lambda path: photo.save(path, exif=photo.info["exif"])), shown),
        "object of EXIF": (saved(lambda path: photo.save(path, exif=photo.getexif())), as_stored),
        "from_pillow": (saved(pillow_heif.from_pillow(photo).save), twice),
        "add_from_pillow": (saved(lambda path: added(photo, path)), twice),
    }
    assert shown != as_stored and shown != twice
    for way, (seen, expected) in ways.items():
        print(orientation, "shown", shown, way, seen)
        assert seen == expected
PY
echo "still so"
