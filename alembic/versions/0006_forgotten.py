"""Forgotten files and folders stand apart from the patterns of the sources."""

from __future__ import annotations

import glob
import os
import re
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """`forget` wrote an exclude pattern /NAME without wildcards: such ones become forgotten paths."""
    op.create_table(
        "forgotten",
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("forgotten_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_forgotten")),
    )
    connection = op.get_bind()
    today = datetime.now().isoformat(timespec="seconds")
    for source, root, exclude in connection.execute(sa.text("SELECT id, root, exclude FROM sources")).all():
        patterns = [each for each in exclude.split("\n") if each]
        literal = {each: path for each in patterns if (path := _path(each)) is not None}
        kept = "\n".join(each for each in patterns if each not in literal)
        for relative in literal.values():
            row = {"path": os.path.join(root, os.fsencode(relative)), "today": today}
            connection.execute(sa.text("INSERT OR IGNORE INTO forgotten VALUES (:path, :today)"), row)
        connection.execute(sa.text("UPDATE sources SET exclude = :kept WHERE id = :id"), {"kept": kept, "id": source})


def _path(pattern: str) -> str | None:
    """The one path, below the source, that a pattern fits; None where it may fit several."""
    path = re.sub(r"\[([*?[])\]", r"\1", pattern[1:])
    return path if pattern.startswith("/") and path and glob.escape(path) == pattern[1:] else None
