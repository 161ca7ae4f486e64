"""Text of RTF, by striprtf, with the notes, remarks and boxes that it leaves out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from retrieval.domain.text import valid_text
from retrieval.errors import MediaUnreadable
from retrieval.media.documents.parts import Parts
from retrieval.media.documents.text import plain_blocks
from retrieval.settings import LIMITS, Limits

RTF_GROUP: Final = re.compile(r"\{(?:\\\*)?\\(?:footnote|annotation|shptxt|deleted)(?![a-z])")
RTF_BRACE: Final = re.compile(rf"\\[\\{{}}]|{RTF_GROUP.pattern}|[{{}}]")
INFO: Final = re.compile(r"\{\\(title|author|subject|keywords)(?![a-z])\s?((?:[^{}\\]|\\.|\\u-?\d+ ?)*)\}")
INFO_CHARS: Final = 100_000  # of the source in which what it says of itself stands
CREATED: Final = re.compile(r"\{\\creatim\\yr(\d+)\\mo(\d+)\\dy(\d+)(?:\\hr(\d+))?(?:\\min(\d+))?")


def read_rtf(path: Path, limits: Limits = LIMITS) -> Parts:
    """All of an RTF document; of a huge one its beginning.

    Raises:
        MediaUnreadable: damaged.
    """
    from striprtf.striprtf import rtf_to_text

    convert: Any = rtf_to_text
    most = 8 * limits.text_chars
    with open(path, "rb") as file:
        source = file.read(most + 1).decode("latin-1")
    try:
        # The library gives a character outside the basic plane as its two halves.
        text = valid_text(str(convert(_with_notes(source[:most]), errors="replace")))
        said = {
            name: valid_text(str(convert("{\\rtf1\\ansi " + value + "}", errors="replace"))).strip()
            for name, value in INFO.findall(source[:INFO_CHARS])
        }
    except Exception as error:
        raise MediaUnreadable(f"{path.name} is damaged", reason="damaged") from error
    made = CREATED.search(source[:INFO_CHARS])
    date = (
        f"{int(made[1]):04}-{int(made[2]):02}-{int(made[3]):02}T{int(made[4] or 0):02}:{int(made[5] or 0):02}"
        if made
        else None
    )
    words = [*re.split(r"[;,]", said.get("keywords", "")), said.get("subject", "")]
    return Parts(
        said.get("title") or None,
        said.get("author") or None,
        date,
        tuple(word.strip() for word in words if word.strip()),
        notes="" if len(source) <= most else ", incomplete",
        blocks=plain_blocks(text),
    )


def _with_notes(rtf: str) -> str:
    """RTF source whose footnotes, remarks and text boxes, which the library leaves out, are paragraphs at its end.

    Deleted text is left out, and `plain` goes back to the default font, and so to its letters, as the format has it.
    Source: Rich Text Format Specification 1.9.1.
    """
    font = re.search(r"\\deff(\d+)", rtf)
    if font:
        rtf = re.sub(r"\\plain(?![a-z])", rf"\\plain\\f{font[1]}", rtf)
    if not RTF_GROUP.search(rtf):
        return rtf
    kept: list[str] = []
    notes: list[str] = []
    opened: list[tuple[int, list[str]]] = []  # depth of the groups taken out, and what was being written before
    into, depth, done = kept, 0, 0
    for match in RTF_BRACE.finditer(rtf):
        into.append(rtf[done : match.start()])
        done = match.end()
        mark = match[0]
        depth += mark.startswith("{") - (mark == "}")
        if len(mark) > 1 and mark[0] == "{":  # one of the groups; its own text follows
            opened.append((depth, into))
            into = [] if "deleted" in mark else notes
            into.append("\\par {")
        elif mark == "}" and opened and depth < opened[-1][0]:
            into.append("}")
            into = opened.pop()[1]
        else:
            into.append(mark)
    into.append(rtf[done:])
    body, brace, rest = "".join(kept).rpartition("}")
    return f"{body}{''.join(notes)}{brace}{rest}" if brace else "".join([*kept, *notes])
