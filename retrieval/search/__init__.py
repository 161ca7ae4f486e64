"""Search: retrieval, fusion, boolean operators, moments, explanation."""
