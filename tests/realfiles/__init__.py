"""Files as people have them, each with the word that must be found in it."""
