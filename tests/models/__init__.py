"""Libraries that are encoded by other models than the starter."""
