"""Photos with a film beside or inside them, and the names of where photos were taken."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library
from retrieval.domain.media import ImageSpec, Medium, Metadata, Span
from retrieval.media.extract import read
from retrieval.media.motion import photo_at
from retrieval.media.places import places_of
from tests.fakes import COLOURS, FakeProfile, colour_name
from tests.realfiles.table import File, check
from tests.retrieval.media.made_clips import write

EXIF, GPS, MAKER_NOTE = 0x8769, 0x8825, 0x927C
ONE, OTHER = "9F8E7D6C-0001-4A5B-8C9D-112233445566", "00000000-0002-4A5B-8C9D-112233445566"
BERGEN, BERLIN = (60.3913, 5.3221), (52.5200, 13.4050)
Make = Callable[[Path], object]


def maker_note(identifier: str) -> bytes:
    """Apple's directory with one tag, behind its name."""
    text = identifier.encode() + b"\0"
    return b"Apple iOS\0\0\1MM" + struct.pack(">HHHIII", 1, 0x11, 2, len(text), 32, 0) + text


def still(color: str, identifier: str = "", place: tuple[float, float] | None = None, **options: object) -> Make:
    exif = Image.Exif()
    if identifier:
        exif.get_ifd(EXIF)[MAKER_NOTE] = maker_note(identifier)
    if place is not None:
        exif.get_ifd(GPS).update({1: "N", 2: (place[0], 0.0, 0.0), 3: "E", 4: (place[1], 0.0, 0.0)})
    Image.init()  # its own AVIF before the other one's
    pillow_heif.register_heif_opener(thumbnails=False)
    return lambda path: Image.new("RGB", (64, 48), COLOURS[color]).save(path, exif=exif, **options)


def moving(color: str) -> list[np.ndarray]:
    """A second of one colour with a stripe that moves, so that nothing is flat."""
    pictures = []
    for at in range(25):
        picture = np.full((48, 64, 3), COLOURS[color], np.uint8)
        picture[:, 2 * at : 2 * at + 8] = picture[:, 2 * at : 2 * at + 8] // 2
        pictures.append(picture)
    return pictures


def film(color: str, identifier: str = "") -> Make:
    """A film that telephones write beside a still."""

    def make(path: Path) -> None:
        plain = path.with_suffix(".mp4")
        write(plain, moving(color))
        tags = {"com.apple.quicktime.content.identifier": identifier} if identifier else {}
        with (
            av.open(str(plain)) as given,
            av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as out,
        ):
            out.metadata.update(tags)
            [stream] = given.streams
            copy = out.add_stream_from_template(stream)
            for packet in given.demux(stream):
                if packet.dts is not None:
                    packet.stream = copy
                    out.mux(packet)
        plain.unlink()

    return make


def indexed(home: Path, media: Path) -> Library:
    index_folders([media], library=home, options=Options(profile=FakeProfile(), workers=1))
    return Library.open(home, profile=FakeProfile())


def made(folder: Path, files: dict[str, Make]) -> Path:
    folder.mkdir()
    for name, make in files.items():
        make(folder / name)
    return folder


@pytest.mark.parametrize("names", [("IMG_1.jpg", "IMG_1.mov"), ("IMG_1.heic", "renamed.mov")], ids=["jpeg", "heic"])
def test_a_live_photo_is_one_hit(tmp_path: Path, names: tuple[str, str]) -> None:
    """Its still, which names the film; by words and in a list by date; the film alone where films are asked for."""
    media = made(tmp_path / "media", {names[0]: still("red", ONE), names[1]: film("red", ONE)})
    with indexed(tmp_path / "home", media) as library:
        for answer in (library.search("red"), library.search("", after="1990")):
            assert [hit.path.name for hit in answer.shown] == [names[0]]
            assert answer.shown[0].half == media / names[1]
        assert [hit.path.name for hit in library.search("red in:video").shown] == [names[1]]


