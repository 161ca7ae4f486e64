"""Keywords: how text is folded before it goes into the full-text tables, and how a question becomes terms. Pure.

Index and question are folded alike: NFKC, case, Traditional to Simplified Chinese; runs of scripts written without
spaces (Han, kana, Hangul, Thai, Lao, Khmer, Myanmar) are split to single characters and asked as phrases. SQLite's
tokenizer drops the combining vowels of Indic and South-East Asian scripts, so they travel as private-use letters.
Which words are too frequent to ask is decided by their document frequency, whatever the language.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from retrieval.domain import Facts, Medium, Span

FREQUENT = 0.2  # a word in more than this share of all texts is not asked
FEW = 5  # ... unless it is in no more texts than this
MAX_TERMS = 48  # of one question; the first ones count

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ue500-\ue79f\ue880-\ue8ff\U00020000-\U0003ffff"
)
_MARKS = ((0x0900, 0x109F, 0xE000), (0x1780, 0x17FF, 0xE880))  # first, last, where they go
_SPLIT = re.compile(f"([{_UNSPACED}])")
_RUN = re.compile(f"[{_UNSPACED}]+")
_TOKEN = re.compile(r"(?:[^\W_]|[\ue000-\ue8ff])+")
_GLUED = re.compile(r"(?:[^\W_]|[\ue000-\ue8ff])+(?:['’_.@+#&-]+(?:[^\W_]|[\ue000-\ue8ff])+)*")
_QUOTED = re.compile(r'["“”„«»「」『』]([^"“”„«»「」『』]+)["“”„«»「」『』]')
_UNSAID = re.compile(r"[\ud800-\udfff]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


def sayable(text: str) -> str:
    """The text with U+FFFD for what is no character: bytes of a name that are not UTF-8, halves of surrogate pairs."""
    return _UNSAID.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Term:
    """One thing asked for. `tokens`: folded, in order; several make a phrase. `quoted`: the asker wants it literally."""

    tokens: tuple[str, ...]
    quoted: bool = False

    @property
    def expression(self) -> str:
        """The term in FTS5's language; tokens hold letters and digits only, so nothing can break out of the quotes."""
        return '"' + " ".join(self.tokens) + '"'


@cache
def _table() -> dict[int, int | str | None]:
    """Code points that become others; None drops them."""
    from retrieval.han import SIMPLIFIED, TRADITIONAL

    table: dict[int, int | str | None] = dict(str.maketrans(TRADITIONAL, SIMPLIFIED))
    for first, last, target in _MARKS:
        for code in range(first, last + 1):
            if unicodedata.category(chr(code)) in ("Mn", "Mc"):
                table[code] = target + code - first
    ignored = [*range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x610, 0x61B), *range(0x64B, 0x660), 0x640, 0x670]
    table.update(dict.fromkeys([*ignored, 0xAD, 0x200B, 0x200C, 0x200D, 0xFEFF]))
    return table


def _plain(text: str) -> str:
    """Text in one width, case and script."""
    text = text.replace("\x00", " ")
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return text.translate(_table())


def fold(text: str) -> str:
    """The form of `text` that goes into the full-text tables; the empty text stays empty."""
    plain = _plain(text)
    return plain if plain.isascii() else _SPLIT.sub(r" \1 ", plain)


def tokens(text: str) -> list[str]:
    """The words of a text as the full-text tables see them, in order, but for Latin accents (which SQLite drops)."""
    return split(fold(text))


def split(folded: str) -> list[str]:
    """The words of a text that is folded already."""
    return _TOKEN.findall(folded)


def terms(question: str) -> list[Term]:
    """What a question asks for, in order, each once: quoted phrases, words, and runs of unspaced script.

    A run of one or two characters is one term; a longer one its overlapping pairs, as it may hold several words.
    Words glued by a sign ("EST-1008", "don't") are one phrase.
    """
    quoted = [tuple(tokens(inside)) for inside in _QUOTED.findall(question)]
    found = [Term(inside, quoted=True) for inside in quoted if inside]
    for word in _GLUED.findall(_plain(_QUOTED.sub(" ", question))):
        found += _terms_of(word)
    return list(dict.fromkeys(found))[:MAX_TERMS]


def _terms_of(word: str) -> Iterable[Term]:
    """A glued word, split where its script changes."""
    at = 0
    for run in _RUN.finditer(word):
        if before := _TOKEN.findall(word[at : run.start()]):
            yield Term(tuple(before))
        at = run.end()
        characters = run.group()
        width = min(2, len(characters))
        for start in range(len(characters) - width + 1):
            yield Term(tuple(characters[start : start + width]))
    if after := _TOKEN.findall(word[at:]):
        yield Term(tuple(after))


