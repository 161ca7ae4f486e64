"""Documents and their text."""
