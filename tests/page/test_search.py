"""What a person does on the page: asks, filters, looks, goes back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from retrieval.query.lexer import FIELDS
from tests.page.actions import ask, drop, expect, names, settled, show, tiles, until
from tests.page.conftest import opened, silent


def test_words_find_and_the_address_tells_them(page: Any, address: str) -> None:
    """Sure answers first, the less sure under a rule; no request of the browser names the question in its address."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    show(page, address)
    expect(page.get_by_role("heading", level=2)).not_to_have_count(0)  # months
    show(page, address, "reach=all")
    ask(page, "a cat")
    assert names(page)[0] == "photo1.jpg"
    expect(page.get_by_role("heading", name="Less sure")).to_be_visible()
    assert "q=a+cat" in page.url
    assert sent
    assert not any(re.search("a(\\+|%20| )cat", each.partition("#")[0]) for each in sent)


def test_a_link_leads_to_the_same_answers_and_back_works(page: Any, address: str) -> None:
    """An address holds the question, its filters and the open answer; back undoes each."""
    show(page, address, "q=a+helicopter&in=video")
    assert names(page)[0] == "v2.webm"
    tiles(page).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    link = page.url
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="Browse").click()
    until(page, "location.hash === ''  || location.hash === '#'")
    settled(page)
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.go_back()
    settled(page)
    expect(page.get_by_role("searchbox")).to_have_value("a helicopter")
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_role("dialog", name="v2.webm")).to_be_visible()


def test_a_dropped_picture_asks(page: Any, address: str, samples: Path) -> None:
    """By what it shows; words beside it count as well; it can be taken away."""
    show(page, address)
    drop(page, samples / "questions" / "sailing.jpg", "image/jpeg")
    expect(page.locator(".operand")).to_contain_text("sailing.jpg")
    page.get_by_role("button", name="Documents").click()
    until(page, "location.hash.includes('in=document')")
    settled(page)
    assert names(page)[0] == "帆船.docx"
    page.get_by_role("button", name="Remove sailing.jpg").click()
    expect(page.locator(".operand")).to_have_count(0)


def test_a_picked_sound_asks(page: Any, address: str, samples: Path) -> None:
    """A recording of the sea finds the recording of the sea."""
    show(page, address, "in=video")
    page.locator("input[type=file]").set_input_files(samples / "questions" / "sea.ogg")
    expect(page.locator(".operand")).to_contain_text("sea.ogg")
    settled(page)
    assert names(page)[0] == "v1.mp4"


def test_what_is_typed_is_suggested(page: Any, address: str) -> None:
    """A tag filters beside the words before it; by keys alone; a file is opened."""
    show(page, address)
    box = page.get_by_role("searchbox")
    box.fill("a cat tag:ca")
    first = page.locator(".suggestions button").first
    expect(first).to_contain_text("tag")
    tag = first.locator(".value").inner_text()
    box.press("ArrowDown")
    expect(first).to_be_focused()
    first.press("Enter")
    until(
        page,
        "tag => { const at = new URLSearchParams(location.hash.slice(1)); return at.get('tag') === tag && at.get('q') === 'a cat'; }",
        tag,
    )
    expect(box).to_have_value("a cat")
    expect(box).to_be_focused()
    box.fill("photo1")
    page.locator(".suggestions button", has_text="photo1.jpg").click()
    expect(page.get_by_role("dialog", name="photo1.jpg")).to_be_visible()


def test_a_saved_search_is_shown_with_all_that_it_asks(page: Any, address: str) -> None:
    """As the page would ask it itself; the question of an answer, which has its words as `written`, too."""
    show(page, address)
    asked = """async (query) => {
        const [{ routeOf }, { question }] = await Promise.all([import("/page/js/suggestions.js"), import("/page/js/question.js")]);
        return question(routeOf(query));
    }"""
    filters = {
        "media": ["image", "video"],
        "after": "2019",
        "tag": "cat",
        "near": [60.4, 5.3, 10],
        "min_duration_ms": 10_000,
    }
    for before in ("2021", "2021-01", "2021-03-01", "2020-12-31"):
        kept = {"query": "a cat", "filters": filters | {"before": before}, "reach": "all", "sort": "date"}
        assert page.evaluate(asked, kept) == kept
        written = {name: each for name, each in kept.items() if name != "query"} | {"written": "a cat"}
        assert page.evaluate(asked, written) == kept
    alone = {"query": "", "filters": {"media": [], "max_duration_ms": 10_000}, "like": "iqad2cuxeer6x4xl"}
    assert page.evaluate(asked, alone) == alone


