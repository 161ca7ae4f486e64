"""The language of texts."""

from __future__ import annotations

import pytest

from retrieval.media.language import language_of

SWEDISH = "Fyrvaktaren sov under stormen i natt och skeppet gick under."


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        (SWEDISH, "sv"),
        (SWEDISH.replace(" ", "\u00a0"), "sv"),
        (SWEDISH.replace(" ", "\u202f"), "sv"),
        ("灯塔管理员在暴风雨中睡着了。", "zh"),
        ("xqzj kwvx bnmt zzqk wwpl ghtr 4711 qqq zxcv", None),
        ("0x7fff5fbff8c8 0xdeadbeef 0xcafebabe 0x8badf00d", None),
        ("4711 !!", None),
        ("ok", None),
        ("", None),
    ],
)
def test_language_is_told_or_unknown(text: str, lang: str | None) -> None:
    """Hard blanks change no language; codes and noise have none, and no label of the model for it."""
    assert language_of(text) == lang
