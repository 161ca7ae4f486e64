"""Models of several media by torch and by ONNX, from file and string, against the library's own output."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from retrieval.domain.media import AudioSpec, ImageSpec, Space, Vectors
from retrieval.encoders import embedding_gemma, sentence_transformers
from retrieval.encoders.factory import make_encoder
from retrieval.encoders.install import add
from retrieval.errors import EncoderUnavailable
from retrieval.media.av.audio import listen_audio
from retrieval.media.av.video import watch_video
from retrieval.media.image.decode import fit, open_image
from tests.retrieval.media import made_clips

TEXTS = ["a dog on the beach", "沙滩上的一只狗", "собака на пляже", "", "two cats sleep on a red chair " * 40]


def library(folder: Path) -> Any:
    """The library's own model."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": "float32"})


def own(folder: Path, items: list[Any], *, asks: bool = False) -> Vectors:
    """The library's own vectors, one item at a time."""
    model = library(folder)
    encode = model.encode_query if asks else model.encode
    return np.asarray(encode(items, batch_size=1, normalize_embeddings=True, show_progress_bar=False))


def opened(files: list[Path]) -> list[Any]:
    """Picture files as the library's own guide hands them over."""
    from PIL import Image

    return [Image.open(file).convert("RGB") for file in files]


def cosines(one: Vectors, other: Vectors) -> Vectors:
    """Row by row."""
    return np.asarray((one * other).sum(1), np.float32)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten seconds of a chord, of noise, and five of a tone, as 16-bit WAV."""
    folder, random = tmp_path_factory.mktemp("sounds"), np.random.default_rng(3)
    seconds = np.arange(160_000) / 16_000
    chord = sum(np.sin(2 * np.pi * pitch * seconds) for pitch in (220, 277, 330)) / 8
    made = []
    for number, samples in enumerate([chord, random.normal(0, 0.1, 160_000), np.sin(900 * seconds)[:80_000] / 3]):
        made.append(folder / f"{number}.wav")
        with wave.open(str(made[-1]), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes((samples * 32767).astype("<i2").tobytes())
    return made


def library_sounds(folder: Path, files: list[Path]) -> Vectors:
    """The library's own vectors of WAV files, read by the standard library."""
    items = []
    for path in files:
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
        items.append({"audio": {"array": samples, "sampling_rate": 16_000}})
    return own(folder, items)


def our_sounds(encoder: Any, files: list[Path]) -> Vectors:
    """The first window of each file, by our reader."""
    assert isinstance(encoder.form, AudioSpec)
    return np.asarray(encoder.encode([next(listen_audio(file, encoder.form)).views[0].array for file in files]))


def our_pictures(encoder: Any, files: list[Path]) -> Vectors:
    """Picture files by our decoding and shape."""
    assert isinstance(encoder.form, ImageSpec)
    return np.asarray(encoder.encode([fit(open_image(file), encoder.form) for file in files]))


@pytest.mark.torch
def test_a_multimodal_folder_is_the_librarys(multimodal: Path, pictures: list[Path]) -> None:
    """Pictures from file and texts by string; a text that names a file is a text."""
    space = Space("shared", "m", "1", sentence_transformers.dimension(multimodal))
    made = sentence_transformers.torch_encoders(multimodal, space)
    assert set(made) == {"text", "image"}
    assert cosines(our_pictures(made["image"], pictures), own(multimodal, opened(pictures))).min() >= 0.999
    texts = [*TEXTS, str(pictures[0])]
    theirs = own(multimodal, [{"text": each} for each in texts])
    assert cosines(np.asarray(made["text"].encode(texts)), theirs).min() >= 0.999
    seen = our_pictures(made["image"], pictures)
    assert (seen @ seen.T)[~np.eye(len(seen), dtype=bool)].max() < 0.99  # the comparison above can fail


@pytest.mark.torch
def test_embedding_gemma_by_torch_is_the_librarys(gemma: Path, pictures: list[Path], recordings: list[Path]) -> None:
    """Texts with the prompt of questions, pictures, sounds."""
    made = sentence_transformers.torch_encoders(gemma, Space("shared", "m", "1", 48))
    assert set(made) == {"text", "image", "sound"}
    assert cosines(our_sounds(made["sound"], recordings), library_sounds(gemma, recordings)).min() >= 0.999
    theirs = own(gemma, opened(pictures))
    assert cosines(our_pictures(made["image"], pictures), theirs).min() >= 0.999
    theirs = own(gemma, [{"text": each} for each in TEXTS], asks=True)
    assert cosines(np.asarray(made["text"].encode(TEXTS)), theirs).min() >= 0.999


@pytest.mark.torch
def test_embedding_gemma_by_onnx_is_the_librarys(
    gemma: Path, gemma_export: Path, pictures: list[Path], recordings: list[Path]
) -> None:
    """Our own pixels, spectrogram, tokens and graphs; the document's prompt gives another vector than the question's."""
    space = Space("shared", "m", "1", 48)
    text = embedding_gemma.GemmaText(gemma_export, space, "query")
    image, sound = embedding_gemma.GemmaImage(gemma_export, space), embedding_gemma.GemmaSound(gemma_export, space)
    heard = our_sounds(sound, recordings)
    assert cosines(heard, library_sounds(gemma, recordings)).min() >= 0.999
    seen = our_pictures(image, pictures)
    assert cosines(seen, own(gemma, opened(pictures))).min() >= 0.999
    asked = text.encode(TEXTS)
    assert cosines(asked, own(gemma, [{"text": each} for each in TEXTS], asks=True)).min() >= 0.999
    for rows in (heard, seen, asked[:3]):
        assert (rows @ rows.T)[~np.eye(len(rows), dtype=bool)].max() < 0.99
    as_document = embedding_gemma.GemmaText(gemma_export, space, "document").encode(TEXTS[:1])
    assert cosines(as_document, own(gemma, [{"text": PROMPT + TEXTS[0]}]))[0] >= 0.999
    assert float(as_document[0] @ asked[0]) < 0.99


