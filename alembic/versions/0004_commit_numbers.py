"""Commit numbers tell which vectors are newer than a published generation; ids did before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# Added in place, not by copy: the table is the largest one, and a copy would forget which ids were used before.
FRESH = (
    "UPDATE vectors SET commit_number = 2 WHERE id > (SELECT generations.last_vector_id FROM generations "
    "JOIN spaces ON spaces.generation_id = generations.id WHERE spaces.id = vectors.space_id)"
)


def upgrade() -> None:
    """1 for vectors that a generation holds and for spaces without one, 2 for those that came after a generation."""
    op.create_table(
        "commits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commits")),
    )
    op.execute("INSERT INTO commits (id, last) VALUES (1, 2)")
    op.add_column("vectors", sa.Column("commit_number", sa.Integer(), nullable=False, server_default="1"))
    op.execute(FRESH)
    op.drop_index("ix_vectors_space_id_id", "vectors")
    op.create_index("ix_vectors_space_id_commit_number", "vectors", ["space_id", "commit_number"], unique=False)
    op.execute("ALTER TABLE generations RENAME COLUMN last_vector_id TO last_commit")
    op.execute("UPDATE generations SET last_commit = 1")
