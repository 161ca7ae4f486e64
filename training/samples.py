"""Makes data/samples, its truth.toml and ORIGINS.md, and data/queries.toml: everything `crossmedia demo` shows.

    python -m training.samples --photos SKIMAGE_DATA --out data

Needs espeak-ng, the renderer's colour font, PyAV, python-docx and reportlab; SKIMAGE_DATA is the folder `skimage/data`
of scikit-image. Runs of one machine give the same files. What is in a sample stands beside how it is made, below;
nothing here is seen in training (seeds from `scenes.SAMPLING`). Files of questions/ ask, and are not indexed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import docx
import numpy as np
from docx.shared import Inches
from PIL import Image
from reportlab.lib.pagesizes import A5
from reportlab.pdfgen import canvas as pdf

from training import render, scenes, synthesis
from training.samples_text import DOCUMENTS, PHOTOS, QUERIES, Document
from training.scenes import SAMPLING, Ground, Item, Scene
from training.synthesis import RATE, Wave, spoken

SIDE = 384  # pixels of a picture
WIDTH, HEIGHT, FPS = 320, 240, 12


@dataclass(frozen=True, slots=True)
class Truth:
    """What is in a file. Times in ms; `said` holds spoken words or subtitles."""

    file: str
    medium: str
    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()
    cuts_ms: tuple[int, ...] = ()
    said: str = ""
    title: str = ""
    sounds: tuple[str, ...] = ()
    origin: str = "made by training/samples.py"


def _named(name: str) -> scenes.Pictogram:
    return next(p for p in scenes.pictograms() if p.en == name)


def _sentences(scene: Scene) -> tuple[tuple[str, ...], tuple[str, ...]]:
    en = tuple(c.text for c in scene.captions if c.lang == "en")
    zh = tuple(c.text for c in scene.captions if c.lang == "zh")
    return en, zh


# --- pictures ------------------------------------------------------------------------------------------------------


def _landscape(offset: int, sky: str, land: str, *things: str) -> Scene:
    """A landscape that holds exactly these things."""
    seed = SAMPLING.start + offset
    for attempt in range(2_000):
        scene = scenes.landscape(random.Random(seed * 4_096 + attempt), seed, sky, land)
        if scene.things == things:
            return scene
    raise ValueError(f"no seed gives {things}")


def _pictogram(offset: int, name: str, count: int = 1) -> Scene:
    seed = SAMPLING.start + offset
    for attempt in range(2_000):
        scene = scenes.pictogram(random.Random(seed * 4_096 + attempt), seed, _named(name), count)
        if count > 1 or scene.items[0].r > 0.3:
            return scene
    raise ValueError(name)


def _shapes(offset: int, colour: str, shape: str, count: int) -> Scene:
    seed = SAMPLING.start + offset
    return scenes.shapes(random.Random(seed), seed, colour, shape, count)


def pictures() -> dict[str, Scene]:
    """Drawn pictures of data/samples/images."""
    return {
        "d1.jpg": _landscape(1, "day", "sea", "sun", "boat"),
        "d2.jpg": _landscape(2, "day", "grass", "clouds", "house", "tree"),
        "d3.jpg": _landscape(3, "night", "snow", "moon", "stars", "house"),
        "d4.jpg": _landscape(4, "sunset", "sand", "sun", "mountains"),
        "d5.jpg": _landscape(5, "day", "road", "sun", "car", "house"),
        "p01.png": _pictogram(6, "helicopter"),
        "p02.png": _pictogram(7, "alarm clock"),
        "p03.png": _pictogram(8, "umbrella with rain drops"),
        "p04.png": _pictogram(9, "dog"),
        "p05.png": _pictogram(10, "elephant"),
        "p06.png": _pictogram(11, "bicycle"),
        "p07.png": _pictogram(12, "banana", 3),
        "p08.png": _pictogram(13, "guitar"),
        "p09.png": _pictogram(14, "sunflower"),
        "p10.png": _pictogram(15, "butterfly", 2),
        "s1.png": _shapes(16, "red", "circle", 3),
        "s2.png": _shapes(17, "blue", "triangle", 1),
        "s3.png": _shapes(18, "yellow", "star", 4),
        "s4.png": _shapes(19, "green", "heart", 2),
    }


def questions() -> dict[str, Scene]:
    """Drawn pictures that ask: other seeds of things that are in the samples."""
    return {
        "helicopter.png": _pictogram(106, "helicopter"),
        "sailing.jpg": _landscape(101, "day", "sea", "clouds", "boat"),
        "elephant.png": _pictogram(105, "elephant"),
        "clock.png": _pictogram(102, "alarm clock"),
        "sunflower.png": _pictogram(103, "sunflower"),
    }


def save_picture(scene: Scene, path: Path) -> None:
    """Write the scene as PNG or JPEG, by the name's ending."""
    picture = render.paint(scene, SIDE)
    picture.save(path, quality=88) if path.suffix == ".jpg" else picture.quantize(128).save(path, optimize=True)


