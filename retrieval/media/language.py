"""The language of a text, by its script first and by a small model where the script leaves it open."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any, Final

LEAST_CHARS: Final = 24  # of a Latin, Cyrillic or Arabic text; below it a guess is worth nothing
SURE: Final = 0.7
NO_BREAK: Final = re.compile(r"[\u00a0\u2007\u202f\u2060\ufeff]")
# Scripts that one living language of ours uses alone. Kana decides for Japanese before Han is counted as Chinese.
SCRIPTS: Final = {
    "ja": re.compile(r"[\u3041-\u30ff\uff66-\uff9f]"),
    "ko": re.compile(r"[\u1100-\u11ff\uac00-\ud7af]"),
    "th": re.compile(r"[\u0e01-\u0e5b]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "zh": re.compile(r"[\u3400-\u9fff\U00020000-\U0002ffff]"),
}


def language_of(text: str) -> str | None:
    """BCP 47 primary tag ("en", "zh"), None where the text is too short or mixed to tell."""
    sample = text[:4000]
    letters = sum(unicodedata.category(char)[0] == "L" for char in sample)
    if not letters:
        return None
    for lang, script in SCRIPTS.items():
        share = len(script.findall(sample)) / letters
        if share > (0.08 if lang == "ja" else 0.3):
            return lang
    if letters < LEAST_CHARS:
        return None
    # The model takes a no-break blank for a letter, and "zxx" for a language: it says that nothing is said.
    lang, sure = _model().classify(NO_BREAK.sub(" ", sample))
    return str(lang) if sure >= SURE and lang != "zxx" else None


def likelihoods(text: str) -> dict[str, float]:
    """Primary tag -> how likely the text is in that language, by its words; together 1."""
    return {str(lang): float(share) for lang, share in _model().rank(NO_BREAK.sub(" ", text[:2000]))}


@cache
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
