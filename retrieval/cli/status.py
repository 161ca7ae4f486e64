"""crossmedia status: what is in a library."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from retrieval.cli.options import JsonOption, LibraryOption
from retrieval.cli.output import print_json, reported


def status(
    as_json: JsonOption = False,
    skipped: Annotated[bool, typer.Option("--skipped", help="List the files that were left out, and why.")] = False,
    library: LibraryOption = None,
) -> None:
    """Print what is in the library, and what is pending or left out."""
    with reported():
        from retrieval.library import Library
        from retrieval.render import json as render_json

        with Library.open(library) as opened:
            state = opened.status()
            skips = opened.skips() if skipped else None
        if as_json:
            print_json(render_json.status_report(state, skips))
        elif skips is not None:
            _print_skips(skips)
        else:
            _print_status(state)


def _print_skips(skips: list[Any]) -> None:
    from retrieval.render import text as render_text

    if not skips:
        print("No file was left out.")
        return
    rows = [(each.reason, render_text.path_text(each.path), _without_name(each)) for each in skips]
    print("\n".join(render_text.aligned(rows)))


def _without_name(skip: Any) -> str:
    """What a skip says beside its reason; the path that most details begin with is on the line already."""
    from retrieval.render.text import plain

    detail = skip.detail
    for told in (f"{skip.path}", f"{skip.path.name}", ":", " ", f"is {skip.reason}", " "):
        detail = detail.removeprefix(told)
    return "" if detail == skip.reason else plain(detail)


def _print_status(state: Any) -> None:
    from retrieval.render import text as render_text

    print(f"Library {render_text.path_text(state.home)} · profile {state.profile} · since {state.created_at[:10]}")
    rows = [
        ("media", render_text.listing(state.media, render_text.MANY) or "none"),
        ("segments", render_text.listing(state.segments, render_text.MANY) or "none"),
        ("pending", render_text.pending(state.pending) or "nothing"),
        ("skipped", f"{state.skipped:,} (crossmedia status --skipped)" if state.skipped else "nothing"),
        ("disk", render_text.listing_sizes(state.bytes)),
    ]
    for each in state.sources:
        note = (
            "offline"
            if each.offline
            else f"{each.files:,} files" + (f", seen {each.scanned_at.replace('T', ' ')}" if each.scanned_at else "")
        )
        rows.append(("source", f"{render_text.path_text(each.root)} ({note})"))
    for each in state.spaces:
        live = "" if each.live else ", not live yet"
        held = f"{each.vectors:,} vectors of {each.dimension} numbers, {each.published:,} published{live}"
        rows.append(("space", f"{each.name} by {each.encoder} {each.revision}: {held}"))
    print("\n".join(f" {name:<9} {text}" for name, text in rows))
