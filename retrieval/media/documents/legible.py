"""Whether the letters that a PDF tells are those that it shows. A wrong table from glyphs to characters (ToUnicode) gives
other ones: each moved by a constant, or shuffled. docs/decisions/0290
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Final

# The 200 commonest pairs of letters in Latin script, by the pieces of a vocabulary of 16 languages: of 24 languages' texts
# 68 % or more of all pairs are among them, of moved and shuffled ones 52 % or fewer.
PAIRS: Final = frozenset(
    "ab ac ad ag ah ai ak al am an ap ar as at au av ay ba be bi bl bo br bu ca ce ch ci ck co cr ct cu da de di do du ea "
    "ec ed ee eg ei el em en ep er es et eu ev ex fa fe fi fo fr ga ge gi go gr gu ha he hi ho ht ia ic id ie if ig ik il "
    "im in io ir is it iv ja je ka ke ki la ld le li ll lo lt lu ly ma mb me mi mo mp mu na nc nd ne ng ni nk nn no ns nt "
    "nu ny ob oc od of og oi ok ol om on oo op or os ot ou ov ow pa pe pi pl po pr pu qu ra rd re ri rm rn ro rr rs rt ru "
    "ry sa sc se sh si so sp ss st su ta te th ti to tr ts tt tu ua uc ue ui ul um un up ur us ut va ve vi vo wa we wh wi "
    "wo xt ya yo ze".split()
)
LEAST_PAIRS: Final = 40  # fewer tell nothing
COMMON: Final = 0.55  # of the pairs of a text
SIGNS: Final = 0.5  # of what is written: more are no text, whatever it is about
_REPEATED: Final = re.compile(r"([^\w\s])(?:\s*\1)+")  # dots up to a page number, rules of dashes
_WORD: Final = re.compile(r"[^\W\d_]+")


def is_legible(text: str) -> bool:
    """Whether a text of some length reads like one in a language; what is short, or in another script, does."""
    written = [each for each in _REPEATED.sub(r"\1", text) if not each.isspace()]
    signs = sum(not each.isalnum() and unicodedata.category(each)[0] != "M" for each in written)
    if len(written) >= LEAST_PAIRS and signs > SIGNS * len(written):
        return False
    pairs = common = 0
    for word in _WORD.findall(unicodedata.normalize("NFD", text.lower())):
        for one, other in pairwise(word):
            if one.isascii() and other.isascii():
                pairs += 1
                common += one + other in PAIRS
    return pairs < LEAST_PAIRS or common >= COMMON * pairs
