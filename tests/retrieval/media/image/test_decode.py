"""A picture file as facts and pixels."""

from __future__ import annotations

import csv
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata
from retrieval.errors import MediaError, MediaTooLarge, MediaUnreadable
from retrieval.media.image.decode import fit, open_image, picture_of, read_image
from retrieval.media.image.rgb import to_rgb
from retrieval.settings import Limits

FORM = ImageSpec(32)
RED, BLUE = (220, 20, 20), (20, 20, 220)


def halves(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Red left half, blue right half."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, size[0], size[1]))
    return image


def parts(path: Path, form: ImageSpec = FORM) -> tuple[Metadata, list[ExtractedSegment]]:
    facts, *readings = read_image(path, form)
    assert isinstance(facts, Metadata)
    return facts, [reading for reading in readings if isinstance(reading, ExtractedSegment)]


def near(pixel: np.ndarray, colour: tuple[int, int, int], by: int = 40) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() <= by)


def test_squeeze_equals_a_plain_bicubic_resize() -> None:
    """Below six-fold shrinking, `fit` gives exactly Pillow's bicubic resize."""
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (150, 170, 3), np.uint8))
    expected = np.asarray(image.resize((32, 32), Image.Resampling.BICUBIC))
    assert np.array_equal(fit(image, FORM), expected)


@pytest.mark.parametrize(("kind", "corner"), [("crop", RED), ("pad", (7, 7, 7)), ("squeeze", RED)])
def test_fit_shapes_wide_pictures(kind: str, corner: tuple[int, int, int]) -> None:
    """Every fit gives a square; only `pad` shows its fill, and only outside the picture."""
    array = fit(halves((96, 32)), ImageSpec(32, fit=kind, fill=7))
    assert array.shape == (32, 32, 3)
    assert array.dtype == np.uint8
    assert near(array[0, 0], corner)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    """Stored pixels and EXIF orientation together always show the red half on the left."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the Transpose that makes the stored picture of each orientation
    stored = halves() if orientation == 1 else halves().transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    facts, [reading] = parts(tmp_path / "a.png")
    assert (facts.width, facts.height) == (64, 48)
    assert near(reading.views[0].array[16, 2], RED)
    assert near(reading.views[0].array[16, 29], BLUE)


@pytest.mark.parametrize(
    "suffix",
    ["jpg", "png", "gif", "webp", "bmp", "tiff", "ico", "jp2", "avif", "heic", "qoi", "ppm", "tga", "dds", "icns"],
)
def test_format_is_read_whatever_its_name(tmp_path: Path, suffix: str) -> None:
    """A picture of any format opens with the right halves under a name without suffix (TGA has no magic number and keeps it)."""
    if suffix == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener()
    halves((128, 128)).save(tmp_path / f"a.{suffix}")
    path = (tmp_path / f"a.{suffix}").rename(tmp_path / ("a.tga" if suffix == "tga" else "noname"))
    _, [reading] = parts(path)
    assert near(reading.views[0].array[16, 4], RED)
    assert near(reading.views[0].array[16, 27], BLUE)


def test_a_large_jpeg_is_decoded_small_and_looks_the_same(tmp_path: Path) -> None:
    """Decoding at an eighth changes no pixel of the result by more than a few steps."""
    noise = Image.fromarray(np.random.default_rng(2).integers(0, 255, (30, 40, 3), np.uint8))
    big = noise.resize((1600, 1200), Image.Resampling.BICUBIC)
    big.save(tmp_path / "a.jpg", quality=95)
    _, [reading] = parts(tmp_path / "a.jpg")
    assert open_image(tmp_path / "a.jpg", side=32).size == (200, 150)
    assert np.abs(reading.views[0].array.astype(int) - fit(big, FORM)).mean() < 2


def test_sixteen_bits_keep_their_shades(tmp_path: Path) -> None:
    """Full-range 16-bit grey becomes the same shade in 8 bits."""
    Image.fromarray(np.full((40, 40), 0x8000, np.uint16)).save(tmp_path / "a.png")
    ramp = np.tile(np.linspace(0, 65535, 40).astype(np.uint16), (40, 1))
    Image.fromarray(ramp).save(tmp_path / "b.png")
    assert near(fit(open_image(tmp_path / "b.png"), FORM)[5, 0], (0, 0, 0), 10)
    assert near(fit(open_image(tmp_path / "b.png"), FORM)[5, 31], (255, 255, 255), 10)
    assert near(fit(open_image(tmp_path / "a.png"), FORM)[5, 5], (128, 128, 128), 2)


def test_cmyk_keeps_its_colour(tmp_path: Path) -> None:
    """A CMYK JPEG of red is red."""
    Image.new("CMYK", (32, 32), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    assert near(fit(open_image(tmp_path / "a.jpg"), FORM)[5, 5], (255, 0, 0), 20)


def test_light_drawings_on_nothing_stay_visible() -> None:
    """White lines on transparency are laid on grey, black ones on white."""
    for ink, ground in ((255, 64), (0, 255)):
        drawing = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
        drawing.paste((ink, ink, ink, 255), (10, 0, 20, 32))
        rgb = np.asarray(to_rgb(drawing))
        assert rgb[5, 0, 0] == ground
        assert rgb[5, 15, 0] == ink


def test_an_animation_is_one_segment_with_moments(tmp_path: Path) -> None:
    """Frames of a GIF are views at their times; a frame like the one before it is merged."""
    frames = [Image.new("RGB", (32, 32), colour) for colour in (RED, RED, BLUE, (20, 220, 20))]
    frames[1].putpixel((0, 0), (221, 21, 21))
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=200)
    _, [reading] = parts(tmp_path / "a.gif")
    assert [view.at_ms for view in reading.views] == [0, 400, 600]
    assert near(reading.views[1].array[5, 5], BLUE)


def test_views_of_a_long_animation_are_bounded(tmp_path: Path) -> None:
    """A GIF of 300 different frames gives at most limits.frames views, spread over its whole length."""
    frames = [Image.new("RGB", (16, 16), (n * 53 % 256, n * 97 % 256, n * 31 % 256)) for n in range(300)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100)
    _, [reading] = parts(tmp_path / "a.gif")
    assert 8 < len(reading.views) <= 32
    assert (reading.views[-1].at_ms or 0) > 25_000


def test_pages_of_a_tiff_are_segments(tmp_path: Path) -> None:
    """A TIFF of three pages gives three image segments with their page numbers."""
    halves().save(tmp_path / "a.tif", save_all=True, append_images=[Image.new("RGB", (20, 90), BLUE), halves()])
    facts, readings = parts(tmp_path / "a.tif")
    assert facts.pages == 3
    assert [reading.segment.page for reading in readings] == [1, 2, 3]
    assert near(readings[1].views[0].array[5, 5], BLUE)


def test_facts_come_from_exif(tmp_path: Path) -> None:
    """Date in local time, camera once, place in signed degrees."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x010E] = "Canon", "Canon EOS 40D", "OLYMPUS DIGITAL CAMERA"
    exif.get_ifd(0x8769)[0x9003] = "2019:07:14 16:03:11"
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 51.0, 36.0), 3: "E", 4: (151.0, 12.0, 0.0)})
    halves().save(tmp_path / "a.jpg", exif=exif)
    facts, _ = parts(tmp_path / "a.jpg")
    assert (facts.date, facts.camera, facts.title) == ("2019-07-14T16:03:11", "Canon EOS 40D", None)
    assert (facts.latitude, facts.longitude) == (-33.86, 151.2)


