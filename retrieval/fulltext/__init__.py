"""Full-text search: analysis, terms, BM25 retrieval, highlights."""
