"""Dates say where they come from; those of a file's last change give way to one in its name."""

from __future__ import annotations

import os
from datetime import datetime

import sqlalchemy as sa
from alembic import op

from retrieval.media.dates import name_date

revision = "0005"
down_revision = "0004"

UNREAD = (
    "SELECT assets.id, assets.date, paths.relative, paths.mtime_ns FROM assets JOIN paths ON paths.asset_id = assets.id"
)


def upgrade() -> None:
    """A date that is the local time of a last change comes from there; of pictures EXIF and XMP are not told apart."""
    op.drop_index("ix_assets_taken_at", "assets")
    op.execute("ALTER TABLE assets RENAME COLUMN taken_at TO date")
    op.add_column("assets", sa.Column("date_from", sa.Text(), nullable=True))
    op.create_index("ix_assets_date", "assets", ["date"], unique=False)
    connection = op.get_bind()
    changed = []
    for asset, date, relative, mtime_ns in connection.exec_driver_sql(UNREAD).all():
        if date == datetime.fromtimestamp(mtime_ns / 1e9).isoformat(timespec="seconds"):
            named = name_date(os.fsdecode(relative).rpartition("/")[2])
            changed.append((named or date, "name" if named else "mtime", asset))
    for row in changed:
        connection.exec_driver_sql("UPDATE assets SET date = ?, date_from = ? WHERE id = ?", row)
    for medium, source in (("document", "document"), ("video", "container"), ("audio", "container")):
        query = "UPDATE assets SET date_from = ? WHERE medium = ? AND date IS NOT NULL AND date_from IS NULL"
        connection.exec_driver_sql(query, (source, medium))
