"""One file, picture, clip or document turned into values: used by the indexer's child processes and by file queries."""
