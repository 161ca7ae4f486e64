"""Where lines of text stand in their pictures, and the step that reads them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """An empty column; the next update reads the text in what was indexed before."""
    op.add_column("segments", sa.Column("box", sa.Text(), nullable=True))
    op.execute(
        "INSERT INTO steps (asset_id, step, state) SELECT id, 'ocr', 'pending' FROM assets "
        "WHERE medium = 'image' OR (medium = 'video' AND has_pictures) OR format = 'pdf'"
    )