# ---------------------------------------------------------------- where words stand in a text

_CLUSTER = re.compile(
    r"(?s:.)[\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u0670\u1160-\u11ff\u200b-\u200d\u3099\u309a\uff9e\uff9f]*"
)
_CHUNK = re.compile(r"\S+|\s+")
_ONE_TOKEN = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])(?:[^\\W_]|[\ue000-\ue8ff]))+")


def spans(text: str, asked: Iterable[Term]) -> list[Span]:
    """Where the terms stand in a text, in characters of it; ascending, those that touch joined.

    A term stands exactly where the full-text tables find it. A phrase is one span, with the blanks inside it.
    """
    phrases = {tuple(map(_bare, each.tokens)) for each in asked}
    if not phrases:
        return []
    placed = list(_placed(text))
    first: dict[str, list[int]] = {}
    for at, (token, _, _) in enumerate(placed):
        first.setdefault(token, []).append(at)
    found = []
    for phrase in phrases:
        for at in first.get(phrase[0], ()):
            held = placed[at : at + len(phrase)]
            if tuple(token for token, _, _ in held) == phrase:
                found.append(Span(held[0][1], held[-1][2]))
    return _merged(found)


def name_spans(name: str, asked: Iterable[Term]) -> list[Span]:
    """As `spans`, of a name of files and folders, whose glued parts ("HolidayPhoto2019") are words as well."""
    cuts = [each.start() for each in _CAMEL.finditer(name)]
    borders = [at + number for number, at in enumerate(cuts)]  # where the blanks lie
    asked = list(asked)

    def back(at: int) -> int:
        return at - sum(border < at for border in borders)

    apart = spans(_CAMEL.sub(" ", name), asked)
    return _merged([*spans(name, asked), *(Span(back(each.start), back(each.end)) for each in apart)])


def _placed(text: str) -> Iterable[tuple[str, int, int]]:
    """The tokens of a text with their first character and the one behind their last."""
    if text.isascii():
        return [(each.group(), each.start(), each.end()) for each in _TOKEN.finditer(text.lower())]
    parts = [(_plain_part(each.group()), each.start(), each.end()) for each in _CLUSTER.finditer(text)]
    if "".join(part for part, _, _ in parts) != _plain(text):  # signs that only fold together: mark whole words
        parts = [(_plain(each.group()), each.start(), each.end()) for each in _CHUNK.finditer(text)]
    starts = [start for part, start, _ in parts for _ in part]
    ends = [end for part, _, end in parts for _ in part]
    folded = "".join(part for part, _, _ in parts)
    return [(_bare(each.group()), starts[each.start()], ends[each.end() - 1]) for each in _ONE_TOKEN.finditer(folded)]


@lru_cache(maxsize=4096)
def _plain_part(cluster: str) -> str:
    return _plain(cluster)


def _bare(token: str) -> str:
    """A token without Latin accents, as SQLite keeps it."""
    return token if token.isascii() else "".join(map(_bare_letter, token))


@lru_cache(maxsize=4096)
def _bare_letter(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter


def _merged(found: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for each in sorted(found):
        if merged and each.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, each.end))
        else:
            merged.append(each)
    return merged


# ---------------------------------------------------------------- how much words tell


def rarity(frequency: int, total: int) -> float:
    """BM25's inverse document frequency, > 0: how much a match tells.

    Source: Robertson and Zaragoza 2009, with Lucene's +1 that keeps it positive.
    """
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))


def most_asked(total: int) -> int:
    """In how many of `total` texts a word may be and still tell something."""
    return int(max(FEW, FREQUENT * total))


def frequent(frequency: int, total: int) -> bool:
    """Whether a word is in so many texts that it tells nothing."""
    return frequency > most_asked(total)


def match(question: str, frequency: Callable[[Term], int], total: int) -> str | None:
    """The question in FTS5's language: OR of its terms without the too frequent ones; None where nothing is left.

    frequency: number of texts that hold a term; total: number of texts.
    """
    kept = [each.expression for each in terms(question) if each.quoted or not frequent(frequency(each), total)]
    return " OR ".join(kept) or None