# --- sound ---------------------------------------------------------------------------------------------------------


def made(name: str, seed: int, seconds: float) -> Wave:
    """A made sound by its label."""
    return (synthesis.LABELLED | synthesis.BACKGROUND)[name](np.random.default_rng(SAMPLING.start + seed), seconds)


def _add_sound(container: Any, codec: str, sound: Wave, bit_rate: int) -> Iterator[Any]:
    """Packets of a soundtrack; the stream joins the container before the first."""
    stream = container.add_stream(codec, rate=RATE, layout="mono")
    if codec not in {"pcm_s16le", "flac"}:
        stream.bit_rate = bit_rate

    def packets() -> Iterator[Any]:
        turner = av.AudioResampler(stream.format, stream.layout, stream.rate, frame_size=stream.frame_size or 1_024)
        frame = av.AudioFrame.from_ndarray((sound[None] * 32_767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        for part in [*turner.resample(frame), *turner.resample(None)]:
            yield from stream.encode(part)
        yield from stream.encode(None)

    return packets()


CODECS = {".wav": "pcm_s16le", ".flac": "flac", ".ogg": "libopus", ".mp3": "libmp3lame", ".m4a": "aac"}


def save_sound(sound: Wave, path: Path, bit_rate: int = 32_000) -> None:
    """Write a recording; the codec follows the name's ending."""
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        for packet in _add_sound(container, CODECS[path.suffix], sound, bit_rate):
            container.mux(packet)


# --- video ---------------------------------------------------------------------------------------------------------

Shot = tuple[float, Callable[[float], Image.Image]]  # seconds, and the picture at a time in 0..1


def pan(scene: Scene) -> Callable[[float], Image.Image]:
    """The scene under a camera that moves slowly to the right."""
    picture = render.paint(scene, 400)
    return lambda at: picture.crop((round(80 * at), 80, round(80 * at) + WIDTH, 80 + HEIGHT))


def cross(name: str, offset: int, ground: Ground) -> Callable[[float], Image.Image]:
    """A pictogram that moves from left to right."""
    seed = SAMPLING.start + offset

    def at(time: float) -> Image.Image:
        item = Item(0.3 + 0.4 * time, 0.5 + 0.05 * np.sin(6 * time), 0.26, pictogram=_named(name))
        return render.paint(Scene(seed, "pictogram", ground, (item,)), WIDTH).crop((0, 40, WIDTH, 40 + HEIGHT))

    return at


def turn(colour: str, shape: str, ground: Ground) -> Callable[[float], Image.Image]:
    """A shape that turns and grows."""

    def at(time: float) -> Image.Image:
        paint = scenes.COLOURS[colour][1]
        item = Item(0.5, 0.5, 0.2 + 0.1 * time, shape, colour, paint, 90 * time)
        return render.paint(Scene(0, "shapes", ground, (item,)), WIDTH).crop((0, 40, WIDTH, 40 + HEIGHT))

    return at


def flat(colour: str) -> Ground:
    """A plain background."""
    tone = scenes.COLOURS[colour][1]
    return Ground("flat", colour, tone, tone)


def cuts(shots: list[Shot]) -> tuple[int, ...]:
    """Times of the shot changes in ms."""
    ends = np.cumsum([seconds for seconds, _ in shots])[:-1]
    return tuple(round(1_000 * float(end)) for end in ends)


def save_video(shots: list[Shot], path: Path, sound: Wave | None, subtitles: str = "") -> None:
    """Write MP4 (H.264, AAC), WebM (VP9, Opus) or MKV (H.264, Opus, subtitles inside)."""
    codec, audio = ("libvpx-vp9", "libopus") if path.suffix == ".webm" else ("libx264", "aac")
    if path.suffix == ".mkv":
        audio = "libopus"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "30", "threads": "1"} | ({"b": "0", "cpu-used": "4"} if codec != "libx264" else {})
        heard = _add_sound(container, audio, sound, 32_000) if sound is not None else iter(())
        words: Any = av.open(io.BytesIO(subtitles.encode()), "r", format="srt") if subtitles else None
        text = container.add_stream_from_template(words.streams[0]) if words else None
        _encode(container, stream, shots)
        for packet in heard:
            container.mux(packet)
        for packet in words.demux() if words else ():
            if packet.dts is not None:
                packet.stream = text
                container.mux(packet)


def _encode(container: Any, stream: Any, shots: list[Shot]) -> None:
    for seconds, picture in shots:
        count = round(seconds * FPS)
        for n in range(count):
            for packet in stream.encode(av.VideoFrame.from_image(picture(n / count))):
                container.mux(packet)
    for packet in stream.encode(None):
        container.mux(packet)


def timed(lines: list[tuple[float, float, str]]) -> str:
    """SubRip text of (start, end, words), in seconds."""

    def stamp(seconds: float) -> str:
        whole, ms = divmod(round(seconds * 1_000), 1_000)
        return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02},{ms:03}"

    parts = (f"{n}\n{stamp(start)} --> {stamp(end)}\n{words}\n" for n, (start, end, words) in enumerate(lines, 1))
    return "\n".join(parts)


