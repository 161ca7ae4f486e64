"""Speech to text: voice activity detection, Whisper, and which of its hypotheses are kept."""
