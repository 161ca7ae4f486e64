"""Makes the fonts of the tests: the characters that tests write or paint, cut out of Noto fonts.

    pip install fonttools
    apt-get install fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji
    python -m tests.fonts.subset /usr/share/fonts

letters.ttf: Latin, Greek and Cyrillic; wide.otf: every wide character in the text of the tests; pictograms.ttf: all that
training/scenes.py names. A test that needs another character says so by failing; then this is run again.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

from training import scenes

HERE = Path(__file__).resolve().parent
ALPHABETS = {*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x370, 0x530), *range(0x2010, 0x2027), 0xFFFD}


def wide() -> set[int]:
    """Wide characters in the text of the tests."""
    text = "".join(file.read_text("utf-8") for file in HERE.parent.rglob("*.py"))
    return {ord(char) for char in text if unicodedata.east_asian_width(char) in "WF"}


def pictograms() -> set[int]:
    """All that the renderer can paint."""
    return {ord(each.char) for each in scenes.pictograms()}


def cut(source: Path, chars: set[int], made: Path) -> None:
    """Writes what a font has of these characters, without hints and layout rules."""
    from fontTools import subset

    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True, font_number=2)  # 2: Chinese
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=chars)
    cutter.subset(font)
    subset.save_font(font, str(made), options)


if __name__ == "__main__":
    found = {file.name: file for file in Path(sys.argv[1]).rglob("Noto*")}
    cut(found["NotoSans-Regular.ttf"], ALPHABETS, HERE / "letters.ttf")
    cut(found["NotoSansCJK-Regular.ttc"], wide(), HERE / "wide.otf")
    cut(found["NotoColorEmoji.ttf"], pictograms(), HERE / "pictograms.ttf")
