"""Words are folded anew, and lines of text that are no sentences lose their vectors."""

from __future__ import annotations

import os

from alembic import op
from sqlalchemy import Connection

from retrieval.domain.media import Metadata
from retrieval.domain.text import is_sentence
from retrieval.fulltext import analyzer, asset_terms

revision = "0007"
down_revision = "0006"

TEXTS = "SELECT id, text FROM segments WHERE text <> '' AND id > ? ORDER BY id LIMIT 5000"
NAMES = "SELECT asset_id, relative FROM paths WHERE asset_id IS NOT NULL ORDER BY id"
FACTS = "SELECT id, medium, format, lang, title, artist, camera, keywords, has_subtitles FROM assets"


def upgrade() -> None:
    """Both full-text tables anew; the fact `words` tells questions how they are folded."""
    connection = op.get_bind()
    _fold_texts(connection)
    _fold_names(connection)
    _drop_vectors_of_signs(connection)
    connection.exec_driver_sql("INSERT OR REPLACE INTO library (key, value) VALUES ('words', '2')")


def _fold_texts(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM segment_words")
    last = 0
    while rows := connection.exec_driver_sql(TEXTS, (last,)).all():
        folded = [(segment, analyzer.fold(text)) for segment, text in rows]
        connection.exec_driver_sql("INSERT INTO segment_words (rowid, words) VALUES (?, ?)", folded)
        last = rows[-1][0]


def _fold_names(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM asset_words")
    names: dict[int, list[str]] = {}
    for asset, relative in connection.exec_driver_sql(NAMES):
        names.setdefault(asset, []).append(os.fsdecode(relative).encode("utf-8", "replace").decode("utf-8"))
    for asset, medium, form, lang, title, artist, camera, keywords, subtitles in connection.exec_driver_sql(
        FACTS
    ).all():
        facts = Metadata(
            medium,
            form,
            lang=lang,
            title=title,
            artist=artist,
            camera=camera,
            keywords=tuple(keywords.split("\n")) if keywords else (),
            has_subtitles=bool(subtitles),
        )
        words = asset_terms.asset_terms(facts, names.get(asset, []))
        connection.exec_driver_sql("INSERT INTO asset_words (rowid, words) VALUES (?, ?)", (asset, words))


def _drop_vectors_of_signs(connection: Connection) -> None:
    lines = connection.exec_driver_sql("SELECT id, text FROM segments WHERE kind = 'text_line'").all()
    for segment in [segment for segment, text in lines if not is_sentence(text or "")]:
        mask = "INSERT INTO deleted_vectors (space_id, id) SELECT space_id, id FROM vectors WHERE segment_id = ?"
        connection.exec_driver_sql(mask, (segment,))
        connection.exec_driver_sql("DELETE FROM vectors WHERE segment_id = ?", (segment,))
