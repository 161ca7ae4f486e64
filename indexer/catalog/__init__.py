"""The catalog, written."""