# --- documents -----------------------------------------------------------------------------------------------------


def save_document(document: Document, path: Path, picture: Image.Image | None) -> None:
    """Write a document in the form that its name's ending says. `picture` stands after its first paragraph."""
    paragraphs = document.paragraphs
    if path.suffix == ".docx":
        _save_docx(document.title, paragraphs, path, picture)
    elif path.suffix == ".pdf":
        _save_pdf(document.title, paragraphs, path, picture)
    elif path.suffix == ".html":
        body = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
        head = f'<!doctype html>\n<html lang="{document.lang}">\n<head><meta charset="utf-8">'
        page = f"{head}<title>{document.title}</title></head>\n<body>\n<h1>{document.title}</h1>\n{body}\n</body>\n</html>\n"
        path.write_text(page, encoding="utf-8")
    else:
        mark = "# " if path.suffix == ".md" else ""
        path.write_text(f"{mark}{document.title}\n\n" + "\n\n".join(paragraphs) + "\n", encoding="utf-8")


def _png(picture: Image.Image) -> io.BytesIO:
    held = io.BytesIO()
    picture.quantize(128).save(held, "PNG", optimize=True)
    held.seek(0)
    return held


def _save_docx(title: str, paragraphs: list[str], path: Path, picture: Image.Image | None) -> None:
    document = docx.Document()
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    document.core_properties.created = document.core_properties.modified = moment
    document.core_properties.title, document.core_properties.author = title, "crossmedia"
    document.add_heading(title)
    for n, paragraph in enumerate(paragraphs):
        document.add_paragraph(paragraph)
        if n == 0 and picture is not None:
            document.add_picture(_png(picture), width=Inches(3))
    held = io.BytesIO()
    document.save(held)
    with zipfile.ZipFile(held) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():  # the same bytes at every run
            new.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), old.read(name), zipfile.ZIP_DEFLATED)


def _save_pdf(title: str, paragraphs: list[str], path: Path, picture: Image.Image | None) -> None:
    """One paragraph a page; the picture under the last."""
    page = pdf.Canvas(str(path), pagesize=A5, invariant=1)
    page.setTitle(title)
    page.setAuthor("crossmedia")
    for n, paragraph in enumerate(paragraphs):
        text = page.beginText(40, A5[1] - 60)
        text.setFont("Helvetica-Bold" if n == 0 else "Helvetica", 15 if n == 0 else 11)
        if n == 0:
            text.textLine(title)
            text.textLine("")
        text.setFont("Helvetica", 11)
        for line in _wrapped(paragraph, 58):
            text.textLine(line)
        page.drawText(text)
        if picture is not None and n == len(paragraphs) - 1:
            page.drawInlineImage(picture, 90, 60, 240, 240)
        page.showPage()
    page.save()


def _wrapped(paragraph: str, width: int) -> list[str]:
    lines = [""]
    for word in paragraph.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += word + " "
    return lines


# --- all of it -----------------------------------------------------------------------------------------------------


def make_images(out: Path, photos: Path) -> list[Truth]:
    """data/samples/images: drawings and photos."""
    truths = []
    for name, scene in pictures().items():
        save_picture(scene, out / "images" / name)
        truths.append(Truth(f"images/{name}", "image", *_sentences(scene)))
    for photo in PHOTOS:
        with Image.open(photos / photo.source) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((480, 480), Image.Resampling.LANCZOS)
        picture.save(out / "images" / photo.file, quality=82)
        truths.append(
            Truth(
                f"images/{photo.file}",
                "image",
                (photo.en,),
                (photo.zh,),
                origin=f"scikit-image {photo.source}: {photo.origin}",
            )
        )
    return truths