def test_a_recording_of_the_microphone_asks(page: Any, address: str) -> None:
    """It goes on until it is ended, and stands in the box as a file does."""
    show(page, address, "in=audio&reach=all")
    page.get_by_role("button", name="Search by a recording").click()
    expect(page.get_by_role("timer")).to_have_text(re.compile("^0:(0[1-9]|[12])"))  # whenever it is looked at
    page.get_by_role("button", name="End the recording").click()
    expect(page.locator(".operand")).to_contain_text("Recording")
    settled(page)
    expect(tiles(page)).not_to_have_count(0)


def test_chosen_videos_become_a_reel(page: Any, address: str) -> None:
    """An MP4 that the browser keeps; and lengths are chosen."""
    show(page, address, "in=video")
    page.get_by_role("button", name="Length").click()
    page.get_by_role("button", name="Under 0:10").click()
    until(page, "location.hash.includes('lasts=-10')")
    settled(page)
    for place in (0, 1):
        page.locator(".choose input").nth(place).check(force=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Make a reel").click()
    assert download.value.suggested_filename == "reel.mp4"
    assert download.value.path().read_bytes()[4:8] == b"ftyp"


def test_a_moment_plays_from_its_time(page: Any, address: str) -> None:
    """What is said at 0:06 starts there; the timeline shows how sure the question is, and goes elsewhere by keys."""
    show(page, address, "q=a+purple+star&in=video")
    assert names(page)[0] == "v3.mp4"
    tiles(page).first.click()
    expect(page.locator("video")).to_have_js_property("readyState", 4)
    assert page.locator("video").evaluate("video => video.currentTime") >= 6.0
    expect(page.locator(".timeline")).to_have_attribute("data-curve", "true")
    page.get_by_role("slider", name="Timeline").press("Home")
    until(page, "document.querySelector('video').currentTime < 6")
    page.locator("video").evaluate("video => video.pause()")
    page.get_by_role("button", name=re.compile("Play from 0:06")).first.click()
    until(page, "(video => !video.paused && video.currentTime >= 6)(document.querySelector('video'))")
    expect(page.locator(".words .is-found mark").first).to_be_visible()


def test_a_recording_shows_its_sound_and_its_words(page: Any, address: str) -> None:
    """The loudness is that of the file, and the line that answers is marked."""
    show(page, address, "q=train+to+the+mountains&in=audio")
    tiles(page).first.click()
    expect(page.get_by_role("dialog").locator(".waveform")).to_have_attribute("data-ready", "true")
    expect(page.locator(".words .is-found")).to_contain_text("mountains")


def test_a_document_shows_its_passage(page: Any, address: str) -> None:
    """The words of the question are marked in it."""
    show(page, address, "q=lighthouse+keeper&in=document")
    tiles(page).first.click()
    expect(page.locator(".passage.is-found mark").first).to_have_text("keeper")


def test_a_region_asks(page: Any, address: str) -> None:
    """Cut out by keys alone: the search goes on with that part of the picture."""
    show(page, address, "q=a+cat&in=image")
    tiles(page).first.click()
    page.get_by_role("button", name="Search a region").click()
    region = page.get_by_role("group", name="Region to search by")
    expect(region).to_be_focused()
    before = region.bounding_box()
    region.press("ArrowLeft")
    region.press("Shift+ArrowRight")
    after = region.bounding_box()
    assert after["x"] < before["x"]
    assert after["width"] > before["width"]
    region.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".operand")).to_contain_text("Part of photo1.jpg")
    settled(page)
    assert names(page)[0] == "photo1.jpg"


def test_a_region_is_drawn_with_the_pointer(page: Any, address: str) -> None:
    """From one corner to the other."""
    show(page, address, "q=a+cat&in=image")
    tiles(page).first.click()
    page.get_by_role("button", name="Search a region").click()
    expect(page.locator(".region")).to_be_visible()
    frame = page.locator(".canvas").bounding_box()
    page.mouse.move(frame["x"] + 4, frame["y"] + 4)
    page.mouse.down()
    page.mouse.move(frame["x"] + 100, frame["y"] + 80)
    page.mouse.up()
    drawn = page.locator(".region").bounding_box()
    assert abs(drawn["width"] - 96) < 6
    page.get_by_role("button", name="Search this region").click()
    expect(page.locator(".operand")).to_contain_text("Part of photo1.jpg")


def test_filters_narrow_and_are_cleared(page: Any, address: str) -> None:
    """Medium, folder and date; the counts are the library's."""
    show(page, address)
    page.get_by_role("button", name="Recordings").click()
    until(page, "location.hash.includes('in=audio')")
    settled(page)
    expect(page.get_by_role("button", name="Recordings")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".told")).to_contain_text("10 files")
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("button", name="Folder").click()
    page.get_by_role("button", name="samples/video").click()
    until(page, "location.hash.includes('path=')")
    settled(page)
    expect(page.locator(".told")).to_contain_text("5 files")
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("button", name="Date").click()
    page.get_by_role("button", name=re.compile(r"^2000: 1 file$")).click()
    until(page, "location.hash.includes('after=2000')")
    settled(page)
    expect(page.locator(".told")).to_contain_text("1 file")


