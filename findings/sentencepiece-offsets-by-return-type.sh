#!/usr/bin/env bash
# SentencePiece 0.2.3 refuses the old type of answer, recommends another one, and that one counts bytes where the old one counted characters.
#
# Library: sentencepiece 0.2.3, beside 0.2.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, begin and end of the pieces of "漢字 éü":
#   0.2.1, out_type="immutable_proto"          (0, 1) (1, 2) (2, 4) (4, 5)    characters of the text
#   0.2.3, the same call                       ValueError: "... no longer supported. Use return_type='proto' instead."
#   0.2.3, return_type="proto"                 (0, 3) (3, 6) (6, 9) (9, 11)   bytes of UTF-8; fields of the same names
#   0.2.3, return_type="offset_mapping"        (0, 1) (1, 2) (2, 4) (4, 5)    characters again
#   For ASCII all are alike. A character that is normalised into several belongs to its last piece: of "ab ﬁ", "▁f" is the blank
#   alone, (2, 3), and "i" is the ligature, (3, 4).
# A media indexer must: take "offset_mapping" for highlights, and test places on text that is not ASCII.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet sentencepiece==0.2.3 protobuf==7.35.0 numpy==2.4.6
venv/bin/pip install --quiet --target old --no-deps sentencepiece==0.2.1
cat > train.py <<'PY'
import random

import sentencepiece

chance = random.Random(0)
with open("corpus.txt", "w", encoding="utf-8") as file:
    for _ in range(500):
        file.write(" ".join("".join(chance.choice("abcdefghij éüß漢字") for _ in range(6)) for _ in range(8)) + "\n")
sentencepiece.SentencePieceTrainer.train(
    input="corpus.txt", model_prefix="small", vocab_size=200, character_coverage=1.0, hard_vocab_limit=False, minloglevel=2
)
PY
venv/bin/python train.py
cat > places.py <<'PY'
import sys

import sentencepiece

TEXT, LIGATURE = "漢字 éü", "ab ﬁ"
pieces = sentencepiece.SentencePieceProcessor(model_file="small.model")
CHARACTERS, BYTES = [(0, 1), (1, 2), (2, 4), (4, 5)], [(0, 3), (3, 6), (6, 9), (9, 11)]


def spans(answer):
    return [(piece.begin, piece.end) for piece in answer.pieces]


if sys.argv[1] == "old":
    old = spans(pieces.encode(TEXT, out_type="immutable_proto"))
    print(sentencepiece.__version__, "immutable_proto", old)
    assert old == CHARACTERS
else:
    try:
        pieces.encode(TEXT, out_type="immutable_proto")
        raise SystemExit("immutable_proto is back")
    except ValueError as error:
        print(sentencepiece.__version__, error)
        assert "Use return_type='proto' instead" in str(error)
    proto = spans(pieces.encode(TEXT, return_type="proto"))
    mapping = pieces.encode(TEXT, return_type="offset_mapping")["offsets"]
    ligature = pieces.encode(LIGATURE, return_type="offset_mapping")
    print("proto", proto, "offset_mapping", mapping, LIGATURE, ligature["pieces"], ligature["offsets"])
    assert proto == BYTES and mapping == CHARACTERS
    assert ligature["pieces"][-2:] == ["▁f", "i"] and ligature["offsets"][-2:] == [(2, 3), (3, 4)]
PY
PYTHONPATH=old venv/bin/python places.py old
venv/bin/python places.py new
echo "still so"
