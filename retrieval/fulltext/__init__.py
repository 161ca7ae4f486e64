"""Full-text search: analysis, terms, keyword retrieval, highlights."""
