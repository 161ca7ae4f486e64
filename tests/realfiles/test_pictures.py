"""Pictures: cut short, turned by their container, of high dynamic range, deep, and what is written into and beside them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata
from retrieval.media.extract import read
from retrieval.media.image.decode import open_image
from retrieval.media.sniff import identify
from tests.realfiles.table import Maker, Refused, check_refused

FORM = ImageSpec(32)
Facts = dict[str, Any]


def noise(width: int = 160, height: int = 120) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8))


def saved(image: Image.Image, form: str, **how: Any) -> Maker:
    return lambda path: image.save(path, form, **how)


def cut(make: Maker, part: float) -> Maker:
    def made(path: Path) -> None:
        make(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * part)])

    return made


def ahead(junk: bytes, make: Maker) -> Maker:
    def made(path: Path) -> None:
        make(path)
        path.write_bytes(junk + path.read_bytes())

    return made


def half(left: int = 255, right: int = 0) -> Image.Image:
    """Two halves, 80 x 40 pixels."""
    image = Image.new("RGB", (80, 40), (right,) * 3)
    image.paste((left,) * 3, (0, 0, 40, 40))
    return image


def tiff(
    path: Path, data: bytes, tags: dict[int, tuple[int, ...]], inner: dict[int, tuple[int, ...]] | None = None
) -> None:
    """A little-endian TIFF of one strip; `inner`: a sub-directory."""

    def directory(start: int, entries: dict[int, tuple[int, ...]]) -> bytes:
        after = start + 2 + 12 * len(entries) + 4
        made, behind = struct.pack("<H", len(entries)), b""
        for tag, values in sorted(entries.items()):
            if len(values) == 1:
                made += struct.pack("<HHII", tag, 4, 1, values[0])
            else:
                made += struct.pack("<HHII", tag, 4, len(values), after + len(behind))
                behind += struct.pack(f"<{len(values)}I", *values)
        return made + bytes(4) + behind

    start = 8 + len(data) + len(data) % 2
    body = b"II*\0" + struct.pack("<I", start) + data + bytes(len(data) % 2)
    whole = {**tags, 273: (8,), 279: (len(data),)}
    if inner is not None:
        whole[330] = (0,)
        whole[330] = (start + len(directory(start, whole)),)
        body += directory(start, whole) + directory(whole[330][0], inner)
    else:
        body += directory(start, whole)
    path.write_bytes(body)


RGB = {256: (80,), 257: (40,), 258: (8, 8, 8), 259: (1,), 262: (2,), 277: (3,), 278: (40,)}
FLOAT = {**RGB, 258: (32, 32, 32), 339: (3, 3, 3)}


def scan(inner: dict[int, tuple[int, ...]] | None, maker: bool = True) -> Maker:
    """A scanner's TIFF with a maker's name and a small copy."""
    tags = {**RGB, 271: (0,)} if maker else RGB
    return lambda path: tiff(path, half().tobytes(), tags, inner)


def floats(packed: int = 1) -> Maker:
    values = (np.asarray(half(), np.float32) / 255).tobytes()
    data = zlib.compress(values) if packed == 8 else values
    return lambda path: tiff(path, data, {**FLOAT, 259: (packed,)})


def psd(depth: int, packed: bool = False) -> Maker:
    def make(path: Path) -> None:
        planes = np.asarray(half()).transpose(2, 0, 1)
        rows = (planes.astype(">u2") * 257 if depth == 16 else (planes / 255).astype(">f4")).astype(
            ">u2" if depth == 16 else ">f4"
        )
        head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 40, 80, depth, 3) + bytes(12)
        if packed:
            lines = [
                b"".join(
                    bytes([len(part) - 1]) + part for part in (line[at : at + 100] for at in range(0, len(line), 100))
                )
                for line in (row.tobytes() for plane in rows for row in plane)
            ]
            body = b"\0\1" + struct.pack(f">{len(lines)}H", *map(len, lines)) + b"".join(lines)
        else:
            body = b"\0\0" + rows.tobytes()
        path.write_bytes(head + body)

    return make


def turned_avif(path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    half().save(path, "AVIF", exif=exif.tobytes(), quality=100)


def pq(path: Path) -> None:
    """Grey as a camera of high dynamic range codes white paper."""
    Image.new("RGB", (80, 40), (148, 148, 148)).save(path, "AVIF", quality=100)
    content = bytearray(path.read_bytes())
    at = content.index(b"colrnclx") + 8
    content[at : at + 4] = struct.pack(">HH", 9, 16)
    path.write_bytes(content)


def motion(path: Path) -> None:
    """An APNG that shows one picture where nothing moves, and two others in motion."""
    frames = [Image.new("RGB", (80, 40), color) for color in ("red", "green", "blue")]
    frames[0].save(path, "PNG", save_all=True, append_images=frames[1:], default_image=True, duration=100)


def drawing(path: Path) -> None:
    """White lines and a few black letters on nothing."""
    image = Image.new("RGBA", (80, 40), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 60, 40))
    image.paste((0, 0, 0, 255), (70, 0, 75, 20))
    image.save(path, "PNG")


def corner(array: NDArray[np.uint8], x: float, y: float) -> int:
    return int(array[int(y * (array.shape[0] - 1)), int(x * (array.shape[1] - 1))].mean())


# name -> maker, size, and what is seen where: (x, y) in parts of the picture -> least and most of 255
SEEN: dict[str, tuple[Maker, tuple[int, int], dict[tuple[float, float], tuple[int, int]]]] = {
    "half.jpg": (saved(half(), "JPEG"), (80, 40), {(0.1, 0.5): (245, 255), (0.9, 0.5): (0, 10)}),
    "line.jpg": (ahead(b"\n", saved(half(), "JPEG")), (80, 40), {(0.1, 0.5): (245, 255)}),
    "mark.jpg": (ahead(b"\xef\xbb\xbf\r\n", saved(half(), "JPEG")), (80, 40), {(0.1, 0.5): (245, 255)}),
    "scan.tif": (scan({**RGB, 273: (8,), 279: (9600,)}), (80, 40), {(0.1, 0.5): (250, 255), (0.9, 0.5): (0, 5)}),
    "alone.tif": (scan(None), (80, 40), {(0.1, 0.5): (250, 255)}),
    "float.tif": (floats(), (80, 40), {(0.1, 0.5): (250, 255), (0.9, 0.5): (0, 5)}),
    "packed.tif": (floats(8), (80, 40), {(0.1, 0.5): (250, 255), (0.9, 0.5): (0, 5)}),
    "deep.psd": (psd(16), (80, 40), {(0.1, 0.5): (250, 255), (0.9, 0.5): (0, 5)}),
    "runs.psd": (psd(16, packed=True), (80, 40), {(0.1, 0.5): (250, 255), (0.9, 0.5): (0, 5)}),
    "float.psd": (psd(32), (80, 40), {(0.1, 0.5): (250, 255), (0.9, 0.5): (0, 5)}),
    "dark.png": (saved(Image.fromarray(np.full((40, 80), 257 * 20, np.uint16)), "PNG"), (80, 40), {(0.5, 0.5): (19, 21)}),
    "turned.avif": (turned_avif, (40, 80), {(0.5, 0.1): (240, 255), (0.5, 0.9): (0, 15)}),
    "paper.avif": (pq, (80, 40), {(0.5, 0.5): (230, 255)}),
    "moves.png": (motion, (80, 40), {}),
    "labels.png": (drawing, (80, 40), {(0.1, 0.5): (250, 255), (0.91, 0.2): (0, 5), (0.85, 0.9): (100, 200)}),
    "flat.webp": (saved(Image.new("RGB", (9000, 8000), "white"), "WEBP", method=0, quality=1), (9000, 8000), {}),
    "half.jxl": (lambda path: (pytest.importorskip("pillow_jxl"), half().save(path, "JXL")), (80, 40), {
        (0.1, 0.5): (245, 255)}),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEN)
def test_a_picture_is_seen_as_it_is(tmp_path: Path, name: str) -> None:
    """Its size and what is where in it."""
    make, size, seen = SEEN[name]
    make(tmp_path / name)
    assert identify(tmp_path / name)[0] == "image"
    facts, *rest = read(tmp_path / name, "image", FORM)
    assert isinstance(facts, Metadata)
    assert (facts.width, facts.height) == size
    assert any(isinstance(one, ExtractedSegment) for one in rest)
    array = np.asarray(open_image(tmp_path / name))
    assert array.shape[:2] == size[::-1]
    for (x, y), (least, most) in seen.items():
        assert least <= corner(array, x, y) <= most, (x, y, corner(array, x, y))


@pytest.mark.parametrize("part", [0.95, 0.6, 0.45])
@pytest.mark.parametrize(("name", "form"), [("a.jpg", "JPEG"), ("a.png", "PNG")])
def test_what_is_left_of_a_picture_is_taken_and_marked(tmp_path: Path, name: str, form: str, part: float) -> None:
    """A download that broke off shows what it has, as in viewers."""
    cut(saved(noise(), form), part)(tmp_path / name)
    facts, *rest = read(tmp_path / name, "image", FORM)
    assert isinstance(facts, Metadata)
    assert facts.format == f"{form.lower()}, incomplete"
    assert len(rest) == 1


def test_whole_pictures_are_not_marked(tmp_path: Path) -> None:
    """Nor are those that come after one that was."""
    cut(saved(noise(), "JPEG"), 0.6)(tmp_path / "a.jpg")
    noise().save(tmp_path / "b.jpg")
    formats = [next(iter(read(tmp_path / name, "image", FORM))) for name in ("a.jpg", "b.jpg")]
    assert [one.format for one in formats if isinstance(one, Metadata)] == ["jpeg, incomplete", "jpeg"]


REFUSED = [
    Refused("shreds.jpg", cut(saved(noise(), "JPEG"), 0.1), "truncated"),
    Refused("shreds.png", cut(saved(noise(), "PNG"), 0.1), "truncated"),
]


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: file.name)
def test_the_reason_is_said(tmp_path: Path, file: Refused) -> None:
    """The file is left out for its reason."""
    check_refused(tmp_path, file)


def test_the_frames_of_an_animation_begin_with_the_first_that_moves(tmp_path: Path) -> None:
    """The picture for programs that show no motion is no part of it."""
    motion(tmp_path / "a.png")
    _, *rest = read(tmp_path / "a.png", "image", FORM)
    [segment] = [one for one in rest if isinstance(one, ExtractedSegment)]
    assert segment.views[0].array[..., 0].mean() < 50
    assert len(segment.views) == 2


@pytest.mark.parametrize("order", [("avif", "heic"), ("heic", "avif")], ids="-".join)
def test_the_order_of_files_does_not_matter(tmp_path: Path, order: tuple[str, str]) -> None:
    """AVIF of the brand mif1 and HEIC one after the other in one worker."""
    import pillow_heif

    half().save(tmp_path / "a.avif", "AVIF")
    content = (tmp_path / "a.avif").read_bytes()
    (tmp_path / "a.avif").write_bytes(content[:8] + b"mif1" + content[12:])
    pillow_heif.from_pillow(half()).save(tmp_path / "a.heic")
    for suffix in order:
        assert open_image(tmp_path / f"a.{suffix}").size == (80, 40)


def xmp(inner: str, attributes: str = "") -> bytes:
    spaces = (
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:lr="lr" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:ext="ext" xmlns:mwg="mwg" xmlns:st="st" xmlns:exif="exif" '
        'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:dk="dk" xmlns:mp="mp"'
    )
    body = f"<rdf:RDF {spaces}><rdf:Description rdf:about='' {attributes}>{inner}</rdf:Description></rdf:RDF>"
    return f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{body}</x:xmpmeta>".encode()


def bag(name: str, *items: str) -> str:
    return f"<{name}><rdf:Bag>{''.join(f'<rdf:li>{item}</rdf:li>' for item in items)}</rdf:Bag></{name}>"


FACES = (
    "<mwg:Regions rdf:parseType='Resource'><mwg:RegionList><rdf:Bag><rdf:li rdf:parseType='Resource'><mwg:Name>Ann Keeper"
    "</mwg:Name><mwg:Type>Face</mwg:Type></rdf:li></rdf:Bag></mwg:RegionList></mwg:Regions>"
)
WINDOWS_FACES = (
    "<mp:RegionInfo rdf:parseType='Resource'><mp:Regions><rdf:Bag><rdf:li><rdf:Description mp:PersonDisplayName='Ann Keeper'/>"
    "</rdf:li></rdf:Bag></mp:Regions></mp:RegionInfo>"
)
GPS = 'exif:GPSLatitude="59,54.5N" exif:GPSLongitude="10,44,30.0E"'


def with_xmp(packet: bytes) -> Maker:
    return saved(noise(), "JPEG", xmp=packet)


def beside(packet: bytes, name: str = "{stem}.xmp") -> Maker:
    def make(path: Path) -> None:
        noise().save(path, "JPEG")
        path.with_name(name.format(stem=path.stem, name=path.name)).write_bytes(packet)

    return make


def with_exif(tag: int, value: bytes | str, inner: bool = False) -> Maker:
    exif = Image.Exif()
    if inner:
        exif.get_ifd(0x8769)[tag] = value
    else:
        exif[tag] = value
    return saved(noise(), "JPEG", exif=exif.tobytes())


def with_text(**said: str) -> Maker:
    info = PngImagePlugin.PngInfo()
    for name, value in said.items():
        info.add_text(name, value)
    return saved(noise(), "PNG", pnginfo=info)


def with_iptc(record: int, value: bytes) -> Maker:
    data = b"\x1c\x02" + bytes([record]) + struct.pack(">H", len(value)) + value
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + bytes(len(data) % 2)

    def make(path: Path) -> None:
        made = io.BytesIO()
        noise().save(made, "JPEG")
        content = made.getvalue()
        path.write_bytes(content[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + content[2:])

    return make


TOLD: dict[str, tuple[Maker, Facts]] = {
    "subject.jpg": (with_xmp(xmp(bag("dc:subject", "pier", "lamp"))), {"keywords": "lamp"}),
    "title.jpg": (with_xmp(xmp(bag("dc:title", "North pier"))), {"title": "North pier"}),
    "tree.jpg": (with_xmp(xmp(bag("lr:hierarchicalSubject", "Places|Norway|Oslo"))), {"keywords": "Oslo"}),
    "tags.jpg": (with_xmp(xmp(bag("dk:TagsList", "Places/Norway"))), {"keywords": "Norway"}),
    "person.jpg": (with_xmp(xmp(bag("ext:PersonInImage", "Ann Keeper"))), {"keywords": "Ann Keeper"}),
    "faces.jpg": (with_xmp(xmp(FACES)), {"keywords": "Ann Keeper"}),
    "windows.jpg": (with_xmp(xmp(WINDOWS_FACES)), {"keywords": "Ann Keeper"}),
    "stars.jpg": (with_xmp(xmp("", 'xmp:Rating="5"')), {"keywords": "5 stars"}),
    "city.jpg": (with_xmp(xmp("", 'photoshop:City="Oslo"')), {"keywords": "Oslo"}),
    "headline.jpg": (with_xmp(xmp("", 'photoshop:Headline="North pier"')), {"title": "North pier"}),
    "place.jpg": (with_xmp(xmp("", GPS)), {"latitude": 59.908333, "longitude": 10.741667}),
    "day.jpg": (with_xmp(xmp("", 'photoshop:DateCreated="1954-08"')), {"date": "1954-08"}),
    "beside.jpg": (beside(xmp(bag("dc:title", "North pier"))), {"title": "North pier"}),
    "beside2.jpg": (beside(xmp(bag("dc:subject", "lamp")), "{name}.xmp"), {"keywords": "lamp"}),
    "beside3.jpg": (beside(b"<broken"), {"title": None}),
    "explorer.jpg": (with_exif(0x9C9F, "North pier".encode("utf-16-le")), {"title": "North pier"}),
    "explorer2.jpg": (with_exif(0x9C9C, "North pier".encode("utf-16-le")), {"title": "North pier"}),
    "ascii.jpg": (with_exif(0x9286, b"ASCII\0\0\0North pier", inner=True), {"title": "North pier"}),
    "wide.jpg": (with_exif(0x9286, b"UNICODE\0" + "North pier".encode("utf-16-le"), inner=True), {"title": "North pier"}),
    "comment.jpg": (saved(noise(), "JPEG", comment=b"North pier"), {"title": "North pier"}),
    "comment.gif": (saved(noise(), "GIF", comment=b"North pier"), {"title": "North pier"}),
    "text.png": (with_text(Title="North pier", Author="Ann Keeper"), {"title": "North pier", "artist": "Ann Keeper"}),
    "words.png": (with_text(Description="North pier", Keywords="lamp, oil"), {"title": "North pier", "keywords": "oil"}),
    "iptc.jpg": (with_iptc(105, b"North pier"), {"title": "North pier"}),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_what_people_write_is_found(tmp_path: Path, name: str) -> None:
    """Titles, keywords, people, places and stars, inside the file or beside it."""
    make, told = TOLD[name]
    make(tmp_path / name)
    facts = next(iter(read(tmp_path / name, "image", FORM)))
    assert isinstance(facts, Metadata)
    for field, value in told.items():
        said = getattr(facts, field)
        assert value in said if isinstance(said, tuple) else said == value, (field, said)


@pytest.mark.parametrize("form", ["webp", "png", "tiff", "bmp", "gif"])
def test_names_do_not_matter(tmp_path: Path, form: str) -> None:
    """A picture under the name of another format is known by its content."""
    noise().save(tmp_path / "a.jpg", form)
    assert identify(tmp_path / "a.jpg") == ("image", form)
    assert next(iter(read(tmp_path / "a.jpg", "image", FORM)))
