#!/usr/bin/env bash
# xberg reads an HTML page up to the first table whose cells have no end tags, which HTML allows, and drops the rest of the page.
#
# Library: xberg 1.3.9. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: all visible words of the page, the title too.
# Seen: `<table><tr><td>one<td>two</table><p>after` gives "one"; with </td></tr> all is there. No error in the answer. The page's title is
#   not in the text. A list in the head of a Markdown file comes as `Sequence [String("holiday")]`, a footnote of it is lost, a Word
#   heading is followed by the words "(style_name: heading 1)", and a LaTeX file whose text starts in the line of \begin{document} is empty.
# A media indexer must: read HTML by a parser that follows the standard; look for words that the converter itself wrote.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet xberg==1.3.9 python-docx==1.2.0
export HOME="$work"
venv/bin/python - <<'PY'
import asyncio
import pathlib

import docx
import xberg


def read(name, text=None):
    if text is not None:
        pathlib.Path(name).write_text(text)

    async def run():
        return await xberg.extract(xberg.ExtractInput(kind="uri", uri=name))

    answer = asyncio.run(run())
    assert not answer.errors
    (result,) = answer.results
    print(name, repr(result.content))
    return result.content


page = "<!doctype html><title>Top</title><p>before</p><table><tr><td>one{0}<td>two{0}{1}</table><p>after</p>"
text = read("open.html", page.format("", ""))
assert "before" in text and "one" in text and "two" not in text and "after" not in text
text = read("closed.html", page.format("</td>", "</tr>"))
assert "two" in text and "after" in text and "Top" not in text
text = read("note.md", "---\ntags: [holiday]\n---\n# Head\n\nbody[^1]\n\n[^1]: below\n")
assert 'String("holiday")' in text and "below" not in text
document = docx.Document()
document.add_heading("Report")
document.save("report.docx")
assert "style_name" in read("report.docx")
assert read("paper.tex", "\\documentclass{article}\\begin{document}words\n\\end{document}\n") == ""
PY
echo "still so"
