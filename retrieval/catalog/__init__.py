"""The catalog, read: the only place of the query side that speaks SQL."""
