#!/usr/bin/env bash
# mammoth, and markitdown with it, leaves words out of Word files that every program shows; docx2python gives words twice or glued.
#
# Libraries: mammoth 1.13.0, docx2python 3.7.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, one paragraph each:
#                                                  mammoth        docx2python
#   simple field (w:fldSimple), result "Lisbon"    nothing        Lisbon
#   text of set direction (w:bdo, w:dir), as right-to-left mail merges write it   nothing   the text
#   漢字 with its reading above it (w:ruby)        nothing        かんじ漢字, the reading inside the line
#   well-known with a no-break hyphen              well‑known     wellknown
#   moved text (w:moveFrom, w:moveTo)              once           twice, though deleted text (w:del) is left out
#   arrow of Wingdings (w:sym) inside "ab"         a🡪b            an HTML <span> in the text
#   mammoth names what it ignored in .messages only, which markitdown drops; a field in its long form (w:fldChar) is read by both.
# A media indexer must: walk the XML itself for w:t, w:noBreakHyphen and w:sym under all elements but w:del, w:moveFrom and w:rt.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet mammoth==1.13.0 docx2python==3.7.1
venv/bin/python - <<'PY'
import zipfile

import mammoth
from docx2python import docx2python

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def run(text):
    return f"<w:r><w:t>{text}</w:t></w:r>"


def char(kind):
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


PARAGRAPHS = {
    "simple field": f'<w:fldSimple w:instr=" MERGEFIELD Town ">{run("Lisbon")}</w:fldSimple>',
    "long field": char("begin") + "<w:r><w:instrText> MERGEFIELD Town </w:instrText></w:r>" + char("separate") + run("Lisbon") + char("end"),
    "direction": f'<w:bdo w:val="rtl">{run("one")}</w:bdo><w:dir w:val="rtl">{run("two")}</w:dir>',
    "ruby": f'<w:r><w:ruby><w:rubyPr/><w:rt>{run("かんじ")}</w:rt><w:rubyBase>{run("漢字")}</w:rubyBase></w:ruby></w:r>',
    "hyphen": "<w:r><w:t>well</w:t><w:noBreakHyphen/><w:t>known</w:t></w:r>",
    "moved": f'<w:moveFrom w:id="1" w:author="a">{run("old")}</w:moveFrom><w:moveTo w:id="2" w:author="a">{run("new")}</w:moveTo>',
    "deleted": run("kept") + '<w:del w:id="3" w:author="a"><w:r><w:delText>gone</w:delText></w:r></w:del>',
    "symbol": run("a") + '<w:r><w:sym w:font="Wingdings" w:char="F0E0"/></w:r>' + run("b"),
}


def write(paragraph):
    with zipfile.ZipFile("page.docx", "w") as file:
        file.writestr("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>')
        file.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>')
        file.writestr("word/_rels/document.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships"/>')
        file.writestr("word/document.xml", f'<w:document xmlns:w="{WORD}" xmlns:r="{OFFICE}"><w:body><w:p>{paragraph}</w:p></w:body></w:document>')


seen = {}
for name, paragraph in PARAGRAPHS.items():
    write(paragraph)
    with open("page.docx", "rb") as file:
        by_mammoth = mammoth.extract_raw_text(file)
    with docx2python("page.docx") as document:
        other = document.text.strip()
    seen[name] = (by_mammoth.value.strip(), other)
    print(f"{name}: mammoth {by_mammoth.value.strip()!r} {[one.message for one in by_mammoth.messages]}, docx2python {other!r}")
assert seen["long field"] == ("Lisbon", "Lisbon") and seen["simple field"] == ("", "Lisbon")
assert seen["direction"] == ("", "onetwo")
assert seen["ruby"] == ("", "かんじ漢字")
assert seen["hyphen"] == ("well\u2011known", "wellknown")
assert seen["moved"] == ("new", "oldnew") and seen["deleted"] == ("kept", "kept")
assert seen["symbol"][0] == "a\U0001f86ab" and seen["symbol"][1].startswith("a<span")
PY
echo "still so"