MEDIUM_WORDS: dict[Medium, str] = {
    "image": "image picture photo 图片 照片 图像 画像 写真",
    "video": "video film movie clip 视频 影片 录像 动画 動画",
    "audio": "audio sound recording 音频 录音 声音 音声",
    "document": "document text 文档 文件 文本 文書",
}
FORMAT_WORDS = {
    "srt": "subtitles subtitle captions 字幕",
    "vtt": "subtitles subtitle captions 字幕",
    "pptx": "powerpoint presentation slides 幻灯片 演示文稿",
    "odp": "presentation slides 幻灯片 演示文稿",
    "xlsx": "excel spreadsheet table sheet 表格 电子表格",
    "ods": "spreadsheet table sheet 表格 电子表格",
    "csv": "table spreadsheet data 表格",
    "tsv": "table spreadsheet data 表格",
    "docx": "word 文档",
    "odt": "opendocument writer",
    "epub": "book ebook 电子书",
    "md": "markdown",
    "html": "webpage web page 网页",
    "jpeg": "jpg",
    "tiff": "tif",
    "gif": "animation 动图",
    "raw": "camera raw",
    "heic": "heif",
    "mp3": "music song 音乐",
}
LANGUAGE_WORDS = {
    "ar": "arabic 阿拉伯语 阿拉伯文 العربية",
    "bg": "bulgarian 保加利亚语 български",
    "bn": "bengali 孟加拉语 বাংলা",
    "ca": "catalan 加泰罗尼亚语 català",
    "cs": "czech 捷克语 čeština",
    "da": "danish 丹麦语 dansk",
    "de": "german 德语 德文 deutsch",
    "el": "greek 希腊语 ελληνικά",
    "en": "english 英语 英文",
    "es": "spanish 西班牙语 西班牙文 español",
    "et": "estonian 爱沙尼亚语 eesti",
    "fa": "persian farsi 波斯语 فارسی",
    "fi": "finnish 芬兰语 suomi",
    "fr": "french 法语 法文 français",
    "he": "hebrew 希伯来语 עברית",
    "hi": "hindi 印地语 हिन्दी",
    "hr": "croatian 克罗地亚语 hrvatski",
    "hu": "hungarian 匈牙利语 magyar",
    "id": "indonesian 印尼语 bahasa indonesia",
    "it": "italian 意大利语 意大利文 italiano",
    "ja": "japanese 日语 日文 日本語",
    "km": "khmer 高棉语 ខ្មែរ",
    "ko": "korean 韩语 韩文 한국어",
    "lo": "lao 老挝语 ລາວ",
    "lt": "lithuanian 立陶宛语 lietuvių",
    "lv": "latvian 拉脱维亚语 latviešu",
    "ms": "malay 马来语 melayu",
    "my": "burmese 缅甸语 မြန်မာ",
    "nl": "dutch 荷兰语 nederlands",
    "no": "norwegian 挪威语 norsk",
    "pl": "polish 波兰语 polski",
    "pt": "portuguese 葡萄牙语 português",
    "ro": "romanian 罗马尼亚语 română",
    "ru": "russian 俄语 俄文 русский",
    "sk": "slovak 斯洛伐克语 slovenčina",
    "sl": "slovenian 斯洛文尼亚语 slovenščina",
    "sr": "serbian 塞尔维亚语 српски",
    "sv": "swedish 瑞典语 svenska",
    "sw": "swahili 斯瓦希里语 kiswahili",
    "ta": "tamil 泰米尔语 தமிழ்",
    "th": "thai 泰语 ไทย",
    "tr": "turkish 土耳其语 türkçe",
    "uk": "ukrainian 乌克兰语 українська",
    "ur": "urdu 乌尔都语 اردو",
    "vi": "vietnamese 越南语 tiếng việt",
    "zh": "chinese 中文 汉语 华语",
}


def asset_words(facts: Facts, names: Sequence[str]) -> str:
    """Folded words of an asset as a whole: names of file and folders, title, artist, camera, keywords, kind, language.

    names: paths relative to their source; parts glued in them ("HolidayPhoto2019") are given apart as well.
    """
    said = [*names, facts.title or "", facts.artist or "", facts.camera or "", *facts.keywords]
    apart = [_CAMEL.sub(" ", name) for name in names]
    kind = [MEDIUM_WORDS[facts.medium], facts.format, FORMAT_WORDS.get(facts.format, "")]
    if facts.has_subtitles:
        kind.append(FORMAT_WORDS["srt"])
    language = LANGUAGE_WORDS.get((facts.lang or "").split("-")[0].lower(), facts.lang or "")
    kind += [
        f"{language.split()[0]} {words.split()[0]}" for words in kind if words and language
    ]  # "japanese subtitles"
    unique = dict.fromkeys(fold(part) for part in [*said, *apart, *kind, language] if part)
    return " ".join(unique)