def test_names_make_no_pair(tmp_path: Path) -> None:
    """The same name with another identifier, or with none, is another film."""
    media = made(
        tmp_path / "media",
        {
            "IMG_1.jpg": still("red", ONE),
            "IMG_1.mov": film("red", OTHER),
            "IMG_2.jpg": still("blue"),
            "IMG_2.mov": film("blue"),
        },
    )
    with indexed(tmp_path / "home", media) as library:
        for word, number in (("red", 1), ("blue", 2)):
            first = [hit.path.name for hit in library.search(word) if hit.confidence > 0.5]
            assert sorted(first) == [f"IMG_{number}.jpg", f"IMG_{number}.mov"]


def xmp(body: str) -> bytes:
    spaces = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:GCamera="g" xmlns:Container="c" xmlns:Item="i"'
    )
    return f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF {spaces}>{body}</rdf:RDF></x:xmpmeta>".encode()


def container(length: int) -> str:
    items = f'<Container:Item Item:Semantic="Primary" Item:Padding="0"/><Container:Item Item:Semantic="MotionPhoto" Item:Length="{length}"/>'
    return (
        f'<rdf:Description GCamera:MotionPhoto="1"><Container:Directory>{items}</Container:Directory></rdf:Description>'
    )


def micro(length: int) -> str:
    return f"<rdf:Description><GCamera:MicroVideo>1</GCamera:MicroVideo><GCamera:MicroVideoOffset>{length}</GCamera:MicroVideoOffset></rdf:Description>"


def with_film(path: Path, says: Callable[[int], str] | None, *, box: bool = False, trailer: bool = False) -> None:
    """A red still and a blue film in one file."""
    film("blue")(path.with_name("inside.mov"))
    inside = path.with_name("inside.mov").read_bytes()
    path.with_name("inside.mov").unlink()
    still("red", xmp=xmp(says(len(inside))) if says else b"")(path)
    if box:
        inside = struct.pack(">I4s", len(inside) + 8, b"mpvd") + inside
    if trailer:
        inside = b"\0\0\x0a\x30\x10\0\0\0MotionPhoto_Data" + inside + b"SEFH....SEFT"
    path.write_bytes(path.read_bytes() + inside)


@pytest.mark.parametrize(
    ("name", "says", "box", "trailer"),
    [
        ("a.jpg", container, False, False),
        ("b.jpg", micro, False, False),
        ("c.jpg", None, False, True),
        ("d.heic", None, True, False),
    ],
    ids=["container", "microvideo", "samsung", "heif"],
)
def test_the_film_inside_a_motion_photo_is_looked_at(
    tmp_path: Path, name: str, says: Callable[[int], str] | None, box: bool, trailer: bool
) -> None:
    """One file and one hit: the still, and the film as a shot of it, which is shown at its time."""
    (tmp_path / "media").mkdir()
    path = tmp_path / "media" / name
    with_film(path, says, box=box, trailer=trailer)
    kinds = [one.segment.kind for one in read(path, "image", ImageSpec(32)) if not isinstance(one, Metadata)]
    assert kinds == ["image", "shot"]
    assert colour_name(np.asarray(photo_at(path, at_ms=500))) == "blue"
    assert colour_name(np.asarray(photo_at(path))) == "red"
    with indexed(tmp_path / "home", tmp_path / "media") as library:
        [red], [blue] = library.search("red"), library.search("blue")
        assert (red.medium, red.segments[0].kind) == ("image", "image")
        assert (blue.medium, blue.segments[0].kind) == ("image", "shot")
        assert blue.segments[0].span is not None
        assert abs(blue.segments[0].span.end - 1000) < 100


@pytest.mark.parametrize("says", [None, lambda length: container(length + 10**6), lambda _: container(7)])
def test_bytes_behind_a_photo_are_no_film_unless_it_says_so(tmp_path: Path, says: Callable[[int], str] | None) -> None:
    """Also where it says so wrongly: the still is read as ever."""
    with_film(tmp_path / "a.jpg", says)
    kinds = [
        one.segment.kind for one in read(tmp_path / "a.jpg", "image", ImageSpec(32)) if not isinstance(one, Metadata)
    ]
    assert kinds == ["image"]


