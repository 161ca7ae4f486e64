"""Dates in tags and names."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.media.dates import iso_date, mail_date, name_date

TAGS = [
    ("2019:07:14 16:03:11", "2019-07-14T16:03:11"),
    ("2019:07:14", "2019-07-14"),
    ("2019:07", "2019-07"),
    ("2019", "2019"),
    ("2019: 7:14 16: 3:11", "2019-07-14T16:03:11"),
    ("2019:07:14 24:05:00", "2019-07-14T00:05:00"),
    ("2019:07:14 25:05:00", "2019-07-14"),
    ("2019:07:14   :  :  ", "2019-07-14"),
    ("2019:07:00 00:00:00", "2019-07"),
    ("2019:00:00 00:00:00", "2019"),
    ("2019-07-14T16:03", "2019-07-14T16:03:00"),
    ("2019-07-14T16:03:11.25+02:00", "2019-07-14T16:03:11"),
    ("20190714", "2019-07-14"),
    ("20190714T160311+0200", "2019-07-14T16:03:11"),
    ("D:20190714160311+02'00'", "2019-07-14T16:03:11"),
    ("20190714160311Z", "2019-07-14T16:03:11"),
    ("0000:00:00 00:00:00", None),
    ("    :  :     :  :  ", None),
    ("0101-01-01T00:00:00+00:00", None),
    ("2019:02:30 10:00:00", None),
    ("9999:01:01 00:00:00", None),
    ("yesterday", None),
    ("", None),
]

NAMES = [
    ("IMG-20190713-WA0003.jpg", "2019-07-13"),
    ("2019-07-13 14.05.22.jpg", "2019-07-13T14:05:22"),
    ("Screenshot_20210304-101112.png", "2021-03-04T10:11:12"),
    ("Screenshot_20210304-101112_Maps.jpg", "2021-03-04T10:11:12"),
    ("Screenshot_2019-07-14-16-03-11-77.png", "2019-07-14T16:03:11"),
    ("Screenshot from 2019-07-14 16-03-11.png", "2019-07-14T16:03:11"),
    ("Screen Shot 2019-07-14 at 4.03.11 PM.png", "2019-07-14T16:03:11"),
    ("Screen Shot 2019-07-14 at 12.03.11 AM.png", "2019-07-14T00:03:11"),
    ("Bildschirmfoto 2019-07-14 um 16.03.11.png", "2019-07-14"),
    ("PXL_20201114_183022123.jpg", "2020-11-14T18:30:22"),
    ("IMG_20190714_160311.jpg", "2019-07-14T16:03:11"),
    ("IMG_20190714_160311_HDR.jpg", "2019-07-14T16:03:11"),
    ("20190714160311.mp4", "2019-07-14T16:03:11"),
    ("VID_20190714_160311.mp4", "2019-07-14T16:03:11"),
    ("WhatsApp Image 2019-07-13 at 14.05.22.jpeg", "2019-07-13T14:05:22"),
    ("signal-2019-07-14-160311.jpg", "2019-07-14T16:03:11"),
    ("photo_2019-07-14_16-03-11.jpg", "2019-07-14T16:03:11"),
    ("Scan 13.07.2019.pdf", "2019-07-13"),
    ("2019-07 invoice.pdf", "2019-07"),
    ("2019_07_13 party.jpg", "2019-07-13"),
    ("IMG_0412.jpg", None),
    ("beach 2019.jpg", None),
    ("DSC01234.jpg", None),
    ("P2010123.jpg", None),
    ("20191332.jpg", None),
    ("part 2019-07-133.txt", None),
    ("invoice 120190713.pdf", None),
    ("call +4920190713.m4a", None),
    ("21120190713.jpg", None),
    ("2099-07-13 plan.txt", None),
]


@pytest.mark.parametrize(("text", "date"), TAGS)
def test_a_tag_gives_its_date_as_precisely_as_it_is_written(text: str, date: str | None) -> None:
    assert iso_date(text) == date


@pytest.mark.parametrize(("name", "date"), NAMES)
def test_a_name_gives_its_date(name: str, date: str | None) -> None:
    assert name_date(name) == date


def test_a_date_as_in_mails_is_read() -> None:
    assert mail_date("Sun, 14 Jul 2019 16:03:11 +0200") == "2019-07-14T16:03:11"
    assert mail_date("2019:07:14 16:03:11") == "2019-07-14T16:03:11"
    assert mail_date("") is None


def test_a_moment_since_1970_in_a_name_is_local() -> None:
    assert name_date("FB_IMG_1563112991000.jpg") == datetime.fromtimestamp(1563112991).isoformat(timespec="seconds")


@given(st.text(st.sampled_from("0123456789:-. TZaAPM_"), max_size=30))
def test_no_text_breaks_the_reading_and_no_date_lies_ahead(text: str) -> None:
    for date in (iso_date(text), name_date(text), mail_date(text)):
        assert date is None or "1000" < date < f"{datetime.now().year + 2}"