PROMPT = "title: none | text: "


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenes of two seconds each."""
    path = tmp_path_factory.mktemp("films") / "three.mp4"
    scenes = [made_clips.pattern(seed) for seed in (1, 2, 3)]
    made_clips.write(path, made_clips.frames(scenes, [50, 50, 50]))
    return path


@pytest.mark.torch
@pytest.mark.parametrize("how", ["torch", "onnx"])
def test_frames_of_a_film_are_the_librarys(
    how: str, request: pytest.FixtureRequest, multimodal: Path, gemma: Path, film: Path
) -> None:
    """What is looked at of a video file, by our reader and encoder, against its frames by FFmpeg and the library itself."""
    folder = multimodal if how == "torch" else gemma
    space = Space("shared", "m", "1", sentence_transformers.dimension(folder))
    if how == "torch":
        encoder: Any = sentence_transformers.torch_encoders(folder, space)["image"]
    else:
        encoder = embedding_gemma.GemmaImage(request.getfixturevalue("gemma_export"), space)
    views = [view for shot in watch_video(film, encoder.form) for view in shot.views]
    ours = encoder.encode([view.array for view in views])
    with av.open(str(film)) as container:
        shown = {round(1000 * float(frame.time)): frame.to_image() for frame in container.decode(video=0)}
    theirs = own(folder, [shown[view.at_ms] for view in views])
    assert len(views) >= 3
    assert cosines(ours, theirs).min() >= 0.999
    assert (ours @ theirs.T)[~np.eye(len(ours), dtype=bool)].min() < 0.99


@pytest.mark.torch
def test_a_short_sound_is_no_longer_one(gemma: Path, gemma_export: Path) -> None:
    """Silence after a clip of one second changes nothing: the frames beyond its end are masked."""
    encoder = embedding_gemma.GemmaSound(gemma_export, Space("shared", "m", "1", 48))
    clip = np.random.default_rng(4).normal(0, 0.1, 16_000).astype(np.float32)
    theirs = own(gemma, [{"audio": {"array": clip, "sampling_rate": 16_000}}])
    assert cosines(encoder.encode([clip]), theirs)[0] >= 0.999


@pytest.mark.torch
def test_embedding_gemma_serves_without_torch(gemma_export: Path) -> None:
    """A process that encodes all three media by the export imports neither torch nor transformers."""
    script = (
        "import sys; import numpy as np; from pathlib import Path; from retrieval.domain.media import Space;"
        "from retrieval.encoders import embedding_gemma as e; f, s = Path(sys.argv[1]), Space('shared', 'm', '1', 48);"
        "e.GemmaText(f, s, 'query').encode(['a dog']); e.GemmaSound(f, s).encode([np.zeros(16000, np.float32)]);"
        "e.GemmaImage(f, s).encode([np.zeros((96, 144, 3), np.uint8)]);"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'PIL', 'av'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(gemma_export)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_cells_hold_the_patches_of_one_token() -> None:
    """Each cell its patches in rows, each patch its pixels in rows, red, green and blue of one beside each other."""
    picture = np.arange(8 * 12 * 3, dtype=np.uint8).reshape(8, 12, 3)
    pixels, positions = embedding_gemma.cells(picture, 2, 2)
    assert pixels.shape == (6, 4, 12)
    assert positions[1].tolist() == [[2, 0], [3, 0], [2, 1], [3, 1]]
    assert np.allclose(pixels[1, 2] * 255, picture[2:4, 4:6].reshape(-1))


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1, 1), (16, 16), (4000, 3), (3, 4000), (200, 199)])
def test_a_grid_keeps_the_shape_within_its_tokens(width: int, height: int) -> None:
    """Sides are whole steps, never none, and never more squares than there are tokens."""
    form = ImageSpec(402, "grid", step=48, tokens=70)
    across, down = form.grid(width, height)
    assert across % 48 == down % 48 == 0
    assert 1 <= (across // 48) * (down // 48) <= 70


def test_a_folder_of_several_media_without_its_library_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to install; nothing is imported to find out."""
    from importlib import util

    from retrieval.encoders import factory, registry

    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    folder = tmp_path / "omni"
    folder.mkdir()
    (folder / "modules.json").write_text("[]")
    model = registry.Model("omni", "sentence_transformers", frozenset({"text", "image"}), 40)
    registry.record(model, folder)
    with pytest.raises(EncoderUnavailable, match="runs by sentence-transformers, which is not installed") as caught:
        factory.make_encoder(model, "shared", "image")
    assert caught.value.hint == "pip install 'crossmedia[clip]'"


@pytest.mark.torch
def test_an_added_export_is_a_model_of_its_own(
    gemma_export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ONNX form alone, as it is brought to a machine without torch."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path))
    state = add(gemma_export, "brought")
    assert (state.model.family, state.model.senses) == ("embedding_gemma", {"text", "image", "sound"})
    encoder = make_encoder(state.model, "shared", "sound")
    assert encoder.encode([np.zeros(16_000, np.float32)]).shape == (1, 48)
