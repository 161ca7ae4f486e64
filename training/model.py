"""The starter's trained parts: the caption adapter and the image tower with its class term.

Owns the arithmetic of the shared space of pictures and words, and the reading of checkpoints. A sentence vector t
becomes unit(W t + B gelu(A t + a) + b). The tower is two networks that both begin with ImageNet's weights. One stays as it
is and gives class probabilities p, of which nothing can be forgotten; the other has learned captions and gives features f.
The vector of a picture is unit(unit(H f + h) + details + weight (1 + growth * sum of p^2) * sum of p(class) * vector of the
class name): the words that captions never say stay known, the more so where the class is clear. How much they weigh is
judged picture by picture (`Weigher`), and a linear layer reads captions from the class scores as well (`Probe`). See
docs/decisions/0100-class-term.md and 0106-weigher-and-probe.md.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.backbone import Backbone

DIMENSION = 512
HIDDEN = 1024
DETAIL = 160  # hidden units
DETAILED = (2, 4, 7, 10, 15)  # blocks whose maps are looked at in detail, all of the constant part
FEATURES, CLASSES = 1280, 1000
ROOTS = 3.0  # brings roots of probabilities to the size of scaled features
SIZE = 224  # side of the pictures in pixels; larger than the 176 learned on, see docs/decisions/0102
FROZEN = 3  # first blocks of the caption network that never learn
LIGHTEST = 0.35  # share of its weight that the class term keeps in a picture that captions describe
PROBED = 0.4  # weight of the probe beside the caption network
CLASS_TERM, CERTAINTY = 1.6, 0.0  # weight of the class names in a picture's vector, and how it grows


class Adapter(nn.Module):
    """Sentence vectors (n, 512) into the shared space, unit rows. Begins as the identity."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Linear(DIMENSION, DIMENSION, bias=False)
        self.a = nn.Linear(DIMENSION, HIDDEN)
        self.b = nn.Linear(HIDDEN, DIMENSION)
        nn.init.eye_(self.w.weight)
        nn.init.normal_(self.a.weight, std=4 / math.sqrt(DIMENSION))
        nn.init.zeros_(self.b.weight)
        nn.init.zeros_(self.b.bias)

    def forward(self, sentences: Tensor, dropout: float = 0.0) -> Tensor:
        hidden = functional.dropout(functional.gelu(self.a(sentences)), dropout, self.training)
        return functional.normalize(self.w(sentences) + self.b(hidden), dim=-1)


class Detail(nn.Module):
    """What pooling hides: statistics of the maps of several blocks, as an addition to a picture's vector.

    Colours, numbers and shapes of drawings live here (docs/decisions/0104-details.md). Begins as nothing. A gate opens for
    what looks drawn and shuts for photos, so that these keep their vectors.
    """

    middle: Tensor
    spread: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("middle", torch.zeros(3 * channels))
        self.register_buffer("spread", torch.ones(3 * channels))
        self.a = nn.Linear(3 * channels, DETAIL)
        self.b = nn.Linear(DETAIL, DIMENSION)
        self.opens = nn.Linear(3 * channels, 1)
        for part in (self.b, self.opens):
            nn.init.zeros_(part.weight)
            nn.init.zeros_(part.bias)

    def scaled(self, statistics: Tensor) -> Tensor:
        """Statistics (n, 3 * channels) as both parts read them."""
        return ((statistics - self.middle) / self.spread).clamp(-4, 4)

    def gate(self, statistics: Tensor) -> Tensor:
        """(n, 1) log-odds that a picture is drawn."""
        opened: Tensor = self.opens(self.scaled(statistics))
        return opened

    def forward(self, statistics: Tensor) -> Tensor:
        """(n, 512) of statistics (n, 3 * channels)."""
        hidden = functional.relu(self.a(self.scaled(statistics)))
        added: Tensor = self.b(functional.dropout(hidden, 0.1, self.training))
        return added * self.gate(statistics).sigmoid()


class Weigher(nn.Module):
    """The share of its weight that the class term keeps: LIGHTEST where captions describe a scene, all in a single thing.

    One linear row of the caption network's features, the roots of the class probabilities and their certainty.
    """

    middle: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("middle", torch.zeros(FEATURES))
        self.register_buffer("spread", torch.ones(FEATURES))
        self.row = nn.Linear(FEATURES + CLASSES + 1, 1)
        nn.init.zeros_(self.row.weight)
        nn.init.zeros_(self.row.bias)

    def inputs(self, features: Tensor, chances: Tensor) -> Tensor:
        """(n, 2281) of features (n, 1280) and class probabilities (n, 1000)."""
        scaled = ((features - self.middle) / self.spread).clamp(-4, 4)
        return torch.cat([scaled, ROOTS * chances.sqrt(), ROOTS * (chances * chances).sum(1, keepdim=True)], 1)

    def forward(self, features: Tensor, chances: Tensor) -> Tensor:
        """(n, 1) in LIGHTEST..1."""
        share: Tensor = LIGHTEST + (1 - LIGHTEST) * self.row(self.inputs(features, chances)).sigmoid()
        return share


