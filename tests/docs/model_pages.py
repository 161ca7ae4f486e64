"""docs/models.md: profiles and models from profiles.toml, speeds from a table that a benchmark wrote, and every line that
`crossmedia models` prints, from the sources."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.encoders.registry import shipped
from tests.docs import lines

ROOT = Path(__file__).resolve().parents[2]
SPEEDS = ROOT / "benchmarks" / "model_speeds.json"
SOURCES = (
    "indexer/cli/models.py",
    "retrieval/encoders/install.py",
    "retrieval/encoders/hub.py",
    "retrieval/encoders/registry.py",
    "retrieval/encoders/profile_registry.py",
    "retrieval/encoders/profile.py",
    "retrieval/encoders/factory.py",
    "retrieval/encoders/onnx.py",
    "retrieval/encoders/onnx_session.py",
    "retrieval/encoders/open_clip.py",
    "retrieval/encoders/sentence_transformers.py",
    "retrieval/encoders/clap.py",
    "retrieval/encoders/embedding_gemma.py",
    "retrieval/encoders/embedding_gemma_export.py",
    "retrieval/encoders/torch_export.py",
    "retrieval/encoders/speech/weights.py",
    "retrieval/errors.py",
)

HEAD = """\
# Models

Which models a library is encoded by, how to choose, and how to bring one's own. Made from `retrieval/encoders/profiles.toml` and
the sources by `make docs`. A library records the models of its vectors and is asked by them, whatever its profile says later.

## Choosing

- Nothing to fetch, no network, small files: `starter`. It is what a new library gets.
- Better pictures on an ordinary CPU: `crossmedia models fetch clip`, then `crossmedia index --profile clip`, or
  `crossmedia rebuild --profile clip --keep` for a library that is there; `rebuild --rollback` goes back.
- Questions to pictures in many languages: `clip-multilingual`; with a GPU `clip-large`.
- One model for pictures, frames and sounds: `omni`. It is exported once where torch is installed, then runs without.
- Sounds in a library of CLIP: those models take none. `crossmedia models fetch clap-htsat-unfused` where torch is installed (it is
  exported once), before the library is made; for one that is there `crossmedia rebuild --encoder sound=clap-htsat-unfused`.
- `--profile auto` takes the best of those whose models are here.

Speeds are items for each processor second on one thread of a busy AMD EPYC, by `benchmarks/model_speed.py`, with random weights
where a model would have to be fetched; where no figure stands, none was measured. Published quality stands only where its source
was opened. That Immich has second exports under revision v2 was read about and not seen: what comes is compared.

"""

OWN = """\
## One's own

`crossmedia models add DIR --name NAME` looks into the folder, tries the model, and remembers the folder, which stays where it is.

| folder | told by | runs by |
|---|---|---|
| open_clip checkpoint | `open_clip_config.json` | its ONNX form, made once where torch is installed |
| sentence-transformers, texts | `modules.json` | the same |
| sentence-transformers, several media (6.0 or later) | `modality_config` in `sentence_bert_config.json` | sentence-transformers itself |
| CLAP, as transformers saves it: sounds and texts | `model_type` in `config.json` | the same |
| EmbeddingGemma 2 | `model_type` in `config.json` | its ONNX form, made once where torch is installed |
| ONNX, as Immich lays it out | `config.json`, `visual/model.onnx`, `textual/model.onnx` | ONNX Runtime |

The ONNX form lies in `models/exports` of the cache. Such a folder is a model of its own: `models add` takes it on a machine that
has no torch. Large graphs are kept a second time in `models/prepared`, as the runtime here has optimised them: a cold question
waits less for those ([decision 0148](decisions/0148-graphs-are-prepared-once.md)). A model of several media serves as
`--shared`, one of texts as `--sentence`, one of sounds and texts as `--sound`:

```
crossmedia models add ~/models/my-clip --name my-clip
crossmedia models profile add mine --shared my-clip --sound my-clap    # --sound may be left out
crossmedia index ~/Pictures --profile mine          # a new library
crossmedia rebuild --profile mine --keep            # one that is there; the old vectors stay until --no-keep
```

