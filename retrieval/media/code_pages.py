"""The code page of bytes that are neither UTF-8 nor marked: the one under which the text reads most like a language.

Most code pages decode most bytes without an error, so that proves nothing. Each reading is judged by what its letters
make of it: letters that its language writes speak for it, others, signs inside words and capitals behind small letters
speak against it, and the words themselves say how likely the language is. Alphabets: Unicode CLDR's main exemplar
letters beyond a to z; of Han and Hangul the first level of GB 2312, Big5, JIS X 0208 and KS X 1001.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise
from math import log
from typing import Final

CYRILLIC: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
ALPHABETS: Final = {
    "fr": "àâæçéèêëîïôœùûüÿ", "es": "áéíóúüñºª", "pt": "áâãàçéêíóôõúüºª", "it": "àèéìíîòóùú", "de": "äöüß",
    "nl": "éëïóöüèáí", "en": "éèïçñöêâ", "sv": "åäöé", "da": "æøåé", "no": "æøåéòô", "fi": "äöåšž", "is": "áðéíóúýþæö",
    "ca": "àçèéíïòóúü·", "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    "hr": "čćđšž", "sl": "čšž", "tr": "çğıöşüâîû", "lt": "ąčęėįšųūž", "lv": "āčēģīķļņšūž", "et": "äõöüšž",
    "vi": "ăâđêôơưàáãèéìíòóùúý\u0300\u0301\u0303\u0309\u0323", "ru": CYRILLIC + "ё", "uk": CYRILLIC + "іїєґ", "bg": CYRILLIC,
    "sr": "абвгдђежзијклљмнњопрстћуфхцчџш", "el": "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",
    "he": "".join(map(chr, range(0x5B0, 0x5EB))), "ar": "".join(map(chr, range(0x621, 0x653))) + "،؛؟",
    "fa": "".join(map(chr, range(0x621, 0x653))) + "پچژگکی،؛؟\u200c",
    "th": "".join(map(chr, (*range(0xE01, 0xE24), 0xE25, *range(0xE27, 0xE2F), *range(0xE30, 0xE45), *range(0xE46, 0xE4D)))),
}  # fmt: skip
# In the order of preference where two readings are as good.
CODE_PAGES: Final = {
    "cp1252": "fr es pt it de nl en sv da no fi is ca", "cp1250": "pl cs sk hu ro hr sl de", "cp1251": "ru uk bg sr",
    "cp1253": "el", "cp1254": "tr", "cp1257": "lt lv et pl", "cp1255": "he", "cp1256": "ar fa", "cp874": "th",
    "cp1258": "vi",
    "cp932": "ja", "gb18030": "zh", "cp949": "ko", "big5hkscs": "zh-hant", "euc_jp": "ja",
    "iso8859_2": "pl cs sk hu ro hr sl",
    "iso8859_15": "fr es pt it de fi et", "iso8859_7": "el", "iso8859_5": "ru bg sr", "koi8_r": "ru", "koi8_u": "uk",
    "cp866": "ru bg", "mac_cyrillic": "ru uk", "mac_roman": "fr es pt it de sv da en",
    "cp850": "fr es pt it de nl sv da no fi",
    "cp852": "pl cs sk hu hr", "cp857": "tr", "cp862": "he", "cp737": "el", "cp775": "lt lv et",
}  # fmt: skip
NEUTRAL: Final = frozenset("“”‘’„‚–—…«»‹›•°€£§©®™¿¡´ \u00a0·½¼²³×±")  # signs that any language writes
WIDE_NEUTRAL: Final = frozenset(
    "　、。，．・：；？！「」『』（）〈〉《》【】〜～ー—…“”‘’％＆＋－＝／０１２３４５６７８９"
)
THAI_MARKS: Final = frozenset(
    "\u0e30\u0e31\u0e32\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e3a\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e4d\u0e33"
)
IN_WORDS: Final = frozenset("’·\u200c\u00ad")  # signs that stand between letters
NEUTRAL_WORTH: Final = 0.8
RARE: Final = 0.25  # what a code page of old systems must be better by
OLD: Final = frozenset(
    {"mac_cyrillic", "mac_roman", "cp850", "cp852", "cp857", "cp862", "cp737", "cp775", "cp866", "cp1258"}
)
STRANGE: Final = -2.0  # what a character counts that the language does not write
MISPLACED: Final = -2.0  # a capital behind a small letter, a sign inside a word
FINALISTS: Final = 6  # readings that are looked at closely
BY_PAIRS: Final = 0.02  # what common characters of two bytes are worth more: by chance they are rarer
WORDS_COUNT: Final = 0.06  # of the logarithm of the language's likelihood by its words, beside 1 for each right letter
MOST: Final = 6_000  # bytes that are looked at, from the first that is not ASCII


def best_code_page(sample: bytes, lang: str | None = None) -> str:
    """Python's name of the code page. lang: primary tag of the language that something else told, as a file's name."""
    first = next((at for at, byte in enumerate(sample) if byte >= 0x80), 0)
    sample, is_cut = sample[max(0, first - 200) :][:MOST], len(sample) - max(0, first - 200) > MOST
    readings = []
    for rank, (encoding, langs) in enumerate(CODE_PAGES.items()):
        text = _decoded(sample, encoding, is_cut)
        if text is not None:
            scores = {one: _letters(text, one, encoding) + (one == lang) for one in langs.split()}
            readings.append((max(scores.values()), -rank, encoding, text, scores))
    readings.sort(reverse=True)
    if not readings:
        return "cp1252"
    best = max(readings[:FINALISTS], key=lambda one: (round(_close(one[3], one[2], one[4]), 3), one[1]))
    return best[2]


def _decoded(sample: bytes, encoding: str, is_cut: bool) -> str | None:
    """The sample's text; a character may be cut at its end."""
    for end in range(len(sample), max(len(sample) - (4 if is_cut else 1), 0), -1):
        try:
            return sample[:end].decode(encoding)
        except (UnicodeDecodeError, ValueError):
            continue
    return None


