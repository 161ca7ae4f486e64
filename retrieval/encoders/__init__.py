"""Encoders: models that turn text, pictures and sound into vectors, and profiles that name them."""
