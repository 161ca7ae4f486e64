"""Results as text, JSON and pictures for people and programs."""