class Probe(nn.Module):
    """What the class network's scores tell of captions: one linear layer, learned apart from the caption network.

    The class network has never seen the captioned photos, so the probe errs otherwise than the caption network does.
    """

    middle: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("middle", torch.zeros(CLASSES))
        self.register_buffer("spread", torch.ones(CLASSES))
        self.turn = nn.Linear(CLASSES, DIMENSION)

    def scaled(self, logits: Tensor) -> Tensor:
        """Class scores (n, 1000) as the layer reads them."""
        return ((logits - self.middle) / self.spread).clamp(-5, 5)

    def forward(self, logits: Tensor) -> Tensor:
        """(n, 512) unit rows of class scores (n, 1000)."""
        return functional.normalize(self.turn(self.scaled(logits)), dim=1)


def statistics(x: Tensor) -> Tensor:
    """Mean, deviation and greatest value of each channel of a map (n, c, h, w), as (n, 3 c)."""
    mean = x.mean(dim=(2, 3))
    deviation = ((x * x).mean(dim=(2, 3)) - mean * mean).clamp(min=1e-6).sqrt()
    return torch.cat([mean, deviation, x.amax(dim=(2, 3))], 1)


class Starter(nn.Module):
    """Class network, caption network, head and adapter, with the two temperatures of training.

    `class_term` and `certainty` are the weights of the class names in a picture's vector.
    """

    class_term: Tensor
    certainty: Tensor

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.classes = Backbone(weights).requires_grad_(False)
        self.captions = Backbone(weights)
        del self.captions.classes
        for part in [self.captions.stem, *self.captions.blocks[:FROZEN]]:
            part.requires_grad_(False)
        self.adapter = Adapter()
        self.head = nn.Linear(FEATURES, DIMENSION)
        self.detail: Detail | None = None
        self.weigher: Weigher | None = None
        self.probe: Probe | None = None
        nn.init.normal_(self.head.weight, std=0.02)
        self.caption_scale = nn.Parameter(torch.tensor(math.log(18.0)))
        self.label_scale = nn.Parameter(torch.tensor(math.log(15.0)))
        self.register_buffer("class_term", torch.tensor(CLASS_TERM))
        self.register_buffer("certainty", torch.tensor(CERTAINTY))

    def detailed(self) -> None:
        """Give the tower a look at details, if it has none yet."""
        if self.detail is None:
            maps = [self.classes.blocks[number] for number in DETAILED]
            self.detail = Detail(sum(len(block.steps[-1].weight) for block in maps))

    @torch.no_grad()
    def known(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """What never changes, of normalised pixels (n, 3, s, s): class logits (n, 1000) and statistics (n, any)."""
        x, found = self.classes.stem(pixels), []
        for number, block in enumerate(self.classes.blocks):
            x = block(x)
            if number in DETAILED:
                found.append(statistics(x))
        features = self.classes.head(x).mean(dim=(2, 3))
        return self.classes.classes(features), torch.cat(found, 1)

    def features(self, pixels: Tensor) -> Tensor:
        """What the caption network sees in normalised pixels (n, 3, s, s): (n, 1280)."""
        with torch.no_grad():
            x = self.captions.stem(pixels)
            for block in self.captions.blocks[:FROZEN]:
                x = block(x)
        for block in self.captions.blocks[FROZEN:]:
            x = block(x)
        return self.captions.head(x).mean(dim=(2, 3))

    def join(
        self,
        features: Tensor,
        logits: Tensor,
        classes: Tensor,
        looked: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> Tensor:
        """Unit vectors (n, 512) of features, class logits and statistics; `classes` (1000, 512) is adapted.

        `weight` (n, 1) of the class term, the model's own where it is None.
        """
        seen = functional.normalize(self.head(features), dim=1)
        if self.detail is not None and looked is not None:
            seen = seen + self.detail(looked)
        if self.probe is not None:
            seen = seen + PROBED * self.probe(logits)
        chances = logits.softmax(1)
        if weight is None:
            weight = self.class_term * (1 + self.certainty * (chances * chances).sum(1, keepdim=True))
            if self.weigher is not None:
                weight = weight * self.weigher(features, chances)
        return functional.normalize(seen + weight * (chances @ classes), dim=1)

    def forward(self, pixels: Tensor, classes: Tensor) -> Tensor:
        """Unit vectors (n, 512) of normalised pixels (n, 3, s, s)."""
        logits, looked = self.known(pixels)
        return self.join(self.features(pixels), logits, classes, looked)


def normalise(pixels: Tensor) -> Tensor:
    """uint8 pictures (n, s, s, 3) as the backbone wants them: (n, 3, s, s) in -1..1, channels last in memory.

    EfficientNet-Lite was trained by its authors on (x - 127) / 128, which this nearly is.
    """
    x = pixels.permute(0, 3, 1, 2).float() / 255
    return ((x - 0.5) / 0.5).contiguous(memory_format=torch.channels_last)


def read_checkpoint(path: Path, key: str = "ema") -> dict[str, Tensor]:
    """The state of a `Starter`: "ema" is the running mean of the weights, which ships; "net" is what learns on."""
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)[key]
    return state
