"""open_clip models by torch and by their ONNX export, from file and string, against the library's own output."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retrieval.domain.media import Space, Vectors
from retrieval.encoders import onnx, open_clip
from retrieval.errors import EncoderUnavailable, SpaceMismatch
from retrieval.media.image.decode import fit, open_image

pytestmark = pytest.mark.torch
KINDS = ("vit", "resnet", "siglip")
TEXTS = [
    "a dog on the beach",
    "A DOG,  on the beach!",
    "two cats & a red chair (sleeping)",
    "it's 2026; they'll say we've 12,345 photos",
    "沙滩上的一只狗",
    "浜辺の犬 ＨＥＬＬＯ",
    "สุนัขบนชายหาด",
    "собака на пляже",
    "café naïve “quoted” &amp; ﬁne 🐕",
    "",
    "   \t ",
    " ".join(["many words of a long question that no text tower reads to its end"] * 12),
]


@pytest.fixture(scope="session", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of model."""
    return str(request.param)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, checkpoint: Callable[[str], Path]) -> Callable[[str], Path]:
    """A function: kind to the folder of its ONNX export."""
    made: dict[str, Path] = {}

    def of(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("exports") / kind
            open_clip.export(checkpoint(kind), made[kind])
        return made[kind]

    return of


def library_images(folder: Path, files: list[Path]) -> Vectors:
    """The library's own vectors of picture files: its loading, its transforms, its model."""
    import open_clip as library
    import torch
    from PIL import Image

    model, preprocess = library.create_model_from_pretrained(f"local-dir:{folder}")
    with torch.no_grad():
        rows = model.eval().encode_image(torch.stack([preprocess(Image.open(file)) for file in files]), normalize=True)
    return np.asarray(rows.numpy(), np.float32)


def library_texts(folder: Path, texts: list[str]) -> Vectors:
    """The library's own vectors of texts."""
    import open_clip as library
    import torch

    model, _ = library.create_model_from_pretrained(f"local-dir:{folder}")
    tokens = library.get_tokenizer(f"local-dir:{folder}")(texts)
    with torch.no_grad():
        return np.asarray(model.eval().encode_text(tokens, normalize=True).numpy(), np.float32)


def space_of(folder: Path) -> Space:
    """A space of the checkpoint's dimension."""
    return Space("tiny", "open_clip", "1", open_clip.dimension(folder))


def cosines(one: Vectors, other: Vectors) -> Vectors:
    """Row by row."""
    return np.asarray((one * other).sum(1), np.float32)


def test_exported_images_are_the_librarys(
    kind: str, checkpoint: Callable[[str], Path], exported: Callable[[str], Path], pictures: list[Path]
) -> None:
    """From file: our decoding, our fit, ONNX; cosine to open_clip's own from the same file at least 0.999."""
    encoder = onnx.OnnxImage(exported(kind), space_of(checkpoint(kind)))
    ours = encoder.encode([fit(open_image(file), encoder.form) for file in pictures])
    assert cosines(ours, library_images(checkpoint(kind), pictures)).min() >= 0.999


def test_other_geometry_would_be_seen(
    kind: str, checkpoint: Callable[[str], Path], exported: Callable[[str], Path], pictures: list[Path]
) -> None:
    """The check above can fail: another fit of the same picture is another vector for this model."""
    from dataclasses import replace

    encoder = onnx.OnnxImage(exported(kind), space_of(checkpoint(kind)))
    wrong = replace(encoder.form, fit="crop" if encoder.form.fit == "squeeze" else "squeeze")
    ours = encoder.encode([fit(open_image(file), wrong) for file in pictures[1:3]])
    assert cosines(ours, library_images(checkpoint(kind), pictures[1:3])).max() < 0.99


def test_exported_texts_are_the_librarys(
    kind: str, checkpoint: Callable[[str], Path], exported: Callable[[str], Path]
) -> None:
    """From string: our cleaning, our tokenizer, ONNX; cosine to open_clip's own at least 0.999."""
    encoder = onnx.OnnxText(exported(kind), space_of(checkpoint(kind)))
    assert cosines(encoder.encode(TEXTS), library_texts(checkpoint(kind), TEXTS)).min() >= 0.999


def test_other_words_would_be_seen(
    kind: str, checkpoint: Callable[[str], Path], exported: Callable[[str], Path]
) -> None:
    """The check above can fail: texts that differ in one word have other vectors."""
    encoder = onnx.OnnxText(exported(kind), space_of(checkpoint(kind)))
    one, other = encoder.encode(["a dog on the beach", "a cat on the beach"])
    assert float(one @ other) < 0.99


def test_torch_encoders_are_the_librarys(kind: str, checkpoint: Callable[[str], Path], pictures: list[Path]) -> None:
    """The torch form gives the same vectors as the library too."""
    folder = checkpoint(kind)
    text, image = open_clip.torch_encoders(folder, space_of(folder))
    seen = image.encode([fit(open_image(file), image.form) for file in pictures])
    assert cosines(seen, library_images(folder, pictures)).min() >= 0.999
    assert cosines(text.encode(TEXTS), library_texts(folder, TEXTS)).min() >= 0.999


def test_clip_tokens_equal_open_clips_own(checkpoint: Callable[[str], Path], exported: Callable[[str], Path]) -> None:
    """The exported tokenizer gives open_clip's ids for words of many scripts, digits, signs and odd spaces."""
    import open_clip as library
    from tokenizers import Tokenizer

    own = library.get_tokenizer("ViT-B-32")
    ours = Tokenizer.from_file(str(exported("vit") / onnx.TOKENIZER))
    random = np.random.default_rng(11)
    alphabet = list(
        "abcdefgh ABC 0123456789 '\"-_.,;:!?()[]&<>/ äöüßéñ 沙滩狗 かな 한국어 ไทย русский العربية 🐕👍🏽  "
    )
    for _ in range(500):
        text = "".join(random.choice(alphabet, size=random.integers(1, 40)))
        clean = onnx.CLEANERS["lower"](text)
        expected = [own.sot_token_id, *own.encode(text), own.eot_token_id]
        assert ours.encode(clean).ids == expected, repr(text)


def test_export_serves_without_torch(checkpoint: Callable[[str], Path], exported: Callable[[str], Path]) -> None:
    """A process that encodes a text by the export imports neither torch nor open_clip nor Pillow."""
    script = (
        "import sys; from pathlib import Path; from retrieval.domain.media import Space; from retrieval.encoders import onnx;"
        "e = onnx.OnnxText(Path(sys.argv[1]), Space('t', 'o', '1', 48)); e.encode(['a dog']);"
        "print(sorted({'torch', 'open_clip', 'PIL', 'ftfy', 'av'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(exported("vit"))], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_cut_checkpoint_is_named(tmp_path: Path, checkpoint: Callable[[str], Path]) -> None:
    """Truncated weights give one line with the folder."""
    for file in checkpoint("vit").iterdir():
        (tmp_path / file.name).write_bytes(
            file.read_bytes()[:-1000] if file.suffix == ".safetensors" else file.read_bytes()
        )
    with pytest.raises(EncoderUnavailable, match="cannot be loaded by open_clip"):
        open_clip.export(tmp_path, tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_wrong_dimension_is_refused(exported: Callable[[str], Path]) -> None:
    """A space of another dimension than the model's is a mismatch, not a wrong answer."""
    with pytest.raises(SpaceMismatch, match="gives vectors of shape"):
        onnx.OnnxText(exported("vit"), Space("tiny", "open_clip", "1", 512)).encode(["a dog"])


def test_wrong_pixels_are_refused(exported: Callable[[str], Path]) -> None:
    """Pictures of another size than the form are a mismatch."""
    with pytest.raises(SpaceMismatch, match="takes uint8"):
        onnx.OnnxImage(exported("vit"), Space("tiny", "open_clip", "1", 48)).encode([np.zeros((32, 32, 3), np.uint8)])


def test_unknown_architecture_is_named(tmp_path: Path) -> None:
    """A name that open_clip does not know gives one line."""
    with pytest.raises(EncoderUnavailable, match="knows no architecture ViT-Q-99"):
        open_clip.save("ViT-Q-99", "openai", tmp_path, tmp_path)


@pytest.mark.gpu
def test_cuda_gives_the_same_vectors(checkpoint: Callable[[str], Path], pictures: list[Path]) -> None:
    """On CUDA the torch form runs on the device and agrees with the CPU."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    folder = checkpoint("vit")
    _, image = open_clip.torch_encoders(folder, space_of(folder))
    seen = image.encode([fit(open_image(file), image.form) for file in pictures])
    assert image._loaded.model.visual.conv1.weight.is_cuda
    assert cosines(seen, library_images(folder, pictures)).min() >= 0.999
