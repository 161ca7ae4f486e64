"""Small models for these tests."""

from tests.tiny_models import checkpoint, minilm, onnx_folder, pictures

__all__ = ["checkpoint", "minilm", "onnx_folder", "pictures"]
