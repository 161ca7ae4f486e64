"""Nearest-neighbour search over vectors: exact, FAISS, GPU; published generations."""
