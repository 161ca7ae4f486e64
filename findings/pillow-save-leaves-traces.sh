#!/usr/bin/env bash
# Saving a picture with Pillow changes what the next save does: AVIF takes the orientation out of the caller's Exif object,
# and a page that was saved before cannot be a later page of a TIFF.
#
# Library: pillow 13.0.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: exif[274] = 6; save('a.avif', exif=exif) turns by an irot box and removes tag 274 from exif; every later save of the loop with
#   the same object (jpg, png, webp) writes no orientation. exif.tobytes() instead of the object is safe.
#   pages[1].save('x.png') and then pages[0].save('x.tif', save_all=True, append_images=pages[1:]) raises
#   TypeError: function takes at most 4 arguments (8 given); the options of the first encoder stay on the picture. A copy() is safe.
# A media indexer must: give bytes, not Exif objects, to writers of thumbnails and test pictures; and copy a page before it is appended.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0
venv/bin/python - <<'PY'
from PIL import Image

picture = Image.new("RGB", (80, 40), "red")
exif = Image.Exif()
exif[274] = 6
picture.save("before.jpg", exif=exif)
picture.save("turned.avif", exif=exif)
print("tag 274 after saving AVIF:", exif.get(274))
assert exif.get(274) is None
picture.save("after.jpg", exif=exif)
assert Image.open("before.jpg").getexif().get(274) == 6 and Image.open("after.jpg").getexif().get(274) is None
exif[274] = 6
picture.save("turned.avif", exif=exif.tobytes())
assert exif[274] == 6

for ending in ("png", "jpg", "jp2"):
    pages = [Image.new("RGB", (64, 48), colour) for colour in ("red", "green")]
    pages[1].save(f"page.{ending}")
    try:
        pages[0].save("pages.tif", save_all=True, append_images=pages[1:])
    except TypeError as error:
        print(f"TIFF after {ending}:", error)
    else:
        raise AssertionError(f"a TIFF with a page saved as {ending} before is written now")
    pages[0].save("pages.tif", save_all=True, append_images=[pages[1].copy()])
    assert Image.open("pages.tif").n_frames == 2
PY
echo "still so"
