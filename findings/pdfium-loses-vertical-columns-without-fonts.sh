#!/usr/bin/env bash
# On a machine without fonts PDFium returns one column of three of a vertical Japanese page whose font is not inside the file.
#
# Library: pypdfium2 5.15.2. Met on 29 November 2026, CPython 3.11, Linux x86-64, font folders of the machine hidden.
# Seen: HeiseiMin-W3 (Adobe-Japan1, not embedded), three lines of 13, 12 and 12 characters.
#   UniJIS-UCS2-H                41 characters, all three lines
#   UniJIS-UCS2-V                12 characters, the last line alone; no error
#   UniJIS-UCS2-V, Noto Sans CJK installed: 41 characters, the last column first (seen, not run here)
# The boxes of the characters that are left have no height then; why the other columns go was not looked into.
# A media indexer must: install a font of the scripts that it reads (fonts-noto-cjk) beside PDFium, also on a server that shows
# nothing; hold the number of characters against the operators of the page before it takes such a text for whole.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pypdfium2==5.15.2
cat >read.py <<'PY'
import pypdfium2

LINES = ["灯台守は油が切れるまで眠り", "船は霧の中を港から離れて", "夕方には誰もいなかった。"]


def page(direction):
    system = "/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>"
    inner = f"<</Type/Font/Subtype/CIDFontType0/BaseFont/HeiseiMin-W3{system}/DW 1000>>"
    font = f"<</Type/Font/Subtype/Type0/BaseFont/HeiseiMin-W3/Encoding/UniJIS-UCS2-{direction}/DescendantFonts[{inner}]>>"
    places = [(300 - 24 * n, 350) if direction == "V" else (40, 350 - 24 * n) for n in range(len(LINES))]
    shown = [f"1 0 0 1 {x} {y} Tm <{line.encode('utf-16-be').hex()}> Tj" for (x, y), line in zip(places, LINES)]
    content = f"BT /F1 14 Tf {' '.join(shown)} ET"
    parts = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 400]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(content)}>>stream\n{content}\nendstream",
        font,
    )
    body = "".join(f"{number} 0 obj\n{part}\nendobj\n" for number, part in enumerate(parts, 1))
    return pypdfium2.PdfDocument(f"%PDF-1.4\n{body}trailer<</Root 1 0 R>>\n".encode())[0]


for direction in "HV":
    text = page(direction).get_textpage()
    print(direction, text.count_chars(), text.get_text_range().replace("\r\n", "|"))
PY
seen=$(unshare --map-root-user --mount bash -c '
    for folder in /usr/share/fonts /usr/local/share/fonts /usr/share/X11/fonts; do
        if [ -d "$folder" ]; then mount -t tmpfs none "$folder"; fi
    done
    venv/bin/python read.py')
echo "$seen"
test "$seen" = "H 41 灯台守は油が切れるまで眠り|船は霧の中を港から離れて|夕方には誰もいなかった。
V 12 夕方には誰もいなかった。"
