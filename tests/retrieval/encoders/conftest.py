"""Small models for these tests."""

from tests.tiny_models import checkpoint, minilm, onnx_folder, pictures
from tests.tiny_multimodal import clap, clap_export, gemma, gemma_export, multimodal

__all__ = [
    "checkpoint",
    "clap",
    "clap_export",
    "gemma",
    "gemma_export",
    "minilm",
    "multimodal",
    "onnx_folder",
    "pictures",
]