def _letters(text: str, lang: str, encoding: str) -> float:
    """Mean of what the characters beyond ASCII count in a language, 1 at best; wide ones weigh as their bytes."""
    alphabet, neutral = _alphabet(lang), WIDE_NEUTRAL if encoding in WIDE else NEUTRAL
    total = weight = 0.0
    for char, count in Counter(text).items():
        if char < "\x80" and (char >= " " or char in "\t\r\n"):
            continue
        size = 2 if encoding in WIDE else 1
        worth = 1.0 if char == "’" or char.lower() in alphabet else NEUTRAL_WORTH if char in neutral else STRANGE
        total += worth * count * size
        weight += count * size
    return total / weight if weight else 0.0


def _close(text: str, encoding: str, scores: dict[str, float]) -> float:
    """The best score of a reading over its languages, by letters, their places and the words."""
    likely = _languages(text)
    foreign = sum(char >= "\x80" for char in text) or 1
    place = MISPLACED * _misplaced(text) / foreign
    return (
        place
        - RARE * (encoding in OLD)
        + BY_PAIRS * (encoding in WIDE)
        + max(score + WORDS_COUNT * likely.get(lang[:2], -30.0) for lang, score in scores.items())
    )


def _misplaced(text: str) -> int:
    """Capitals behind small letters and signs between letters, as a wrong code page has them."""
    wrong = 0
    for (before, char), after in zip(pairwise(" " + text), [*text[1:], " "], strict=False):
        if char < "\x80" and before < "\x80":
            continue
        wrong += _thai_misplaced(before, char, after) or _mixes_scripts(before, char, after)
        if before.islower() and char.isupper():
            wrong += 1
        elif char >= "\x80" and before.isalpha() and after.isalpha() and not char.isalpha():
            wrong += char not in IN_WORDS and not "\u0300" <= char <= "\u036f" and not _joins(char)
    return wrong


def _thai_misplaced(before: str, char: str, after: str) -> bool:
    """Marks without a consonant below them, and vowels without one behind them."""
    if not "\u0e01" <= char <= "\u0e4e":
        return False
    if char in THAI_MARKS:
        return not ("\u0e01" <= before <= "\u0e2e" or before in THAI_MARKS)
    if "\u0e40" <= char <= "\u0e44":
        return not "\u0e01" <= after <= "\u0e2e"
    return False


def _mixes_scripts(before: str, char: str, after: str) -> bool:
    """A letter from Greek to Thai beside a Latin one, or a single wide one behind a Latin one."""
    if "\u0370" <= char <= "\u0e7f":
        return any(one.isascii() and one.isalpha() for one in (before, after))
    return char >= "\u3041" and after < "\u3041" and before.isascii() and before.isalpha()


def _joins(char: str) -> bool:
    """Marks that stand inside words of Thai, Hebrew and Arabic, and the signs of wide scripts."""
    return "\u0590" <= char <= "\u0670" or "\u0e30" <= char <= "\u0e4e" or char in WIDE_NEUTRAL


def _languages(text: str) -> dict[str, float]:
    """Natural logarithm of the likelihood of each language, -30 at least."""
    from retrieval.media.language import likelihoods

    return {lang: log(max(share, 1e-13)) for lang, share in likelihoods(text).items()}


WIDE: Final = frozenset({"cp932", "gb18030", "cp949", "big5hkscs", "euc_jp"})
LEVELS: Final = {  # first bytes and second bytes of the common characters
    "zh": ("gb2312", range(0xB0, 0xD8), range(0xA1, 0xFF)),
    "zh-hant": ("big5", range(0xA4, 0xC7), (*range(0x40, 0x7F), *range(0xA1, 0xFF))),
    "ja": ("euc_jp", range(0xB0, 0xD0), range(0xA1, 0xFF)),
    "ko": ("euc_kr", range(0xB0, 0xC9), range(0xA1, 0xFF)),
}


@cache
def _alphabet(lang: str) -> frozenset[str]:
    if lang not in LEVELS:
        return frozenset(ALPHABETS[lang])
    encoding, firsts, seconds = LEVELS[lang]
    common = {bytes((one, two)).decode(encoding, "ignore") for one in firsts for two in seconds}
    kana = map(chr, range(0x3041, 0x30FF)) if lang == "ja" else ()
    return frozenset(common | set(kana)) - {""}
