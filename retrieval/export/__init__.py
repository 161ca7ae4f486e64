"""Clips and reels cut from media."""
