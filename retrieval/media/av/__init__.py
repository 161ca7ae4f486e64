"""Video and audio files."""