def _audio_files() -> Iterator[tuple[str, Wave, Truth]]:
    for name, label, seed, seconds in (
        ("a1.ogg", "rain", 1, 8), ("a2.mp3", "sea waves", 2, 12), ("a3.wav", "clock tick", 3, 5),
        ("a4.ogg", "helicopter", 4, 8), ("a5.m4a", "fire crackling", 5, 8), ("a6.ogg", "music", 6, 10),
        ("a7.ogg", "hum", 7, 6),
    ):  # fmt: skip
        yield name, made(label, seed, seconds), Truth(f"audio/{name}", "audio", sounds=(label,))
    for name, words in (
        ("memo1.ogg", "The library opens at nine in the morning and closes at six in the evening."),
        ("memo2.mp3", "Please remember to water the tomato plants in the garden every second day."),
        ("memo3.flac", "The train to the mountains leaves from platform four at half past seven."),
    ):
        yield name, spoken(words, "en-us", 140), Truth(f"audio/{name}", "audio", said=words)


def make_audio(out: Path) -> list[Truth]:
    """data/samples/audio: made sounds and spoken sentences."""
    truths = []
    for name, sound, truth in _audio_files():
        save_sound(sound, out / "audio" / name)
        truths.append(truth)
    return truths


def make_video(out: Path) -> list[Truth]:
    """data/samples/video: clips with known cuts; Chinese words by a sidecar and by subtitles inside."""
    folder, day = out / "video", pictures()
    sea: list[Shot] = [
        (3.0, pan(_landscape(31, "sunset", "sea", "sun", "boat"))),
        (3.0, pan(_landscape(32, "day", "grass", "house", "trees"))),
        (2.5, pan(day["d3.jpg"])),
    ]
    sky: list[Shot] = [
        (3.5, cross("helicopter", 33, flat("turquoise"))),
        (3.0, pan(_landscape(34, "day", "road", "clouds", "car"))),
    ]
    lesson: list[Shot] = [
        (3.0, turn("red", "square", flat("white"))),
        (3.0, turn("green", "triangle", flat("white"))),
        (3.0, turn("purple", "star", flat("yellow"))),
    ]
    tea: list[Shot] = [
        (3.0, cross("teapot", 35, flat("green"))),
        (3.0, cross("teacup without handle", 36, flat("brown"))),
    ]
    zoo: list[Shot] = [(3.0, cross("panda", 37, flat("green"))), (3.0, cross("elephant", 38, flat("yellow")))]
    words = "First comes the red square. Then we see the green triangle. The last one is a purple star."
    tea_lines = [(0.2, 2.8, "先用热水把茶壶烫一遍。"), (3.1, 5.8, "再把绿茶倒进杯子里,慢慢地喝。")]
    zoo_lines = [(0.2, 2.8, "熊猫每天要吃很多竹子。"), (3.1, 5.8, "大象用鼻子喝水和洗澡。")]
    save_video(sea, folder / "v1.mp4", made("sea waves", 8, 8.5))
    save_video(sky, folder / "v2.webm", made("helicopter", 9, 6.5))
    save_video(lesson, folder / "v3.mp4", spoken(words, "en-us", 130)[: 9 * RATE])
    save_video(tea, folder / "v4.mp4", None)
    (folder / "v4.zh.srt").write_text(timed(tea_lines), encoding="utf-8")
    save_video(zoo, folder / "v5.mkv", None, timed(zoo_lines))
    return [
        Truth(
            "video/v1.mp4", "video",
            ("a sailing boat on the sea at sunset", "a house and trees on green grass", "a house in the snow at night"),
            ("夕阳下海上的帆船", "草地上的房子和树", "夜里雪地上的房子"), cuts(sea), sounds=("sea waves",),
        ),
        Truth(
            "video/v2.webm", "video", ("a helicopter", "a car on a road"), ("直升机", "马路上的汽车"),
            cuts(sky), sounds=("helicopter",),
        ),
        Truth(
            "video/v3.mp4", "video", ("a red square", "a green triangle", "a purple star"),
            ("红色的正方形", "绿色的三角形", "紫色的五角星"), cuts(lesson), said=words,
        ),
        Truth(
            "video/v4.mp4", "video", ("a teapot", "a cup of tea"), ("茶壶", "一杯茶"), cuts(tea),
            said="".join(line for _, _, line in tea_lines),
        ),
        Truth(
            "video/v5.mkv", "video", ("a panda", "an elephant"), ("熊猫", "大象"), cuts(zoo),
            said="".join(line for _, _, line in zoo_lines),
        ),
    ]  # fmt: skip


