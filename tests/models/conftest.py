"""Small models for these tests."""

from tests.tiny_models import onnx_folder

__all__ = ["onnx_folder"]
