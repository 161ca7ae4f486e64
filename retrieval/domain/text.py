"""Text that every database and terminal takes."""

from __future__ import annotations

import re
import unicodedata

_UNSAID = re.compile(r"[\ud800-\udfff]")


_QUOTES = re.compile(r'["“”„«»「」『』]')
_OUTER = re.compile(r"^[(（\[【]([^()（）\[\]【】]*)[)）\]】]$")
_FINAL = " .,;:!?…。，；：！？、"
EMOJI = re.compile("[\u2600-\u27bf\u2b50\u2b55\U0001f300-\U0001faff][\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]*")
_COLOURLESS = re.compile(r"\b(?:black|white|heavy|sign|symbol)\b")  # of shapes, in names as "heavy black heart"


def valid_text(text: str) -> str:
    """The text with surrogate pairs joined, and U+FFFD for what is no character: bytes of a name that are not UTF-8,
    lone halves of pairs.
    """
    if not _UNSAID.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def emoji_name(sign: str) -> str:
    """The English name of an emoji, as Unicode has it: "dog face"; empty where it has none."""
    name = unicodedata.name(sign[0], "").lower().replace("-", " ")
    return " ".join(_COLOURLESS.sub(" ", name).split()) or name


def normalized(text: str) -> str:
    """A question as an encoder is asked: quotes, outer brackets, final punctuation, repeated blanks and capitals that all
    letters share change nothing of what is meant; an emoji means its name. A text of signs alone stays as it is."""
    text = EMOJI.sub(lambda each: f" {emoji_name(each.group())} ", text)
    plain = " ".join(_QUOTES.sub(" ", text).split())
    while (bare := _OUTER.sub(r"\1", plain).strip(_FINAL)) != plain:
        plain = bare
    return (plain.lower() if plain.isupper() else plain) or text.strip()


_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
LEAST_WORDS = 4  # of a sentence
LEAST_UNSPACED = 8  # characters of a script without blanks, which make about as much


def is_sentence(text: str) -> bool:
    """Whether a line says something beyond its words: four words or more, of which three have three letters and a vowel
    at least, or eight characters of a script without blanks; letters for the most part, not in pieces, not numbers.
    """
    unspaced = len(_UNSPACED.findall(text))
    shown = sum(not each.isspace() for each in text)
    if unspaced * 2 > shown:
        return unspaced >= LEAST_UNSPACED and unspaced >= 0.7 * shown
    words = _WORD.findall(text)
    letters = sum(map(len, words))
    told = [word for word in words if len(word) >= 3 and not _is_consonants(word)]
    return len(words) >= LEAST_WORDS and len(told) >= LEAST_WORDS - 1 and letters >= 0.7 * shown


def _is_consonants(word: str) -> bool:
    """Whether a word of Latin letters has no vowel: an abbreviation, or a misread one."""
    bare = unicodedata.normalize("NFD", word.lower())
    return bare[0].isascii() and not set(bare) & set("aeiouyæøœ")


_STROKES = str.maketrans({"ł": "l", "đ": "d", "ð": "d", "ø": "o", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ё": "е"})


def plain_name(text: str) -> str:
    """A name by which those that are written in two ways are told to be one: without case, marks and signs (São-Paulo: sao
    paulo); words apart by one blank."""
    parts = unicodedata.normalize("NFKD", valid_text(text)).casefold().translate(_STROKES)
    kept = "".join(" " if not (each.isalnum() or unicodedata.category(each)[0] == "M") else each for each in parts)
    return " ".join("".join(each for each in kept if unicodedata.category(each) != "Mn").split())