Numbers for an encoder that nobody fitted are measured when it first fills a library: `data/reference` (drawings with names in
sixteen languages, texts with questions, sounds) is put to it and to the starter, and its cosines are brought to where the
starter's fitted numbers hold. The library's own pictures make its typical picture. It is kept in the library's folder
`calibration`, belongs to the revision of the encoder, and is measured again when the library has grown tenfold. A sound space is
calibrated by seven recordings only: take its numbers as rough.

`crossmedia models fetch` is the only command that uses the network. It brings one commit, and goes on where a cut download
stopped. What a source gave first is held by commit and digest, and whatever comes later must be the same; `--renew` takes
other files ([decision 0147](decisions/0147-the-first-fetch-is-believed.md)). Whisper sizes come at a commit and with a digest
that the program states ([decision 0156](decisions/0156-whisper-is-pinned-by-what-others-hashed.md)). `HF_ENDPOINT` names a mirror of the model hub,
`HF_TOKEN` a login there, and `HF_HUB_OFFLINE=1` forbids it. Models named `-v2` are second exports of the same weights; their
golden vectors are compared with the first ones where both are here.

"""

LINES = """\
## Lines and errors

All that `crossmedia models` and what it calls print, taken from the sources; `…` stands for what is put in, the part in
brackets says what to do.

"""


@dataclass(frozen=True)
class Raised:
    """An error of the sources: what it says, and its hint; each with … for what is put in."""

    file: str
    line: int
    what: str
    hint: str


def raised() -> Iterator[Raised]:
    """Every error that the modules behind `crossmedia models` make of a text."""
    for name in SOURCES:
        tree = ast.parse((ROOT / name).read_text("utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and lines.ERRORS.search(lines._name(call.func)) and call.args:
                what = lines.text_of(call.args[0])
                if what is not None:
                    hint = call.args[1] if len(call.args) > 1 else None
                    yield Raised(name, call.lineno, what, _hint(hint))


def _hint(node: ast.expr | None) -> str:
    if node is None:
        return ""
    return lines.text_of(node) or ast.unparse(node)


def page() -> str:
    """docs/models.md."""
    data = shipped()
    return HEAD + _profiles(data) + _models(data) + OWN + _lines()


def _profiles(data: dict[str, Any]) -> str:
    rows = [
        "## Profiles\n\n| profile | for | pictures, and sounds if it takes them | texts | to fetch | sounds, if it is here |\n"
        "|---|---|---|---|---|---|\n"
    ]
    for name, entry in data["profiles"].items():
        size = sum(data["models"][entry[role]].get("bytes", 0) for role in ("shared", "sentence"))
        told = f"{size / 1e6:,.0f} MB" if size else "nothing"
        sound = f"`{entry['sound']}`" if "sound" in entry else ""
        rows.append(
            f"| `{name}` | {entry['about']} | `{entry['shared']}` | `{entry['sentence']}` | {told} | "
            f"{sound} |\n"
        )
    return "".join(rows) + "\n"


def _models(data: dict[str, Any]) -> str:
    speeds = json.loads(SPEEDS.read_text("utf-8"))
    rows = [
        "## Models\n\n| model | takes | languages | licence | numbers | images a second | texts a second | published quality |\n"
        "|---|---|---|---|---|---|---|---|\n"
    ]
    for name, entry in data["models"].items():
        fast = speeds.get(name, {})
        image, text = (f"{fast[key]:.3g}" if key in fast else "" for key in ("image", "text"))
        rows.append(
            f"| `{name}` | {', '.join(entry['senses'])} | {entry['languages']} | {entry['licence']} | {entry['dimension']} | {image} | "
            f"{text} | {entry.get('quality', '')} |\n"
        )
    return "".join(rows) + "\n"


def _lines() -> str:
    parts = [LINES]
    for name in SOURCES:
        found = list(dict.fromkeys(lines.lines_of(ROOT / name)))
        if found:
            parts.append(f"### {name}\n\n" + "".join(f"- {line}\n" for line in found) + "\n")
    return "".join(parts).rstrip() + "\n"
