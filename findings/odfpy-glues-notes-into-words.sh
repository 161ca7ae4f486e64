#!/usr/bin/env bash
# odfpy's text of a paragraph has footnotes, comments and boxes run into the words, and importing it opens its own folder to `import`.
#
# Library: odfpy 1.4.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: teletype.extractText of "word[footnote 1: the note]next" is "word1the notenext"; a comment between two words gives
#   "beforeAnn2020-01-01T00:00:00commentafter"; a text box with its title "beforeboxalt titleafter": no word next to a note is found.
#   Going over getElementsByType(P), the same note comes a second time as a paragraph; headings (text:h) do not come at all; a deleted
#   paragraph comes as if it stood. Line breaks of the XML source stay in the text; ODF folds them.
#   After the import sys.path ends in six copies of site-packages/odf: `import style`, `import table`, `import form` and the like succeed.
# A media indexer must: walk content.xml itself, with blanks around notes, comments and frames, and leave out text:tracked-changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet odfpy==1.4.1
venv/bin/python - <<'PY'
import importlib.util
import sys
import zipfile

assert all(importlib.util.find_spec(name) is None for name in ("style", "table", "form"))
before = len(sys.path)
from odf import teletype, text  # noqa: E402
from odf.opendocument import load  # noqa: E402

added = sys.path[before:]
print("added to sys.path:", len(added), "times", {each.rsplit("site-packages", 1)[1] for each in added})
assert len(added) > 1 and all(importlib.util.find_spec(name) for name in ("style", "table", "form"))
BODY = """<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><office:change-info><dc:creator>Ann</dc:creator>
<dc:date>2020-01-01T00:00:00</dc:date></office:change-info><text:p>gone</text:p></text:deletion></text:changed-region></text:tracked-changes>
<text:h text:outline-level="1">Head</text:h>
<text:p>word<text:note text:id="1" text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>the note</text:p></text:note-body></text:note>next</text:p>
<text:p>before<office:annotation><dc:creator>Ann</dc:creator><dc:date>2020-01-01T00:00:00</dc:date><text:p>comment</text:p></office:annotation>after</text:p>
<text:p>before<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box><svg:title>alt title</svg:title></draw:frame>after</text:p>
<text:p>one
   two</text:p>"""
SPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in (("office", "office"), ("text", "text"), ("draw", "drawing"), ("svg", "svg-compatible"))
)
ROOT = f'<office:document-content {SPACES} xmlns:dc="http://purl.org/dc/elements/1.1/" office:version="1.3">'
MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)
with zipfile.ZipFile("notes.odt", "w") as file:
    file.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    file.writestr("content.xml", f"{ROOT}<office:body><office:text>{BODY}</office:text></office:body></office:document-content>")
    file.writestr("META-INF/manifest.xml", MANIFEST)
seen = [teletype.extractText(paragraph) for paragraph in load("notes.odt").getElementsByType(text.P)]
print(*map(repr, seen), sep="\n")
assert seen == [
    "gone",
    "word1the notenext",
    "the note",
    "beforeAnn2020-01-01T00:00:00commentafter",
    "comment",
    "beforeboxalt titleafter",
    "box",
    "one\n   two",
]
PY
echo "still so"