def test_keywords_come_from_xmp(tmp_path: Path) -> None:
    """dc:subject becomes keywords and dc:title the title, in any script."""
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmp:CreateDate="2020-02-03T04:05:06+09:00"><dc:subject><rdf:Bag><rdf:li>海</rdf:li><rdf:li>dog</rdf:li></rdf:Bag>'
        '</dc:subject><dc:title><rdf:Alt><rdf:li xml:lang="x-default">Am Strand</rdf:li></rdf:Alt></dc:title>'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    halves().save(tmp_path / "a.jpg", xmp=packet.encode())
    facts, _ = parts(tmp_path / "a.jpg")
    assert (facts.keywords, facts.title, facts.date) == (("海", "dog"), "Am Strand", "2020-02-03T04:05:06")


def test_an_entity_in_xmp_is_not_expanded(tmp_path: Path) -> None:
    """A packet that declares entities gives no text of theirs."""
    packet = b'<!DOCTYPE x [<!ENTITY a "boom"><!ENTITY b "&a;&a;">]><x xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>&b;</dc:title></x>'
    halves().save(tmp_path / "a.jpg", xmp=packet)
    facts, _ = parts(tmp_path / "a.jpg")
    assert facts.title is None


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_camera_raw_shows_its_largest_preview(tmp_path: Path, order: str) -> None:
    """A RAW gives the largest JPEG inside, turned by the RAW's own orientation, not its thumbnail and not its sensor data."""
    small, large = (jpeg(halves(size)) for size in ((160, 120), (640, 480)))
    tags = [(0x010F, 2, 6, b"Canon\0"), (0x0112, 3, 1, 6), (0x014A, 4, 1, 0), (0xC612, 1, 4, 1)]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(tags))
    for tag, kind, count, value in tags:
        packed = struct.pack(order + "I", 200) if isinstance(value, bytes) else struct.pack(order + ("HH" if kind == 3 else "I"), *((value, 0) if kind == 3 else (value,)))  # fmt: skip
        head += struct.pack(order + "HHI", tag, kind, count) + packed
    body = (head + b"\0" * 4).ljust(200, b"\0") + b"Canon\0" + small + b"\xff\xd8\xff\xc3sensor" + large + b"\x55" * 999
    (tmp_path / "a.dng").write_bytes(body)
    facts, [reading] = parts(tmp_path / "a.dng")
    assert (facts.format, facts.camera, facts.width, facts.height) == ("raw", "Canon", 480, 640)
    assert near(reading.views[0].array[2, 16], RED)


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    """What would take more memory than its file can mean, and a picture above the limit, are too large; nothing is decoded."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 13_000, 13_000, 8, 6, 0, 0, 0)
    packed = b"IDAT" + zlib.compress(bytes(100))
    chunks = b"".join(
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in (header, packed)
    )
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    with pytest.raises(MediaTooLarge, match="megapixels"):
        open_image(tmp_path / "bomb.png")
    halves().save(tmp_path / "a.png")
    with pytest.raises(MediaTooLarge):
        open_image(tmp_path / "a.png", Limits(pixels=1000))


@pytest.mark.parametrize(
    ("suffix", "share"),
    [
        *((suffix, share) for suffix in ("webp", "tiff", "bmp", "avif") for share in (0.02, 0.5, 0.9)),
        ("png", 0.02),
        ("jpg", 0.02),
    ],
)
def test_a_cut_file_is_an_error_with_a_reason(tmp_path: Path, suffix: str, share: float) -> None:
    """A picture cut short is truncated or damaged, never a wrong picture and never another exception."""
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 255, (200, 200, 3), np.uint8))
    noise.save(tmp_path / f"a.{suffix}")
    content = (tmp_path / f"a.{suffix}").read_bytes()
    (tmp_path / f"a.{suffix}").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(MediaUnreadable) as caught:
        parts(tmp_path / f"a.{suffix}")
    assert caught.value.reason in ("truncated", "damaged")


def test_a_damaged_png_does_not_pass_by_being_asked_twice(tmp_path: Path) -> None:
    """A PNG whose data break off after the header tags is refused although Pillow met the fault while looking for EXIF."""
    noise = Image.fromarray(np.random.default_rng(4).integers(0, 255, (200, 200, 3), np.uint8))
    noise.save(tmp_path / "a.png")
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[len(content) // 2] ^= 0xFF
    content[len(content) // 2 + 9 : len(content) // 2 + 400] = b"\0" * 391
    (tmp_path / "a.png").write_bytes(bytes(content))
    with pytest.raises(MediaUnreadable):
        parts(tmp_path / "a.png")


def test_pictures_inside_bytes_are_read() -> None:
    """`picture_of` opens a picture that a document holds, and refuses what is none."""
    assert picture_of(jpeg(halves()), "part").size == (64, 48)
    with pytest.raises(MediaUnreadable):
        picture_of(b"no picture at all", "part")


def test_real_odd_and_hostile_pictures_open_as_stated(media: Path) -> None:
    """Each of the special pictures opens, or is refused with a reason or marked, as their table says."""
    folder = media / "fixtures" / "images" / "special"
    with open(folder / "special.tsv", encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    opened = {}
    for row in rows:
        try:
            facts, rest = parts(folder / row["file"])
            opened[row["file"]] = len(rest) > 0 and not facts.format.endswith("incomplete")
        except MediaError as error:
            assert error.reason  # noqa: PT017
            opened[row["file"]] = False
    assert opened == {row["file"]: row["opens"] == "yes" for row in rows}


@pytest.mark.parametrize(("side", "size"), [(0, (1400, 1060)), (88, (175, 133)), (89, (350, 265)), (400, (1400, 1060))])
def test_a_jpeg_is_decoded_in_part_with_a_margin(tmp_path: Path, side: int, size: tuple[int, int]) -> None:
    """At 1/8 it has 133 rows, half as many again as 88 but not as 89."""
    Image.new("RGB", (1400, 1060), (90, 120, 30)).save(tmp_path / "a.jpg")
    assert open_image(tmp_path / "a.jpg", side=side).size == size


def test_a_photo_with_a_gain_map_behind_it_is_decoded_in_part(tmp_path: Path) -> None:
    """A camera's Ultra HDR JPEG: Pillow calls it MPO, the gain map its second frame; one segment, the photo's."""
    photo, gains = Image.new("RGB", (1400, 1060), (90, 120, 30)), Image.new("L", (350, 265), 128)
    photo.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[gains])
    with Image.open(tmp_path / "a.jpg") as opened:
        assert (opened.format, getattr(opened, "n_frames", 1)) == ("MPO", 2)
    assert open_image(tmp_path / "a.jpg", side=88).size == (175, 133)
    facts, [reading] = parts(tmp_path / "a.jpg")
    assert (facts.width, facts.height) == (1400, 1060)
    assert len(reading.views) == 1
    assert near(reading.views[0].array[16, 16], (90, 120, 30))