@pytest.mark.parametrize(
    ("place", "first", "names"),
    [
        (BERGEN, "Bergen, Vestland, Norway", ["Norge", "Берген", "卑爾根"]),
        (BERLIN, "Mitte, Berlin, State of Berlin, Germany", ["Deutschland", "ベルリン"]),
        ((43.7034, 7.2663), "Nice, Provence-Alpes-Côte d'Azur, France", ["Nizza", "法国"]),
        ((-54.80, -68.30), "Ushuaia, Tierra del Fuego, Argentina", ["Argentina"]),
        ((36.0, -112.1), "Grand Canyon, Arizona, United States", ["美国"]),
    ],
)  # fmt: skip
def test_the_nearest_town_names_a_place(place: tuple[float, float], first: str, names: list[str]) -> None:
    """And the city in whose reach it lies, the region, the country; in other languages too."""
    found = places_of(*place)
    assert found[0] == first
    assert set(names) <= set(found)


@pytest.mark.parametrize("place", [(0.1, -20.0), (-75.0, 0.0), (None, None), (91.0, 0.0)])
def test_the_open_sea_has_no_name(place: tuple[float | None, float | None]) -> None:
    """Nor has what is no place."""
    assert places_of(*place) == ()


PLACED: list[tuple[str, Medium, Make]] = [
    ("a.jpg", "image", still("red", place=BERGEN)),
    ("a.heic", "image", still("red", place=BERGEN)),
    ("a.mp4", "video", lambda path: write(path, moving("red"), metadata={"location": "+60.3913+005.3221/"})),
]


@pytest.mark.parametrize(("name", "medium", "make"), PLACED, ids=[name for name, _, _ in PLACED])
def test_what_has_coordinates_has_places(tmp_path: Path, name: str, medium: Medium, make: Make) -> None:
    """Of pictures and films alike."""
    make(tmp_path / name)
    facts = next(iter(read(tmp_path / name, medium, ImageSpec(32))))
    assert isinstance(facts, Metadata)
    assert facts.places[0] == "Bergen, Vestland, Norway"


def test_a_place_is_a_filter_and_a_word(tmp_path: Path) -> None:
    """In any case and language, with or without accents; of whole words; shown with the photo."""
    media = made(
        tmp_path / "media",
        {"one.jpg": still("red", place=BERGEN), "two.jpg": still("red", place=BERLIN), "three.jpg": still("red")},
    )
    with indexed(tmp_path / "home", media) as library:
        asked = {
            "place:Bergen": ["one.jpg"], "place:norway": ["one.jpg"], "place:NORVEGE": ["one.jpg"],
            "place:Берген": ["one.jpg"], "place:挪威": ["one.jpg"], 'place:"state of berlin"': ["two.jpg"],
            "place:berlin": ["two.jpg"], "place:erlin": [], "place:%": [], "red place:Deutschland": ["two.jpg"],
        }  # fmt: skip
        for question, names in asked.items():
            assert [hit.path.name for hit in library.search(question)] == names, question
        assert library.search("Bergen")[0].path.name == "one.jpg"
        assert library.search("Bergen")[0].segments
        assert library.show(media / "two.jpg").asset.facts["place"] == "Mitte, Berlin, State of Berlin, Germany"


def test_sidecars_place_a_photo(tmp_path: Path) -> None:
    """XMP coordinates are coordinates."""
    (tmp_path / "a.xmp").write_bytes(
        xmp('<rdf:Description xmlns:exif="e" exif:GPSLatitude="60,23.478N" exif:GPSLongitude="5,19.326E"/>')
    )
    check(tmp_path, File("a.jpg", "image", still("red"), facts={"places": "Bergen"}))


def test_a_span_of_a_motion_photo_is_that_of_its_film(tmp_path: Path) -> None:
    """From 0 to the end of the film."""
    with_film(tmp_path / "a.jpg", container)
    [shot] = [
        one.segment
        for one in read(tmp_path / "a.jpg", "image", ImageSpec(32))
        if not isinstance(one, Metadata) and one.segment.kind == "shot"
    ]
    assert shot.span == Span(0, 1000)
