"""Searchable terms of an asset as a whole: names, titles, keywords, kind of file, language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from retrieval.domain.media import Medium, Metadata
from retrieval.domain.text import plain_name
from retrieval.fulltext.analyzer import _CAMEL, fold, terms, without_extension
from retrieval.fulltext.fold import BARRIER, KIND

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
    "eml": "mail email message 邮件 メール",
    "emlx": "mail email message 邮件 メール",
    "mbox": "mailbox mail email 邮箱 メール",
    "mhtml": "webpage web page 网页",
    "ipynb": "notebook jupyter",
    "ics": "calendar events 日历 カレンダー",
    "svg": "drawing diagram 图表",
    "code": "source code program 代码",
    "ass": "subtitles subtitle captions 字幕",
    "lrc": "lyrics songtext 歌词 歌詞",
    "jpeg": "jpg",
    "tiff": "tif",
    "gif": "animation 动图",
    "raw": "camera raw",
    "heic": "heif",
}

FORMATS = frozenset(
    "jpg jpeg png gif webp tiff tif bmp heic heif avif psd raw mp4 mov mkv webm avi mpeg wmv flv mp3 m4a aac wav flac "
    "ogg opus wma aiff pdf docx pptx xlsx odt odp ods epub rtf txt md markdown html csv tsv srt vtt".split()
)

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


def stored_places(names: Sequence[str]) -> str | None:
    """Names of where something was taken as the catalog keeps them: a line for people, then each name as a filter
    asks for it (domain.text.plain_name), with a BARRIER round it; None for none. names: as `Metadata.places`."""
    if not names:
        return None
    plain = dict.fromkeys(filter(None, map(plain_name, names[1:])))
    return f"{names[0]}\n{BARRIER} " + "".join(f"{each} {BARRIER} " for each in plain)


def read_places(stored: str | None) -> tuple[str, ...]:
    """The line for people, then the folded names, of what `stored_places` made; empty for None."""
    shown, _, folded = (stored or "").partition("\n")
    return (shown, *filter(None, (each.strip() for each in folded.split(BARRIER)))) if stored else ()


def asset_terms(facts: Metadata, names: Sequence[str]) -> str:
    """Folded words of an asset as a whole: names of file and folders, title, artist, camera, keywords; where it was taken;
    and behind them, each begun by fold.KIND, the words of its kind, format and language.

    facts.places: names in any language, folded or not. names: paths relative to their source; parts glued in them
    ("HolidayPhoto2019", "IMG_0412") are given apart as well.
    """
    endings = [name.rpartition(".")[2].lower() for name in names if without_extension(name) != name]
    names = [without_extension(name) for name in names]
    apart = [_CAMEL.sub(" ", name) for name in names]
    said = [*names, *apart, facts.title or "", facts.artist or "", facts.camera or "", *facts.keywords]
    said += [name for name in facts.places if len(name) > 2 or not name.isascii()]
    unique = dict.fromkeys(fold(part) for part in said if part)
    return f" {BARRIER} ".join([*unique, " ".join(KIND + word for word in _kind_words(facts, endings))])


def _kind_words(facts: Metadata, endings: Sequence[str]) -> list[str]:
    """endings: of the names of its files, which may tell the container of a format."""
    form = facts.format.partition(",")[0]  # behind it stand the encoding, and whether it is whole
    kind = [MEDIUM_WORDS[facts.medium], form, FORMAT_WORDS.get(form, "")]
    if facts.has_subtitles:
        kind.append(FORMAT_WORDS["srt"])
    kind.append(LANGUAGE_WORDS.get((facts.lang or "").split("-")[0].lower(), facts.lang or ""))
    kind += [each for each in endings if each in FORMATS]
    return list(dict.fromkeys(word for part in kind for word in kind_forms(part)))


@lru_cache(maxsize=4096)  # every file has them, and they are few
def kind_forms(words: str) -> tuple[str, ...]:
    """Words that tell a kind as they are asked: each folded, of unspaced script its overlapping pairs."""
    return tuple("".join(term.tokens) for term in terms(words))


@cache
def _every_kind_word() -> frozenset[str]:
    every = [*MEDIUM_WORDS.values(), *FORMAT_WORDS, *FORMAT_WORDS.values(), *LANGUAGE_WORDS, *LANGUAGE_WORDS.values()]
    return frozenset(word for words in every for word in kind_forms(words)) | FORMATS


def is_format(word: str) -> bool:
    """Whether a folded word is the name of a format, or the ending of its files, and hardly another word."""
    return word in FORMATS


def is_kind_word(word: str) -> bool:
    """Whether a folded word tells the kind, format or language of assets."""
    return word in _every_kind_word()
