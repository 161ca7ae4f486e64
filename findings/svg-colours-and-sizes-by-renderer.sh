#!/usr/bin/env bash
# Two SVG renderers draw colours of CSS variables and of nested rules black, differ in size by a third, and one draws no text.
#
# Libraries: pyvips 3.2.0 with pyvips-binary 8.18.7 (librsvg inside), resvg 0.2.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, a red area in forms that browsers draw red:
#   fill:var(--c), and a rule nested in another: black in both, without an error or a warning
#   rgb(255 0 0 / 50%): black and opaque in resvg, right in libvips
#   1cm by 1in: 28 x 72 pixels in libvips, 38 x 96 in resvg and in browsers
#   <switch> of systemLanguage de, en, none: resvg takes en; libvips, in the C locale, the last
#   text: libvips draws it; resvg draws none until options.load_system_fonts() was called, without an error
#   resvg's transform is (a, b, tx, d, e, ty); the usual identity (1, 0, 0, 1, 0, 0) gives an empty picture.
# A media indexer must: treat a drawing that comes out black or empty as unread, set dpi=96 for libvips, and load fonts for resvg.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pyvips==3.2.0 pyvips-binary==8.18.7 resvg==0.2.0 pillow==13.0.0 numpy==2.4.6
LC_ALL=C venv/bin/python - <<'PY'
import io

import numpy as np
import pyvips
import resvg
from PIL import Image


def svg(inner, size='width="40" height="20"'):
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{inner}</svg>'


def vips(text):
    pixels = pyvips.Image.new_from_buffer(text.encode(), "").numpy()
    return pixels.shape[1::-1], pixels[pixels.shape[0] // 2, pixels.shape[1] // 2].tolist()


def drawn(text, transform=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)):
    tree = resvg.usvg.Tree.from_str(text, resvg.usvg.Options.default())
    pixels = np.asarray(Image.open(io.BytesIO(bytes(resvg.render(tree, transform)))).convert("RGBA"))
    return pixels.shape[1::-1], pixels[pixels.shape[0] // 2, pixels.shape[1] // 2].tolist()


AREA = '<rect width="40" height="20"/>'
RED, BLACK, NONE = [255, 0, 0, 255], [0, 0, 0, 255], [0, 0, 0, 0]
plain = svg('<rect width="40" height="20" fill="red"/>')
choice = "".join(f'<rect {lang} width="40" height="20" fill="{fill}"/>' for lang, fill in (
    ('systemLanguage="de"', "blue"), ('systemLanguage="en"', "red"), ("", "lime"))
)
cases = {
    "plain": (plain, RED, RED),
    "variable": (svg(f"<style>:root{{--c:red}}rect{{fill:var(--c)}}</style>{AREA}"), BLACK, BLACK),
    "nested rule": (svg(f"<style>g{{rect{{fill:red}}}}</style><g>{AREA}</g>"), BLACK, BLACK),
    "rgb with spaces": (svg('<rect width="40" height="20" fill="rgb(255 0 0 / 50%)"/>'), [255, 0, 0, 128], BLACK),
    "switch": (svg(f"<switch>{choice}</switch>"), [0, 255, 0, 255], RED),
}
for name, (text, by_vips, by_resvg) in cases.items():
    print(f"{name:16} libvips {vips(text)}, resvg {drawn(text)}")
    assert vips(text) == ((40, 20), by_vips) and drawn(text) == ((40, 20), by_resvg), name
centimetre = svg('<rect width="100%" height="100%" fill="red"/>', 'width="1cm" height="1in"')
print("1cm x 1in:", vips(centimetre)[0], drawn(centimetre)[0])
assert vips(centimetre)[0] == (28, 72) and drawn(centimetre)[0] == (38, 96)
assert drawn(plain, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)) == ((40, 20), NONE)
assert resvg.usvg.Options.default().list_fonts() == []
PY
echo "still so"