def test_what_may_go_on_is_not_asked_while_it_is_typed(page: Any, address: str) -> None:
    """Half an operand at the end would be refused; a blank or a pause ends it. All fields of a question are known."""
    show(page, address)
    pauses = """async (texts) => {
        const { pauseAfter } = await import("/page/js/question.js");
        return texts.map(pauseAfter);
    }"""
    unfinished = [
        "in:",
        "in:ima",
        "a cat in:image",
        'a cat path:"my hol',
        "(dog OR after:20",
        "cat AND",
        "cat NOT ",
        '-"ind',
    ]
    unfinished += [f"{field}:x" for field in FIELDS]
    finished = [
        "",
        "a cat",
        "in:image ",
        "a cat in:image x",
        'path:"my holiday" x',
        "note: a",
        "chin:x",
        "cat and",
        "a-b",
        "dog -ind",
    ]
    asked = page.evaluate(pauses, [*unfinished, *finished])
    soon, late = asked[len(unfinished)], asked[0]
    assert soon < late
    assert asked == [late] * len(unfinished) + [soon] * len(finished)


def test_an_error_stands_at_its_place(context: Any, address: str) -> None:
    """What cannot be read is marked in the question, the last answers stay, and it goes when it is mended."""
    page = context.new_page()
    show(page, address, "q=dog")
    before = names(page)
    page.get_by_role("searchbox").fill('dog -"indoor')
    expect(page.get_by_role("alert")).to_contain_text("quotation is not closed")
    expect(page.locator(".search-error mark")).to_have_text('"')
    assert names(page) == before
    ask(page, "dog -indoor")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_nothing_found_says_so_and_offers_the_nearest(page: Any, address: str) -> None:
    """A word that nothing holds; every candidate on demand."""
    show(page, address, "q=fireworks+at+night&in=video&reach=sure")
    expect(page.get_by_role("heading", name="Nothing here answers that")).to_be_visible()
    page.get_by_role("button", name=re.compile("Show the nearest")).click()
    expect(tiles(page)).not_to_have_count(0)


def test_keys_alone_are_enough(page: Any, address: str) -> None:
    """From the box to an answer, to the next one, and back to where it was left."""
    show(page, address)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the answers")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.insert_text("in:image")  # at once: "in:" alone is refused
    until(page, "location.hash.includes('q=in%3Aimage')")
    settled(page)
    page.get_by_role("button", name="Newest first").focus()
    page.keyboard.press("Tab")
    expect(tiles(page).first).to_be_focused()
    page.keyboard.press("ArrowRight")
    second = page.locator('[data-place="1"]')
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".place")).to_have_text(re.compile("^3 /"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(second).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(second).not_to_be_focused()
    expect(page.locator(".tile > a:focus")).to_have_count(1)


def test_a_phone_shows_all_of_it(browser: Any, address: str) -> None:
    """Nothing is wider than the screen, in answers, library and an open answer."""
    with opened(browser, viewport={"width": 360, "height": 720}, has_touch=True, is_mobile=True) as context:
        page = context.new_page()
        with silent(page):
            for fragment in ("q=a+cat", "view=library", "view=duplicates"):
                show(page, address, fragment)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), fragment
            show(page, address, "q=a+cat")
            tiles(page).first.tap()
            expect(page.get_by_role("dialog")).to_be_visible()
            body = page.locator(".viewer-body")
            expect(body).to_be_visible()
            assert body.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_both_languages(page: Any, address: str) -> None:
    """Chosen by hand, it stays; dates and counts follow."""
    show(page, address, "q=a+cat&reach=all")
    page.get_by_role("combobox", name="Language").select_option("zh")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.get_by_role("heading", name="不太确定")).to_be_visible()
    page.reload()
    settled(page)
    expect(page.get_by_role("button", name="录音")).to_be_visible()


def test_the_browsers_language_is_the_first_choice(browser: Any, address: str) -> None:
    """A browser in Chinese sees Chinese."""
    with opened(browser, locale="zh-CN") as context:
        page = context.new_page()
        show(page, address)
        expect(page.get_by_role("searchbox", name="搜索")).to_be_visible()


def test_a_theme_stays_chosen(page: Any, address: str) -> None:
    """By the system at first, then by hand, over a reload."""
    show(page, address)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    button = page.get_by_role("button", name=re.compile("Theme"))
    button.click()
    button.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    settled(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
