"""Sources: folders that a library follows."""
