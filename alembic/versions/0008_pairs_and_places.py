"""Stills and films of Live Photos know each other; places have names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from retrieval.fulltext import asset_terms
from retrieval.fulltext.fold import BARRIER
from retrieval.media.places import places_of

revision = "0008"
down_revision = "0007"

TAKEN = "SELECT id, latitude, longitude FROM assets WHERE latitude IS NOT NULL AND longitude IS NOT NULL"


def upgrade() -> None:
    """Names of places are found and become words; pairs are known of files that are read from now on."""
    op.add_column("assets", sa.Column("pair", sa.Text(), nullable=True))
    op.add_column("assets", sa.Column("places", sa.Text(), nullable=True))
    connection = op.get_bind()
    for asset, latitude, longitude in connection.exec_driver_sql(TAKEN).all():
        if names := places_of(latitude, longitude):
            stored = asset_terms.stored_places(names)
            connection.exec_driver_sql("UPDATE assets SET places = ? WHERE id = ?", (stored, asset))
            words = f" {BARRIER} {stored.partition(chr(10))[2]}"
            connection.exec_driver_sql("UPDATE asset_words SET words = words || ? WHERE rowid = ?", (words, asset))
