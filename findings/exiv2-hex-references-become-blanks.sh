#!/usr/bin/env bash
# Exiv2 reads every hexadecimal reference of two digits in XMP as a blank: K&#xF6;ln is "K ln", O&#x27;Brien "O Brien".
#
# Libraries: pyexiv2 2.16.0 and exiv2 0.19.2 (python-exiv2), each with its own Exiv2; the XML parser of Python is the judge.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen in dc:subject of a JPEG: of the numbers 0x20 to 0xFF as &#x27; &#xe9; &#xE9; all come as a blank, in both libraries and without an
#   error or a warning; only tab, line feed and carriage return are right. The same characters as &#233; or with more digits (&#x0e9;), as
#   UTF-8, and everything from &#x100; up come whole. So "é", "©" and the apostrophe (html.escape of Python writes &#x27;) are lost,
#   Greek and emoji are not.
# A list whose items have a language (<rdf:li xml:lang="en">) is no list any more: its key holds 'type="Bag"', its words stand under [1], [2].
# A media indexer must: parse the XMP packet with an XML parser itself (Exiv2 may still find the packet), and look under the numbered keys.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pyexiv2==2.16.0 exiv2==0.19.2 pillow==13.0.0
venv/bin/python - <<'PY'
import html
import io
import struct
import xml.etree.ElementTree as ElementTree

import exiv2
import pyexiv2
from PIL import Image

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def photo(items):
    """A JPEG with these <rdf:li> items in dc:subject, and the words an XML parser sees in them."""
    packet = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    words = [item.text for item in ElementTree.fromstring(packet).iter(f"{{{RDF}}}li")]
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "JPEG")
    segment = b"http://ns.adobe.com/xap/1.0/\0" + packet.encode()
    plain = stream.getvalue()
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + plain[2:], words


def by_pyexiv2(data):
    with pyexiv2.ImageData(data) as image:
        return image.read_xmp()


def by_exiv2(data):
    image = exiv2.ImageFactory.open(data)
    image.readMetadata()
    return {datum.key(): list(datum.value()) for datum in image.xmpData()}


def words_of(*texts):
    data, right = photo("".join(f"<rdf:li>{text}</rdf:li>" for text in texts))
    first, second = by_pyexiv2(data)["Xmp.dc.subject"], by_exiv2(data)["Xmp.dc.subject"]
    assert first == second, (first, second)
    return first, right


texts = ["K&#xF6;ln", "caf&#xe9;", "&#xA9; Ann", html.escape("O'Brien")]
read, right = words_of(*texts)
for text, word, true in zip(texts, read, right):
    print(f"{text:16} read {word!r:12} right {true!r}")
assert read == ["K ln", "caf ", "  Ann", "O Brien"] and right == ["Köln", "café", "© Ann", "O'Brien"]
for form in ("&#x{:x};", "&#x{:X};"):
    numbers = range(0x20, 0x100)
    read, right = words_of(*("a" + form.format(number) + "b" for number in numbers))
    assert set(read) == {"a b"} and right == [f"a{chr(number)}b" for number in numbers]
for form in ("&#{};", "&#x{:03x};", "&#x{:04X};"):
    read, right = words_of(*("a" + form.format(number) + "b" for number in range(0x20, 0x100)))
    assert read == right, form
read, right = words_of("a&#xA;b&#x9;c&#xD;d", "&#x3B1;", "&#x2019;", "&#x1F600;")
assert read == right
print("as decimal, or with three digits and more: right")
data, right = photo('<rdf:li xml:lang="en">cat</rdf:li><rdf:li xml:lang="de">Hund</rdf:li>')
read = by_pyexiv2(data)
print(read)
assert read["Xmp.dc.subject"] == 'type="Bag"' and read["Xmp.dc.subject[2]"] == "Hund" and right == ["cat", "Hund"]
PY
echo "still so"
