"""A tokenizer of the pieces of one text cuts it as the whole one does."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from retrieval.encoders import pieces

ROOT = Path(__file__).resolve().parents[3]
CLIP_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


@pytest.fixture(autouse=True)
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pieces, "LEAST_BYTES", 0)


def saved(model: Any, trainer: Any, folder: Path) -> Path:
    """The tokenizer.json of a tokenizer of CLIP's form that has learned from the documentation."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    split = pre_tokenizers.Split(Regex(CLIP_WORDS), "removed", invert=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
    tokenizer.train_from_iterator([(ROOT / "docs/query.md").read_text("utf-8")], trainer)
    start, end = (tokenizer.token_to_id(name) for name in ("<start>", "<end>"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", start), ("<end>", end)]
    )
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Byte-pair encoding with an end of words, as CLIP has."""
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        end_of_word_suffix="</w>",
        special_tokens=["<start>", "<end>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    return saved(models.BPE(end_of_word_suffix="</w>"), trainer, tmp_path / "clip")


def texts() -> list[str]:
    """Words of the documentation, and characters of many scripts by chance."""
    by_chance = random.Random(7)
    words = (ROOT / "docs/query.md").read_text("utf-8").split()
    some = [" ".join(by_chance.choices(words, k=by_chance.randint(1, 8))) for _ in range(40)]
    ranges = ((32, 126), (0xA0, 0x5FF), (0x3040, 0x9FFF), (0x1F300, 0x1F6FF))
    odd = ["".join(chr(by_chance.randint(*by_chance.choice(ranges))) for _ in range(12)) for _ in range(40)]
    return [*some, *odd, "", " ", "it's a dog", "собака на пляже", "沙滩上的狗"]


def test_it_cuts_as_the_whole_one(clip: Path) -> None:
    """Ids and masks; and it is smaller by far."""
    whole = Tokenizer.from_file(str(clip))
    for text in texts():
        few = pieces.tokenizer_for(clip, text, ("!",))
        assert few is not None
        assert few.get_vocab_size() < whole.get_vocab_size() / 2
        assert few.token_to_id("!") == whole.token_to_id("!")
        assert few.encode(text).ids == whole.encode(text).ids, text
        assert few.encode(text).attention_mask == whole.encode(text).attention_mask


def test_what_it_cannot_cut_is_left_to_the_whole_one(clip: Path, tmp_path: Path) -> None:
    """A long text, one with a special token in it, and a tokenizer of another kind."""
    assert pieces.tokenizer_for(clip, "w" * 1000) is None
    assert pieces.tokenizer_for(clip, "a <end> of it") is None
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=["<start>", "<end>"], show_progress=False)
    assert pieces.tokenizer_for(saved(models.WordPiece(), trainer, tmp_path / "other"), "a dog") is None
    assert pieces.tokenizer_for(tmp_path / "nowhere.json", "a dog") is None


def test_its_table_is_made_once_and_may_be_damaged(clip: Path) -> None:
    """A file that is no table any more leaves all to the whole tokenizer; `forget` deletes it."""
    pieces.tokenizer_for(clip, "a dog")
    (table,) = (clip.parents[1] / "cache/models/pieces").iterdir()
    made = table.stat().st_mtime_ns
    assert pieces.tokenizer_for(clip, "a dog") is not None
    assert table.stat().st_mtime_ns == made
    size = table.stat().st_size
    assert pieces.forget(clip.parent) == size
    assert not table.exists()
    table.write_bytes(b"no table")
    assert pieces.tokenizer_for(clip, "a dog") is None


@pytest.mark.parametrize("name", ["#1", "a?b", "50%41", os.fsdecode(b"caf\xe9")])
def test_the_cache_may_have_any_name(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Also one with signs that an address of a file gives a meaning."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / name))
    assert pieces.tokenizer_for(clip, "a word") is not None
    assert list((tmp_path / name).rglob("*.sqlite"))


def test_a_changed_tokenizer_has_a_table_of_its_own(clip: Path) -> None:
    pieces.tokenizer_for(clip, "a dog")
    whole = json.loads(clip.read_text("utf-8"))
    whole["model"]["merges"] = []
    clip.write_text(json.dumps(whole), "utf-8")
    few = pieces.tokenizer_for(clip, "a dog")
    assert few is not None
    assert few.encode("a dog").ids == Tokenizer.from_file(str(clip)).encode("a dog").ids
