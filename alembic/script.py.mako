"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "${up_revision}"
down_revision = "${down_revision}"


def upgrade() -> None:
    """Changes the tables; never a downgrade, the copy kept beside the catalog is the way back."""
    ${upgrades if upgrades else "pass"}
