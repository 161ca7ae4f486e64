"""Runs migrations on the connection that indexer/catalog/migrate.py hands in; there is no other way to run them."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    transactional_ddl=True,  # SQLite's DDL is transactional; the caller holds the one transaction
    render_as_batch=True,  # SQLite alters by copy
)
context.run_migrations()
