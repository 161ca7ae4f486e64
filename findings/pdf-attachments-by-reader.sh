#!/usr/bin/env bash
# Of three files attached to a PDF one reader finds none, one gives six, and a fourth file on a page is known to one reader alone.
#
# Libraries: pymupdf 2.0, pypdf 7.1.1, pikepdf 10.18.0, pypdfium2 5.15.2. Met on 30 November 2026, CPython 3.11, Linux x86-64.
# Seen, a name tree of two leaves with the files one.txt, two.txt and another one.txt under the keys a, b, c; note.txt as an annotation:
#   pymupdf   embfile_count() is 0 and embfile_names() empty, as the names stand in leaves (`Kids`); in one list without leaves it has three
#   pypdf     .attachments: five names with six contents: each file under its key and again under its name, and both one.txt in one list;
#             .attachment_list has the three
#   pikepdf, pypdfium2   the three; the key, not the name, tells the two one.txt apart
#   note.txt comes from pymupdf (annots()) alone.
# A media indexer must: walk the name tree itself, with its leaves, and the annotations FileAttachment of each page, and tell files apart by
#   their keys.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pymupdf==2.0 pypdf==7.1.1 pikepdf==10.18.0 pypdfium2==5.15.2
ORT_DISABLE_TELEMETRY=1 venv/bin/python - <<'PY'
import pikepdf
import pymupdf
import pypdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, String


def write(path, leaves):
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 200))

    def attached(name, content):
        stream = pdf.make_stream(content, Type=Name.EmbeddedFile)
        return pdf.make_indirect(Dictionary(Type=Name.Filespec, F=String(name), UF=String(name), EF=Dictionary(F=stream)))

    pairs = [String("a"), attached("one.txt", b"1"), String("b"), attached("two.txt", b"2"), String("c"), attached("one.txt", b"3")]
    tree = Dictionary(Names=Array(pairs))
    if leaves:
        parts = [(pairs[:4], "a", "b"), (pairs[4:], "c", "c")]
        kids = [Dictionary(Limits=Array([String(low), String(high)]), Names=Array(part)) for part, low, high in parts]
        tree = Dictionary(Kids=Array([pdf.make_indirect(kid) for kid in kids]))
    pdf.Root.Names = Dictionary(EmbeddedFiles=tree)
    note = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([10, 10, 30, 30]), FS=attached("note.txt", b"4"))
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(note)])
    pdf.save(path)


for leaves in (False, True):
    write("files.pdf", leaves)
    by_pymupdf = pymupdf.open("files.pdf")
    listed = (by_pymupdf.embfile_count(), by_pymupdf.embfile_names())
    on_page = [(one.file_info["filename"], one.get_file()) for one in by_pymupdf[0].annots()]
    reader = pypdf.PdfReader("files.pdf")
    named = dict(reader.attachments.items())
    each = [(one.name, one.content) for one in reader.attachment_list]
    with pikepdf.open("files.pdf") as opened:
        by_pikepdf = [(key, one.filename, one.get_file().read_bytes()) for key, one in opened.attachments.items()]
    document = pypdfium2.PdfDocument("files.pdf")
    found = [document.get_attachment(at) for at in range(document.count_attachments())]
    by_pdfium = [(one.get_name(), bytes(one.get_data())) for one in found]
    print("leaves" if leaves else "one list", "pymupdf", listed, on_page, "pypdf", named, each, by_pikepdf, by_pdfium)
    assert listed == ((0, []) if leaves else (3, ["a", "b", "c"])) and on_page == [("note.txt", b"4")]
    assert named == {"a": [b"1"], "b": [b"2"], "c": [b"3"], "one.txt": [b"1", b"3"], "two.txt": [b"2"]}
    assert each == [("a", b"1"), ("b", b"2"), ("c", b"3")]
    assert by_pikepdf == [("a", "one.txt", b"1"), ("b", "two.txt", b"2"), ("c", "one.txt", b"3")]
    assert by_pdfium == [("one.txt", b"1"), ("two.txt", b"2"), ("one.txt", b"3")]
PY
echo "still so"
