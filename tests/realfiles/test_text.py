"""Text as people have it: old code pages, subtitles, data, notebooks, calendars, drawings, source code."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from retrieval.domain.media import Span
from tests.realfiles.table import File, Maker, check, text
from tests.retrieval.media.made_clips import frames, pattern, write

FRENCH = (
    "La crème brûlée du phare était déjà prête quand le gardien, fatigué, ouvrit la fenêtre où l'été entrait à pleines "
    "voiles. Ça brûle, dit-il, et il n'y a pas plus belle lumière. Le pêcheur leva les yeux vers les goélands."
)
PORTUGUESE = "A manhã não trouxe o pão, mas as crianças correram até à praia. São só três irmãos e a mãe, com o avô."
TURKISH = "Deniz feneri bekçisi güçlü bir ışık yaktı. Çocuklar şarkı söylüyordu, ağaçlar rüzgârda eğiliyordu."
WRITTEN: dict[str, tuple[str, str]] = {  # name -> encoding and text
    "fr": ("cp1252", FRENCH),
    "fr.short": ("cp1252", "crème brûlée"),
    "fr.word": ("cp1252", "été"),
    "fr.mac": ("mac_roman", FRENCH),
    "pt": ("cp1252", PORTUGUESE),
    "es": ("cp1252", "¿Dónde está el señor? Mañana volverá el niño."),
    "es.word": ("cp1252", "mañana"),
    "it": ("cp1252", "Perché la città è così bella? Il faro però è già chiuso."),
    "de": ("cp1252", "Der Wärter öffnete die Tür und grüßte."),
    "de.dos": ("cp850", "Der Wärter öffnete die Tür und grüßte herzlich."),
    "sv": ("cp1252", "Fyrvaktaren går över ön på kvällen"),
    "da": ("cp1252", "Fyrvogteren gik på øen og så havet"),
    "en": ("cp1252", "The keeper’s café — “open” all day…"),
    "en.word": ("cp1252", "it’s"),
    "tr": ("cp1254", TURKISH),
    "tr.short": ("cp1254", "güçlü ışık"),
    "pl": ("cp1250", "Latarnik zapalił światło i poszedł spać, żeby rano wstać wcześnie."),
    "pl.word": ("cp1250", "koń"),
    "pl.iso": ("iso8859_2", "Latarnik zapalił światło i poszedł spać, żeby rano wstać wcześnie."),
    "cs": ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
    "hu": ("cp1250", "A világítótorony őre elaludt, és a hajók eltűntek a ködben."),
    "ro": ("cp1250", "Paznicul farului a adormit şi corăbiile au dispărut în ceaţă"),
    "ru": ("cp1251", "Смотритель маяка уснул."),
    "ru.koi8": ("koi8_r", "привет мир"),
    "ru.dos": ("cp866", "Смотритель маяка уснул."),
    "ru.iso": ("iso8859_5", "Смотритель маяка уснул."),
    "uk": ("cp1251", "Доглядач маяка заснув, і кораблі зникли в тумані. Їжак."),
    "el": ("cp1253", "Ο φαροφύλακας κοιμήθηκε και τα πλοία χάθηκαν."),
    "he": ("cp1255", "שומר המגדלור נרדם"),
    "ar": ("cp1256", "نام حارس المنارة"),
    "th": ("cp874", "ผู้ดูแลประภาคารหลับไป"),
    "ja": ("cp932", "灯台守は眠った。船は霧の中に消えた。"),
    "ja.euc": ("euc_jp", "灯台守は眠った。船は霧の中に消えた。"),
    "zh": ("gb18030", "灯塔的看守人睡着了，船只消失在雾中。"),
    "zh.word": ("gb18030", "你好"),
    "tw": ("big5", "燈塔的看守人睡著了，船隻消失在霧中。"),
    "ko": ("cp949", "등대지기는 잠이 들었고 배들은 안개 속으로 사라졌다."),
    "lt": ("cp1257", "Švyturio sargas užmigo, o laivai dingo rūke. Ąžuolas ir ėriukas."),
    "utf16": ("utf-16", "Смотритель маяка уснул."),
    "utf16.bare": ("utf-16-le", "The keeper of the lighthouse slept."),
}
CUE = "1\n00:00:01,000 --> 00:00:02,500\n"


def data(value: Any) -> Maker:
    return text(json.dumps(value, ensure_ascii=False))


def png(color: str = "navy") -> str:
    made = io.BytesIO()
    Image.new("RGB", (80, 80), color).save(made, "PNG")
    return base64.b64encode(made.getvalue()).decode()


def beside(name: str, content: str, encoding: str = "utf-8") -> Maker:
    """A film of three seconds with this file beside it."""

    def make(path: Path) -> None:
        write(path, frames([pattern(1)], [75]))
        path.with_name(name).write_bytes(content.encode(encoding))

    return make


NOTEBOOK = {
    "nbformat": 4,
    "metadata": {},
    "cells": [
        {"cell_type": "markdown", "source": ["# Tides\n", "\n", "The **keeper** wrote them down."]},
        {
            "cell_type": "code",
            "source": "plot(tide)",
            "outputs": [
                {"output_type": "stream", "text": ["high water at noon\n"]},
                {"output_type": "display_data", "data": {"image/png": png(), "text/plain": "<Figure kestrel>"}},
            ],
        },
    ],
}
ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\i1}The keeper,{\\i0}\\Nslept.\n"
    "Comment: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,never shown\n"
    "Dialogue: 0,0:00:02.60,0:00:02.70,Default,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0}\n"
)
CALENDAR = (
    "BEGIN:VCALENDAR\r\nX-WR-CALNAME:Harbour\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Oslo:20190714T160300\r\n"
    'SUMMARY:Lighthouse\\, open\r\n  day\r\nLOCATION:North pier\r\nATTENDEE;CN="Ann Keeper":mailto:a@x.org\r\n'
    "DESCRIPTION:Bring a lamp\\nand oil\r\nBEGIN:VALARM\r\nDESCRIPTION:never shown\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><title>Chart of the bay</title>'
    '<style>.never{}</style><text x="1">North <tspan>pier</tspan></text><desc>soundings</desc>'
    f'<image xlink:href="data:image/png;base64,{png()}"/></svg>'
)
ROLLING = (
    "WEBVTT\n\n00:00.000 --> 00:02.000\nThe<00:00.500><c> keeper</c>\n\n00:02.000 --> 00:02.010\nThe keeper\n\n"
    "00:02.010 --> 00:04.000\nThe keeper\nof<00:03.000><c> the</c> light\n\n00:04.000 --> 00:04.010\nof the light\n\n"
    "00:04.010 --> 00:06.000\nof the light\nslept\n"
)
ARTICLE = (
    '<!DOCTYPE html><html lang="en"><head><title>Light out</title><meta name="author" content="Ann Keeper">'
    '<meta property="article:published_time" content="2019-07-14T16:03:00+02:00"><meta name="keywords" content="pier, lamp">'
    '<meta name="description" content="A night"></head><body><p>The keeper slept.</p></body></html>'
)
LINKED = (
    '<html><head><script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", "headline": "Light out", '
    '"datePublished": "2019-07-14", "author": [{"name": "Ann Keeper"}]}]}</script></head><body><p>It slept.</p></body></html>'
)
RUBY = "<p><ruby>灯<rt>とう</rt></ruby><ruby>台<rt>だい</rt></ruby>守</p>"
GROUP = "<p><ruby><rb>灯台</rb><rp>(</rp><rt>とうだい</rt><rp>)</rp></ruby>守</p>"
INFO = r"{\rtf1\ansi{\info{\title Light out}{\author Ann Keeper}{\creatim\yr2019\mo7\dy14\hr16\min3}{\keywords pier, lamp}}It slept.}"

FILES = [
    *(File(f"{name}.txt", "document", text(words, code), words) for name, (code, words) in WRITTEN.items()),
    *(File(f"{name}.srt", "document", text(f"{CUE}{WRITTEN[name][1]}\n", WRITTEN[name][0]), WRITTEN[name][1])
      for name in ("fr", "fr.short", "pt", "tr", "es", "he", "th", "ru.koi8")),
    *(File(f"{name}.csv", "document", text(f"nr;text\n1;{WRITTEN[name][1]}\n", WRITTEN[name][0]), WRITTEN[name][1])
      for name in ("fr", "pt", "tr.short", "it", "pl")),
    File("said.html", "document", text('<html><meta charset="iso-8859-2"><p>koń</p></html>', "iso8859_2"), "koń"),
    File("shown.txt", "document", text(FRENCH, "cp1252"), "crème", facts={"format": "txt, windows-1252"}),
    File("plain.txt", "document", text(FRENCH), "crème", facts={"format": "txt"}),
    File("Film.mp4", "video", beside("Film.fr.srt", f"{CUE}été\n", "cp1252"), "été", lang="fr"),
    File("Movie.mp4", "video", beside("Movie.en.forced.srt", CUE + "The keeper slept.\n"), "keeper", lang="en"),
    File("More.mp4", "video", beside("More.forced.English.2.srt", CUE + "The keeper slept.\n"), "keeper", lang="en"),
    File("Song.MP4", "video", beside("song.srt", CUE + "The keeper slept.\n"), "keeper", Span(1000, 2500)),
    File("Styled.mp4", "video", beside("Styled.ass", ASS), "The keeper, slept.", Span(1000, 2500), absent="shown"),
    File("Drawn.mp4", "video", beside("Drawn.ass", ASS), "The keeper, slept.", absent="100"),
    File("Sung.mp4", "video", beside("Sung.lrc", "[ti:x]\n[00:01.00]The keeper slept.\n[00:02.50]\n"), "keeper", Span(1000, 2500)),
    File("Twice.mp4", "video", beside("Twice.lrc", "[00:00.50][00:02.00]Oh light\n[00:01.00]dark\n"), "Oh light", Span(500, 2000 + 10_000)),
    File("Early.mp4", "video", beside("Early.lrc", "[offset:+500]\n[00:01.50]The keeper\n[00:02.50]slept.\n"), "keeper", Span(1000, 12_000)),
    File("Mapped.mp4", "video", beside("Mapped.vtt", "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:10.000,MPEGTS:0\n\n"
         "00:11.000 --> 00:12.500\nThe keeper slept.\n"), "keeper", Span(1000, 2500)),
    File("Before.mp4", "video", beside("Before.srt", "1\n-00:00:01,000 --> 00:00:02,500\nThe keeper slept.\n"), "keeper", Span(0, 2500)),
    File("Inside.mp4", "video", beside("Inside.srt", "1\n00:00:00,500 --> 00:00:01,000\nThe\n\nkeeper\n\n2\n"
         "00:00:02,000 --> 00:00:02,500\nslept.\n"), "The keeper", absent="2"),
    File("Doubled.mp4", "video", beside("Doubled.srt", CUE.replace("\n", "\r\r\n") + "The keeper\r\r\nslept.\r\r\n"), "keeper slept."),
    File("Rolling.mp4", "video", beside("Rolling.vtt", ROLLING), "The keeper of the light slept", Span(0, 6000), absent="keeper The"),
    File("Refrain.mp4", "video", beside("Refrain.srt", "1\n00:00:00,000 --> 00:00:00,500\nOh light.\n\n2\n00:00:00,600 --> "
         "00:00:01,000\nIt goes.\n\n3\n00:00:02,000 --> 00:00:02,500\nOh light. Again\n"), "Again", Span(2000, 2500)),
    File("a.ass", "document", text(ASS), "The keeper, slept.", absent="never"),
    File("a.lrc", "document", text("[00:01.00]The keeper slept.\n"), "The keeper slept.", absent="["),
    File("a.ipynb", "document", data(NOTEBOOK), "high water at noon", facts={"title": "Tides"}, pictures=1),
    File("b.ipynb", "document", data(NOTEBOOK), "The keeper wrote", absent="**"),
    File("c.ipynb", "document", data(NOTEBOOK), "plot(tide)", absent="iVBOR"),
    File("a.ics", "document", text(CALENDAR), "Lighthouse, open day", absent="never",
         facts={"title": "Harbour", "date": "2019-07-14T16:03:00"}),
    File("b.ics", "document", text(CALENDAR), "North pier | Ann Keeper"),
    File("a.svg", "document", text(SVG), "North pier", absent="never", facts={"title": "Chart of the bay"}, pictures=1),
    File("a.json", "document", data({"title": "Bay", "log": [{"who": "Ann", "note": "The keeper slept"}]}), "note: The keeper slept"),
    File("b.json", "document", data(["one", {"deep": {"deeper": ["kestrel"]}}]), "deeper: kestrel"),
    File("c.jsonl", "document", text('{"a": "first light"}\n{"a": "last light"}\n'), "a: last light"),
    File("broken.json", "document", text('{"a": "first light"'), "first light"),
    File("a.py", "document", text('"""Counts the tides."""\n\ndef tide():\n    return 1\n'), "Counts the tides"),
    File("article.html", "document", text(ARTICLE), "The keeper slept.", absent="A night", facts={
         "artist": "Ann Keeper", "date": "2019-07-14T16:03:00", "keywords": "lamp", "title": "Light out"}),
    File("linked.html", "document", text(LINKED), "It slept.", absent="Ann", facts={
         "artist": "Ann Keeper", "date": "2019-07-14", "title": "Light out"}),
    File("info.rtf", "document", text(INFO), "It slept.", absent="Ann", facts={
         "artist": "Ann Keeper", "date": "2019-07-14T16:03:00", "keywords": "lamp", "title": "Light out"}),
    File("ruby.html", "document", text(f"<html><body>{RUBY}</body></html>"), "灯台守"),
    File("read.html", "document", text(f"<html><body>{RUBY}</body></html>"), "とうだい"),
    File("group.html", "document", text(f"<html><body>{GROUP}</body></html>"), "灯台守", absent="("),
]  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_word_is_found_in_its_place(tmp_path: Path, file: File) -> None:
    """A segment of the file holds the words, at their time or on their page."""
    check(tmp_path, file)


def test_the_beginning_of_a_huge_text_is_read(tmp_path: Path) -> None:
    """A text of more characters than the limit is read to the limit, and marked."""
    from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata
    from retrieval.media.extract import read
    from retrieval.settings import Limits

    (tmp_path / "log.txt").write_text("The keeper slept. " * 100 + "kestrel")
    facts, *rest = read(tmp_path / "log.txt", "document", ImageSpec(32), Limits(text_chars=500))
    assert isinstance(facts, Metadata)
    assert facts.format == "txt, incomplete"
    words = [one.segment.text or "" for one in rest if isinstance(one, ExtractedSegment)]
    assert words
    assert not any("kestrel" in each for each in words)
