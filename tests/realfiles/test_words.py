"""Words as people write them: a text or a file's name in one spelling, asked in another, must be found.

A new kind of spelling is a row of ASKED.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.catalog.engine import open_engine
from retrieval.catalog.snapshot import open_snapshot
from retrieval.domain.media import Metadata
from retrieval.fulltext.keyword_search import search_keywords
from retrieval.fulltext.lookup import look_up
from retrieval.fulltext.statistics import read_statistics
from retrieval.vectors.space import Scope
from tests.building import Builder, Thing

ASKED = [  # text, question
    ("ёлка", "елка"),
    ("елка", "ЁЛКА"),
    ("ΑΘΗΝΑ", "Αθήνα"),
    ("καφές", "ΚΑΦΕΣ"),
    ("أحمد", "احمد"),
    ("سلامي", "سلامی"),
    ("مكتبة", "مکتبه"),
    ("Łódź", "lodz"),
    ("lodz", "Łódź"),
    ("smørrebrød", "smorrebrod"),
    ("ısparta", "Isparta"),
    ("İstanbul", "istanbul"),
    ("カメラ", "かめら"),
    ("かめら", "カメラ"),
    ("ｶﾒﾗ", "カメラ"),
    ("Đà Nẵng", "da nang"),
    ("Ærø", "aero"),
    ("Þór", "thor"),
    ("straße", "STRASSE"),
    ("due 1,299.00 EUR", "1299"),
    ("due 1.299,00 EUR", "1,299.00"),
    ("due 1299 EUR", "1,299.00"),
    ("١٢٣٤", "1234"),
    ("part 000417", "417"),
    ("in C++", "C++"),
    ("in C#", "c#"),
    ("party 🎂", "🎂"),
    ("party 🎂", "birthday cake"),
    ("three invoices", "invoice"),
    ("one invoice", "invoices"),
    ("Kartoffeln", "Kartoffel"),
    ("Leucht\u00adturm", "Leuchtturm"),
    ("The\u00a0keeper", "keeper"),
    ("\ufee3\ufeae\ufea3\ufe92\ufe8e", "مرحبا"),
    ("ＡＢＣ１２３", "abc123"),
]
NAMED = [  # name, question
    ("IMG_0412.jpg", "412"),
    ("IMG_0412.jpg", "IMG_0412"),
    ("IMG_0412.jpg", "img_0412.jpg"),
    ("DSC01234.JPG", "1234"),
    ("HolidayPhoto2019.jpg", "holiday"),
    ("Łódź 2019.jpg", "lodz"),
    ("invoice-1299.pdf", "1299"),
]
APART = [  # name, text, question that must find nothing
    ("a.txt", "in C", "C++"),
    ("a.txt", "in C++", "C"),
    ("song.mp3", "", "music"),
    ("my.pdf.notes.txt", "x", "txt notes.pdf unicorn"),
]


def finds(home: Path, name: str, text: str, question: str) -> bool:
    """Whether the keywords of a question tell more of the file than its kind would."""
    builder = Builder(home)
    form = name.rpartition(".")[2].lower()
    builder.add(
        Thing(
            name, Metadata("audio" if form == "mp3" else "document", format=form), [("passage", text)] if text else []
        )
    )
    builder.close()
    with open_snapshot(open_engine(home)) as snapshot:
        hits = search_keywords(snapshot, look_up(snapshot, question, read_statistics(snapshot)), Scope())
    return any(hit.evidence > 3 for hit in (*hits.segments.values(), *hits.assets.values()))


@pytest.mark.parametrize(("text", "question"), ASKED)
def test_a_text_is_found_in_another_spelling(tmp_path: Path, text: str, question: str) -> None:
    assert finds(tmp_path / "library", "a.txt", text, question)


@pytest.mark.parametrize(("name", "question"), NAMED)
def test_a_name_is_found_by_its_parts(tmp_path: Path, name: str, question: str) -> None:
    assert finds(tmp_path / "library", name, "", question)


@pytest.mark.parametrize(("name", "text", "question"), APART)
def test_other_words_find_nothing(tmp_path: Path, name: str, text: str, question: str) -> None:
    assert not finds(tmp_path / "library", name, text, question)