def make_documents(out: Path) -> list[Truth]:
    """data/samples/documents: small texts in two languages, some with a drawing inside."""
    inside = {
        "museum.docx": _pictogram(41, "helicopter"),
        "weather.pdf": _pictogram(42, "umbrella with rain drops"),
        "帆船.docx": _landscape(43, "day", "sea", "clouds", "boat"),
    }
    truths = []
    for document in DOCUMENTS:
        scene = inside.get(document.file)
        picture = render.paint(scene, SIDE) if scene else None
        save_document(document, out / "documents" / document.file, picture)
        en, zh = _sentences(scene) if scene else ((), ())
        truths.append(Truth(f"documents/{document.file}", "document", en, zh, title=document.title))
    return truths


def make_questions(out: Path) -> None:
    """data/samples/questions: files that ask."""
    folder = out / "questions"
    for name, scene in questions().items():
        save_picture(scene, folder / name)
    save_sound(made("helicopter", 104, 6), folder / "helicopter.ogg")
    save_sound(made("sea waves", 107, 9), folder / "sea.ogg")
    save_sound(made("clock tick", 108, 5), folder / "ticking.wav")
    save_sound(spoken("How do I repair a flat bicycle tyre?", "en-us", 140), folder / "spoken.wav")
    save_video(
        [(3.0, pan(_landscape(109, "day", "sea", "sun", "clouds", "boat")))],
        folder / "sailing.mp4",
        made("sea waves", 110, 3),
    )
    save_video([(3.0, cross("helicopter", 111, flat("white")))], folder / "helicopter.mp4", made("helicopter", 112, 3))
    for name, words in (
        ("sailing.txt", "A sailing boat on the blue sea.\n"),
        ("helicopter.md", "A helicopter flying in the sky.\n"),
        ("tyre.txt", "My bike has a puncture. Which tools do I need to mend the inner tube?\n"),
    ):
        (folder / name).write_text(words, encoding="utf-8")


def toml(table: str, rows: list[dict[str, Any]]) -> str:
    """An array of tables; empty values are left out."""
    blocks = []
    for row in rows:
        pairs = [
            f"{key} = {json.dumps(value, ensure_ascii=False)}"
            for key, value in row.items()
            if value not in ("", [], ())
        ]
        blocks.append("\n".join([f"[[{table}]]", *pairs]))
    return "\n\n".join(blocks) + "\n"


def origins(truths: list[Truth]) -> str:
    """ORIGINS.md: where every file comes from."""
    rows = "\n".join(f"| {truth.file} | {truth.origin} |" for truth in truths)
    return (
        "# Origins of data/samples\n\n"
        "Everything here was made by `training/samples.py` for this project (Apache-2.0) except the photos, which are in\n"
        "the public domain or under CC0 and come with scikit-image (folder `skimage/data`), resized.\n"
        "Drawings use pictograms of Noto Color Emoji (SIL Open Font License 1.1, which leaves documents made with a font\n"
        "free). Speech was spoken by espeak-ng; sounds are arithmetic (`training/synthesis.py`). Texts were written for\n"
        "this project.\n\n"
        f"| file | origin |\n| --- | --- |\n{rows}\n| questions/* | made by training/samples.py |\n"
    )


def make(photos: Path, out: Path) -> None:
    """All of data/samples and data/queries.toml, from nothing."""
    folder = out / "samples"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("images", "audio", "video", "documents", "questions"):
        (folder / name).mkdir(parents=True)
    truths = [*make_images(folder, photos), *make_audio(folder), *make_video(folder), *make_documents(folder)]
    make_questions(folder)
    rows = [{key: getattr(truth, key) for key in Truth.__slots__ if key != "origin"} for truth in truths]
    head = "# What is in each file of data/samples: made by training/samples.py. Times are ms.\n\n"
    (folder / "truth.toml").write_text(head + toml("sample", rows), encoding="utf-8")
    (folder / "ORIGINS.md").write_text(origins(truths), encoding="utf-8")
    head = (
        "# Questions with known answers in data/samples, one or more for each of the twenty directions.\n"
        "# question: its kind; in: the medium asked for; text (with lang) or file: what is asked. expected: what should\n"
        "# come first in samples. demo: asked by `crossmedia demo`. "
        "speech: answered only where a transcriber is at hand.\n\n"
    )
    (out / "queries.toml").write_text(head + toml("query", [dict(row) for row in QUERIES]), encoding="utf-8")


def main() -> None:
    """The command line; see the head of this file."""
    parser = argparse.ArgumentParser(prog="python -m training.samples")
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    make(arguments.photos, arguments.out)


if __name__ == "__main__":
    main()
