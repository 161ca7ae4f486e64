#!/usr/bin/env bash
# The full-text index of a ZIM archive holds HTML alone: plain text is found by its title only, and hidden parts of a page are in.
#
# Library: libzim 3.13.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: an archive of three front articles; a word of the HTML page is found, a word of the text/plain entry is not (its title
#   is suggested), a word inside <div style="display:none"> is found, words of title= and alt= are not.
# A media indexer must: walk the entries and read each by its media type instead of asking the archive's own index.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet libzim==3.13.1
venv/bin/python - 2>/dev/null <<'PY'
from libzim.reader import Archive
from libzim.search import Query, Searcher
from libzim.suggestion import SuggestionSearcher
from libzim.writer import Creator, Hint, Item, StringProvider


class Entry(Item):
    def __init__(self, path, title, media_type, content):
        super().__init__()
        self.path, self.title, self.media_type, self.content = path, title, media_type, content

    def get_path(self):
        return self.path

    def get_title(self):
        return self.title

    def get_mimetype(self):
        return self.media_type

    def get_contentprovider(self):
        return StringProvider(self.content)

    def get_hints(self):
        return {Hint.FRONT_ARTICLE: True}


page = '<html><body><p>lighthouse</p><div style="display:none">concealed</div><img alt="described"></body></html>'
with Creator("library.zim").config_indexing(True, "eng") as archive:
    archive.set_mainpath("page")
    archive.add_item(Entry("page", "Harbour", "text/html", page))
    archive.add_item(Entry("notes", "Logbook", "text/plain", "anchorage at noon"))
archive = Archive("library.zim")
assert archive.has_fulltext_index and archive.article_count == 2


def found(word):
    return list(Searcher(archive).search(Query().set_query(word)).getResults(0, 5))


for word, expected in {"lighthouse": ["page"], "anchorage": [], "concealed": ["page"], "described": []}.items():
    print(word, found(word))
    assert found(word) == expected
suggested = list(SuggestionSearcher(archive).suggest("logb").getResults(0, 5))
print("suggested for logb:", suggested)
assert suggested == ["notes"]
PY
echo "still so"
